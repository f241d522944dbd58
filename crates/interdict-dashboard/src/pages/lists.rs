//! The blacklist and the whitelist: identifiers, and in a tab of their own the customers with that list status.

mod forms;
mod preview;
mod view;

pub(crate) use forms::{add, delete, delete_many, typed_limits};
pub(crate) use view::{blacklist, whitelist};

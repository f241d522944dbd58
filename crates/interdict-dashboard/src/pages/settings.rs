//! What the merchant has chosen in a mode, the payment provider of that mode, and that provider's own lists.

mod forms;
mod lists;
mod view;

pub(crate) use forms::{change, set_gateway};
pub(crate) use lists::set_lists;
pub(crate) use view::show;

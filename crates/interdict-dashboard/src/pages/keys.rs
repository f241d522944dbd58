//! The API keys of a mode: made, rotated, revoked. A secret stands in the answer to a form, once.

mod forms;
mod view;

pub(crate) use forms::{create, revoke, rotate};
pub(crate) use view::show;

//! What the merchant has chosen in a mode, and the payment provider of that mode.

mod forms;
mod view;

pub(crate) use forms::{change, set_gateway};
pub(crate) use view::show;

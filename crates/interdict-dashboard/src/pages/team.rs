//! The team: who signs in for the merchant, and what their roles may do; and the page on which somebody who is
//! invited chooses a password.

mod forms;
mod invitation;
mod view;

pub(crate) use forms::{change_role, disable, enable, invite, reset};
pub(crate) use invitation::{accept, show as invitation};
pub(crate) use view::show;

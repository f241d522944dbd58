//! One's own account: the password, the second factor, and where one is signed in.

mod factor;
mod forms;
mod view;

pub(crate) use factor::{confirm, disable, enrol};
pub(crate) use forms::{change_password, end_other_sessions, end_session};
pub(crate) use view::show;

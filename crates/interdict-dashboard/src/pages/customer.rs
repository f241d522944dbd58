//! A customer: what stands for and against it and how to lift each, its lists, payments, subscriptions and
//! chargebacks, its history, and the dialogs that restrict and list it.

mod export;
mod forms;
mod linked;
mod rows;
mod view;

pub(crate) use export::export;
pub(crate) use forms::{erase, restrict, scopes, set_list_status, until};
pub(crate) use view::show;

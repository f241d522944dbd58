//! Persons who are blocked as a whole: the list, one of them, what may be theirs, and the form that blocks a customer with all
//! that it has.

mod forms;
mod of_customer;
mod one;
mod view;

pub(crate) use forms::{block, lift, settle};
pub(crate) use of_customer::show as of_customer;
pub(crate) use one::show;
pub(crate) use view::list;

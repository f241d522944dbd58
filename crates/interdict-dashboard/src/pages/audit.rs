//! The audit log: what was changed in the core and in the address's mode, newest first, by who, what, about what and
//! when; and whether anybody wrote past Interdict.

mod filter;
mod view;

pub(crate) use view::{show, verify};

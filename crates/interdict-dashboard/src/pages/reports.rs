//! Reports: what somebody ought to look at, a page each, to be taken away as files.

mod view;

pub(crate) use view::{file, show};

//! A mode's first page: how many attempts were blocked and allowed over the last thirty days, what was blocked
//! last, which blocks end soon, and who is blocked although they have paid well.

mod charts;
mod view;

pub(crate) use view::show;

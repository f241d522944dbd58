//! An entry: what it says and of whom, what it matched, what people noted of it, its history; and the forms that change
//! its terms and add a note.

mod forms;
mod view;

pub(crate) use forms::{change, is_touched, note};
pub(crate) use view::{day, limits, show};

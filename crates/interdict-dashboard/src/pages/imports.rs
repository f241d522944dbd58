//! Imports: sending a file, looking at what it would do, and watching it being done; and lists as files.

mod examples;
mod export;
mod forms;
mod view;

pub(crate) use examples::example;
pub(crate) use export::{download, errors, export};
pub(crate) use forms::{cancel, start, undo, upload};
pub(crate) use view::{list, show};

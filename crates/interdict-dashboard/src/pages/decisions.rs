//! The decisions: the log of those that were kept, each with its explanation, and a page that tries one.

mod explained;
mod list;
mod one;
mod try_one;

pub(crate) use list::{DecisionRow, list};
pub(crate) use one::show;
pub(crate) use try_one::{show as try_one, try_path};

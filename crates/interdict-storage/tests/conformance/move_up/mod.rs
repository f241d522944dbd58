//! Moving up: from the files of a folder into a database.

mod copies;
mod filled;
mod refusals;

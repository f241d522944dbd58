//! Rotating the pepper: every key of which there is plain text is made anew, what is sealed is sealed anew, and what has no
//! plain text remembers under which former pepper it stands ([0039](../../../../docs/adr/0039-a-pepper-has-generations.md)).
//!
//! One transaction a store: a store is under the pepper of before, or under the new one. `columns` names every column that
//! holds a key, `texts` finds all plain text that there is, `run` does one store, `standing` says how far all of them are.
//!
//! Deliberately not here: the pepper file, in which order the stores come, and what a sealed secret is (`interdict-app`
//! and the command line).

mod columns;
mod run;
mod standing;
mod texts;

pub use columns::{KEYED_COLUMNS, KeyFate, KeyedColumn};
pub use run::{ColumnRotated, RotatedStore, Rotation, RotationError, RotationStep, Sealed, rotate_store};
pub use standing::{ServerAlone, StoreStanding, finish_rotation, standing};

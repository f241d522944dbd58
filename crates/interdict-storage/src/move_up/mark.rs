//! The mark of a move that is under way: one row in the target's `meta`, which says where the rows come from and
//! how far each table is. It goes with the commit that makes the copy whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tables::KeyPart;
use crate::chain::Hash;

/// Where the rows come from: a store at one moment of one life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) epoch: String,
    pub(super) sequence: i64,
    #[serde(with = "hex::serde")]
    pub(super) hash: Hash,
}

/// How far a table is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) rows: u64,
    /// The key of the row that was copied last.
    pub(super) key: Vec<KeyPart>,
    /// Nothing comes after it.
    pub(super) is_whole: bool,
}

/// The mark of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) origin: Origin,
    pub(super) tables: BTreeMap<String, Reached>,
}

impl Mark {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, tables: BTreeMap::new() }
    }

    pub(super) fn reached(&self, table: &str) -> Reached {
        self.tables.get(table).cloned().unwrap_or_default()
    }
}

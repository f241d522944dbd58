//! Whether the tables hold what the feed says (invariant 2): all changes are folded, and the outcome is
//! compared with the rows. Who wrote to a table past Interdict is found like this, because a row of a table has
//! no hash of its own.
//!
//! It holds for erased people, too: their rows are gone, their blocks are entries without words, and both are
//! what the last change about them says by itself.
//!
//! Deliberately not here: whether the feed itself is whole, which its hash chain says.

use interdict_decision::{DigestKey, Index, Reading};
use interdict_storage::{StorageError, View};

use crate::compare_with_store::{Comparison, digest_of_facts};
use crate::service::Service;

impl Service {
    /// Compares the tables with the feed, in one snapshot. Takes as much memory as an index and about twice
    /// the time of a start: for a command, not for a node that serves.
    pub fn compare_with_feed(&self) -> Result<Comparison, StorageError> {
        let mut key = DigestKey::default();
        self.random.fill(&mut key.0);
        self.store.walk(|view| compare(view, key))
    }
}

fn compare(view: &View<'_>, key: DigestKey) -> Result<Comparison, StorageError> {
    let folded = Index::new();
    view.for_each_change(&mut |change| folded.apply_change(change.sequence, &change.facts))?;
    folded.settle();
    let revision = folded.revision();
    folded.begin_reading(revision, key);
    loop {
        match folded.read_on(usize::MAX) {
            Reading::Done(said) => {
                return Ok(Comparison::of(revision, &digest_of_facts(view, key)?, &said));
            }
            Reading::Begun => {}
            Reading::None | Reading::Waiting => {
                return Err(StorageError::Corrupt("the feed has no order"));
            }
        }
    }
}

//! What a record has beside its line: reasons, messages, and the largest payment that an entry exempts. What is the same
//! is kept once: a million entries of one import share it.
//!
//! Used by the applying thread alone. Readers hold the texts through their records.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use interdict_domain::money::Money;

/// The two texts of a record: of an entry its reason and public message, of a customer the reasons
/// of its restriction and of its list status. With them the largest payment that an entry exempts.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Texts {
    pub(crate) first: Option<Arc<str>>,
    pub(crate) second: Option<Arc<str>>,
    pub(crate) max_amount: Option<Money>,
}

/// Every pair of texts in use.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    pairs: HashTable<Arc<Texts>>,
}

fn hash(texts: &Texts) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

impl Interner {
    /// The same texts, shared; none when there are none.
    pub(crate) fn intern(&mut self, texts: Texts) -> Option<Arc<Texts>> {
        if texts == Texts::default() {
            return None;
        }
        match self.pairs.entry(hash(&texts), |held| **held == texts, |held| hash(held)) {
            Entry::Occupied(occupied) => Some(Arc::clone(occupied.get())),
            Entry::Vacant(vacant) => Some(Arc::clone(vacant.insert(Arc::new(texts)).get())),
        }
    }

    /// Takes back what a record that is gone held, and forgets the pair with its last record.
    pub(crate) fn release(&mut self, texts: Option<Arc<Texts>>) {
        let Some(texts) = texts else { return };
        // Two: the one here and the table's own. Readers clone the texts, never the pair. When others
        // still hold it, the last of them releases it again.
        if Arc::strong_count(&texts) == 2
            && let Ok(held) = self.pairs.find_entry(hash(&texts), |held| Arc::ptr_eq(held, &texts))
        {
            held.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once_and_go_with_the_last_record() {
        let mut interner = Interner::default();
        let texts = || Texts { first: Some(Arc::from("chargeback")), ..Texts::default() };
        let a = interner.intern(texts());
        let b = interner.intern(texts());
        assert!(Arc::ptr_eq(a.as_ref().unwrap(), b.as_ref().unwrap()));
        assert!(interner.intern(Texts::default()).is_none());
        interner.release(a);
        assert_eq!(interner.pairs.len(), 1);
        interner.release(b);
        assert_eq!(interner.pairs.len(), 0);
    }
}

//! The texts of entries, each pair once, under many locks: readers come by the number in an entry's line.
//!
//! Not here: that a reader sees them at the moment of the line. A number is freed only when no line has
//! it any more, and whoever read such a line finds its bucket changed.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::lines::low;
use super::slab::Slab;
use super::texts::Texts;

/// So many that readers seldom meet.
const SHELVES: u32 = 64;

struct Shared {
    texts: Arc<Texts>,
    /// How many entries have it.
    uses: u64,
}

#[derive(Default)]
#[repr(align(128))] // No two locks in one cache line.
struct Shelf(RwLock<Slab<Shared>>);

/// All of them. A number is from 1 on: 0 means that there are no texts.
pub(super) struct Shelves(Box<[Shelf]>);

/// The number of each pair, by its address. For the applying thread.
#[derive(Default)]
pub(super) struct Catalogue(HashMap<usize, u32>);

impl Shelves {
    pub(super) fn new() -> Self {
        Self((0..SHELVES).map(|_| Shelf::default()).collect())
    }

    /// The shelf of a number, and the place on it.
    fn find(&self, number: u32) -> Option<(&RwLock<Slab<Shared>>, u32)> {
        let at = number.checked_sub(1)?;
        let pairs = self.0.get((at % SHELVES) as usize)?;
        Some((&pairs.0, at / SHELVES))
    }

    /// Shows the texts of a number; none when it leads nowhere.
    pub(super) fn get<T>(&self, number: u32, show: impl FnOnce(&Texts) -> T) -> Option<T> {
        let (pairs, at) = self.find(number)?;
        Some(show(&pairs.read().get(at)?.texts))
    }

    /// Keeps a pair for one more entry.
    pub(super) fn keep(&self, catalogue: &mut Catalogue, texts: Arc<Texts>) -> u32 {
        let address = Arc::as_ptr(&texts).addr();
        if let Some(&number) = catalogue.0.get(&address) {
            if let Some((pairs, at)) = self.find(number)
                && let Some(shared) = pairs.write().get_mut(at)
            {
                shared.uses += 1;
            }
            return number;
        }
        let first = low(catalogue.0.len() as u64) % SHELVES;
        let Some(pairs) = self.0.get(first as usize) else { return u32::MAX };
        let at = pairs.0.write().insert(Shared { texts, uses: 1 });
        // Past what can be said, a number that leads nowhere: an entry that cannot be read blocks.
        let number = at.checked_mul(SHELVES).and_then(|from| from.checked_add(first + 1));
        let number = number.unwrap_or(u32::MAX);
        catalogue.0.insert(address, number);
        number
    }

    /// Takes a pair from an entry. Returns it when that was the last one.
    pub(super) fn forget(&self, catalogue: &mut Catalogue, number: u32) -> Option<Arc<Texts>> {
        let (pairs, at) = self.find(number)?;
        let mut pairs = pairs.write();
        let shared = pairs.get_mut(at)?;
        shared.uses -= 1;
        if shared.uses > 0 {
            return None;
        }
        let texts = pairs.remove(at)?.texts;
        catalogue.0.remove(&Arc::as_ptr(&texts).addr());
        Some(texts)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0) + self.0.iter().map(|each| each.0.read().bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_kept_once_and_goes_with_its_last_entry() {
        let (shelves, mut catalogue) = (Shelves::new(), Catalogue::default());
        let pair = |text: &str| Arc::new(Texts { first: Some(Arc::from(text)), ..Texts::default() });
        let (fraud, abuse) = (pair("fraud"), pair("abuse"));
        let number = shelves.keep(&mut catalogue, Arc::clone(&fraud));
        assert_eq!(shelves.keep(&mut catalogue, Arc::clone(&fraud)), number);
        let other = shelves.keep(&mut catalogue, Arc::clone(&abuse));
        assert!(number != 0 && other != 0 && number != other);
        assert_eq!(shelves.get(number, |texts| *texts == *fraud), Some(true));
        assert!(shelves.forget(&mut catalogue, number).is_none());
        assert!(Arc::ptr_eq(&shelves.forget(&mut catalogue, number).unwrap(), &fraud));
        assert_eq!(shelves.get(number, |_| ()), None);
        assert_eq!(shelves.get(0, |_| ()), None);
        assert_eq!(catalogue.0.len(), 1);
    }
}

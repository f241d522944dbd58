//! The texts of entries, each pair once, under many locks: readers come by the number in an entry's line.
//!
//! Not here: that a reader sees them at the moment of the line. A number is freed only when no line has
//! it any more, and whoever read such a line finds its bucket changed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::RwLock;

use super::lines::low;
use super::slab::Slab;
use super::texts::Texts;

/// So many that readers seldom meet.
const SHELVES: u32 = 64;

#[derive(Default)]
#[repr(align(128))] // No two locks in one cache line.
struct Shelf(RwLock<Slab<Arc<Texts>>>);

/// All of them. A number is from 1 on: 0 means that there are no texts.
pub(super) struct Shelves(Box<[Shelf]>);

/// Which pair has which number, by its address. For the applying thread.
#[derive(Default)]
pub(super) struct Catalogue(HashMap<usize, Kept>);

struct Kept {
    number: u32,
    /// How many entries have it. Counted here and not on the shelf: an import counts one pair a million times, and
    /// each time everybody who is blocked with it would wait.
    uses: u64,
}

impl Shelves {
    pub(super) fn new() -> Self {
        Self((0..SHELVES).map(|_| Shelf::default()).collect())
    }

    /// The shelf of a number, and the place on it.
    fn find(&self, number: u32) -> Option<(&RwLock<Slab<Arc<Texts>>>, u32)> {
        let at = number.checked_sub(1)?;
        let pairs = self.0.get((at % SHELVES) as usize)?;
        Some((&pairs.0, at / SHELVES))
    }

    /// Shows the texts of a number; none when it leads nowhere.
    pub(super) fn get<T>(&self, number: u32, show: impl FnOnce(&Texts) -> T) -> Option<T> {
        let (pairs, at) = self.find(number)?;
        Some(show(pairs.read().get(at)?))
    }

    /// Keeps a pair for one more entry. Nobody waits for it but with the first.
    pub(super) fn keep(&self, catalogue: &mut Catalogue, texts: Arc<Texts>) -> u32 {
        let first = low(catalogue.0.len() as u64) % SHELVES;
        match catalogue.0.entry(Arc::as_ptr(&texts).addr()) {
            Entry::Occupied(mut kept) => {
                kept.get_mut().uses += 1;
                kept.get().number
            }
            Entry::Vacant(vacant) => {
                let Some(pairs) = self.0.get(first as usize) else { return u32::MAX };
                let at = pairs.0.write().insert(texts);
                // Past what can be said, a number that leads nowhere: an entry that cannot be read blocks.
                let number = at.checked_mul(SHELVES).and_then(|from| from.checked_add(first + 1));
                vacant.insert(Kept { number: number.unwrap_or(u32::MAX), uses: 1 }).number
            }
        }
    }

    /// Takes a pair from an entry. Returns it when that was the last one.
    pub(super) fn forget(&self, catalogue: &mut Catalogue, number: u32) -> Option<Arc<Texts>> {
        let (pairs, at) = self.find(number)?;
        let address = Arc::as_ptr(pairs.read().get(at)?).addr();
        let Entry::Occupied(mut kept) = catalogue.0.entry(address) else { return None };
        kept.get_mut().uses -= 1;
        if kept.get().uses > 0 {
            return None;
        }
        kept.remove();
        pairs.write().remove(at)
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

    /// It would wait for itself otherwise.
    #[test]
    fn whoever_reads_a_pair_is_in_nobodys_way_who_keeps_it_once_more() {
        let (shelves, mut catalogue) = (Shelves::new(), Catalogue::default());
        let pair = Arc::new(Texts { first: Some(Arc::from("chargeback")), ..Texts::default() });
        let number = shelves.keep(&mut catalogue, Arc::clone(&pair));
        let within = shelves.get(number, |_| {
            let again = shelves.keep(&mut catalogue, Arc::clone(&pair));
            (again, shelves.forget(&mut catalogue, again).is_none())
        });
        assert_eq!(within, Some((number, true)));
    }
}

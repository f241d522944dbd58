//! An entry in memory: 48 bytes, and its texts when it has some.

use std::sync::Arc;

use interdict_domain::change::EntryFact;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::EntryId;
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;

use super::texts::Texts;
use crate::order::Tier;

/// A window in 16 bytes. The ends that no [`Timestamp`] can say mean that an end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PackedWindow {
    from: i64,
    until: i64,
}

impl PackedWindow {
    pub(crate) fn pack(window: Window) -> Self {
        Self {
            from: window.from().map_or(i64::MIN, Timestamp::micros),
            until: window.until().map_or(i64::MAX, Timestamp::micros),
        }
    }

    /// The window; none when it is not one, which a reader takes for always.
    pub(crate) fn unpack(self) -> Option<Window> {
        let from = (self.from != i64::MIN).then(|| Timestamp::from_micros(self.from));
        let until = (self.until != i64::MAX).then(|| Timestamp::from_micros(self.until));
        Window::new(from, until).ok()
    }
}

/// An entry.
#[derive(Debug)]
pub(crate) struct EntryRecord {
    pub(crate) id: EntryId,
    pub(crate) kind: Kind,
    pub(crate) strength: Strength,
    pub(crate) scopes: Scopes,
    pub(crate) window: PackedWindow,
    /// Its reason and its public message.
    pub(crate) texts: Option<Arc<Texts>>,
}

impl EntryRecord {
    pub(crate) fn new(fact: &EntryFact, texts: Option<Arc<Texts>>) -> Self {
        Self {
            id: fact.id,
            kind: fact.kind,
            strength: fact.strength,
            scopes: fact.scopes,
            window: PackedWindow::pack(fact.window),
            texts,
        }
    }

    /// Where it stands in the order when it matches.
    #[inline]
    pub(crate) const fn tier(&self) -> Tier {
        match (self.id.list(), self.strength) {
            (List::Block, Strength::Hard) => Tier::HardBlock,
            (List::Block, Strength::Soft) => Tier::SoftBlock,
            (List::Allow, Strength::Hard | Strength::Soft) => Tier::AllowEntry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_48_bytes() {
        assert_eq!(size_of::<Option<EntryRecord>>(), 48);
    }

    #[test]
    fn a_window_survives_packing() {
        let at = Timestamp::from_micros;
        for from in [None, Some(at(i64::MIN)), Some(at(10))] {
            for until in [None, Some(at(20)), Some(at(i64::MAX))] {
                let window = Window::new(from, until).unwrap();
                assert_eq!(PackedWindow::pack(window).unpack(), Some(window));
            }
        }
    }
}

//! Facts as the feed holds them: a list in JSON. Many entries one after another that differ in nothing but id and key, as
//! an import makes them by the thousand, stand in it as one, with their terms once (ADR 0049).
//!
//! Deliberately not here: what a fact says (`interdict-domain`), and texts, which no change holds.

use std::borrow::Cow;
use std::collections::BTreeSet;

use interdict_domain::change::{EntryFact, Fact, FormerFact, RangeFact, RowsImported};
use interdict_domain::entry::Strength;
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::money::Money;
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;
use serde::{Deserialize, Serialize};

use crate::error::StorageError;

/// So many are worth it: a few are easier to read each by itself.
const MANY: usize = 16;
const CORRUPT: StorageError = StorageError::Corrupt("entries of a change");
/// Characters of a key.
const KEY: usize = 2 * size_of::<IdentifierKey>();

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stored<'f> {
    /// These are now alike.
    EntriesPut { alike: Terms, entries: Entries },
    /// These are gone.
    EntriesRemoved(Entries),
    #[serde(untagged)]
    One(Cow<'f, Fact>),
}

/// What entries that are alike have in common.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    kind: Kind,
    scopes: Scopes,
    strength: Strength,
    window: Window,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<RangeFact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<FormerFact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_amount: Option<Money>,
}

impl Terms {
    fn of(fact: &EntryFact) -> Self {
        let &EntryFact { kind, scopes, strength, window, range, former, max_amount, .. } = fact;
        Self { kind, scopes, strength, window, range, former, max_amount }
    }

    /// Names each field, so that a term that is new cannot be forgotten.
    fn put(self, id: EntryId, key: IdentifierKey) -> Fact {
        let Self { kind, scopes, strength, window, range, former, max_amount } = self;
        let (reason, public_message) = (None, None);
        Fact::EntryPut(EntryFact {
            id,
            kind,
            key,
            scopes,
            strength,
            window,
            range,
            former,
            max_amount,
            reason,
            public_message,
        })
    }
}

/// Entries by id and key, in their order.
#[derive(Serialize, Deserialize)]
struct Entries {
    /// Runs: a first id, and how many follow one another from there.
    ids: Vec<(EntryId, usize)>,
    /// In hexadecimal digits, one behind the other.
    keys: String,
}

impl Entries {
    fn of(entries: impl Iterator<Item = (EntryId, IdentifierKey)>) -> Self {
        let mut of = Self { ids: Vec::new(), keys: String::new() };
        let mut next = None;
        for (id, key) in entries {
            match of.ids.last_mut() {
                Some((_, length)) if next == Some(id) => *length += 1,
                _ => of.ids.push((id, 1)),
            }
            next = Some(successor(id));
            of.keys.push_str(&hex::encode(key.0));
        }
        of
    }

    fn len(&self) -> usize {
        self.keys.len() / KEY
    }

    fn each_id(&self) -> Result<impl Iterator<Item = EntryId>, StorageError> {
        let named = self.ids.iter().try_fold(0_usize, |sum, (_, length)| sum.checked_add(*length));
        if named != Some(self.len()) {
            return Err(CORRUPT);
        }
        let run = |(first, length): &(EntryId, usize)| {
            std::iter::successors(Some(*first), |id| Some(successor(*id))).take(*length)
        };
        Ok(self.ids.iter().flat_map(run))
    }

    fn each(&self) -> Result<impl Iterator<Item = (EntryId, IdentifierKey)>, StorageError> {
        let keys = hex::decode(&self.keys).map_err(|_| CORRUPT)?;
        let (keys, rest) = keys.as_chunks();
        if !rest.is_empty() {
            return Err(CORRUPT);
        }
        let keys: Vec<IdentifierKey> = keys.iter().copied().map(IdentifierKey).collect();
        Ok(self.each_id()?.zip(keys))
    }
}

fn successor(id: EntryId) -> EntryId {
    EntryId::from_parts(id.list(), id.ksuid().successor())
}

fn are_alike(one: &Fact, other: &Fact) -> bool {
    match (one, other) {
        (Fact::EntryPut(one), Fact::EntryPut(other)) => Terms::of(one) == Terms::of(other),
        (Fact::EntryRemoved { .. }, Fact::EntryRemoved { .. }) => true,
        _ => false,
    }
}

fn named(fact: &Fact) -> Option<(EntryId, IdentifierKey)> {
    match fact {
        Fact::EntryPut(EntryFact { id, key, .. }) | Fact::EntryRemoved { id, key } => Some((*id, *key)),
        _ => None,
    }
}

/// Facts as a change holds them.
pub(crate) fn text(facts: &[Fact]) -> Result<String, StorageError> {
    let mut stored = Vec::new();
    for run in facts.chunk_by(are_alike) {
        let entries = || Entries::of(run.iter().filter_map(named));
        match run.first() {
            Some(Fact::EntryPut(first)) if run.len() >= MANY => {
                stored.push(Stored::EntriesPut { alike: Terms::of(first), entries: entries() });
            }
            Some(Fact::EntryRemoved { .. }) if run.len() >= MANY => {
                stored.push(Stored::EntriesRemoved(entries()));
            }
            _ => stored.extend(run.iter().map(|fact| Stored::One(Cow::Borrowed(fact)))),
        }
    }
    Ok(serde_json::to_string(&stored)?)
}

/// The reverse, without texts.
pub(crate) fn read(text: &str) -> Result<Vec<Fact>, StorageError> {
    let mut facts = Vec::new();
    for stored in serde_json::from_str::<Vec<Stored<'_>>>(text)? {
        match stored {
            Stored::EntriesPut { alike, entries } => {
                facts.extend(entries.each()?.map(|(id, key)| alike.put(id, key)));
            }
            Stored::EntriesRemoved(entries) => {
                facts.extend(entries.each()?.map(|(id, key)| Fact::EntryRemoved { id, key }));
            }
            Stored::One(fact) => facts.push(fact.into_owned()),
        }
    }
    Ok(facts)
}

/// Whether any of some entries is among them.
pub(crate) fn name_any(text: &str, ids: &BTreeSet<EntryId>) -> Result<bool, StorageError> {
    for stored in serde_json::from_str::<Vec<Stored<'_>>>(text)? {
        let is_named = match stored {
            Stored::EntriesPut { entries, .. } | Stored::EntriesRemoved(entries) => {
                entries.each_id()?.any(|id| ids.contains(&id))
            }
            Stored::One(fact) => named(&fact).is_some_and(|(id, _)| ids.contains(&id)),
        };
        if is_named {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a part of an import says of itself, and how many entries it has.
pub(crate) fn part(text: &str) -> Result<(RowsImported, usize), StorageError> {
    let (mut mark, mut count) = (None, 0);
    for stored in serde_json::from_str::<Vec<Stored<'_>>>(text)? {
        match stored {
            Stored::EntriesPut { entries, .. } | Stored::EntriesRemoved(entries) => count += entries.len(),
            Stored::One(fact) => match fact.into_owned() {
                Fact::RowsImported(rows) => mark = Some(rows),
                fact => count += usize::from(named(&fact).is_some()),
            },
        }
    }
    Ok((mark.ok_or(StorageError::Corrupt("a part of an import"))?, count))
}

#[cfg(test)]
mod tests {
    use interdict_domain::entry::List;
    use interdict_domain::ids::Ksuid;

    use super::*;

    fn put(id: EntryId, number: u8, scopes: Scopes) -> Fact {
        let terms = Terms {
            kind: Kind::Email,
            scopes,
            strength: Strength::Hard,
            window: Window::ALWAYS,
            range: None,
            former: None,
            max_amount: None,
        };
        terms.put(id, IdentifierKey([number; 16]))
    }

    fn ids(first: u8) -> impl Iterator<Item = EntryId> {
        let first = EntryId::from_parts(List::Block, Ksuid::from_bytes([first; 20]));
        std::iter::successors(Some(first), |id| Some(successor(*id)))
    }

    /// What the feed holds must be readable for ever.
    #[test]
    fn many_that_are_alike_are_written_like_this() {
        let some = ids(1).take(10).chain(ids(2).take(6));
        let mut facts: Vec<Fact> =
            (0..).zip(some).map(|(number, id)| put(id, number, Scopes::BOTH)).collect();
        let keys: String = (0..16).map(|number| format!("{number:02x}").repeat(16)).collect();
        let [first, second] = [1, 2].map(|first| ids(first).next().unwrap());
        let entries = format!(r#"{{"ids":[["{first}",10],["{second}",6]],"keys":"{keys}"}}"#);
        let terms = r#"{"kind":"email","scopes":["cit","mit"],"strength":"hard","window":{}}"#;
        let written = format!(r#"[{{"entriesPut":{{"alike":{terms},"entries":{entries}}}}}]"#);
        assert_eq!(text(&facts).unwrap(), written);
        assert_eq!(read(&written).unwrap(), facts);
        facts.truncate(15);
        assert_eq!(text(&facts).unwrap(), serde_json::to_string(&facts).unwrap(), "a few");
        assert_eq!(read(&text(&facts).unwrap()).unwrap(), facts);
        let gone: Vec<Fact> = (0..).zip(ids(1).take(16)).map(|(number, id)| removed(id, number)).collect();
        let written = format!(r#"[{{"entriesRemoved":{{"ids":[["{first}",16]],"keys":"{keys}"}}}}]"#);
        assert_eq!(text(&gone).unwrap(), written);
        assert_eq!(read(&written).unwrap(), gone);
    }

    fn removed(id: EntryId, number: u8) -> Fact {
        Fact::EntryRemoved { id, key: IdentifierKey([number; 16]) }
    }

    #[test]
    fn the_order_stays_and_a_part_counts_its_entries() {
        let fact = |number: u8, id| match number {
            20..40 => put(id, number, Scopes::CIT),
            40..43 | 50.. => removed(id, number),
            _ => put(id, number, Scopes::BOTH),
        };
        let mut facts: Vec<Fact> = (0..80).zip(ids(7)).map(|(number, id)| fact(number, id)).collect();
        assert!(part(&text(&facts).unwrap()).is_err(), "no mark");
        let mark =
            RowsImported { rows: [2, 81], digest: "00".to_owned(), has_texts: false, lines: Vec::new() };
        facts.push(Fact::RowsImported(mark.clone()));
        let written = text(&facts).unwrap();
        assert_eq!(read(&written).unwrap(), facts);
        assert_eq!(part(&written).unwrap(), (mark, 80));
        for (number, id) in ids(7).take(81).enumerate() {
            assert_eq!(name_any(&written, &BTreeSet::from([id])).unwrap(), number < 80);
        }
        // As it was written before any stood together.
        assert_eq!(read(&serde_json::to_string(&facts).unwrap()).unwrap(), facts);
    }

    #[test]
    fn what_was_altered_is_refused() {
        let facts: Vec<Fact> = (0..).zip(ids(1).take(16)).map(|(number, id)| removed(id, number)).collect();
        let written = text(&facts).unwrap();
        for (from, to) in
            [("16]]", "17]]"), ("16]]", "18446744073709551615]]"), ("0f\"}", "\"}"), ("0f\"}", "0g\"}")]
        {
            let altered = written.replace(from, to);
            assert_ne!(altered, written);
            assert!(matches!(read(&altered), Err(StorageError::Corrupt(_))), "{altered}");
            if from == "16]]" {
                assert!(name_any(&altered, &BTreeSet::new()).is_err(), "{altered}");
            }
        }
    }
}

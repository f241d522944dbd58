//! How the merchant's lists at the provider stand, for people.
//!
//! Deliberately not here: anything of a value.

use std::collections::BTreeMap;

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::provider_list::{ItemState, Mirroring, ProviderList};
use interdict_storage::{MerchantView, StorageError};

/// Changes that are looked through for something to bring in step.
const AHEAD: i64 = 100;

/// How they stand, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorState {
    /// Nothing is wanted there.
    Off,
    /// All that is known here is there.
    InStep,
    /// They are being brought in step.
    Working,
    /// The provider does not do what it is asked.
    Failing,
}

impl MirrorState {
    /// Each of them once.
    pub const ALL: [Self; 4] = [Self::Off, Self::InStep, Self::Working, Self::Failing];

    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::InStep => "in_step",
            Self::Working => "working",
            Self::Failing => "failing",
        }
    }
}

/// One list at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListReport {
    /// Which list.
    pub list: List,
    /// Of which kind.
    pub kind: Kind,
    /// Its name in the provider's rules; nothing where the provider has none for the kind.
    pub alias: Option<String>,
    /// How many entries stand how.
    pub counts: Vec<(ItemState, i64)>,
}

/// How the merchant's lists at the provider stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorReport {
    /// What the merchant wants there.
    pub mirroring: Mirroring,
    /// How they stand.
    pub state: MirrorState,
    /// Up to which change they were followed.
    pub position: Option<i64>,
    /// Entries by how they stand.
    pub counts: BTreeMap<&'static str, i64>,
    /// Each list with anything on it.
    pub lists: Vec<ListReport>,
    /// Items on our lists that somebody else put there.
    pub strangers: i64,
    /// Items that somebody had taken away, and that were put there again.
    pub repaired: i64,
    /// When everything was last compared.
    pub compared_at: Option<Timestamp>,
    /// What the last failure was.
    pub problem: Option<String>,
    /// When that was.
    pub problem_at: Option<Timestamp>,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
}

impl MirrorReport {
    /// As of now.
    pub fn read(view: &MerchantView<'_>) -> Result<Self, StorageError> {
        let mirror = view.provider_mirror()?;
        let rows = view.provider_item_counts()?;
        let mut counts: BTreeMap<&'static str, i64> =
            ItemState::ALL.iter().map(|state| (state.as_str(), 0)).collect();
        let mut lists: Vec<ListReport> = Vec::new();
        for (list, kind, state, count) in rows {
            *counts.entry(state.as_str()).or_default() += count;
            if let Some(last) = lists.last_mut().filter(|last| last.list == list && last.kind == kind) {
                last.counts.push((state, count));
            } else {
                let alias = ProviderList::of(list, kind).map(ProviderList::alias);
                lists.push(ListReport { list, kind, alias, counts: vec![(state, count)] });
            }
        }
        let Some(mirror) = mirror else {
            return Ok(Self {
                mirroring: Mirroring::Off,
                state: MirrorState::Off,
                position: None,
                counts,
                lists,
                strangers: 0,
                repaired: 0,
                compared_at: None,
                problem: None,
                problem_at: None,
                retry_at: None,
            });
        };
        let is_going = mirror.again
            || mirror.stage.is_some()
            || counts.get(ItemState::Adding.as_str()).is_some_and(|count| *count > 0)
            || !view.entries_touched(mirror.position, AHEAD)?.is_nothing();
        let state = match mirror.mirroring {
            _ if mirror.failures > 0 => MirrorState::Failing,
            Mirroring::Off => MirrorState::Off,
            _ if is_going => MirrorState::Working,
            Mirroring::Block | Mirroring::BlockAndAllow | Mirroring::Emptied => MirrorState::InStep,
        };
        Ok(Self {
            mirroring: mirror.mirroring,
            state,
            position: Some(mirror.position),
            counts,
            lists,
            strangers: mirror.strangers,
            repaired: mirror.repaired,
            compared_at: mirror.compared_at,
            problem: mirror.problem,
            problem_at: mirror.problem_at,
            retry_at: mirror.retry_at,
        })
    }
}

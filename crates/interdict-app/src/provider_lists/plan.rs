//! What is to be done about one entry: where it belongs at the provider, against how it stands there.
//!
//! Deliberately not here: doing it.

use interdict_domain::clock::Timestamp;
use interdict_domain::provider_list::{ItemState, Mirroring, Standing};
use interdict_storage::ProviderItem;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// It stands as it belongs.
    Nothing,
    /// To be written, and to be looked at again then.
    Write(ItemState, Option<Timestamp>),
    /// Nothing stands there any more.
    Drop,
    /// To be put on its list.
    Add,
    /// It may be on its list: to be looked up, and put there where it belongs there.
    Settle,
    /// To be taken off its list.
    Remove,
    /// It may be on its list, and nobody knows its value any more: the next comparison finds it.
    Unresolved,
}

impl Plan {
    /// How often the provider is asked for it.
    pub(super) const fn requests(self) -> usize {
        match self {
            Self::Nothing | Self::Write(..) | Self::Drop | Self::Unresolved => 0,
            Self::Add | Self::Remove => 1,
            Self::Settle => 2,
        }
    }
}

/// Whether anything is put on lists.
pub(super) const fn adds(mirroring: Mirroring) -> bool {
    matches!(mirroring, Mirroring::Block | Mirroring::BlockAndAllow)
}

/// What is to be done about an entry.
pub(super) fn plan(
    standing: Standing,
    item: Option<&ProviderItem>,
    has_value: bool,
    mirroring: Mirroring,
    now: Timestamp,
) -> Plan {
    let adds = adds(mirroring);
    let Some(item) = item else {
        return match standing {
            Standing::Listed(..) if adds => Plan::Add,
            Standing::LeftOut(why, until) if adds => Plan::Write(why, until),
            Standing::From(from) if adds => Plan::Write(ItemState::Waiting, Some(from)),
            Standing::Listed(..) | Standing::LeftOut(..) | Standing::From(_) | Standing::Over => {
                Plan::Nothing
            }
        };
    };
    let write = |state, due_at| {
        let stands = item.state == state && item.due_at == due_at;
        if stands { Plan::Nothing } else { Plan::Write(state, due_at) }
    };
    match (item.state, standing) {
        (ItemState::Adding, _) if !has_value => Plan::Unresolved,
        (ItemState::Adding, _) => Plan::Settle,
        (ItemState::Held | ItemState::Theirs, Standing::Listed(_, until)) => write(item.state, until),
        (ItemState::Held, _) => Plan::Remove,
        (ItemState::Refused, Standing::Listed(..)) if adds => {
            if item.due_at.is_none_or(|due| due <= now) {
                Plan::Add
            } else {
                Plan::Nothing
            }
        }
        (_, Standing::Listed(..)) if adds => Plan::Add,
        (_, Standing::LeftOut(why, until)) if adds => write(why, until),
        (_, Standing::From(from)) if adds => write(ItemState::Waiting, Some(from)),
        (_, _) => Plan::Drop,
    }
}

#[cfg(test)]
mod tests {
    use interdict_domain::entry::List;
    use interdict_domain::identifier::Kind;
    use interdict_domain::ids::{EntryId, Ksuid};
    use interdict_domain::provider_list::ProviderList;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);
    const LATER: Timestamp = Timestamp::from_micros(2_000_000);
    const LISTED: Standing = Standing::Listed(ProviderList { list: List::Block, kind: Kind::Email }, None);

    fn item(state: ItemState) -> ProviderItem {
        let entry = EntryId::from_parts(List::Block, Ksuid::from_bytes([1; 20]));
        ProviderItem::without_item(entry, Kind::Email, state, None)
    }

    fn planned(standing: Standing, state: ItemState, mirroring: Mirroring) -> Plan {
        plan(standing, Some(&item(state)), true, mirroring, NOW)
    }

    /// Whatever is done leads to where nothing is left to do.
    #[test]
    fn each_plan_ends() {
        let standings =
            [LISTED, Standing::LeftOut(ItemState::Scopes, None), Standing::From(LATER), Standing::Over];
        for mirroring in Mirroring::ALL {
            for standing in standings {
                for state in ItemState::ALL.iter().copied().map(Some).chain([None]) {
                    let mut stands = state.map(item);
                    let mut steps = 0;
                    loop {
                        let planned = plan(standing, stands.as_ref(), true, *mirroring, NOW);
                        stands = match planned {
                            Plan::Nothing => break,
                            Plan::Write(state, due_at) => Some(ProviderItem { due_at, ..item(state) }),
                            Plan::Drop | Plan::Remove => None,
                            Plan::Add | Plan::Settle => Some(item(ItemState::Held)),
                            Plan::Unresolved => panic!("its value is known"),
                        };
                        steps += 1;
                        assert!(steps < 4, "{mirroring:?} {standing:?} {state:?}");
                    }
                    let is_held = stands.is_some_and(|item| item.state == ItemState::Held);
                    assert!(!is_held || standing == LISTED, "{mirroring:?} {standing:?} {state:?}");
                }
            }
        }
    }

    #[test]
    fn what_others_put_there_is_never_taken_away() {
        for standing in [Standing::Over, Standing::From(LATER), Standing::LeftOut(ItemState::Limits, None)] {
            for mirroring in Mirroring::ALL {
                assert_ne!(planned(standing, ItemState::Theirs, *mirroring), Plan::Remove);
            }
        }
    }

    #[test]
    fn switched_off_nothing_is_put_there_and_what_ends_goes() {
        assert_eq!(plan(LISTED, None, true, Mirroring::Off, NOW), Plan::Nothing);
        assert_eq!(planned(LISTED, ItemState::Held, Mirroring::Off), Plan::Nothing);
        assert_eq!(planned(Standing::Over, ItemState::Held, Mirroring::Off), Plan::Remove);
    }

    #[test]
    fn what_is_on_its_way_without_a_value_waits_for_the_comparison() {
        let adding = item(ItemState::Adding);
        assert_eq!(plan(Standing::Over, Some(&adding), false, Mirroring::Block, NOW), Plan::Unresolved);
    }
}

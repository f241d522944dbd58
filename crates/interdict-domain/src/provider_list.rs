//! A payment provider's own lists: what of the merchant's entries belongs on them, and how each entry stands there.
//!
//! Deliberately not here: how a provider is asked (`interdict-gateway`), and when (`interdict-app`).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::{Entry, List, words};
use crate::identifier::Kind;
use crate::scopes::Scopes;

words!(
    /// What a merchant wants to have on the provider's own lists.
    Mirroring {
        /// Nothing more. What is there goes when its entry ends, is deleted or is erased.
        Off = "off",
        /// The block list.
        Block = "block",
        /// Both lists.
        BlockAndAllow = "block_and_allow",
        /// Nothing: what is there goes.
        Emptied = "emptied",
    }
);

words!(
    /// How an entry stands at the provider.
    ItemState {
        /// It was about to be put there: whether it is has to be looked up.
        Adding = "adding",
        /// It was put there, and is.
        Held = "in_step",
        /// Somebody else had put it there before: it is left alone, also when the entry ends.
        Theirs = "already_there",
        /// The provider does not take it.
        Refused = "refused",
        /// It begins later.
        Waiting = "waiting",
        /// Left out: its person was erased, and only a key remains.
        NoValue = "no_value",
        /// Left out: it counts for one of the initiators only.
        Scopes = "scopes",
        /// Left out: it exempts up to an amount, or until a chargeback.
        Limits = "limits",
        /// Left out: it stands for many where the provider lists one.
        Range = "range",
        /// Left out: the provider has no list for its kind.
        Kind = "kind",
    }
);

impl ItemState {
    /// Whether it is not for the provider's lists at all.
    pub const fn is_left_out(self) -> bool {
        matches!(self, Self::NoValue | Self::Scopes | Self::Limits | Self::Range | Self::Kind)
    }
}

/// One of a provider's lists: those of ours, each kind apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProviderList {
    /// Which list.
    pub list: List,
    /// Of which kind.
    pub kind: Kind,
}

/// The kinds for which there are lists.
const KINDS: [(Kind, &str); 6] = [
    (Kind::Email, "email"),
    (Kind::EmailDomain, "email_domain"),
    (Kind::Ip, "ip"),
    (Kind::CardFingerprint, "card_fingerprint"),
    (Kind::Bin, "bin"),
    (Kind::Country, "country"),
];

impl ProviderList {
    /// Each of them once.
    pub fn all() -> impl Iterator<Item = Self> {
        List::ALL.into_iter().flat_map(|list| KINDS.into_iter().map(move |(kind, _)| Self { list, kind }))
    }

    /// The list of an entry; nothing where there is none.
    pub fn of(list: List, kind: Kind) -> Option<Self> {
        Self::all().find(|one| *one == Self { list, kind })
    }

    /// Its name in the provider's rules, such as `interdict_block_email`.
    pub fn alias(self) -> String {
        let word = KINDS.into_iter().find(|(kind, _)| *kind == self.kind).map_or("other", |(_, word)| word);
        format!("interdict_{}_{word}", self.list.as_str())
    }
}

/// Where an entry belongs at the provider, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On a list, until then.
    Listed(ProviderList, Option<Timestamp>),
    /// On none, for a reason ([`ItemState::is_left_out`]); it counts until then.
    LeftOut(ItemState, Option<Timestamp>),
    /// On none before that.
    From(Timestamp),
    /// On none any more.
    Over,
}

impl Standing {
    /// Where an entry belongs now.
    pub fn of(entry: &Entry, mirroring: Mirroring, now: Timestamp) -> Self {
        let is_wanted = match mirroring {
            Mirroring::Off | Mirroring::BlockAndAllow => true,
            Mirroring::Block => entry.list() == List::Block,
            Mirroring::Emptied => false,
        };
        if !is_wanted || entry.window.has_ended(now) {
            return Self::Over;
        }
        if let Some(from) = entry.window.from().filter(|from| *from > now) {
            return Self::From(from);
        }
        let until = entry.window.until();
        let left_out = |why| Self::LeftOut(why, until);
        let Some(value) = entry.value.as_deref() else { return left_out(ItemState::NoValue) };
        let Some(list) = ProviderList::of(entry.list(), entry.kind) else { return left_out(ItemState::Kind) };
        if entry.scopes != Scopes::BOTH {
            return left_out(ItemState::Scopes);
        }
        if entry.list() == List::Allow && !entry.limits.is_none() {
            return left_out(ItemState::Limits);
        }
        if is_range(entry.kind, value) {
            return left_out(ItemState::Range);
        }
        Self::Listed(list, until)
    }
}

/// The providers know single addresses, and card numbers by their first six digits.
fn is_range(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::Ip => value.contains('/'),
        Kind::Bin => value.len() != 6,
        Kind::Email
        | Kind::EmailDomain
        | Kind::Phone
        | Kind::Device
        | Kind::CardFingerprint
        | Kind::Iban
        | Kind::MerchantRef
        | Kind::Country => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Actor;
    use crate::entry::{EntrySource, Strength};
    use crate::identifier::{EmailMatching, IdentifierKey};
    use crate::ids::{EntryId, Ksuid};
    use crate::limits::Limits;
    use crate::window::Window;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn entry(list: List, kind: Kind, value: &str) -> Entry {
        Entry {
            id: EntryId::from_parts(list, Ksuid::from_bytes([1; 20])),
            kind,
            value: Some(value.to_owned()),
            matching: EmailMatching::Exact,
            key: IdentifierKey([0; 16]),
            generation: None,
            reason: None,
            reason_code: None,
            public_message: None,
            scopes: Scopes::BOTH,
            strength: Strength::Soft,
            window: Window::new(Some(at(10)), Some(at(20))).unwrap(),
            limits: Limits::default(),
            source: EntrySource::Api,
            created_by: Actor::system(),
            created_at: at(1),
            updated_at: at(1),
            erased_customer: None,
        }
    }

    fn of(entry: &Entry) -> Standing {
        Standing::of(entry, Mirroring::Block, at(10))
    }

    #[test]
    fn only_what_is_in_force_is_listed() {
        let ada = entry(List::Block, Kind::Email, "ada@example.com");
        let list = ProviderList { list: List::Block, kind: Kind::Email };
        assert_eq!(list.alias(), "interdict_block_email");
        let standing = |seconds| Standing::of(&ada, Mirroring::Block, at(seconds));
        assert_eq!(standing(9), Standing::From(at(10)));
        assert_eq!(standing(10), Standing::Listed(list, Some(at(20))));
        assert_eq!(standing(20), Standing::Over);
        assert_eq!(Standing::of(&ada, Mirroring::Emptied, at(10)), Standing::Over);
    }

    #[test]
    fn what_a_list_of_values_cannot_say_is_left_out_with_the_reason() {
        let left_out = |entry: &Entry| match of(entry) {
            Standing::LeftOut(why, _) => why.as_str(),
            other => panic!("{other:?}"),
        };
        let mut narrow = entry(List::Block, Kind::Email, "ada@example.com");
        narrow.scopes = Scopes::from_flags(true, false).unwrap();
        assert_eq!(left_out(&narrow), "scopes");
        narrow.value = None;
        assert_eq!(left_out(&narrow), "no_value");
        assert_eq!(left_out(&entry(List::Block, Kind::Ip, "10.0.0.0/8")), "range");
        assert_eq!(left_out(&entry(List::Block, Kind::Bin, "42424242")), "range");
        assert_eq!(left_out(&entry(List::Block, Kind::Phone, "+4917612345678")), "kind");
        let mut limited = entry(List::Allow, Kind::Country, "DE");
        limited.limits.lapses_on_chargeback = true;
        let standing = Standing::of(&limited, Mirroring::BlockAndAllow, at(10));
        assert!(matches!(standing, Standing::LeftOut(ItemState::Limits, _)));
        assert_eq!(of(&limited), Standing::Over, "the allow list is wanted apart");
        for (kind, value) in [(Kind::Ip, "10.0.0.1"), (Kind::Bin, "424242"), (Kind::Country, "DE")] {
            assert!(matches!(of(&entry(List::Block, kind, value)), Standing::Listed(..)), "{kind:?}");
        }
    }
}

//! An attempt that an entry of a blocked person may have blocked, with what it came with.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, DecisionId, EntryId};
use interdict_domain::merchant::MerchantNumber;

/// An entry that blocked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) entry: EntryId,
    pub(super) kind: Kind,
    /// Whether it was found by the merchant's word, and not by what a payer typed.
    pub(super) is_word: bool,
}

/// An identifier that came along.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) kind: Kind,
    pub(super) value: Box<str>,
    pub(super) is_word: bool,
}

/// Attempts that are alike.
pub(super) struct Seen {
    pub(super) merchant: MerchantNumber,
    pub(super) matched: Vec<Matched>,
    pub(super) brought: Vec<Brought>,
    /// Named by the merchant: what stands in its record came along, too.
    pub(super) customer: Option<CustomerId>,
    /// How many.
    pub(super) count: i64,
    /// The newest of them.
    pub(super) decision: DecisionId,
    pub(super) at: Timestamp,
}

/// Tells attempts apart that are not alike.
pub(super) type Likeness = [u8; 16];

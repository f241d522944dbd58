//! How a decision came about: which customers counted, what was looked up, how far the order got.
//! Made only when asked for.

use interdict_domain::identifier::{Kind, Rule};
use interdict_domain::ids::{CustomerId, EntryId};

use crate::decision::{Source, Value};
use crate::order::{ORDER, Outcome, Tier};

/// How a decision came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// Every customer that counted, the named one first, the others by id.
    pub customers: Vec<CountedCustomer<'a>>,
    /// Every lookup once: those of the attempt, then what the named customer brought along.
    pub lookups: Vec<ExplainedLookup<'a>>,
    /// All seven tiers, always.
    pub tiers: [ExplainedTier; ORDER.len()],
}

/// A customer that counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedCustomer<'a> {
    /// Which.
    pub id: CustomerId,
    /// How it came to count.
    pub how: Counted<'a>,
    /// Whether a whitelist status of this customer would count. It does only for one that was named
    /// by something that a payer cannot choose.
    pub whitelist_applies: bool,
}

/// How a customer came to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted<'a> {
    /// Named by its id.
    Id,
    /// Named by its merchantRef.
    MerchantRef,
    /// It has an identifier that the attempt carries or that the named customer has.
    Shared {
        /// Which kind: email or phone.
        kind: Kind,
        /// Which one. None when the person was erased.
        value: Option<Value<'a>>,
    },
}

/// One lookup and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedLookup<'a> {
    /// The kind of the identifier.
    pub kind: Kind,
    /// Its value. None when it is a customer's own and the person was erased.
    pub value: Option<Value<'a>>,
    /// Whether allow entries could match it.
    pub verified: bool,
    /// How it was compared.
    pub rule: Rule,
    /// Whether a source was found through it.
    pub hit: bool,
    /// The entry that matched; of several, the one that comes first in the order.
    pub entry: Option<EntryId>,
    /// Entries that stand there and do not count for this attempt.
    pub passed_over: Vec<PassedOver>,
}

/// An entry that stands under what was looked up and does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Which.
    pub entry: EntryId,
    /// Why.
    pub why: NotCounted,
}

/// Why an entry does not count for an attempt; of several reasons the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCounted {
    /// An exemption must rest on something that the payer cannot choose.
    Unverified,
    /// It is for the other initiator.
    OutOfScope,
    /// It begins later.
    NotBegun,
    /// It has ended.
    Ended,
    /// The payment is more than it exempts, in another currency, or of an amount that nobody said.
    BeyondLimits,
}

impl NotCounted {
    /// Each of them once.
    pub const ALL: [Self; 5] =
        [Self::Unverified, Self::OutOfScope, Self::NotBegun, Self::Ended, Self::BeyondLimits];

    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::OutOfScope => "out_of_scope",
            Self::NotBegun => "not_begun",
            Self::Ended => "ended",
            Self::BeyondLimits => "beyond_limits",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

/// One tier and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainedTier {
    /// Which.
    pub tier: Tier,
    /// Whether the order got that far: the deciding tier and all before it.
    pub reached: bool,
    /// What it says, or would have said had it been reached; none when nothing matched in it. The
    /// last tier always allows.
    pub outcome: Option<Outcome>,
}

/// The seven tiers over the sources that matched.
pub(crate) fn tiers(sources: &[Source<'_>], deciding: Tier) -> [ExplainedTier; ORDER.len()] {
    ORDER.map(|rule| {
        let matched = rule.tier == Tier::Default || sources.iter().any(|source| source.tier == rule.tier);
        ExplainedTier {
            tier: rule.tier,
            reached: rule.tier <= deciding,
            outcome: matched.then_some(rule.outcome),
        }
    })
}

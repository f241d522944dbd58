//! What a decision answers.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use interdict_domain::identifier::{EmailMatching, Kind, Rule};
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;
use smallvec::SmallVec;

use crate::explanation::Explanation;
use crate::order::{Code, Outcome, Tier};

/// Why an attempt cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// The merchant has no customer with this id.
    #[error("no such customer")]
    UnknownCustomer,
    /// The customer named by id and the one named by ref are two.
    #[error("customer and merchantRef name different customers")]
    CustomerDisagreesWithRef,
    /// Neither a customer nor an identifier.
    #[error("nothing identifies the payer")]
    NothingIdentifies,
}

/// The matching sources. One has room without an allocation: more than one is rare.
pub type Sources<'a> = SmallVec<[Source<'a>; 1]>;

/// The answer for one attempt.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// What the attempt may do.
    pub outcome: Outcome,
    /// Why, for programs.
    pub code: Code,
    /// The step of the order that settled it; with [`Code::DegradedBlocked`], the one that would have.
    pub tier: Tier,
    /// The customer named by id or by ref, if there is one.
    pub customer: Option<CustomerId>,
    /// Everything that matched, the deciding source first, then by tier, kind of identifier and id.
    pub sources: Sources<'a>,
    /// What the payer is told: the deciding entry's message.
    pub public_message: Option<Arc<str>>,
    /// Everything up to this change was seen. Later ones may have been.
    pub revision: i64,
    /// How it came about, when asked for.
    pub explanation: Option<Box<Explanation<'a>>>,
}

impl Decision<'_> {
    /// Blocks what the lists let through, because they may be stale. Nothing that matched speaks for that;
    /// an explanation goes on saying what the lists say.
    pub fn block_degraded(&mut self) {
        self.outcome = Outcome::Block;
        self.code = Code::DegradedBlocked;
        self.sources.clear();
        self.public_message = None;
    }
}

/// What kind of thing matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// A restriction flag of a customer.
    Restriction,
    /// A list status of a customer.
    ListStatus,
    /// An entry.
    Entry,
    /// Something that is known to be there and cannot be read. It blocks.
    Unreadable,
}

impl SourceKind {
    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restriction => "restriction",
            Self::ListStatus => "listStatus",
            Self::Entry => "entry",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One thing that speaks for or against the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// At which step of the order.
    pub tier: Tier,
    /// What kind of thing.
    pub what: SourceKind,
    /// Which entry, if it is one.
    pub entry: Option<EntryId>,
    /// Whose restriction or status, if it is one.
    pub customer: Option<CustomerId>,
    /// The kind of the identifier through which it was found. None for what stands with the
    /// customer that was named.
    pub kind: Option<Kind>,
    /// How that identifier was compared with an entry's.
    pub rule: Rule,
    /// The value of that identifier. None too when the person was erased.
    pub value: Option<Value<'a>>,
    /// Why it stands, for the merchant's own people.
    pub reason: Option<Arc<str>>,
    /// What the payer is told when this decides. Entries only.
    pub public_message: Option<Arc<str>>,
    /// For which initiators it counts.
    pub scopes: Scopes,
    /// When it counts.
    pub window: Window,
}

impl Source<'_> {
    /// The word for it.
    pub const fn code(&self) -> Code {
        self.tier.code()
    }

    /// By which policy an email matched, if not as it is.
    pub const fn matching(&self) -> Option<EmailMatching> {
        self.rule.matching()
    }
}

/// An identifier's value: as the attempt gave it, or as the named customer holds it.
#[derive(Clone)]
pub enum Value<'a> {
    /// From the attempt.
    Given(&'a str),
    /// From the customer's own record.
    Held(Arc<str>),
}

impl Deref for Value<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Given(text) => text,
            Self::Held(text) => text,
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Value<'_> {}

/// Identifiers never reach a log.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

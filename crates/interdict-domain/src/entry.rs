//! Entries: one identifier on the block or the allow list, with why, who, since when and until when.
//! Odus's Blacklist is the block entries of kind `email`.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identifier::{EmailMatching, Generation, Identifier, IdentifierKey, Kind};
use crate::ids::{CustomerId, EntryId};
use crate::limits::Limits;
use crate::scopes::Scopes;
use crate::text::{PublicMessage, Reason};
use crate::window::Window;

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// Who is on it may not pay.
    Block,
    /// Who is on it may, unless something stronger says no.
    Allow,
}

impl List {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Block, Self::Allow];

    /// `block` or `allow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Allow => "allow",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == text)
    }
}

/// How strongly a block entry blocks: a hard one beats every exemption, a soft one yields to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Tier 3.
    Hard,
    /// Tier 6.
    Soft,
}

impl Strength {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hard, Self::Soft];

    /// `hard` or `soft`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.as_str() == text)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Each of them once.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word, as in requests, answers and tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The reverse of [`Self::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}
pub(crate) use words;

words!(
    /// Why an entry exists, as one of seven (WISECP's).
    ReasonCode {
        /// Payments made with means that are not the payer's.
        PaymentFraud = "payment_fraud",
        /// A chargeback was recorded.
        Chargeback = "chargeback",
        /// Abuse of the service or of people.
        Abuse = "abuse",
        /// Spam.
        Spam = "spam",
        /// The terms of service were broken.
        TosViolation = "tos_violation",
        /// The information given was false.
        FalseInfo = "false_info",
        /// None of the others.
        Other = "other",
    }
);

words!(
    /// Where an entry came from.
    EntrySource {
        /// A call of the API.
        Api = "api",
        /// A person in the dashboard.
        Dashboard = "dashboard",
        /// A recorded chargeback.
        Chargeback = "chargeback",
        /// An import.
        Import = "import",
        /// A rule.
        Rule = "rule",
        /// A person who is blocked as a whole.
        Person = "person",
        /// The command line.
        CommandLine = "cli",
        /// What stayed in force when a customer was erased.
        Erasure = "erasure",
    }
);

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id, which names its list.
    pub id: EntryId,
    /// The kind of its identifier.
    pub kind: Kind,
    /// The normalised value; absent when the person was erased and only the key remains.
    pub value: Option<String>,
    /// For which addresses an email stands: by the policy that held when it was listed.
    #[serde(default, skip_serializing_if = "is_exact")]
    pub matching: EmailMatching,
    /// Where the index finds it.
    pub key: IdentifierKey,
    /// Under which former pepper the key was made, where there is no plain text to make it anew of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// Why, for the merchant's own people.
    pub reason: Option<Reason>,
    /// Why, as one of seven.
    pub reason_code: Option<ReasonCode>,
    /// What the payer is told.
    pub public_message: Option<PublicMessage>,
    /// For which initiators it counts.
    pub scopes: Scopes,
    /// How strongly it blocks. Means nothing on the allow list.
    pub strength: Strength,
    /// When it counts.
    pub window: Window,
    /// What it does not exempt from. Means nothing on the block list.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// Where it came from.
    pub source: EntrySource,
    /// Who made it.
    pub created_by: crate::actor::Actor,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The customer whose erasure left it behind, for tombstones of a customer's own standing.
    pub erased_customer: Option<CustomerId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_exact(matching: &EmailMatching) -> bool {
    matches!(matching, EmailMatching::Exact)
}

impl Entry {
    /// The list that it is on.
    pub const fn list(&self) -> List {
        self.id.list()
    }

    /// What it lists, by the policy that it was made under; nothing when its person was erased.
    pub fn identifier(&self) -> Option<Identifier> {
        let identifier = Identifier::parse(self.kind, self.value.as_deref()?).ok()?;
        Some(identifier.matched(self.matching))
    }
}

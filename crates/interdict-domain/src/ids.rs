//! Ids: a prefix and a 27-character base62 KSUID (Odus, Conventions). One type for each thing that
//! has an id, so that a customer's id cannot be passed where an entry's is wanted.
//!
//! Not here: the merchant's number, which is an integer ([`crate::merchant::MerchantNumber`]).

use std::fmt;
use std::str::FromStr;

use crate::clock::{Random, Timestamp};
use crate::entry::List;
use crate::ksuid::TEXT_LENGTH;

pub use crate::ksuid::Ksuid;

/// The longest id: a prefix of five characters and the KSUID.
const ID_LENGTH_MAX: usize = 5 + TEXT_LENGTH;

/// An id as a text, without the heap: ids are written in each decision.
#[derive(Clone, Copy)]
pub struct IdText {
    bytes: [u8; ID_LENGTH_MAX],
    length: usize,
}

impl IdText {
    fn new(prefix: &str, ksuid: Ksuid) -> Self {
        let mut bytes = [0_u8; ID_LENGTH_MAX];
        let parts = prefix.bytes().chain(ksuid.encode());
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
        Self { bytes, length: prefix.len() + TEXT_LENGTH }
    }

    /// ASCII letters, digits and an underscore: nothing that JSON would escape.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The same as a text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {prefix} and 27 letters or digits")]
pub struct IdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ksuid);

        impl $name {
            /// What each id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of this moment.
            pub fn generate(now: Timestamp, random: &dyn Random) -> Self {
                Self(Ksuid::generate(now, random))
            }

            /// The id without its prefix.
            pub const fn ksuid(&self) -> Ksuid {
                self.0
            }

            /// The id as a text.
            pub fn text(&self) -> IdText {
                IdText::new(Self::PREFIX, self.0)
            }

            /// From a stored KSUID.
            pub const fn from_ksuid(ksuid: Ksuid) -> Self {
                Self(ksuid)
            }
        }

        impl From<$name> for Ksuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.text().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(Ksuid::decode)
                    .map(Self)
                    .ok_or(IdError { prefix: Self::PREFIX })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A customer.
    CustomerId,
    "cus_"
);
id!(
    /// One decision, or one batch of them.
    DecisionId,
    "dec_"
);
id!(
    /// An API key or an OAuth client. Not a secret.
    KeyId,
    "key_"
);

id!(
    /// A payment.
    PaymentId,
    "pay_"
);
id!(
    /// A plan.
    PlanId,
    "plan_"
);
id!(
    /// A subscription.
    SubscriptionId,
    "sub_"
);
id!(
    /// A checkout session.
    CheckoutId,
    "chk_"
);
id!(
    /// A chargeback.
    ChargebackId,
    "cb_"
);

id!(
    /// A note on an identifier.
    NoteId,
    "note_"
);

id!(
    /// An import of many entries.
    ImportId,
    "imp_"
);

id!(
    /// A person who is blocked with all that is known to be theirs.
    PersonId,
    "per_"
);
id!(
    /// An identifier that may belong to a blocked person.
    SuggestionId,
    "sug_"
);
id!(
    /// An entry that waits for a second person.
    ProposalId,
    "prop_"
);

id!(
    /// A person who signs in to the dashboard.
    UserId,
    "usr_"
);
id!(
    /// A session in the dashboard. Not a secret.
    SessionId,
    "ses_"
);

/// An entry: `bl_` on the block list, `al_` on the allow list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    list: List,
    ksuid: Ksuid,
}

impl From<EntryId> for Ksuid {
    fn from(id: EntryId) -> Self {
        id.ksuid
    }
}

impl EntryId {
    /// A new id of this moment.
    pub fn generate(list: List, now: Timestamp, random: &dyn Random) -> Self {
        Self { list, ksuid: Ksuid::generate(now, random) }
    }

    /// From a stored KSUID and the list that the entry is on.
    pub const fn from_parts(list: List, ksuid: Ksuid) -> Self {
        Self { list, ksuid }
    }

    /// The list that the entry is on.
    pub const fn list(&self) -> List {
        self.list
    }

    /// The id without its prefix.
    pub const fn ksuid(&self) -> Ksuid {
        self.ksuid
    }

    /// The same as it is stored.
    pub const fn ksuid_bytes(&self) -> &[u8; 20] {
        self.ksuid.bytes()
    }

    /// The id as a text.
    pub fn text(&self) -> IdText {
        IdText::new(Self::prefix(self.list), self.ksuid)
    }

    const fn prefix(list: List) -> &'static str {
        match list {
            List::Block => "bl_",
            List::Allow => "al_",
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EntryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        [List::Block, List::Allow]
            .into_iter()
            .find_map(|list| {
                let ksuid = text.strip_prefix(Self::prefix(list)).and_then(Ksuid::decode)?;
                Some(Self { list, ksuid })
            })
            .ok_or(IdError { prefix: "bl_ or al_" })
    }
}

impl serde::Serialize for EntryId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> serde::Deserialize<'de> for EntryId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_the_source_document_survives_the_round_trip() {
        let id: CustomerId = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().unwrap();
        assert_eq!(id.to_string(), "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV");
        assert_eq!(Ksuid::from_bytes(*id.ksuid().bytes()), id.ksuid());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!("bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse::<CustomerId>().is_err());
        assert!("cus_2R0uWz4tu9wxTMBXxj9CJfSE9v".parse::<CustomerId>().is_err());
        assert!("cus_zzzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CustomerId>().is_err(), "over 160 bits");
        assert_eq!("al_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse::<EntryId>().unwrap().list(), List::Allow);
    }
}

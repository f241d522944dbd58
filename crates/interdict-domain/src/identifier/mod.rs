//! Identifiers: a kind and a normalised value. One file a kind, one canonical form, one key.
//!
//! The same functions make what is written and what is looked up (invariant 7; incident 1 of the
//! peers). What covers many others stands in `reach`, which addresses are one mailbox in `alias`.

mod alias;
pub mod bin;
pub mod card_fingerprint;
pub mod country;
mod cover;
pub mod device;
mod domain;
pub mod email;
pub mod email_domain;
mod former_reach;
pub mod iban;
pub mod ip;
mod key;
pub mod merchant_ref;
mod opaque;
mod pepper;
pub mod phone;
mod reach;
mod wider;

use std::borrow::Cow;

pub use alias::EmailMatching;
pub use cover::{Cover, KeptUnder};
pub use email::Email;
pub use key::IdentifierKey;
pub use merchant_ref::MerchantRef;
pub use pepper::{Generation, Pepper, PepperError};
pub use phone::{Phone, PhoneRegion};
pub use reach::{Reach, Reaches};
pub use wider::{Rule, Wider, WiderText};

use crate::entry::Strength;
use crate::merchant::MerchantNumber;

/// The kinds of identifier, in entries and in decisions by the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An email address.
    Email,
    /// A domain of email addresses, subdomains included.
    EmailDomain,
    /// A phone number in E.164.
    Phone,
    /// An address or a range.
    Ip,
    /// A device fingerprint, opaque.
    Device,
    /// A card's fingerprint from the gateway, opaque. Never a card number.
    CardFingerprint,
    /// The first 6 to 11 digits of a card number.
    Bin,
    /// A bank account.
    Iban,
    /// The merchant's own id of a customer.
    MerchantRef,
    /// ISO 3166-1, two letters.
    Country,
}

impl Kind {
    /// Each kind once, in the order in which a decision looks them up.
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::EmailDomain,
        Self::Phone,
        Self::Ip,
        Self::Device,
        Self::CardFingerprint,
        Self::Bin,
        Self::Iban,
        Self::MerchantRef,
        Self::Country,
    ];

    /// The policies by which something of the kind may be listed: only emails have a choice.
    pub const fn matchings(self) -> &'static [EmailMatching] {
        if matches!(self, Self::Email) { EmailMatching::ALL } else { &[EmailMatching::Exact] }
    }

    /// The name, as in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailDomain => "emailDomain",
            Self::Phone => "phone",
            Self::Ip => "ip",
            Self::Device => "device",
            Self::CardFingerprint => "cardFingerprint",
            Self::Bin => "bin",
            Self::Iban => "iban",
            Self::MerchantRef => "merchantRef",
            Self::Country => "country",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// A number that never changes: it is stored, and it is part of each key.
    pub const fn code(self) -> u8 {
        match self {
            Self::Email => 1,
            Self::EmailDomain => 2,
            Self::Phone => 3,
            Self::Ip => 4,
            Self::Device => 5,
            Self::CardFingerprint => 6,
            Self::Bin => 7,
            Self::Iban => 8,
            Self::MerchantRef => 9,
            Self::Country => 10,
        }
    }

    /// The reverse of [`Self::code`].
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The strength of a block entry that does not say one: a person's own identifiers block hard,
    /// what many people share blocks softly.
    pub const fn default_strength(self) -> Strength {
        match self {
            Self::Email
            | Self::Phone
            | Self::CardFingerprint
            | Self::Iban
            | Self::Device
            | Self::MerchantRef => Strength::Hard,
            Self::EmailDomain | Self::Ip | Self::Bin | Self::Country => Strength::Soft,
        }
    }

    /// Whether one value is one person's, as a rule. What strangers share says nothing about who somebody is.
    pub const fn is_of_one_person(self) -> bool {
        matches!(self.default_strength(), Strength::Hard)
    }

    /// Whether a payment and its customer say it of whoever paid. What only an attempt carries is not kept with a payment.
    pub const fn is_known_of_payer(self) -> bool {
        matches!(self, Self::Email | Self::EmailDomain | Self::Phone | Self::MerchantRef)
    }

    /// The canonical form of a value of this kind; borrowed when the text already is canonical.
    pub fn normalise(self, text: &str) -> Result<Cow<'_, str>, IdentifierError> {
        match self {
            Self::Email => email::normalise(text),
            Self::EmailDomain => email_domain::normalise(text),
            Self::Phone => phone::normalise(text),
            Self::Ip => ip::normalise(text),
            Self::Device => device::normalise(text),
            Self::CardFingerprint => card_fingerprint::normalise(text),
            Self::Bin => bin::normalise(text),
            Self::Iban => iban::normalise(text),
            Self::MerchantRef => merchant_ref::normalise(text),
            Self::Country => country::normalise(text),
        }
    }

    /// The same of what a merchant sends: a phone number may be dialled in its region, which is asked for only where
    /// it makes a difference.
    pub fn normalise_in(
        self,
        text: &str,
        region: impl FnOnce() -> Option<PhoneRegion>,
    ) -> Result<Cow<'_, str>, IdentifierError> {
        match self {
            Self::Phone => phone::normalise_in(text, region),
            Self::Email
            | Self::EmailDomain
            | Self::Ip
            | Self::Device
            | Self::CardFingerprint
            | Self::Bin
            | Self::Iban
            | Self::MerchantRef
            | Self::Country => self.normalise(text),
        }
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("unknown kind of identifier"))
    }
}

/// Why a text is not an identifier of its kind. The message says what would be one, and never
/// repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentifierError(pub &'static str);

/// A kind and a normalised value; for an email also for which addresses it stands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    kind: Kind,
    value: Box<str>,
    matching: EmailMatching,
}

impl Identifier {
    /// Parses a value of a kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, IdentifierError> {
        Ok(Self { kind, value: kind.normalise(text)?.into(), matching: EmailMatching::Exact })
    }

    /// Parses what a merchant sends, a phone number as it may be dialled in the merchant's region.
    pub fn parse_in(
        kind: Kind,
        text: &str,
        region: impl FnOnce() -> Option<PhoneRegion>,
    ) -> Result<Self, IdentifierError> {
        let value = kind.normalise_in(text, region)?.into();
        Ok(Self { kind, value, matching: EmailMatching::Exact })
    }

    /// The same where an entry may name it: not what strangers register under. What is looked up is not asked, nor what
    /// is listed already.
    pub fn listable(self) -> Result<Self, IdentifierError> {
        match self.kind {
            Kind::EmailDomain => email_domain::listable(&self.value).map(|()| self),
            _ => Ok(self),
        }
    }

    /// The same as it is listed by a policy. Other kinds know none.
    #[must_use]
    pub fn matched(&self, matching: EmailMatching) -> Self {
        match self.kind {
            Kind::Email => Self { kind: self.kind, value: matching.fold(&self.value).into(), matching },
            _ => self.clone(),
        }
    }

    /// The kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The value in canonical form.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Which addresses it stands for; itself, unless it is an email that says otherwise.
    pub const fn matching(&self) -> EmailMatching {
        self.matching
    }

    /// Where it is found.
    pub fn key(&self, pepper: &Pepper, merchant: MerchantNumber) -> IdentifierKey {
        pepper.matched_key(merchant, self.kind, self.matching, &self.value)
    }

    /// The same, and under each former pepper where something without plain text may still stand: the present one first.
    pub fn keys(&self, pepper: &Pepper, merchant: MerchantNumber) -> Vec<IdentifierKey> {
        pepper.all().map(|one| self.key(one, merchant)).collect()
    }

    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        Reach::of(self.kind, self.matching, &self.value)
    }
}

/// Identifiers never reach a log.
impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:…", self.kind.as_str())
    }
}

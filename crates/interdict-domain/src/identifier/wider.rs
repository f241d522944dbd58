//! An identifier that covers another: its text, by which rule it does, and where it is found.

use std::borrow::Cow;
use std::fmt::Write as _;

use ipnet::IpNet;

use super::{EmailMatching, IdentifierKey, Kind, Pepper};
use crate::merchant::MerchantNumber;

/// The longest text of a range: eight groups of four digits, and the bits.
const NETWORK_BYTES_MAX: usize = 43;

/// By which rule an identifier covers another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The same kind and the same normalised value.
    Exact,
    /// An address by its domain.
    Domain,
    /// An address or a domain by a domain above its own.
    Subdomain,
    /// An address by one that differs in a tag.
    PlusAlias,
    /// An address by another one of the same mailbox, as its provider says.
    Provider,
    /// A BIN by its first digits.
    Prefix,
    /// An IP address or a range by a range around it.
    Range,
}

impl Rule {
    /// Each of them once.
    pub const ALL: [Self; 7] = [
        Self::Exact,
        Self::Domain,
        Self::Subdomain,
        Self::PlusAlias,
        Self::Provider,
        Self::Prefix,
        Self::Range,
    ];

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }

    /// The policy of emails that it is, if it is one.
    pub const fn matching(self) -> Option<EmailMatching> {
        match self {
            Self::PlusAlias => Some(EmailMatching::PlusAlias),
            Self::Provider => Some(EmailMatching::Provider),
            Self::Exact | Self::Domain | Self::Subdomain | Self::Prefix | Self::Range => None,
        }
    }

    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Domain => "domain",
            Self::Subdomain => "subdomain",
            Self::PlusAlias => "plus_alias",
            Self::Provider => "provider",
            Self::Prefix => "prefix",
            Self::Range => "range",
        }
    }
}

/// An identifier that covers another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wider<'a> {
    /// Its kind.
    pub kind: Kind,
    /// How it covers the other.
    pub rule: Rule,
    /// Its value.
    pub text: WiderText<'a>,
}

impl Wider<'_> {
    /// Where it is found.
    pub fn key(&self, pepper: &Pepper, merchant: MerchantNumber) -> IdentifierKey {
        match self.text {
            WiderText::Part(part) => pepper.key(merchant, self.kind, part),
            WiderText::Folded(matching, address) => {
                pepper.matched_key(merchant, self.kind, matching, &matching.fold(address))
            }
            WiderText::Network(range) => {
                let mut text = StackText::default();
                // It has room for the longest.
                let _ = write!(text, "{range}");
                pepper.key(merchant, self.kind, text.as_str())
            }
        }
    }
}

/// The value of a wider identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WiderText<'a> {
    /// A part of the narrower one's.
    Part(&'a str),
    /// What an address is by a policy.
    Folded(EmailMatching, &'a str),
    /// A range of addresses.
    Network(IpNet),
}

impl<'a> WiderText<'a> {
    /// As it is written.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::Part(part) => Cow::Borrowed(part),
            Self::Folded(matching, address) => matching.fold(address),
            Self::Network(range) => Cow::Owned(range.to_string()),
        }
    }
}

/// Identifiers never reach a log.
impl std::fmt::Debug for WiderText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WiderText(…)")
    }
}

/// A short text without the heap.
struct StackText {
    bytes: [u8; NETWORK_BYTES_MAX],
    length: usize,
}

impl Default for StackText {
    fn default() -> Self {
        Self { bytes: [0; NETWORK_BYTES_MAX], length: 0 }
    }
}

impl StackText {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl std::fmt::Write for StackText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

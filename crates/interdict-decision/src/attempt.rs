//! What a decision is asked: one attempt to pay, with everything that identifies the payer.
//!
//! Not here: parsing, normalising and hashing. An email's domain, a BIN's prefixes and the like
//! arrive as lookups of their own.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;

/// One identifier of the payer.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Where the index finds it: made of merchant, kind and value.
    pub key: IdentifierKey,
    /// The value in canonical form, for the answer.
    pub value: &'a str,
    /// Whether it is the merchant's word. What a payer typed matches blocks only (incident 7).
    pub verified: bool,
}

/// One attempt to pay.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Whose payer.
    pub merchant: MerchantNumber,
    /// Who starts the payment.
    pub initiator: Initiator,
    /// The server's clock.
    pub now: Timestamp,
    /// The customer by id, always the merchant's word. One by ref comes as a lookup of the kind
    /// `merchantRef`.
    pub customer: Option<CustomerId>,
    /// Identifiers by kind. The same one twice counts once, and as verified if one of them is.
    pub lookups: &'a [Lookup<'a>],
    /// Whether the answer is to say how it came about.
    pub explain: bool,
}

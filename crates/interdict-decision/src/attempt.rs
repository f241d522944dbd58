//! What a decision is asked: one attempt to pay, with everything that identifies the payer.
//!
//! Not here: parsing, normalising and hashing. An email's domain, a BIN's prefixes and the ranges around an address
//! arrive as lookups of their own, as far as the index says that they reach.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{IdentifierKey, Kind, Pepper, Reaches, Rule, Wider, WiderText};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::scopes::Initiator;

/// One identifier of the payer.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Where the index finds it: made of merchant, kind and value.
    pub key: IdentifierKey,
    /// The value in canonical form, for the answer.
    pub value: WiderText<'a>,
    /// How it comes from what the payer shows.
    pub rule: Rule,
    /// Whether it is the merchant's word. What a payer typed matches blocks only (incident 7).
    pub verified: bool,
}

impl<'a> Lookup<'a> {
    /// What a payer shows, or the merchant says: a canonical value, looked up as it is.
    pub fn given(
        merchant: MerchantNumber,
        pepper: &Pepper,
        kind: Kind,
        value: &'a str,
        verified: bool,
    ) -> Self {
        let key = pepper.key(merchant, kind, value);
        Self { kind, key, value: WiderText::Part(value), rule: Rule::Exact, verified }
    }

    /// The same under everything wider that covers it, within reach.
    pub fn for_each_wider(
        (merchant, pepper, reaches): (MerchantNumber, &Pepper, Reaches),
        kind: Kind,
        value: &'a str,
        verified: bool,
        mut show: impl FnMut(Self),
    ) {
        reaches.for_each_wider(kind, value, |wider| {
            let key = wider.key(pepper, merchant);
            show(Self { kind: wider.kind, key, value: wider.text, rule: wider.rule, verified });
        });
    }
}

/// Where else one of the lookups is found: under a former pepper, where something without plain text still stands.
#[derive(Clone, Copy, Debug)]
pub struct FormerKey {
    /// Which of the lookups.
    pub lookup: usize,
    /// Its key under the former pepper.
    pub key: IdentifierKey,
}

impl FormerKey {
    /// Those of some lookups, as far as anything may stand there.
    pub fn for_each(
        (merchant, pepper, reaches): (MerchantNumber, &Pepper, Reaches),
        lookups: &[Lookup<'_>],
        mut show: impl FnMut(Self),
    ) {
        for (at, Lookup { kind, rule, value, .. }) in lookups.iter().enumerate() {
            let wider = Wider { kind: *kind, rule: *rule, text: *value };
            for former in reaches.former(pepper, *kind) {
                show(Self { lookup: at, key: wider.key(former, merchant) });
            }
        }
    }
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
    /// What is to be paid, where it is known.
    pub money: Option<Money>,
    /// The customer by id, always the merchant's word. One by ref comes as a lookup of the kind
    /// `merchantRef`.
    pub customer: Option<CustomerId>,
    /// Identifiers by kind. The same one twice counts once, and as verified if one of them is.
    pub lookups: &'a [Lookup<'a>],
    /// Where else they are found, in their order; nothing for a merchant with nothing under a former pepper.
    pub former: &'a [FormerKey],
    /// The index's revision, read before its reaches were: what was listed later may reach further than the lookups
    /// do, and the decision must not say that it has seen it.
    pub as_of: i64,
    /// With what a named customer's own identifiers are looked up elsewhere than under their keys: an email under what is
    /// wider, all of them under former peppers. Nothing where nothing stands there.
    pub of_own: Option<(&'a Pepper, Reaches)>,
    /// Whether the answer is to say how it came about.
    pub explain: bool,
}

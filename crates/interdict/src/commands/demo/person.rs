//! Somebody in the sample shop who is blocked as a person, and came back with another device.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use interdict_app::store::Authorship;
use interdict_app::{
    App, NamedIdentifier, NewMerchant, NewPersonBlock, PaymentAttempt, Place, Presented, block_person,
};
use interdict_domain::actor::Actor;
use interdict_domain::entry::{EntrySource, ReasonCode};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::mode::Mode;
use interdict_domain::person::PersonTerms;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::text::Reason;

/// What is known to be theirs.
const THEIRS: [(Kind, &str); 3] = [
    (Kind::Email, "many.names@example.com"),
    (Kind::Phone, "+2348035550199"),
    (Kind::Device, "device-of-many-names"),
];
/// With what they came back.
const NEW: [(Kind, &str); 2] =
    [(Kind::Device, "another-device-of-many-names"), (Kind::CardFingerprint, "card-of-many-names")];

/// Blocks the person, and lets them try with something new: that is suggested a moment later. The index must be loaded.
pub fn fill(app: &App, shop: &NewMerchant) -> Result<()> {
    let service = Arc::clone(app.service(Mode::Test));
    let merchant = shop.merchant.number;
    let name = |(kind, value): (Kind, &str)| {
        Ok(NamedIdentifier { identifier: Identifier::parse(kind, value)?, place: Place::Listed(0) })
    };
    let new = NewPersonBlock {
        identifiers: THEIRS.into_iter().map(name).collect::<Result<_>>()?,
        left_out: Vec::new(),
        terms: PersonTerms {
            reason: Some(Reason::parse("The same person under many names")?),
            reason_code: Some(ReasonCode::PaymentFraud),
            public_message: None,
            scopes: Scopes::BOTH,
            expires_at: None,
        },
        source: EntrySource::Api,
    };
    let actor = Actor::api_key(shop.test.secret.credential.id);
    let (inner, now) = (Arc::clone(&service), service.now());
    let written = service.store().write_blocking(move |transaction| {
        let by = Authorship::new(&actor, now, inner.random());
        block_person(&mut transaction.merchant(merchant), &by, new).map(drop)
    });
    written.map_err(anyhow::Error::from).context("nobody can be blocked")?;
    let known = THEIRS.into_iter().take(1);
    for new in NEW {
        let shown = |(kind, value): (Kind, &'static str)| Presented {
            kind,
            value: Cow::Borrowed(value),
            verified: true,
        };
        let identifiers: Vec<Presented<'_>> = known.clone().chain([new]).map(shown).collect();
        let attempt = PaymentAttempt {
            initiator: Initiator::Customer,
            customer: None,
            identifiers: &identifiers,
            money: None,
            explain: false,
            dry_run: false,
        };
        service.decide(merchant, service.now(), &attempt, |_, _| ())?;
    }
    Ok(())
}

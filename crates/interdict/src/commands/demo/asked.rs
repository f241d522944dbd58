//! What was asked in the sample shop: the payments of the story, one for each step of the decision order, so that the log of
//! decisions has each of them.

use anyhow::Result;
use interdict_app::{App, NewMerchant, PaymentAttempt, Presented};
use interdict_domain::identifier::Kind;
use interdict_domain::mode::Mode;

use super::story::SCENES;

/// Asks each question of the story once. The index must be loaded.
pub fn ask(app: &App, shop: &NewMerchant) -> Result<()> {
    let service = app.service(Mode::Test);
    for scene in &SCENES {
        let (field, value) = scene.payer;
        let customer = if field == "customer" { Some(value.parse()?) } else { None };
        let identifiers: Vec<Presented<'_>> = Kind::parse(field)
            .map(|kind| Presented { kind, value: value.into(), verified: true })
            .into_iter()
            .collect();
        let attempt = PaymentAttempt {
            initiator: scene.initiator,
            customer,
            identifiers: &identifiers,
            money: None,
            explain: false,
            dry_run: false,
        };
        service.decide(shop.merchant.number, service.now(), &attempt, |_, _| ())?;
    }
    Ok(())
}

//! Erasing behind a rotation what was said before it.

use interdict_app::decision::Outcome;
use interdict_app::store::Trimming;
use interdict_app::{
    App, Erasable, NewEntry, NewListStatus, PaymentAttempt, Presented, ProfileUpdate, note_entry,
    set_list_status, update_customer,
};
use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{Generation, Identifier, Kind};
use interdict_domain::mode::Mode;
use interdict_domain::scopes::{Initiator, Scopes};

use crate::support::peppers::pepper;
use crate::support::place::Place;
use crate::support::{
    MERCHANT, Shop, block_email, block_on, by, by_email, decide, email, reason, with_email,
};
use crate::world::{assert_sound, block_whole, entry_of, read};

/// Of whoever was erased since, what was said before the rotation names keys that are none any more: the blocks count.
pub fn a_replay_behind_it_counts_whoever_was_erased_since(place: &Place) {
    let shop = &place.shop;
    let id = shop.customer(with_email("erasee@example.com")).id;
    let status = ListStatus::Blacklisted;
    let new = NewListStatus { status, reason: None, scopes: Scopes::BOTH, expires_at: None };
    shop.run(move |transaction, by| set_list_status(transaction, by, id, new)).unwrap();
    shop.list(block_email("listed@example.com"));
    let second = pepper().rotated([8; 32]);
    shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    let app = shop.reopened_under(&second).unwrap();
    let revision = app.service(Mode::Test).readiness().revision;
    let asked = |email: &'static str| {
        let identifiers = [Presented { kind: Kind::Email, value: email.into(), verified: true }];
        let attempt = PaymentAttempt {
            initiator: Initiator::Customer,
            customer: None,
            identifiers: &identifiers,
            money: None,
            explain: true,
            dry_run: true,
        };
        let service = app.service(Mode::Test);
        let replayed = service.replay(MERCHANT, revision, None, &attempt, |decision, replayed| {
            (decision.outcome, replayed.has_erased)
        });
        block_on(replayed).unwrap()
    };
    assert_eq!(asked("erasee@example.com"), (Outcome::Block, false));
    for who in [
        Erasable::Customer(id),
        Erasable::Identifier(Identifier::parse(Kind::Email, "listed@example.com").unwrap()),
    ] {
        let plan = block_on(app.service(Mode::Test).plan_erasure(MERCHANT, who)).unwrap();
        block_on(app.service(Mode::Test).erase_planned(MERCHANT, &plan)).unwrap();
    }
    assert_eq!(asked("erasee@example.com"), (Outcome::Block, true));
    assert_eq!(asked("listed@example.com"), (Outcome::Block, true));
    assert_eq!(asked("nobody@example.com"), (Outcome::Allow, false));
}

/// The oldest changes go, and with them what they say of who had what.
pub fn trim(shop: &Shop) {
    let trimmed = shop.trim(Trimming { kept: 0, least: 1, ..Trimming::before(shop.now().plus_seconds(1)) });
    assert!(trimmed.is_some());
}

pub fn an_erasure_reaches_what_was_said_before(place: &Place) {
    let shop = &place.shop;
    let id = shop.customer(with_email("earlier@example.com")).id;
    let update = ProfileUpdate { email: Some(Some(email("erasee@example.com"))), ..ProfileUpdate::default() };
    shop.run(move |transaction, by| update_customer(transaction, by, id, update)).unwrap();
    let entry =
        shop.list(NewEntry { reason: Some(reason("of erasee")), ..block_email("erasee@example.com") });
    let listed = entry.id;
    shop.run(move |transaction, by| note_entry(transaction, by, listed, reason("noted of erasee"))).unwrap();
    // What the customer gave up, and what a block of the person links to it.
    shop.list(NewEntry { reason: Some(reason("of erasee")), ..block_email("earlier@example.com") });
    trim(shop);
    block_whole(shop, &[(Kind::Email, "erasee@example.com"), (Kind::Device, "erasees-device")]);
    for (kind, value) in [
        (Kind::Email, "erasee@example.com"),
        (Kind::Email, "earlier@example.com"),
        (Kind::Device, "erasees-device"),
    ] {
        decide(shop.service(), shop.now(), &by(kind, value)).unwrap();
    }
    let second = pepper().rotated([8; 32]);
    let logged = |app: &App| {
        let filter = interdict_app::LoggedFilter {
            identifier: Some((Kind::Email, "erasee@example.com".to_owned())),
            ..interdict_app::LoggedFilter::default()
        };
        block_on(app.service(Mode::Test).logged_decisions(MERCHANT, &filter, None, 10)).unwrap()
    };
    assert_eq!(logged(&shop.app).len(), 1);
    let rotated = shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1)], "the log of decisions needs it");
    let app = shop.reopened_under(&second).unwrap();
    assert_eq!(logged(&app).len(), 1, "found under the pepper of then");
    let notes = |app: &App| {
        read(app, |view| {
            view.notes(
                &view.keys_of(&Identifier::parse(Kind::Email, "erasee@example.com").unwrap()),
                None,
                10,
            )
        })
    };
    assert_eq!(notes(&app).len(), 1);
    let plan = block_on(app.service(Mode::Test).plan_erasure(MERCHANT, Erasable::Customer(id))).unwrap();
    let erased = block_on(app.service(Mode::Test).erase_planned(MERCHANT, &plan)).unwrap();
    assert_eq!((erased.customers, erased.decisions, erased.blocks_kept), (1, 3, 3));
    for (kind, value) in [(Kind::Email, "earlier@example.com"), (Kind::Device, "erasees-device")] {
        let left = entry_of(&app, kind, value).unwrap();
        assert_eq!((left.value, left.reason), (None, None), "{value}");
    }
    assert_eq!(notes(&app).len(), 0);
    assert!(logged(&app).is_empty());
    let left = entry_of(&app, Kind::Email, "erasee@example.com").unwrap();
    assert_eq!((left.id, left.value, left.reason, left.generation), (entry.id, None, None, None));
    assert!(decide(app.service(Mode::Test), shop.now(), &by_email("erasee@example.com")).unwrap().blocks());
    assert_sound(&app);
}

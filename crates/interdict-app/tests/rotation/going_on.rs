//! Whoever is cut, goes on under the old pepper, or asks again.

use std::sync::Arc;
use std::time::Duration;

use interdict_app::store::{Authorship, StorageError, WriteError};
use interdict_app::{Answer, App, GatewayUpdate, RotationStanding, rotation_standing, set_gateway};
use interdict_domain::actor::Actor;
use interdict_domain::identifier::{Generation, Identifier, Kind};
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;

use crate::is;
use crate::support::peppers::pepper;
use crate::support::place::Place;
use crate::support::{MERCHANT, block_email, block_on, by_email, decide, with_email};
use crate::world::{answers, assert_sound, fill, read};

pub fn a_rotation_that_was_cut_goes_on(place: &Place) {
    let shop = &place.shop;
    let customers = fill(shop);
    let before = answers(&shop.app, shop, &customers);
    let second = pepper().rotated([8; 32]);
    assert_eq!(rotation_standing(shop.data(), &pepper()).unwrap(), RotationStanding::Whole);
    assert_eq!(rotation_standing(shop.data(), &second).unwrap(), RotationStanding::Cut, "the file alone");
    let dry = interdict_app::PepperRotation { is_dry_run: true, ..shop.rotation_to(&second) };
    let would = dry.run(&mut |_, _| {}).unwrap();
    assert_eq!(answers(&shop.reopened(), shop, &customers), before, "nothing was changed");
    // One store, and then the end of the process.
    let mut cut = shop.rotation_to(&second);
    let place_of_live = interdict_storage::SchemaName::Live;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cut.run(&mut |store, _| assert_ne!(store, place_of_live, "cut"))
    }));
    // A store with nothing in it tells of its columns all the same.
    assert!(result.is_err());
    assert_eq!(rotation_standing(shop.data(), &second).unwrap(), RotationStanding::Cut);
    for pepper in [&second, &pepper()] {
        assert!(shop.reopened_under(pepper).is_err());
    }
    assert!(matches!(shop.reopened_under(&second), Err(error) if is(&error.source, "pepper rotate")));
    cut = shop.rotation_to(&second);
    let rotated = cut.run(&mut |_, _| {}).unwrap();
    assert!(rotated.stores[0].1.was_done && !rotated.stores[1].1.was_done);
    assert_eq!(rotated.needed, would.needed);
    assert_eq!(rotated.stores[0].1.tombstones, would.stores[0].1.tombstones);
    assert_eq!(rotation_standing(shop.data(), &second).unwrap(), RotationStanding::Cut, "but for the file");
    cut.finish().unwrap();
    assert_eq!(rotation_standing(shop.data(), &second).unwrap(), RotationStanding::Whole);
    let app = shop.reopened_under(&second).unwrap();
    assert_eq!(answers(&app, shop, &customers), before);
    assert_sound(&app);
}

pub fn whoever_goes_on_under_the_old_pepper_is_stopped(place: &Place) {
    let shop = &place.shop;
    shop.list(block_email("a@example.com"));
    let set = |update: GatewayUpdate| {
        let service = Arc::clone(shop.app.service(Mode::Live));
        let (now, random) = (shop.now(), Arc::clone(&shop.random));
        let own = Arc::clone(&service);
        service
            .store()
            .write_blocking(move |transaction| {
                let actor = Actor::system();
                let by = Authorship::new(&actor, now, random.as_ref());
                set_gateway(&own, &mut transaction.merchant(MERCHANT), &by, update)
            })
            .unwrap()
            .value
    };
    let account = set(GatewayUpdate {
        secret_key: Some("sk_live_0123456789abcdefghijklmn".to_owned()),
        webhook_secret: Some("whsec_0123456789abcdefghijklmnopqrstuv".to_owned()),
        publishable_key: None,
    });
    let second = pepper().rotated([8; 32]);
    let rotated = shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.stores[1].1.resealed, 2);
    assert!(rotated.needed.is_empty(), "{:?}", rotated.needed);
    // It hears of it, and calls nothing fresh any more.
    shop.service().store().look_for_changes();
    wait_until(|| !shop.service().readiness().fresh, Duration::from_mins(1)).unwrap();
    let refused = shop.service().store().write_blocking(|transaction| -> Result<i64, StorageError> {
        transaction.merchant(MERCHANT).view().revision()
    });
    assert!(matches!(refused, Err(WriteError::CommitFailed)), "{:?}", refused.map(|it| it.value));
    let alone = second.keeping(|_| false);
    let app = shop.reopened_under(&alone).unwrap();
    assert!(decide(app.service(Mode::Test), shop.now(), &by_email("a@example.com")).unwrap().blocks());
    let sealed = app
        .service(Mode::Live)
        .store()
        .read_blocking(|view| view.merchant(MERCHANT).gateway_account())
        .unwrap()
        .unwrap();
    assert_ne!(sealed.secret_key, account.secret_key);
    // Opened and sealed once more: it was sealed well.
    drop(app);
    let third = alone.rotated([9; 32]);
    assert_eq!(shop.rotation_to(&third).run(&mut |_, _| {}).unwrap().stores[1].1.resealed, 2);
}

pub fn a_replayed_request_is_answered_as_the_first_time(place: &Place) {
    let shop = &place.shop;
    let ask = |app: &App, body: &'static [u8]| {
        let service = app.service(Mode::Test);
        let caller = interdict_app::Caller { service: Arc::clone(service), ..shop.caller() };
        let replayable = service.replayable("POST", "/v1/customers", "key-1", "", body);
        block_on(service.mutate(&caller, Some(replayable), Vec::new(), move |transaction, by| {
            let new = with_email("once@example.com");
            interdict_app::create_customer(transaction, by, new).map_err(|_| StorageError::Stopped)?;
            Ok(Answer { status: 201, body: body.to_vec(), ..Answer::default() })
        }))
    };
    let first = ask(&shop.app, b"{}").unwrap();
    assert!(!first.replayed);
    let second = pepper().rotated([8; 32]);
    let rotated = shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1)], "for a day");
    let app = shop.reopened_under(&second).unwrap();
    let again = ask(&app, b"{}").unwrap();
    assert!(again.replayed);
    assert_eq!(again.answer.body, first.answer.body);
    let other = ask(&app, b"{\"other\":1}");
    assert!(matches!(other, Err(interdict_app::MutateError::IdempotencyConflict)));
    let having = Identifier::parse(Kind::Email, "once@example.com").unwrap();
    assert_eq!(read(&app, |view| view.customers_having(&having)).len(), 1);
}

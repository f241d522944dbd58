//! A rotation of the pepper changes no answer: what has plain text is found under the new one, what an erasure has left
//! under the one that made its key.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use interdict_app::store::{
    Authorship, EntryFilter, MerchantView, PageRequest, StorageError, Trimming, WriteError,
};
use interdict_app::{
    Answer, App, Erasable, GatewayUpdate, NamedIdentifier, NewEntry, NewListStatus, NewPersonBlock,
    Place as IdentifierPlace, Presented, ProfileUpdate, ReplayError, RestrictionUpdate, RotationStanding,
    UseCaseError, block_person, erase_customer, list_entry, note_entry, restrict_customer, rotation_standing,
    set_gateway, set_list_status, unlist_entry, update_customer,
};
use interdict_domain::actor::Actor;
use interdict_domain::customer::{ListStatus, Profile};
use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::{EmailMatching, Generation, Identifier, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::CustomerId;
use interdict_domain::mode::Mode;
use interdict_domain::person::PersonTerms;
use interdict_domain::scopes::Scopes;
use interdict_test_support::wait_until;
use support::place::{Place, on_both_engines};
use support::{
    Answered, MERCHANT, Shop, Try, block_email, block_on, by, by_email, by_id, decide, email, merchant_ref,
    new_entry, pepper, phone, reason, with_email,
};

on_both_engines!("rotation":
    every_attempt_is_answered_as_before_twice,
    what_was_erased_is_listed_again_imported_and_lifted,
    an_erasure_reaches_what_was_said_before,
    a_rotation_that_was_cut_goes_on,
    whoever_goes_on_under_the_old_pepper_is_stopped,
    a_replayed_request_is_answered_as_the_first_time,
);

/// One of each kind, with something that it covers.
const LISTED: [(Kind, &str, &str); 12] = [
    (Kind::Email, "plain@example.com", "plain@example.com"),
    (Kind::EmailDomain, "bad.example", "x@mail.bad.example"),
    (Kind::Phone, "+4930901820", "+4930901820"),
    (Kind::Ip, "203.0.113.7", "203.0.113.7"),
    (Kind::Ip, "198.51.100.0/24", "198.51.100.9"),
    (Kind::Device, "device-1", "device-1"),
    (Kind::CardFingerprint, "card-1", "card-1"),
    (Kind::Bin, "424242", "42424242"),
    (Kind::Iban, "DE89370400440532013000", "DE89370400440532013000"),
    (Kind::MerchantRef, "ref-listed", "ref-listed"),
    (Kind::Country, "NG", "NG"),
    (Kind::Device, "both-lists", "both-lists"),
];

fn attempts() -> Vec<(Kind, &'static str)> {
    let covered = LISTED
        .iter()
        .map(|(kind, _, covered)| (if covered.contains('@') { Kind::Email } else { *kind }, *covered));
    let others = [
        (Kind::Email, "nobody@example.com"),
        (Kind::Email, "ann+other@example.com"),
        (Kind::Email, "bo.b@googlemail.com"),
        (Kind::Email, "gone@example.com"),
        (Kind::Phone, "+4930901821"),
        (Kind::MerchantRef, "ref-gone"),
        (Kind::Email, "person@example.com"),
        (Kind::Device, "persons-device"),
        (Kind::Device, "forgotten-device"),
        (Kind::Email, "listed@example.com"),
        (Kind::Device, "persons-other"),
    ];
    covered.chain(others).collect()
}

/// A shop in which everything stands that can.
fn fill(shop: &Shop) -> Vec<CustomerId> {
    for (kind, value, _) in LISTED {
        shop.list(NewEntry { reason: Some(reason("seen")), ..new_entry(List::Block, kind, value) });
    }
    shop.list(new_entry(List::Allow, Kind::Device, "both-lists"));
    for (value, matching) in
        [("ann+x@example.com", EmailMatching::PlusAlias), ("b.ob@gmail.com", EmailMatching::Provider)]
    {
        shop.list(NewEntry { matching: Some(matching), ..block_email(value) });
    }
    let blacklisted = shop.customer(with_email("listed@example.com")).id;
    let status = ListStatus::Blacklisted;
    let new = NewListStatus { status, reason: None, scopes: Scopes::BOTH, expires_at: None };
    shop.run(move |transaction, by| set_list_status(transaction, by, blacklisted, new)).unwrap();
    let gone = Profile {
        phone: Some(phone("+4930901821")),
        merchant_ref: Some(merchant_ref("ref-gone")),
        ..with_email("gone@example.com")
    };
    let gone = shop.customer(gone).id;
    let update = RestrictionUpdate { cit: Some(true), mit: Some(true), ..RestrictionUpdate::default() };
    shop.run(move |transaction, by| restrict_customer(transaction, by, gone, update)).unwrap();
    block_whole(shop, &[(Kind::Email, "person@example.com"), (Kind::Device, "persons-device")]);
    shop.list(new_entry(List::Block, Kind::Device, "forgotten-device"));
    shop.run(move |transaction, by| erase_customer(transaction, by, gone)).unwrap();
    forget(shop.service(), Kind::Device, "forgotten-device");
    vec![blacklisted]
}

fn block_whole(shop: &Shop, identifiers: &[(Kind, &str)]) {
    let named = |(kind, value): &(Kind, &str)| NamedIdentifier {
        identifier: Identifier::parse(*kind, value).unwrap(),
        place: IdentifierPlace::OfCustomer,
    };
    let new = NewPersonBlock {
        identifiers: identifiers.iter().map(named).collect(),
        left_out: Vec::new(),
        terms: PersonTerms {
            reason: None,
            reason_code: None,
            public_message: None,
            scopes: Scopes::BOTH,
            expires_at: None,
        },
        source: EntrySource::Api,
    };
    shop.run(move |transaction, by| {
        block_person(transaction, by, new).map(drop).map_err(|_| UseCaseError::ChangedMeanwhile)
    })
    .unwrap();
}

/// Erases an identifier that nobody has.
fn forget(service: &interdict_app::Service, kind: Kind, value: &str) {
    let who = Erasable::Identifier(Identifier::parse(kind, value).unwrap());
    let plan = block_on(service.plan_erasure(MERCHANT, who)).unwrap();
    block_on(service.erase_planned(MERCHANT, &plan)).unwrap();
}

/// Every answer, without the revision.
fn answers(app: &App, shop: &Shop, customers: &[CustomerId]) -> Vec<Answered> {
    let service = app.service(Mode::Test);
    let attempts = attempts();
    let tries = attempts.iter().flat_map(|(kind, value)| {
        [Try { dry_run: true, ..by(*kind, value) }, Try { typed: true, dry_run: true, ..by(*kind, value) }]
    });
    let named = customers.iter().map(|id| Try { dry_run: true, ..by_id(*id) });
    tries
        .chain(named)
        .map(|attempt| Answered { revision: 0, ..decide(service, shop.now(), &attempt).unwrap() })
        .collect()
}

fn write<T, F>(app: &App, shop: &Shop, work: F) -> Result<T, WriteError<UseCaseError>>
where
    T: Send + 'static,
    F: FnOnce(
            &mut interdict_storage::MerchantTransaction<'_, '_>,
            &Authorship<'_>,
        ) -> Result<T, UseCaseError>
        + Send
        + 'static,
{
    let (now, random) = (shop.now(), Arc::clone(&shop.random));
    let committed = app.service(Mode::Test).store().write_blocking(move |transaction| {
        let actor = Actor::system();
        work(&mut transaction.merchant(MERCHANT), &Authorship::new(&actor, now, random.as_ref()))
    });
    committed.map(|committed| committed.value)
}

fn read<T>(app: &App, read: impl FnOnce(&MerchantView<'_>) -> Result<T, StorageError>) -> T {
    app.service(Mode::Test).store().read_blocking(|view| read(&view.merchant(MERCHANT))).unwrap()
}

fn entry_of(app: &App, kind: Kind, value: &str) -> Option<Entry> {
    let identifier = Identifier::parse(kind, value).unwrap();
    read(app, |view| view.entry_of(List::Block, &identifier))
}

fn key(pepper: &Pepper, kind: Kind, value: &str) -> IdentifierKey {
    pepper.key(MERCHANT, kind, value)
}

fn assert_sound(app: &App) {
    for mode in Mode::ALL {
        let service = app.service(mode);
        assert!(service.compare_with_store().unwrap().is_equal(), "memory and tables");
        assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
        assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
    }
    assert_eq!(app.core().verify_chain(&mut |_| {}).unwrap().fault, None);
}

fn every_attempt_is_answered_as_before_twice(place: &Place) {
    let shop = &place.shop;
    let customers = fill(shop);
    let before = answers(&shop.app, shop, &customers);
    let blocked = before.iter().filter(|answer| answer.blocks()).count();
    assert!(blocked > 30, "{blocked}");
    let first = pepper();
    let second = first.rotated([8; 32]);
    let rotated = shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1)]);
    let test = &rotated.stores[0].1;
    let tombstones = test.tombstones[&Generation(1)];
    assert!(tombstones >= 4, "three of a customer, one device: {test:?}");
    assert!(matches!(shop.reopened_under(&first), Err(error) if is(&error.source, "does not belong")));
    let alone = second.keeping(|_| false);
    assert!(matches!(shop.reopened_under(&alone), Err(error) if is(&error.source, "generation 1")));

    let app = shop.reopened_under(&second).unwrap();
    assert_eq!(answers(&app, shop, &customers), before);
    assert_sound(&app);
    let live = entry_of(&app, Kind::Device, "device-1").unwrap();
    assert_eq!((live.key, live.generation), (key(&second, Kind::Device, "device-1"), None));
    let left = entry_of(&app, Kind::Device, "forgotten-device").unwrap();
    assert_eq!(left.key, key(&first, Kind::Device, "forgotten-device"));
    assert_eq!((left.generation, left.value), (Some(Generation(1)), None));

    // Somebody else is erased, under the second one.
    let device = Identifier::parse(Kind::Device, "device-1").unwrap();
    let plan = block_on(app.service(Mode::Test).plan_erasure(MERCHANT, Erasable::Identifier(device)));
    block_on(app.service(Mode::Test).erase_planned(MERCHANT, &plan.unwrap())).unwrap();
    let before = answers(&app, shop, &customers);
    drop(app);
    let third = second.rotated([9; 32]);
    let rotated = shop.rotation_to(&third).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1), Generation(2)]);
    assert_eq!(rotated.stores[0].1.tombstones[&Generation(1)], tombstones);
    assert_eq!(rotated.stores[0].1.tombstones[&Generation(2)], 1);
    let app = shop.reopened_under(&third).unwrap();
    assert_eq!(answers(&app, shop, &customers), before);
    assert_sound(&app);
    // Memory over the same tables, loaded or followed, is the same.
    let beside = shop.reopened_under(&third).unwrap();
    assert_eq!(
        beside.service(Mode::Test).fingerprint(),
        app.service(Mode::Test).fingerprint(),
        "loaded and loaded"
    );
    // What stood before the rotation is told no more.
    let asked = [Presented { kind: Kind::Email, value: "gone@example.com".into(), verified: true }];
    let attempt = interdict_app::PaymentAttempt {
        initiator: interdict_domain::scopes::Initiator::Customer,
        customer: None,
        identifiers: &asked,
        money: None,
        explain: true,
        dry_run: true,
    };
    let revision = read(&app, |view| view.revision());
    let replay = |revision| {
        block_on(
            app.service(Mode::Test).replay(MERCHANT, revision, None, &attempt, |decision, _| decision.code),
        )
    };
    assert!(matches!(replay(revision - 1), Err(ReplayError::NotRetained(_))));
    assert_eq!(replay(revision).unwrap(), interdict_app::decision::Code::IdentifierBlacklisted);
}

fn is(error: &StorageError, words: &str) -> bool {
    error.to_string().contains(words)
}

fn what_was_erased_is_listed_again_imported_and_lifted(place: &Place) {
    let shop = &place.shop;
    fill(shop);
    let left = entry_of(&shop.app, Kind::Device, "forgotten-device").unwrap();
    let email_left = shop.list(block_email("mailed@example.com"));
    forget(shop.service(), Kind::Email, "mailed@example.com");
    let second = pepper().rotated([8; 32]);
    shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    let app = shop.reopened_under(&second).unwrap();
    let beside = shop.reopened_under(&second).unwrap();
    let device = by(Kind::Device, "forgotten-device");
    let now = shop.now();
    let source = |app: &App, attempt: &Try<'_>| {
        let answer = decide(app.service(Mode::Test), now, attempt).unwrap();
        answer.sources.first().and_then(|source| source.entry)
    };
    assert_eq!(source(&app, &device), Some(left.id));

    // A list shows it to whoever says what it is.
    let filter = EntryFilter {
        identifier: Some(Identifier::parse(Kind::Device, "forgotten-device").unwrap()),
        ..EntryFilter::of(List::Block, now)
    };
    let page = PageRequest::After { position: None, limit: 10 };
    assert_eq!(read(&app, |view| view.entries(&filter, page))[0].entry.id, left.id);
    assert_eq!(read(&app, |view| view.count_entries(&filter)), 1);
    let asked = [Presented { kind: Kind::Device, value: "forgotten-device".into(), verified: true }];
    let looked = block_on(app.service(Mode::Test).look_up(MERCHANT, None, &asked)).unwrap().unwrap();
    assert_eq!(looked.identifiers[0].matches[0].row.entry.id, left.id);

    // A file of many leaves it as it is.
    let import = new_import_of(shop, &app, "value\nmailed@example.com\nother@example.com\n");
    assert_eq!((import.counts.created, import.counts.unchanged), (1, 1));
    assert_eq!(source(&app, &by_email("mailed@example.com")), Some(email_left.id));

    // Listed again it is the same entry, under the present pepper, here and wherever it is followed.
    let again = new_entry(List::Block, Kind::Device, "forgotten-device");
    let listed = write(&app, shop, move |transaction, by| list_entry(transaction, by, again)).unwrap();
    assert_eq!((listed.0.id, listed.1), (left.id, false));
    assert_eq!(entry_of(&app, Kind::Device, "forgotten-device").unwrap().generation, None);
    assert_eq!(source(&app, &device), Some(left.id));
    let revision = app.service(Mode::Test).readiness().revision;
    let is_there = || beside.service(Mode::Test).readiness().revision >= revision;
    wait_until(is_there, Duration::from_mins(1)).unwrap();
    assert_eq!(source(&beside, &device), Some(left.id));
    write(&app, shop, move |transaction, by| unlist_entry(transaction, by, left.id)).unwrap();
    assert_eq!(source(&app, &device), None);
    // One that nobody has listed again is lifted all the same.
    let id = email_left.id;
    write(&app, shop, move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
    assert_eq!(source(&app, &by_email("mailed@example.com")), None);
    let revision = app.service(Mode::Test).readiness().revision;
    let is_there = || beside.service(Mode::Test).readiness().revision >= revision;
    wait_until(is_there, Duration::from_mins(1)).unwrap();
    assert_eq!(source(&beside, &device), None);
    assert_eq!(source(&beside, &by_email("mailed@example.com")), None);
    assert_sound(&app);
}

fn new_import_of(shop: &Shop, app: &App, text: &str) -> interdict_domain::import::Import {
    let service = app.service(Mode::Test);
    let mut upload = service.begin_upload().unwrap();
    upload.write(text.as_bytes()).unwrap();
    let caller = interdict_app::Caller { service: Arc::clone(service), ..shop.caller() };
    let import = block_on(service.create_import(&caller, upload, support::new_import(false))).unwrap();
    service.work_on_imports().unwrap();
    read(app, |view| view.import(import.id)).unwrap()
}

/// The oldest changes go, and with them what they say of who had what.
fn trim(shop: &Shop) {
    let (now, random) = (shop.now(), Arc::clone(&shop.random));
    let what = Trimming { kept: 0, least: 1, ..Trimming::before(now.plus_seconds(1)) };
    let trimmed = shop.service().store().write_blocking(move |transaction| {
        let actor = Actor::system();
        transaction.trim_feed(&Authorship::new(&actor, now, random.as_ref()), &what)
    });
    let trimmed = trimmed.map_err(|error: WriteError<StorageError>| error).unwrap();
    assert!(trimmed.value.is_some());
}

fn an_erasure_reaches_what_was_said_before(place: &Place) {
    let shop = &place.shop;
    let id = shop.customer(with_email("earlier@example.com")).id;
    let update = ProfileUpdate { email: Some(Some(email("erasee@example.com"))), ..ProfileUpdate::default() };
    shop.run(move |transaction, by| update_customer(transaction, by, id, update)).unwrap();
    let entry =
        shop.list(NewEntry { reason: Some(reason("of erasee")), ..block_email("erasee@example.com") });
    let noted = entry.clone();
    shop.run(move |transaction, by| note_entry(transaction, by, noted.id, reason("noted of erasee")))
        .unwrap();
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

fn a_rotation_that_was_cut_goes_on(place: &Place) {
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

fn whoever_goes_on_under_the_old_pepper_is_stopped(place: &Place) {
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

fn a_replayed_request_is_answered_as_the_first_time(place: &Place) {
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
    let having = Identifier::parse(Kind::Email, email("once@example.com").as_str()).unwrap();
    assert_eq!(read(&app, |view| view.customers_having(&having)).len(), 1);
}

//! A shop in which everything stands that can, what is asked of it, and short ways to write and read.

use std::sync::Arc;

use interdict_app::store::{Authorship, MerchantView, StorageError, WriteError};
use interdict_app::{
    App, Erasable, NamedIdentifier, NewEntry, NewListStatus, NewPersonBlock, Place as IdentifierPlace,
    RestrictionUpdate, UseCaseError, block_person, erase_customer, restrict_customer, set_list_status,
};
use interdict_domain::actor::Actor;
use interdict_domain::customer::{ListStatus, Profile};
use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::{EmailMatching, Identifier, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::CustomerId;
use interdict_domain::mode::Mode;
use interdict_domain::person::PersonTerms;
use interdict_domain::scopes::Scopes;

use crate::support::{
    Answered, MERCHANT, Shop, Try, block_email, block_on, by, by_id, decide, merchant_ref, new_entry, phone,
    reason, with_email,
};

/// One of each kind, with something that it covers.
pub const LISTED: [(Kind, &str, &str); 12] = [
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

pub fn attempts() -> Vec<(Kind, &'static str)> {
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
pub fn fill(shop: &Shop) -> Vec<CustomerId> {
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

pub fn block_whole(shop: &Shop, identifiers: &[(Kind, &str)]) {
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
pub fn forget(service: &interdict_app::Service, kind: Kind, value: &str) {
    let who = Erasable::Identifier(Identifier::parse(kind, value).unwrap());
    let plan = block_on(service.plan_erasure(MERCHANT, who)).unwrap();
    block_on(service.erase_planned(MERCHANT, &plan)).unwrap();
}

/// Every answer, without the revision.
pub fn answers(app: &App, shop: &Shop, customers: &[CustomerId]) -> Vec<Answered> {
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

pub fn write<T, F>(app: &App, shop: &Shop, work: F) -> Result<T, WriteError<UseCaseError>>
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

pub fn read<T>(app: &App, read: impl FnOnce(&MerchantView<'_>) -> Result<T, StorageError>) -> T {
    app.service(Mode::Test).store().read_blocking(|view| read(&view.merchant(MERCHANT))).unwrap()
}

pub fn entry_of(app: &App, kind: Kind, value: &str) -> Option<Entry> {
    let identifier = Identifier::parse(kind, value).unwrap();
    read(app, |view| view.entry_of(List::Block, &identifier))
}

pub fn key(pepper: &Pepper, kind: Kind, value: &str) -> IdentifierKey {
    pepper.key(MERCHANT, kind, value)
}

pub fn assert_sound(app: &App) {
    for mode in Mode::ALL {
        let service = app.service(mode);
        assert!(service.compare_with_store().unwrap().is_equal(), "memory and tables");
        assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
        assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
    }
    assert_eq!(app.core().verify_chain(&mut |_| {}).unwrap().fault, None);
}

//! What is subtle in the table of calls: what an omitted field keeps, what is replaced whole, whom
//! Idenza's calls mean, and how hits are counted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use interdict_app::{
    ListedCustomer, NewListStatus, RestrictionUpdate, UnlistError, clear_list_status, list_customer,
    list_entry, restrict_customer, set_list_status, unlist_customer,
};
use interdict_domain::customer::{Customer, ListStatus, Profile};
use interdict_domain::entry::{List, ReasonCode, Strength};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{Name, Reason};
use support::{Shop, Try, block_email, block_on, by_email, email, merchant_ref, reason, with_email};

type Said = Option<Option<&'static str>>;

fn restrict(shop: &Shop, id: CustomerId, cit: Option<bool>, mit: Option<bool>, why: Said) -> Customer {
    let update = RestrictionUpdate { cit, mit, reason: why.map(|why| why.map(reason)) };
    shop.run(move |transaction, by| restrict_customer(transaction, by, id, update)).unwrap()
}

#[test]
fn an_omitted_flag_or_reason_keeps_its_value_and_both_false_clear_the_reason() {
    let shop = Shop::new();
    let id = shop.customer(with_email("ada@a.example")).id;
    let now = |customer: Customer| {
        let restriction = customer.restriction;
        (restriction.cit, restriction.mit, restriction.reason.map(|why| why.as_str().to_owned()))
    };
    let why = |text: &str| Some(text.to_owned());
    assert_eq!(now(restrict(&shop, id, Some(true), None, Some(Some("one")))), (true, false, why("one")));
    assert_eq!(now(restrict(&shop, id, None, Some(true), None)), (true, true, why("one")));
    assert_eq!(now(restrict(&shop, id, Some(false), None, Some(Some("two")))), (false, true, why("two")));
    assert_eq!(now(restrict(&shop, id, None, None, Some(None))), (false, true, None));
    assert_eq!(now(restrict(&shop, id, None, None, Some(Some("three")))), (false, true, why("three")));
    assert_eq!(now(restrict(&shop, id, None, Some(false), None)), (false, false, None));
    assert_eq!(now(restrict(&shop, id, None, None, Some(Some("alone")))), (false, false, None));
}

fn set(shop: &Shop, id: CustomerId, status: ListStatus, why: Option<Reason>, scopes: Scopes) -> Customer {
    let new = NewListStatus { status, reason: why, scopes, expires_at: None };
    shop.run(move |transaction, by| set_list_status(transaction, by, id, new)).unwrap()
}

#[test]
fn a_status_that_is_set_again_replaces_the_old_one_whole() {
    let shop = Shop::new();
    let id = shop.customer(with_email("ada@a.example")).id;
    set(&shop, id, ListStatus::Blacklisted, Some(reason("seen before")), Scopes::CIT);
    let again = set(&shop, id, ListStatus::Blacklisted, None, Scopes::BOTH);
    assert_eq!((again.standing.reason, again.standing.scopes), (None, Scopes::BOTH));
    let moved = set(&shop, id, ListStatus::Whitelisted, Some(reason("a friend")), Scopes::BOTH);
    assert_eq!(moved.standing.status, ListStatus::Whitelisted, "one exclusive status");
    assert!(!shop.decide(&by_email("ada@a.example")).unwrap().blocks());
}

#[test]
fn lifting_a_block_that_is_not_there_leaves_a_trust_that_is() {
    let shop = Shop::new();
    let id = shop.customer(with_email("ada@a.example")).id;
    let trusted = set(&shop, id, ListStatus::Whitelisted, Some(reason("a friend")), Scopes::BOTH);
    let revision = shop.service().readiness().revision;
    let clear =
        |status| shop.run(move |transaction, by| clear_list_status(transaction, by, id, status)).unwrap();
    assert_eq!(clear(ListStatus::Blacklisted), trusted);
    assert_eq!(shop.service().readiness().revision, revision, "no change, no place in the feed");
    let normal = clear(ListStatus::Whitelisted);
    assert_eq!((normal.standing.status, normal.standing.reason), (ListStatus::Normal, None));
}

#[test]
fn the_same_identifier_twice_is_one_entry_with_the_new_terms() {
    let shop = Shop::new();
    let mut first = block_email("Ada@A.example");
    first.reason = Some(reason("one"));
    first.reason_code = Some(ReasonCode::Abuse);
    first.strength = Some(Strength::Soft);
    first.scopes = Scopes::MIT;
    let first = shop.run(move |transaction, by| list_entry(transaction, by, first)).unwrap();
    shop.clock.advance(5);
    let second = block_email("ada@a.example");
    let second = shop.run(move |transaction, by| list_entry(transaction, by, second)).unwrap();
    assert_eq!((first.1, second.1), (true, false), "whether it is new");
    assert_eq!(second.0.id, first.0.id);
    assert_eq!(second.0.created_at, first.0.created_at);
    assert!(second.0.updated_at > first.0.updated_at);
    assert_eq!((second.0.reason, second.0.reason_code), (None, None));
    assert_eq!((second.0.strength, second.0.scopes), (Strength::Hard, Scopes::BOTH));
    let allow = support::new_entry(List::Allow, interdict_domain::identifier::Kind::Email, "ada@a.example");
    assert_ne!(shop.list(allow).id, first.0.id, "each list has its own");
}

fn listed(reference: &str, address: &str, status: Option<ListStatus>) -> ListedCustomer {
    ListedCustomer {
        first_name: Name::parse("Ada").unwrap(),
        last_name: Name::parse("Lovelace").unwrap(),
        email: email(address),
        merchant_ref: merchant_ref(reference),
        role: None,
        status,
    }
}

fn add(shop: &Shop, listed: ListedCustomer) -> Customer {
    shop.run(move |transaction, by| list_customer(transaction, by, listed)).unwrap()
}

#[test]
fn idenza_means_the_ref_then_the_only_email_without_one_then_somebody_new() {
    let shop = Shop::new();
    let black = Some(ListStatus::Blacklisted);
    let by_ref =
        shop.customer(Profile { merchant_ref: Some(merchant_ref("r-1")), ..with_email("old@a.example") });
    let without_ref = shop.customer(with_email("ben@b.example"));
    let twins = [shop.customer(with_email("cy@c.example")), shop.customer(with_email("cy@c.example"))];

    let found = add(&shop, listed("r-1", "new@a.example", black));
    assert_eq!((found.id, found.profile.email), (by_ref.id, Some(email("new@a.example"))));
    assert_eq!(found.standing.status, ListStatus::Blacklisted);
    assert_eq!(found.profile.role.as_ref().map(Name::as_str), Some("PAYEE"));

    let adopted = add(&shop, listed("r-2", "ben@b.example", black));
    assert_eq!((adopted.id, adopted.profile.merchant_ref), (without_ref.id, Some(merchant_ref("r-2"))));
    let other = add(&shop, listed("r-3", "ben@b.example", black));
    assert_ne!(other.id, without_ref.id, "the one with this email has a ref of its own now");
    let third = add(&shop, listed("r-4", "cy@c.example", None));
    assert!(twins.iter().all(|twin| twin.id != third.id), "two have the email: neither is meant");
    assert_eq!(third.standing.status, ListStatus::Normal);

    // Neither flag keeps the present status.
    let kept = add(&shop, listed("r-1", "new@a.example", None));
    assert_eq!((kept.id, kept.standing.status), (by_ref.id, ListStatus::Blacklisted));
    let moved = add(&shop, listed("r-1", "new@a.example", Some(ListStatus::Whitelisted)));
    assert_eq!((moved.id, moved.standing.status), (by_ref.id, ListStatus::Whitelisted));
}

#[test]
fn idenza_takes_off_whom_it_would_add_and_only_from_the_list_they_are_on() {
    let shop = Shop::new();
    add(&shop, listed("r-1", "ada@a.example", Some(ListStatus::Blacklisted)));
    let remove = |reference: &str, address: &str, status| {
        let (reference, address) = (merchant_ref(reference), email(address));
        shop.run(move |transaction, by| Ok(unlist_customer(transaction, by, &reference, &address, status)))
            .unwrap()
    };
    let (black, white) = (ListStatus::Blacklisted, ListStatus::Whitelisted);
    assert!(matches!(remove("r-2", "ada@a.example", black), Err(UnlistError::Nobody)));
    assert!(matches!(remove("r-1", "ada@a.example", white), Err(UnlistError::NotListed)));
    let removed = remove("r-1", "changed.since@a.example", black).unwrap();
    assert_eq!(removed.standing.status, ListStatus::Normal);
    assert!(matches!(remove("r-1", "ada@a.example", black), Err(UnlistError::NotListed)));
}

#[test]
fn hits_are_pending_then_written_and_never_counted_twice() {
    let shop = Shop::new();
    let entry = shop.list(block_email("ada@a.example"));
    let id = entry.id;
    let hits = || {
        let row = shop.read(move |view| view.entry(id)).unwrap();
        let shown = shop.service().with_pending_hits(row.clone());
        (row.hits, shown.hits, shown.last_hit_at)
    };
    let write = || block_on(shop.service().write_hits()).unwrap();
    assert_eq!(hits(), (0, 0, None));
    let start = shop.now();
    for _ in 0..3 {
        shop.clock.advance(1);
        shop.decide(&by_email("ada@a.example")).unwrap();
    }
    shop.decide(&Try { dry_run: true, ..by_email("ada@a.example") }).unwrap();
    shop.decide(&by_email("somebody.else@a.example")).unwrap();
    assert_eq!(hits(), (0, 3, Some(start.plus_seconds(3))));
    write();
    assert_eq!(hits(), (3, 3, Some(start.plus_seconds(3))));
    write();
    shop.clock.advance(1);
    shop.decide(&by_email("ada@a.example")).unwrap();
    assert_eq!(hits(), (3, 4, Some(start.plus_seconds(4))));
    write();
    assert_eq!(hits(), (4, 4, Some(start.plus_seconds(4))));
    assert_eq!(shop.service().readiness().revision, 1, "hits are no changes");
    // An entry that was deleted after its hit counts for nobody.
    shop.decide(&by_email("ada@a.example")).unwrap();
    shop.run(move |transaction, by| interdict_app::unlist_entry(transaction, by, id)).unwrap();
    write();
    let again = shop.list(block_email("ada@a.example"));
    assert_eq!(shop.read(move |view| view.entry(again.id)).unwrap().hits, 0);
}

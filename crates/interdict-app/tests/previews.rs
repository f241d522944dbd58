//! Previews: what is foreseen of an entry is what comes true when it is made, over random worlds and on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::collections::HashSet;

use interdict_app::{
    EntryPreview, NewEntry, PREVIEW_SAMPLES, PREVIEWED_MAX, SettingsUpdate, change_settings, unlist_entry,
};
use interdict_domain::clock::Random as _;
use interdict_domain::customer::Profile;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{EmailMatching, Identifier, Kind};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Scopes;
use interdict_domain::settings::SecondApprover;
use support::place::Place;
use support::{MERCHANT, Shop, Try, block_on, merchant_ref, new_entry, phone, with_email};

macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::support::place::Place::sqlite());
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $name() {
                super::$name(&crate::support::place::Place::postgres(concat!("previews_", stringify!($name))));
            })+
        }
    };
}

on_both_engines!(
    what_is_foreseen_comes_true,
    no_more_is_looked_at_than_the_bound,
    a_file_lists_nothing_broad_where_a_second_person_is_wanted,
);

const EMAILS: [&str; 10] = [
    "ann@example.com",
    "bob@mail.example.com",
    "bob+shop@mail.example.com",
    "a.n.n@gmail.com",
    "ann+x@googlemail.com",
    "bob@gmail.com",
    "ann@example.com.br",
    "ann@notexample.com",
    "x@example.com",
    "x+1@example.com",
];
const IPS: [&str; 7] = [
    "203.0.113.7",
    "203.0.113.130",
    "203.0.120.1",
    "203.7.0.1",
    "2001:db8::1",
    "2001:db8:0:ff::1",
    "2001:db9::1",
];
const BINS: [&str; 4] = ["424242", "42424242", "42424243", "52000000"];
const LISTED: [(Kind, &str); 22] = [
    (Kind::Email, "ann@example.com"),
    (Kind::Email, "bob@mail.example.com"),
    (Kind::Email, "ann@gmail.com"),
    (Kind::Email, "x@example.com"),
    (Kind::EmailDomain, "example.com"),
    (Kind::EmailDomain, "mail.example.com"),
    (Kind::EmailDomain, "gmail.com"),
    (Kind::Ip, "203.0.113.7"),
    (Kind::Ip, "203.0.113.0/24"),
    (Kind::Ip, "203.0.113.128/25"),
    (Kind::Ip, "203.0.112.0/20"),
    (Kind::Ip, "203.0.0.0/13"),
    (Kind::Ip, "200.0.0.0/5"),
    (Kind::Ip, "2001:db8::/64"),
    (Kind::Ip, "2001:db8::/50"),
    (Kind::Ip, "2001:db8::/31"),
    (Kind::Bin, "424242"),
    (Kind::Bin, "42424242"),
    (Kind::Device, "device"),
    (Kind::Phone, "+2348012345678"),
    (Kind::MerchantRef, "r-1"),
    (Kind::Country, "NG"),
];

/// A die: the generator of the shop, so that each run is the same.
fn roll(shop: &Shop, sides: usize) -> usize {
    let mut bytes = [0_u8; 8];
    shop.random.fill(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % sides as u64).unwrap()
}

fn pick<'a>(shop: &Shop, of: &[&'a str]) -> &'a str {
    of[roll(shop, of.len())]
}

fn preview(shop: &Shop, new: NewEntry) -> EntryPreview {
    block_on(shop.service().preview_entry(MERCHANT, new)).unwrap()
}

fn random_entry(shop: &Shop) -> NewEntry {
    let (kind, value) = LISTED[roll(shop, LISTED.len())];
    let matching = Some(EmailMatching::ALL[roll(shop, 3)]).filter(|_| kind == Kind::Email);
    let list = List::ALL[roll(shop, 2)];
    let strength = [None, Some(Strength::Hard), Some(Strength::Soft)][roll(shop, 3)];
    let strength = strength.filter(|_| list == List::Block);
    let scopes = [Scopes::BOTH, Scopes::from_flags(true, false).unwrap()][roll(shop, 2)];
    NewEntry { matching, strength, scopes, ..new_entry(list, kind, value) }
}

fn random_try(shop: &Shop, customers: &[CustomerId]) -> Try<'static> {
    let mut identifiers = Vec::new();
    let mut sometimes = |kind, value, sides| {
        if roll(shop, sides) == 0 {
            identifiers.push((kind, value));
        }
    };
    sometimes(Kind::Email, pick(shop, &EMAILS), 2);
    sometimes(Kind::Ip, pick(shop, &IPS), 2);
    sometimes(Kind::Bin, pick(shop, &BINS), 2);
    sometimes(Kind::Device, "device", 4);
    sometimes(Kind::Phone, "+2348012345678", 4);
    sometimes(Kind::Country, "NG", 4);
    let customer =
        (identifiers.is_empty() || roll(shop, 3) == 0).then(|| customers[roll(shop, customers.len())]);
    Try { customer, identifiers, by_merchant: roll(shop, 3) == 0, typed: roll(shop, 3) == 0, dry_run: false }
}

/// Every attempt once more, without leaving anything behind: how many the entry counts for, and how many end otherwise;
/// and who made those.
fn replay(
    shop: &Shop,
    made: &[(Try<'static>, bool)],
    entry: &interdict_domain::entry::Entry,
) -> ([usize; 4], HashSet<CustomerId>) {
    let (mut hit, mut allowed, mut blocked, mut changed) = (0, 0, 0, 0);
    let mut payers = HashSet::new();
    for (attempt, was_blocked) in made {
        let answered = shop.decide(&Try { dry_run: true, ..attempt.clone() }).unwrap();
        if answered.sources.iter().any(|source| source.entry == Some(entry.id)) {
            hit += 1;
            allowed += usize::from(!was_blocked);
            blocked += usize::from(*was_blocked);
            changed += usize::from(answered.blocks() != *was_blocked);
            payers.extend(attempt.customer);
            if attempt.customer.is_none() {
                let holds = |(kind, value)| holders(shop, kind, value);
                payers.extend(attempt.identifiers.iter().copied().flat_map(holds));
            }
        }
    }
    ([hit, allowed, blocked, changed], payers)
}

/// Who has an email or a phone.
fn holders(shop: &Shop, kind: Kind, value: &str) -> Vec<CustomerId> {
    if !matches!(kind, Kind::Email | Kind::Phone) {
        return Vec::new();
    }
    let identifier = Identifier::parse(kind, value).unwrap();
    let covered = shop.read(move |view| view.customers_covered(&identifier, 100));
    covered.customers.iter().map(|customer| customer.id).collect()
}

fn what_is_foreseen_comes_true(place: &Place) {
    let shop = &place.shop;
    let mut customers = Vec::new();
    for number in 0..12 {
        let profile = Profile {
            phone: (number % 4 == 0).then(|| phone("+2348012345678")),
            merchant_ref: Some(merchant_ref(&format!("r-{number}"))),
            ..with_email(EMAILS[number % EMAILS.len()])
        };
        customers.push((shop.customer(profile.clone()).id, profile));
        shop.clock.advance(1);
    }
    let ids: Vec<_> = customers.iter().map(|(id, _)| *id).collect();
    for (list, kind, value) in [
        (List::Block, Kind::Device, "device"),
        (List::Allow, Kind::Bin, "42424243"),
        (List::Block, Kind::Ip, "2001:db9::1"),
    ] {
        shop.list(new_entry(list, kind, value));
    }
    let mut made = Vec::new();
    for _ in 0..80 {
        let attempt = random_try(shop, &ids);
        let was_blocked = shop.decide(&attempt).unwrap().blocks();
        made.push((attempt, was_blocked));
        shop.clock.advance(1);
    }
    for _ in 0..80 {
        let new = random_entry(shop);
        let words = format!("{:?} {} {new:?}", new.list, new.identifier.value());
        let standing = shop.read({
            let identifier = new.identifier.clone();
            let list = new.list;
            move |view| view.entry_of(list, &identifier)
        });
        if standing.is_some() {
            continue;
        }
        let seen = preview(shop, new.clone());
        let entry = shop.list(new);
        let attempts = &seen.attempts;
        let foreseen = [attempts.total.count, attempts.allowed, attempts.blocked, attempts.changed];
        let (came_true, payers) = replay(shop, &made, &entry);
        assert_eq!(foreseen, came_true, "{words}");
        assert_eq!(attempts.samples.len(), attempts.total.count.min(PREVIEW_SAMPLES), "{words}");
        let covered = customers.iter().filter(|(_, profile)| is_covered(&seen, profile)).map(|(id, _)| *id);
        assert_eq!(
            seen.customers.count,
            payers.into_iter().chain(covered).collect::<HashSet<_>>().len(),
            "{words}"
        );
        assert!(!seen.customers.is_least && !attempts.total.is_least, "{words}");
        let id = entry.id;
        shop.run(move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
    }
}

/// Said once more in plain words.
fn is_covered(seen: &EntryPreview, profile: &Profile) -> bool {
    let (value, email) = (seen.identifier.value(), profile.email.as_ref().unwrap().as_str());
    let domain = email.split('@').nth(1).unwrap();
    match seen.identifier.kind() {
        Kind::Email => seen.identifier.matching().fold(email) == value,
        Kind::EmailDomain => domain == value || domain.ends_with(&format!(".{value}")),
        Kind::Phone => profile.phone.as_ref().is_some_and(|phone| phone.as_str() == value),
        Kind::MerchantRef => profile.merchant_ref.as_ref().is_some_and(|other| other.as_str() == value),
        _ => false,
    }
}

fn no_more_is_looked_at_than_the_bound(place: &Place) {
    let shop = &place.shop;
    let more = PREVIEWED_MAX + 3;
    // In parts: a long transaction has no patience on a busy machine.
    for part in (0..more).step_by(250) {
        shop.run(move |transaction, by| {
            for number in part..more.min(part + 250) {
                let profile = with_email(&format!("n{number}@example.com"));
                interdict_app::create_customer(transaction, by, profile)?;
            }
            Ok(())
        })
        .unwrap();
    }
    let seen = preview(shop, new_entry(List::Block, Kind::EmailDomain, "example.com"));
    assert_eq!((seen.customers.count, seen.customers.is_least), (PREVIEWED_MAX, true));
    assert_eq!(seen.customer_samples.len(), PREVIEW_SAMPLES);
    assert!(seen.good_customers.is_least);
    let rare = preview(shop, new_entry(List::Block, Kind::EmailDomain, "example.org"));
    assert_eq!((rare.customers.count, rare.customers.is_least), (0, false));
    let one = preview(shop, new_entry(List::Block, Kind::Email, "n7@example.com"));
    assert_eq!((one.customers.count, one.customers.is_least), (1, false));
    let settings =
        SettingsUpdate { email_matching: Some(EmailMatching::PlusAlias), ..SettingsUpdate::default() };
    shop.run(move |transaction, by| change_settings(transaction, by, settings)).unwrap();
    let one = preview(shop, new_entry(List::Block, Kind::Email, "n7+tag@example.com"));
    assert_eq!((one.customers.count, one.customers.is_least), (1, false));
}

fn a_file_lists_nothing_broad_where_a_second_person_is_wanted(place: &Place) {
    let shop = &place.shop;
    let csv = "kind,value\nemailDomain,example.com\nemail,a@example.com\nip,203.0.113.0/24\nip,203.0.113.7\n\
               bin,424242\ncountry,NG\n";
    let choose = |second_approver| {
        let settings = SettingsUpdate { second_approver: Some(second_approver), ..SettingsUpdate::default() };
        shop.run(move |transaction, by| change_settings(transaction, by, settings)).unwrap();
    };
    choose(Some(SecondApprover { threshold: 9_999 }));
    let import = shop.import(csv);
    assert_eq!((import.counts.created, import.counts.bad), (2, 4));
    choose(None);
    let import = shop.import(csv);
    assert_eq!((import.counts.created, import.counts.bad), (4, 0));
}

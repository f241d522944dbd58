//! The peers' incidents, each as a test of ours through the real service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use interdict_app::decision::{Code, DecideError, Outcome, Tier};
use interdict_app::store::EntryFilter;
use interdict_app::{
    DecidePaymentError, NewEntry, NewListStatus, RestrictionUpdate, UnlistError, UseCaseError,
    clear_list_status, create_customer, list_entry, restrict_customer, set_list_status, unlist_customer,
    unlist_entry,
};
use interdict_domain::customer::{Customer, ListStatus, Profile};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::text::PublicMessage;
use support::{
    MERCHANT, Shop, Try, block_email, block_on, by, by_email, by_id, email, merchant_ref, new_entry, reason,
    with_email,
};

fn status(status: ListStatus) -> NewListStatus {
    NewListStatus { status, reason: None, scopes: Scopes::BOTH, expires_at: None }
}

fn set(shop: &Shop, id: CustomerId, new: NewListStatus) -> Customer {
    shop.run(move |transaction, by| set_list_status(transaction, by, id, new)).unwrap()
}

fn restrict(shop: &Shop, id: CustomerId, cit: bool, mit: bool) -> Customer {
    let update = RestrictionUpdate { cit: Some(cit), mit: Some(mit), reason: None };
    shop.run(move |transaction, by| restrict_customer(transaction, by, id, update)).unwrap()
}

#[test]
fn incident_1_an_entry_matches_however_the_value_is_written() {
    let shop = Shop::new();
    for (kind, listed, presented) in [
        (Kind::Email, " John.Doe@Example.COM ", "john.doe@example.com"),
        (Kind::Email, "jane@example.com", "JANE@EXAMPLE.COM"),
        (Kind::Email, "straße@bücher.example", "STRASSE@xn--bcher-kva.example"),
        (Kind::Phone, "+234 803 123 4567", "2348031234567"),
        (Kind::Phone, "00234-803-765-4321", "+2348037654321"),
    ] {
        let entry = shop.list(new_entry(List::Block, kind, listed));
        let decided = shop.decide(&by(kind, presented)).unwrap();
        assert!(decided.blocks(), "{listed} ~ {presented}");
        assert_eq!(decided.sources[0].entry, Some(entry.id));
        assert_eq!(decided.sources[0].value, entry.value, "one canonical form");
    }
    // The same for customers: the record's email is found by the payer's spelling.
    let customer = shop.customer(with_email("Ada.Lovelace@Example.com"));
    restrict(&shop, customer.id, true, false);
    assert!(shop.decide(&by_email("ADA.lovelace@example.COM")).unwrap().blocks());
}

#[test]
fn incident_2_dots_and_tags_tell_strangers_apart() {
    let shop = Shop::new();
    shop.list(block_email("john.doe@gmail.com"));
    shop.list(block_email("jane+shop@firm.example"));
    for stranger in
        ["johndoe@gmail.com", "john.doe+x@gmail.com", "jane@firm.example", "jane+other@firm.example"]
    {
        assert!(!shop.decide(&by_email(stranger)).unwrap().blocks(), "{stranger}");
    }
}

#[test]
fn incident_3_a_new_block_without_an_end_clears_an_old_end() {
    let shop = Shop::new();
    let customer = shop.customer(with_email("ada@a.example"));
    let end = shop.now().plus_seconds(60);
    let mut timed = block_email("ben@b.example");
    timed.expires_at = Some(end);
    let first = shop.list(timed);
    set(&shop, customer.id, NewListStatus { expires_at: Some(end), ..status(ListStatus::Blacklisted) });
    shop.clock.advance(3_600);
    for attempt in [by_email("ben@b.example"), by_id(customer.id)] {
        assert!(!shop.decide(&attempt).unwrap().blocks(), "it has ended");
    }
    let again = shop.list(block_email("ben@b.example"));
    assert_eq!((again.id, again.window.until()), (first.id, None));
    let customer = set(&shop, customer.id, status(ListStatus::Blacklisted));
    assert_eq!(customer.standing.window.until(), None);
    shop.clock.advance(1_000_000);
    for attempt in [by_email("ben@b.example"), by_id(customer.id)] {
        assert!(shop.decide(&attempt).unwrap().blocks(), "it has no end");
    }
}

#[test]
fn incident_4_windows_are_half_open_to_the_microsecond() {
    let shop = Shop::new();
    let mut new = block_email("ada@a.example");
    new.starts_at = Some(shop.now().plus_seconds(10));
    new.expires_at = Some(shop.now().plus_seconds(20));
    shop.list(new);
    let customer = shop.customer(with_email("ben@b.example"));
    let end = Some(shop.now().plus_seconds(20));
    set(&shop, customer.id, NewListStatus { expires_at: end, ..status(ListStatus::Blacklisted) });
    let blocks = || {
        let entry = shop.decide(&by_email("ada@a.example")).unwrap().blocks();
        let status = shop.decide(&by_id(customer.id)).unwrap().blocks();
        let id = customer.id;
        let normal = shop.read(move |view| view.customer(id)).unwrap().standing.at(shop.now());
        assert_eq!(normal == ListStatus::Blacklisted, status, "the record and the decision agree");
        (entry, status)
    };
    shop.clock.advance_us(10_000_000 - 1);
    assert_eq!(blocks(), (false, true));
    shop.clock.advance_us(1);
    assert_eq!(blocks(), (true, true), "the first moment counts");
    shop.clock.advance_us(10_000_000 - 1);
    assert_eq!(blocks(), (true, true));
    shop.clock.advance_us(1);
    assert_eq!(blocks(), (false, false), "the last one does not");
}

/// Stale blocks that nobody reviewed kept good customers out for a month. A block may end by itself, each renewal that it
/// stops is counted, and the lists show what ends soon and what never matched anybody.
#[test]
fn incident_5_a_block_ends_by_itself_is_counted_and_is_shown_for_review() {
    let shop = Shop::new();
    let end = shop.now().plus_seconds(3_600);
    let timed = shop.list(NewEntry { expires_at: Some(end), ..block_email("good@customer.example") });
    let idle = shop.list(block_email("nobody@customer.example"));
    let renewal = Try { by_merchant: true, ..by_email("good@customer.example") };
    for _ in 0..3 {
        assert!(shop.decide(&renewal).unwrap().blocks());
    }
    block_on(shop.service().write_hits()).unwrap();
    let now = shop.now();
    let (ending, unmatched) = shop.read(move |view| {
        let filter = EntryFilter::of(List::Block, now);
        let ending = view.entries_ending(&filter, (now, None), now.plus_seconds(86_400), 10)?;
        Ok((ending, view.entries_never_matched(&filter, None, 10)?))
    });
    let ending: Vec<_> = ending.iter().map(|row| (row.entry.id, row.hits)).collect();
    assert_eq!(ending, [(timed.id, 3)], "how many it has stopped stands beside its end");
    assert_eq!(unmatched.iter().map(|row| row.entry.id).collect::<Vec<_>>(), [idle.id]);
    shop.clock.advance(3_600);
    assert!(!shop.decide(&renewal).unwrap().blocks(), "nobody had to lift it");
}

#[test]
fn incident_6_a_check_looks_at_the_payers_identifiers_only() {
    let shop = Shop::new();
    // The seller's own address stands on the list, and on no attempt: nothing else than what the
    // attempt carries is looked up.
    shop.list(new_entry(List::Block, Kind::Ip, "203.0.113.7"));
    assert!(!shop.decide(&by_email("ada@a.example")).unwrap().blocks());
    // What is said to be of one kind is never looked up as another.
    shop.list(new_entry(List::Block, Kind::Device, "ada@a.example"));
    assert!(!shop.decide(&by_email("ada@a.example")).unwrap().blocks());
    assert!(shop.decide(&by(Kind::Device, "ada@a.example")).unwrap().blocks());
    assert_eq!(Kind::parse("sellerIp"), None, "an unknown kind has no type");
}

#[test]
fn incident_7_an_exemption_cannot_be_claimed_by_typing_it() {
    let shop = Shop::new();
    shop.list(new_entry(List::Allow, Kind::Email, "vip@a.example"));
    shop.list(new_entry(List::Block, Kind::Country, "NG"));
    let trusted = shop.customer(Profile {
        merchant_ref: Some(merchant_ref("ref-vip")),
        ..with_email("other.vip@a.example")
    });
    set(&shop, trusted.id, status(ListStatus::Whitelisted));
    let code = |attempt: Try<'_>| shop.decide(&attempt).unwrap().code;
    let soft_and = |kind, value, typed| Try {
        identifiers: vec![(Kind::Country, "NG"), (kind, value)],
        typed,
        ..Try::default()
    };
    assert_eq!(code(soft_and(Kind::Email, "vip@a.example", false)), Code::IdentifierWhitelisted);
    assert_eq!(code(soft_and(Kind::Email, "vip@a.example", true)), Code::IdentifierBlacklisted);
    // A whitelisted customer counts when named by what a payer cannot choose.
    assert_eq!(code(soft_and(Kind::MerchantRef, "ref-vip", false)), Code::CustomerWhitelisted);
    assert_eq!(code(soft_and(Kind::MerchantRef, "ref-vip", true)), Code::IdentifierBlacklisted);
    assert_eq!(code(soft_and(Kind::Email, "other.vip@a.example", false)), Code::IdentifierBlacklisted);
}

#[test]
fn incident_10_a_write_answers_with_what_is_so_and_a_wrong_id_is_an_error() {
    let shop = Shop::new();
    let customer =
        shop.customer(Profile { merchant_ref: Some(merchant_ref("ref-1")), ..with_email("ada@a.example") });
    let restricted = restrict(&shop, customer.id, true, false);
    assert!(restricted.restriction.cit && !restricted.restriction.mit);
    let id = customer.id;
    assert_eq!(shop.read(move |view| view.customer(id)), Some(restricted), "the answer is the record");
    let standing = shop.service().standing(MERCHANT, id, Initiator::Customer).unwrap();
    assert_eq!((standing.outcome, standing.code), (Outcome::Block, Code::CustomerRestricted));

    let nobody = CustomerId::generate(shop.now(), shop.random.as_ref());
    let no_entry = EntryId::generate(List::Block, shop.now(), shop.random.as_ref());
    let revision = shop.service().readiness().revision;
    let refused: Vec<UseCaseError> = vec![
        shop.run(move |transaction, by| {
            restrict_customer(transaction, by, nobody, RestrictionUpdate::default())
        })
        .unwrap_err(),
        shop.run(move |transaction, by| {
            set_list_status(transaction, by, nobody, status(ListStatus::Blacklisted))
        })
        .unwrap_err(),
        shop.run(move |transaction, by| clear_list_status(transaction, by, nobody, ListStatus::Blacklisted))
            .unwrap_err(),
        shop.run(move |transaction, by| unlist_entry(transaction, by, no_entry)).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| matches!(error, UseCaseError::NotFound(_))), "{refused:?}");
    let unlisted = shop.run(move |transaction, by| {
        let (known, address) = (merchant_ref("ref-1"), email("ada@a.example"));
        let nobody = unlist_customer(transaction, by, &merchant_ref("x"), &address, ListStatus::Blacklisted);
        let normal = unlist_customer(transaction, by, &known, &address, ListStatus::Blacklisted);
        Ok((nobody, normal))
    });
    assert!(matches!(unlisted, Ok((Err(UnlistError::Nobody), Err(UnlistError::NotListed)))));
    // An entry that could never count would be a no-op.
    let mut ended = block_email("ben@b.example");
    ended.expires_at = Some(shop.now());
    let refused = shop.run(move |transaction, by| list_entry(transaction, by, ended));
    assert!(matches!(refused, Err(UseCaseError::Invalid { path: "expiresAt", .. })));
    let taken = Profile { merchant_ref: Some(merchant_ref("ref-1")), ..Profile::default() };
    let refused = shop.run(move |transaction, by| create_customer(transaction, by, taken));
    assert!(matches!(refused, Err(UseCaseError::RefTaken)));
    assert_eq!(shop.service().readiness().revision, revision, "nothing refused is in the feed");
    assert_eq!(shop.decide(&by_id(nobody)), Err(DecidePaymentError::Attempt(DecideError::UnknownCustomer)));
}

#[test]
fn incident_11_taking_one_source_away_leaves_the_others() {
    let shop = Shop::new();
    let customer = shop.customer(with_email("ada@a.example"));
    let (id, tiers) = (customer.id, || -> Vec<Tier> {
        let decided = shop.decide(&by_id(customer.id)).unwrap();
        assert_eq!(decided.blocks(), !decided.sources.is_empty());
        decided.sources.iter().map(|source| source.tier).collect()
    });
    restrict(&shop, id, true, true);
    set(&shop, id, status(ListStatus::Blacklisted));
    let entry = shop.list(block_email("ada@a.example"));
    let other = shop.customer(with_email("ada@a.example"));
    set(&shop, other.id, status(ListStatus::Blacklisted));
    assert_eq!(tiers(), [Tier::Restriction, Tier::Blacklisted, Tier::Blacklisted, Tier::HardBlock]);
    shop.run(move |transaction, by| unlist_entry(transaction, by, entry.id)).unwrap();
    assert_eq!(tiers(), [Tier::Restriction, Tier::Blacklisted, Tier::Blacklisted]);
    restrict(&shop, id, false, true);
    assert_eq!(tiers(), [Tier::Blacklisted, Tier::Blacklisted]);
    shop.run(move |transaction, by| clear_list_status(transaction, by, id, ListStatus::Blacklisted)).unwrap();
    assert_eq!(tiers(), [Tier::Blacklisted], "another customer with the same email");
    let by_merchant = Try { by_merchant: true, ..by_id(id) };
    assert_eq!(shop.decide(&by_merchant).unwrap().code, Code::CustomerRestricted);
}

/// An allowlist had no effect on blocks that were there before it, and a blocked range swallowed an allowed address.
#[test]
fn incident_13_an_allowed_identifier_counts_whenever_it_is_listed() {
    let shop = Shop::new();
    let allow = |kind, value| new_entry(List::Allow, kind, value);
    for (kind, range, value) in [
        (Kind::Ip, "203.0.113.0/24", "203.0.113.7"),
        (Kind::EmailDomain, "firm.example", "ada@firm.example"),
        (Kind::Bin, "424242", "42424242"),
    ] {
        let narrow = if kind == Kind::EmailDomain { Kind::Email } else { kind };
        let attempt = by(narrow, value);
        let block = shop.list(new_entry(List::Block, kind, range));
        assert!(shop.decide(&attempt).unwrap().blocks(), "{value}");
        let allowed = shop.list(allow(narrow, value));
        assert_eq!(
            shop.decide(&attempt).unwrap().code,
            Code::IdentifierWhitelisted,
            "{value}: after the block"
        );
        let id = block.id;
        shop.run(move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
        shop.list(new_entry(List::Block, kind, range));
        assert_eq!(shop.decide(&attempt).unwrap().code, Code::IdentifierWhitelisted, "{value}: before it");
        let id = allowed.id;
        shop.run(move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
        assert!(shop.decide(&attempt).unwrap().blocks(), "{value}");
    }
}

#[test]
fn incident_14_a_decision_names_entry_identifier_and_tier() {
    let shop = Shop::new();
    let mut new = block_email("Ada@A.example");
    new.reason = Some(reason("seen before"));
    new.public_message = Some(PublicMessage::parse("Please call us.").unwrap());
    let block = shop.list(new);
    let allow = shop.list(new_entry(List::Allow, Kind::Email, "ada@a.example"));
    let decided = shop.decide(&by_email("ADA@a.example")).unwrap();
    assert_eq!((decided.outcome, decided.code), (Outcome::Block, Code::IdentifierBlacklisted));
    assert_eq!(decided.public_message.as_deref(), Some("Please call us."));
    let [deciding, beaten] = &decided.sources[..] else { panic!("{:?}", decided.sources) };
    assert_eq!((deciding.tier, deciding.entry), (Tier::HardBlock, Some(block.id)));
    assert_eq!((beaten.tier, beaten.entry), (Tier::AllowEntry, Some(allow.id)));
    for source in &decided.sources {
        assert_eq!((source.kind, source.value.as_deref()), (Some(Kind::Email), Some("ada@a.example")));
    }
    assert_eq!(deciding.reason.as_deref(), Some("seen before"));
    assert_eq!(decided.revision, shop.service().readiness().revision);
}

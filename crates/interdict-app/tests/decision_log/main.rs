//! The log of decisions: what is kept, what is lost and counted, and that no decision ever waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod shared_means;

use std::collections::HashSet;
use std::process::Command;
use std::time::Duration;

use interdict_app::decision::{Code, Outcome};
use interdict_app::{
    DecisionLogStatus, Judged, LoggedDecision, LoggedFilter, NewPayment, PaymentAttempt, Presented,
    SettingsUpdate, change_settings, create_payment, erase_customer, erase_forgotten_customer,
};
use interdict_domain::customer::Profile;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::DecisionId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::Initiator;
use interdict_domain::text::{Metadata, PublicMessage};
use interdict_test_support::wait_until;
use support::place::{Place, on_both_engines};
use support::{MERCHANT, Shop, Try, block_email, block_on, by_email, email, new_entry, reason, with_email};

const PATIENCE: Duration = Duration::from_mins(1);

fn all(shop: &Shop) -> Vec<LoggedDecision> {
    find(shop, &LoggedFilter::default())
}

fn find(shop: &Shop, filter: &LoggedFilter) -> Vec<LoggedDecision> {
    block_on(shop.service().logged_decisions(MERCHANT, filter, None, 100_000)).unwrap()
}

fn status(shop: &Shop) -> DecisionLogStatus {
    shop.service().decision_log_status().unwrap()
}

fn attempt<'a>(identifiers: &'a [Presented<'a>], dry_run: bool) -> PaymentAttempt<'a> {
    PaymentAttempt {
        initiator: Initiator::Customer,
        customer: None,
        identifiers,
        money: None,
        explain: false,
        dry_run,
    }
}

fn presented(email: &str) -> [Presented<'_>; 1] {
    [Presented { kind: Kind::Email, value: email.into(), verified: true }]
}

/// Decides, and says under which id.
fn judged(shop: &Shop, email: &str) -> DecisionId {
    let identifiers = presented(email);
    let attempt = attempt(&identifiers, false);
    shop.service().decide(MERCHANT, shop.now(), &attempt, |_, Judged { id, .. }| id).unwrap()
}

fn codes(logged: &[LoggedDecision]) -> Vec<Code> {
    logged.iter().map(|logged| logged.decision.code).collect()
}

#[test]
fn a_block_is_kept_with_all_that_its_answer_said() {
    let shop = Shop::new();
    let mut new = block_email("mallory@a.example");
    new.reason = Some(reason("fraud ring"));
    new.public_message = Some(PublicMessage::parse("Please call us.").unwrap());
    let entry = shop.list(new);
    let identifiers = presented("mallory@a.example");
    let attempt = PaymentAttempt { explain: true, ..attempt(&identifiers, false) };
    let (id, answered) = shop
        .service()
        .decide(MERCHANT, shop.now(), &attempt, |decision, judged| {
            (judged.id, format!("{:?} {:?}", decision.explanation, decision.code))
        })
        .unwrap();
    let logged = block_on(shop.service().logged_decision(MERCHANT, id)).unwrap().unwrap();
    let decision = &logged.decision;
    assert_eq!(format!("{:?} {:?}", decision.explanation, decision.code), answered);
    assert_eq!((logged.id, logged.at, logged.origin), (id, shop.now(), DecisionOrigin::Api));
    assert_eq!(decision.public_message.as_deref(), Some("Please call us."));
    let source = &decision.sources[0];
    assert_eq!(source.entry, Some(entry.id));
    assert_eq!(source.value.as_deref(), Some("mallory@a.example"));
    assert_eq!(source.reason.as_deref(), Some("fraud ring"));
    let explanation = decision.explanation.as_deref().unwrap();
    assert_eq!(explanation.lookups[0].value.as_deref(), Some("mallory@a.example"));
    assert!(explanation.tiers[2].reached && !explanation.tiers[3].reached);
    assert!(block_on(shop.service().logged_decision(MerchantNumber(2), id)).unwrap().is_none());
    assert!(block_on(shop.app.service(Mode::Live).logged_decision(MERCHANT, id)).unwrap().is_none());
}

#[test]
fn a_decision_that_explains_nothing_is_explained_in_the_log() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    shop.list(new_entry(List::Allow, Kind::Device, "trusted"));
    let customer = shop.customer(with_email("ada@a.example"));
    for attempt in
        [by_email("mallory@a.example"), support::by_id(customer.id), support::by(Kind::Device, "trusted")]
    {
        let answered = shop.decide(&attempt).unwrap();
        let logged = all(&shop).remove(0);
        let explanation = logged.decision.explanation.as_deref().unwrap();
        assert_eq!(logged.decision.code, answered.code);
        assert_eq!(explanation.lookups.len(), 1);
        assert_eq!(explanation.lookups[0].hit, !answered.sources.is_empty());
        shop.clock.advance(1);
    }
    let of_customer = LoggedFilter { customer: Some(customer.id), ..LoggedFilter::default() };
    assert_eq!(find(&shop, &of_customer).len(), 1);
    // What the named customer brought along is found, too.
    let by_email = LoggedFilter {
        identifier: Some((Kind::Email, "ada@a.example".to_owned())),
        ..LoggedFilter::default()
    };
    assert_eq!(find(&shop, &by_email).len(), 1);
}

#[test]
fn a_dry_run_leaves_nothing() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let mallory = by_email("mallory@a.example");
    shop.decide(&Try { dry_run: true, ..mallory.clone() }).unwrap();
    assert!(all(&shop).is_empty());
    shop.decide(&mallory).unwrap();
    assert_eq!(all(&shop).len(), 1);
}

#[test]
fn of_those_who_may_pay_so_many_a_second_are_kept_and_of_the_others_all() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let ask = |payer: &str, times: usize| {
        for _ in 0..times {
            shop.decide(&by_email(payer)).unwrap();
        }
    };
    let kept =
        |outcome| find(&shop, &LoggedFilter { outcome: Some(outcome), ..LoggedFilter::default() }).len();
    ask("ada@a.example", 200);
    ask("mallory@a.example", 200);
    assert_eq!((kept(Outcome::Allow), kept(Outcome::Block)), (50, 200), "a burst of five seconds");
    shop.clock.advance(2);
    ask("ada@a.example", 200);
    assert_eq!(kept(Outcome::Allow), 70);
    let choose = |rate| {
        let update = SettingsUpdate { allowed_per_second: Some(rate), ..SettingsUpdate::default() };
        shop.run(move |transaction, by| change_settings(transaction, by, update)).unwrap();
    };
    choose(0);
    shop.clock.advance(100);
    ask("ada@a.example", 10);
    assert_eq!(kept(Outcome::Allow), 70);
    choose(1_000);
    ask("ada@a.example", 200);
    assert_eq!(kept(Outcome::Allow), 270);
    assert_eq!(status(&shop).written, 470);
}

/// The control: what does not fit is lost, and counted to the last one.
#[test]
fn a_log_that_is_stuck_holds_up_no_decision_and_what_does_not_fit_is_counted() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let path = log_file(&shop);
    let somebody = rusqlite::Connection::open(path).unwrap();
    somebody.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let (rounds, most) = (20_000_u64, status(&shop).queued_max);
    for _ in 0..rounds {
        assert!(shop.decide(&by_email("mallory@a.example")).unwrap().blocks());
    }
    let stuck = status(&shop);
    assert_eq!(stuck.written, 0);
    assert!(stuck.lost_to_full_queue > 0, "{stuck:?}");
    assert!(stuck.queued <= most, "{stuck:?}");
    somebody.execute_batch("ROLLBACK").unwrap();
    wait_until(|| status(&shop).queued == 0, PATIENCE).unwrap();
    wait_until(
        || {
            let now = status(&shop);
            now.written + now.lost_to_full_queue + now.lost_to_failures == rounds
        },
        PATIENCE,
    )
    .unwrap();
    let after = status(&shop);
    assert_eq!(all(&shop).len(), usize::try_from(after.written).unwrap());
    assert!(after.written >= u64::try_from(most).unwrap() / 2, "{after:?}");
    // And the log goes on.
    shop.decide(&by_email("mallory@a.example")).unwrap();
    assert_eq!(all(&shop).len(), usize::try_from(after.written).unwrap() + 1);
}

/// The log's file.
fn log_file(shop: &Shop) -> std::path::PathBuf {
    shop.folder.path().join("test-decisions.db")
}

#[test]
fn a_batch_leaves_room_for_the_others() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let somebody = rusqlite::Connection::open(log_file(&shop)).unwrap();
    somebody.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let identifiers = presented("mallory@a.example");
    let attempts = vec![attempt(&identifiers, false); 10_000];
    let sitting = shop.service().sit(MERCHANT, shop.now());
    sitting.decide_all(0, &attempts, |_, decided| assert!(decided.is_ok()));
    let half = status(&shop);
    assert!(half.queued <= half.queued_max / 2, "{half:?}");
    assert!(half.lost_to_full_queue >= 10_000 - 5_000, "{half:?}");
    shop.decide(&by_email("mallory@a.example")).unwrap();
    assert_eq!(status(&shop).lost_to_full_queue, half.lost_to_full_queue, "there is room for one alone");
    somebody.execute_batch("ROLLBACK").unwrap();
    wait_until(|| status(&shop).queued == 0, PATIENCE).unwrap();
    let batch = LoggedFilter { origin: Some(DecisionOrigin::Batch), ..LoggedFilter::default() };
    let logged = find(&shop, &batch);
    assert!(logged.iter().all(|logged| logged.batch.unwrap().0 == sitting.id()));
    let places: HashSet<u32> = logged.iter().map(|logged| logged.batch.unwrap().1).collect();
    assert!(!places.is_empty() && places.len() == logged.len(), "each has a place of its own");
    assert!(places.iter().all(|place| *place < 10_000));
}

on_both_engines!("decision_log": what_was_logged_is_there_after_a_restart_and_goes_when_it_is_old);

fn what_was_logged_is_there_after_a_restart_and_goes_when_it_is_old(place: &Place) {
    let shop = &place.shop;
    shop.list(block_email("mallory@a.example"));
    let first = judged(shop, "mallory@a.example");
    let again = shop.reopened();
    let found = block_on(again.service(Mode::Test).logged_decision(MERCHANT, first)).unwrap();
    assert!(found.is_none_or(|logged| logged.id == first), "another process may be early");
    block_on(shop.app.finish_chores());
    let found = block_on(again.service(Mode::Test).logged_decision(MERCHANT, first)).unwrap();
    assert_eq!(found.unwrap().decision.code, Code::IdentifierBlacklisted);
    drop(again);
    shop.clock.advance(29 * 86_400);
    let second = judged(shop, "mallory@a.example");
    shop.clock.advance(2 * 86_400);
    let there = |id| block_on(shop.service().logged_decision(MERCHANT, id)).unwrap().is_some();
    assert!(there(first) && there(second));
    block_on(shop.app.do_chores(true));
    wait_until(|| !there(first), PATIENCE).unwrap();
    assert!(there(second));
}

#[test]
fn a_retention_of_zero_keeps_none_and_what_was_kept_goes() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let kept = judged(&shop, "mallory@a.example");
    assert_eq!(all(&shop).len(), 1);
    let off = shop.reopened_keeping(Duration::ZERO);
    let service = off.service(Mode::Test);
    assert!(!service.keeps_decisions());
    support::decide(service, shop.now(), &by_email("mallory@a.example")).unwrap();
    block_on(off.do_chores(true));
    wait_until(|| block_on(service.logged_decision(MERCHANT, kept)).unwrap().is_none(), PATIENCE).unwrap();
    assert_eq!(service.decision_log_status().unwrap().written, 0);
}

#[test]
fn payments_are_always_kept_under_their_id() {
    let shop = Shop::new();
    shop.list(block_email("mallory@a.example"));
    let update = SettingsUpdate { allowed_per_second: Some(0), ..SettingsUpdate::default() };
    shop.run(move |transaction, by| change_settings(transaction, by, update)).unwrap();
    let service = shop.service();
    for payer in ["ada@a.example", "mallory@a.example"] {
        let (inner, random, now) = (service.clone(), shop.random.clone(), shop.now());
        let payment = service
            .store()
            .write_blocking(move |transaction| {
                let actor = interdict_domain::actor::Actor::system();
                let by = interdict_app::store::Authorship::new(&actor, now, random.as_ref());
                let new = NewPayment {
                    money: Money::new(500, Currency::parse("NGN").unwrap()).unwrap(),
                    initiator: Initiator::Customer,
                    customer: None,
                    email: Some(email(payer)),
                    payment_method: None,
                    confirm: false,
                    metadata: Metadata::default(),
                };
                create_payment(&inner, &mut transaction.merchant(MERCHANT), &by, new)
            })
            .unwrap()
            .value;
        let interdict_app::Begun::Ended(payment) = payment else { panic!("{payment:?}") };
        let found = block_on(service.logged_decisions_of_payment(MERCHANT, payment.id, 10)).unwrap();
        let expected = if payer.starts_with("ada") { Code::Default } else { Code::IdentifierBlacklisted };
        assert_eq!(codes(&found), [expected]);
        assert_eq!((found[0].origin, found[0].payment), (DecisionOrigin::Payment, Some(payment.id)));
    }
}

/// In each text of somebody who is erased.
const MARK: &str = "erasable";

/// How often the mark stands in the log's files.
fn left_behind(shop: &Shop) -> usize {
    let mut count = 0;
    for file in std::fs::read_dir(shop.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if !path.to_str().unwrap().contains("decisions") {
            continue;
        }
        // By a process of its own: closing a file here would end all locks that SQLite holds on it here.
        let bytes = Command::new("cat").arg(path).output().unwrap().stdout;
        count += bytes.windows(MARK.len()).filter(|window| *window == MARK.as_bytes()).count();
    }
    count
}

#[test]
fn an_erased_person_leaves_no_byte_in_the_log() {
    let shop = Shop::new();
    let mut ids = Vec::new();
    for number in 0..200 {
        let address = format!("{MARK}.{number}@mail.example");
        let customer = shop.customer(Profile { ..with_email(&address) });
        let mut new = block_email(&address);
        new.reason = Some(reason(&format!("{MARK} was seen {number}").repeat(1 + number % 7)));
        shop.list(new);
        shop.list(new_entry(List::Block, Kind::Device, &format!("keeper-{number}")));
        shop.decide(&by_email(&address)).unwrap();
        shop.decide(&Try { customer: Some(customer.id), ..Try::default() }).unwrap();
        shop.decide(&support::by(Kind::Device, &format!("keeper-{number}"))).unwrap();
        ids.push(customer.id);
    }
    assert_eq!(all(&shop).len(), 600);
    assert!(left_behind(&shop) > 0, "the search finds what is there");
    for id in ids {
        let forgotten = block_on(shop.service().forget_in_log(MERCHANT, id)).unwrap();
        assert_eq!(forgotten.decisions, 2);
        shop.run(move |transaction, by| erase_forgotten_customer(transaction, by, id, &forgotten)).unwrap();
    }
    assert_eq!(left_behind(&shop), 0);
    let logged = all(&shop);
    assert_eq!(logged.len(), 600, "that there was a decision stays");
    assert_eq!(logged.iter().filter(|logged| logged.is_erased).count(), 400);
    assert!(logged.iter().all(|logged| logged.decision.explanation.is_some()));
    let kept =
        LoggedFilter { identifier: Some((Kind::Device, "keeper-7".to_owned())), ..LoggedFilter::default() };
    assert_eq!(find(&shop, &kept)[0].decision.sources[0].value.as_deref(), Some("keeper-7"));
}

#[test]
fn a_person_whom_the_log_cannot_forget_now_is_not_erased_and_can_be_tried_again() {
    let shop = Shop::new();
    let id = shop.customer(with_email("ada@a.example")).id;
    shop.decide(&by_email("ada@a.example")).unwrap();
    assert_eq!(all(&shop).len(), 1);
    let somebody = rusqlite::Connection::open(log_file(&shop)).unwrap();
    somebody.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(block_on(shop.service().forget_in_log(MERCHANT, id)).is_err());
    somebody.execute_batch("ROLLBACK").unwrap();
    assert_eq!(block_on(shop.service().forget_in_log(MERCHANT, id)).unwrap().decisions, 1);
}

#[test]
fn who_changes_while_being_forgotten_is_not_erased_by_half() {
    let shop = Shop::new();
    let id = shop.customer(with_email("ada@a.example")).id;
    let forgotten = block_on(shop.service().forget_in_log(MERCHANT, id)).unwrap();
    let update = interdict_app::ProfileUpdate {
        email: Some(Some(email("ada@b.example"))),
        ..interdict_app::ProfileUpdate::default()
    };
    shop.run(move |transaction, by| interdict_app::update_customer(transaction, by, id, update)).unwrap();
    let erase = shop.run(move |transaction, by| erase_forgotten_customer(transaction, by, id, &forgotten));
    assert!(matches!(erase, Err(interdict_app::UseCaseError::ChangedMeanwhile)));
    shop.run(move |transaction, by| erase_customer(transaction, by, id)).unwrap();
}

//! The log of decisions: what is written is found by each filter, old ones go, and persons are forgotten, those too whom
//! somebody writes after they were erased.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, DecisionId, Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;
use interdict_storage::{DecisionFilter, DecisionRow, DecisionStore, MerchantView, SearchKey};
use interdict_test_support::wait_until;

use crate::support::{Deterministic, MERCHANT, World, now, pepper};

on_both_engines!(
    what_is_written_is_read_again,
    each_filter_finds_what_it_says_and_pages_go_on_where_they_ended,
    who_came_with_an_identifier_is_found_the_newest_first,
    whoever_was_blocked_since_is_known,
    old_decisions_go_with_their_keys,
    a_person_is_taken_out_and_the_decision_stays,
    whoever_writes_after_an_erasure_writes_without_the_person,
    a_second_process_reads_and_writes_the_same_log,
    merchants_do_not_meet,
    nobody_writes_a_person_past_an_erasure_that_goes_on_beside,
);

const OTHER: MerchantNumber = MerchantNumber(2);

fn open(world: &World) -> DecisionStore {
    DecisionStore::open(&world.place(), &pepper()).unwrap()
}

fn key(email: &str) -> SearchKey {
    SearchKey::Identifier(pepper().key(MERCHANT, Kind::Email, email))
}

fn ksuid(at: Timestamp, seed: u64) -> Ksuid {
    Ksuid::generate(at, Deterministic::new(seed).as_ref())
}

/// The decision of a second after the beginning, on somebody.
fn decision(second: i64) -> DecisionRow {
    let at = now().plus_seconds(second);
    let is_block = second % 2 == 0;
    DecisionRow {
        id: DecisionId::from_ksuid(ksuid(at, second.unsigned_abs())),
        merchant: MERCHANT,
        at,
        initiator: if second % 3 == 0 { Initiator::Merchant } else { Initiator::Customer },
        outcome: if is_block { "block" } else { "allow" }.to_owned(),
        code: if is_block { "identifier_blacklisted" } else { "default" }.to_owned(),
        tier: if is_block { 3 } else { 7 },
        degraded: second % 5 == 0,
        revision: 40 + second,
        origin: if second % 4 == 0 { DecisionOrigin::Payment } else { DecisionOrigin::Api },
        batch: None,
        customer: None,
        payment: None,
        detail: "{}".to_owned(),
        personal: Some(format!("{{\"email\":\"secret.{second}@example.com\"}}")),
    }
}

fn write(log: &DecisionStore, rows: impl IntoIterator<Item = (DecisionRow, Vec<SearchKey>)>) {
    log.append(&rows.into_iter().collect::<Vec<_>>()).unwrap();
}

fn find(log: &DecisionStore, filter: &DecisionFilter) -> Vec<i64> {
    let rows = log.read_blocking(MERCHANT, |view| view.decisions(filter, None, 100)).unwrap();
    rows.iter().map(|row| (row.at.micros() - now().micros()) / 1_000_000).collect()
}

fn get(log: &DecisionStore, merchant: MerchantNumber, id: DecisionId) -> Option<DecisionRow> {
    log.read_blocking(merchant, |view| view.decision(id)).unwrap()
}

fn what_is_written_is_read_again(world: &World) {
    let log = open(world);
    let whole = DecisionRow {
        batch: Some((DecisionId::from_ksuid(ksuid(now(), 7)), 9_999)),
        customer: Some(CustomerId::from_ksuid(ksuid(now(), 8))),
        payment: Some(PaymentId::from_ksuid(ksuid(now(), 9))),
        ..decision(5)
    };
    write(&log, [(decision(1), vec![]), (whole.clone(), vec![key("a"), key("b")]), (decision(2), vec![])]);
    assert_eq!(get(&log, MERCHANT, whole.id), Some(whole.clone()));
    assert_eq!(get(&log, MERCHANT, decision(1).id), Some(decision(1)));
    assert_eq!(get(&log, MERCHANT, decision(3).id), None);
    let payment = whole.payment.unwrap();
    let of_payment = log.read_blocking(MERCHANT, |view| view.decisions_of_payment(payment, 10)).unwrap();
    assert_eq!(of_payment, [whole]);
}

fn each_filter_finds_what_it_says_and_pages_go_on_where_they_ended(world: &World) {
    let log = open(world);
    let customer = SearchKey::Customer(CustomerId::from_ksuid(ksuid(now(), 8)));
    let keys = |second: i64| {
        let mut keys = vec![key(&format!("{}@example.com", second % 2))];
        keys.extend((second % 6 == 0).then_some(customer));
        keys
    };
    write(&log, (0..12).map(|second| (decision(second), keys(second))));
    let all = DecisionFilter::default();
    assert_eq!(find(&log, &all), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let blocked = DecisionFilter { outcome: Some("block".to_owned()), ..all.clone() };
    assert_eq!(find(&log, &blocked), [10, 8, 6, 4, 2, 0]);
    let by_code = DecisionFilter { code: Some("default".to_owned()), ..all.clone() };
    assert_eq!(find(&log, &by_code), [11, 9, 7, 5, 3, 1]);
    let by_merchant = DecisionFilter { initiator: Some(Initiator::Merchant), ..blocked.clone() };
    assert_eq!(find(&log, &by_merchant), [6, 0]);
    let charges = DecisionFilter { origin: Some(DecisionOrigin::Payment), ..all.clone() };
    assert_eq!(find(&log, &charges), [8, 4, 0]);
    let span = DecisionFilter {
        from: Some(now().plus_seconds(3)),
        until: Some(now().plus_seconds(6)),
        ..all.clone()
    };
    assert_eq!(find(&log, &span), [5, 4, 3]);
    let odd = DecisionFilter { identifiers: vec![key("1@example.com")], ..all.clone() };
    assert_eq!(find(&log, &odd), [11, 9, 7, 5, 3, 1]);
    assert!(find(&log, &DecisionFilter { outcome: Some("block".to_owned()), ..odd.clone() }).is_empty());
    let of_customer = DecisionFilter { customer: Some(customer), ..all.clone() };
    assert_eq!(find(&log, &of_customer), [6, 0]);
    let both = DecisionFilter { identifiers: vec![key("0@example.com")], ..of_customer.clone() };
    assert_eq!(find(&log, &both), [6, 0]);
    assert!(find(&log, &DecisionFilter { identifiers: odd.identifiers.clone(), ..of_customer }).is_empty());
    for filter in [all, blocked, odd] {
        let whole = find(&log, &filter);
        let (mut position, mut paged) = (None, Vec::new());
        loop {
            let page = log.read_blocking(MERCHANT, |view| view.decisions(&filter, position, 4)).unwrap();
            let Some(last) = page.last() else { break };
            position = Some((last.at, last.id.ksuid()));
            paged.extend(page.iter().map(|row| (row.at.micros() - now().micros()) / 1_000_000));
        }
        assert_eq!(paged, whole);
    }
}

fn who_came_with_an_identifier_is_found_the_newest_first(world: &World) {
    let log = open(world);
    let customer = |seed| CustomerId::from_ksuid(ksuid(now(), seed));
    let device = pepper().key(MERCHANT, Kind::Device, "shared");
    let of = |second: i64, id: CustomerId| {
        let keys = vec![SearchKey::Identifier(device), SearchKey::Customer(id), key("ada@a.example")];
        (decision(second), keys)
    };
    write(&log, [of(1, customer(1)), of(2, customer(2)), of(3, customer(1)), of(4, customer(3))]);
    write(&log, [(decision(5), vec![SearchKey::Customer(customer(4))])]);
    // Of two that counted one was named.
    let named = DecisionRow { customer: Some(customer(5)), ..decision(0) };
    let keys = [customer(5), customer(6)].map(SearchKey::Customer);
    write(&log, [(named, [&keys[..], &[SearchKey::Identifier(device)]].concat())]);
    let found = |merchant, decisions| {
        log.read_blocking(merchant, |view| view.customers_that_came_with(device, decisions)).unwrap()
    };
    assert_eq!(found(MERCHANT, 100), [customer(3), customer(1), customer(2), customer(5)]);
    assert_eq!(found(MERCHANT, 2), [customer(3), customer(1)]);
    assert!(found(OTHER, 100).is_empty());
}

fn whoever_was_blocked_since_is_known(world: &World) {
    let log = open(world);
    let customer = |seed| CustomerId::from_ksuid(ksuid(now(), seed));
    let blocked =
        |second: i64, origin| DecisionRow { outcome: "block".to_owned(), origin, ..decision(second) };
    let of = |seed| vec![SearchKey::Customer(customer(seed))];
    let allowed = DecisionRow { outcome: "allow".to_owned(), ..blocked(5, DecisionOrigin::Api) };
    let named = DecisionRow { customer: Some(customer(3)), ..blocked(6, DecisionOrigin::Api) };
    write(
        &log,
        [
            (blocked(1, DecisionOrigin::Api), of(1)),
            (blocked(3, DecisionOrigin::Batch), of(1)),
            // A payment is known elsewhere.
            (blocked(4, DecisionOrigin::Payment), of(1)),
            (allowed, of(1)),
            (named, [of(2), of(3)].concat()),
        ],
    );
    let since = |merchant, seed, second: i64| {
        let place = (now().plus_seconds(second), decision(second).id.ksuid());
        log.read_blocking(merchant, |view| view.was_blocked_after(customer(seed), place)).unwrap()
    };
    assert!(since(MERCHANT, 1, 1) && since(MERCHANT, 1, 2));
    assert!(!since(MERCHANT, 1, 3), "not behind itself");
    assert!(!since(MERCHANT, 2, 0) && since(MERCHANT, 3, 0), "of two that counted one was named");
    assert!(!since(OTHER, 1, 0));
}

fn old_decisions_go_with_their_keys(world: &World) {
    let log = open(world);
    let many = 2_500;
    write(&log, (0..many).map(|second| (decision(second), vec![key("a@example.com")])));
    let by_key = DecisionFilter { identifiers: vec![key("a@example.com")], ..DecisionFilter::default() };
    let before = now().plus_seconds(many - 10);
    let mut pieces = 1;
    while log.trim(before, before).unwrap() {
        pieces += 1;
    }
    assert_eq!(pieces, 3, "a thousand at once");
    let newest: Vec<i64> = (many - 10..many).rev().collect();
    assert_eq!(find(&log, &DecisionFilter::default()), newest);
    assert_eq!(find(&log, &by_key), newest);
    world.run_in_log("DELETE FROM decision_identifier WHERE decision IN (SELECT id FROM decision)");
    assert_eq!(world.count_in_log("decision_identifier"), 0, "no key is left of what is gone");
}

fn a_person_is_taken_out_and_the_decision_stays(world: &World) {
    let log = open(world);
    let ada = SearchKey::Customer(CustomerId::from_ksuid(ksuid(now(), 8)));
    write(
        &log,
        [
            (decision(1), vec![key("ada@example.com"), key("device")]),
            (decision(2), vec![key("bob@example.com"), key("device")]),
            (decision(3), vec![key("eve@example.com"), ada]),
        ],
    );
    let later = now().plus_seconds(600);
    assert_eq!(log.erase(MERCHANT, &[key("ada@example.com"), ada], later).unwrap(), 2);
    for (second, is_erased) in [(1, true), (2, false), (3, true)] {
        let row = get(&log, MERCHANT, decision(second).id).unwrap();
        assert_eq!(
            row,
            DecisionRow { personal: decision(second).personal.filter(|_| !is_erased), ..decision(second) }
        );
    }
    let by = |key| DecisionFilter { identifiers: vec![key], ..DecisionFilter::default() };
    assert!(find(&log, &by(key("ada@example.com"))).is_empty());
    assert_eq!(find(&log, &by(key("device"))), [2]);
    assert_eq!(log.erase(MERCHANT, &[key("ada@example.com"), ada], later).unwrap(), 0);
}

fn whoever_writes_after_an_erasure_writes_without_the_person(world: &World) {
    let (log, other_node) = (open(world), open(world));
    log.erase(MERCHANT, &[key("ada@example.com")], now().plus_seconds(100)).unwrap();
    // Decided before, and still in a queue.
    write(&other_node, [(decision(50), vec![key("ada@example.com")]), (decision(51), vec![key("bob")])]);
    // Decided long after it, by whoever has the email then.
    write(&other_node, [(decision(500), vec![key("ada@example.com")])]);
    assert_eq!(get(&log, MERCHANT, decision(50).id).unwrap().personal, None);
    assert!(get(&log, MERCHANT, decision(51).id).unwrap().personal.is_some());
    assert!(get(&log, MERCHANT, decision(500).id).unwrap().personal.is_some());
    let by_key = DecisionFilter { identifiers: vec![key("ada@example.com")], ..DecisionFilter::default() };
    assert_eq!(find(&log, &by_key), [500]);
}

fn a_second_process_reads_and_writes_the_same_log(world: &World) {
    let logs: Vec<DecisionStore> = (0..3).map(|_| open(world)).collect();
    std::thread::scope(|scope| {
        for (log, first) in logs.iter().zip([0, 100, 200]) {
            scope.spawn(move || {
                for second in first..first + 20 {
                    write(log, [(decision(second), vec![key("a")])]);
                }
            });
        }
    });
    for log in &logs {
        assert_eq!(find(log, &DecisionFilter::default()).len(), 60);
    }
}

fn merchants_do_not_meet(world: &World) {
    let log = open(world);
    let theirs = DecisionRow { merchant: OTHER, ..decision(1) };
    write(&log, [(theirs.clone(), vec![key("a")]), (decision(2), vec![key("a")])]);
    assert_eq!(get(&log, MERCHANT, theirs.id), None);
    assert_eq!(get(&log, OTHER, theirs.id), Some(theirs.clone()));
    let by_key = DecisionFilter { identifiers: vec![key("a")], ..DecisionFilter::default() };
    assert_eq!((find(&log, &DecisionFilter::default()), find(&log, &by_key)), (vec![2], vec![2]));
    assert_eq!(log.erase(MERCHANT, &[key("a")], now()).unwrap(), 1);
    assert_eq!(get(&log, OTHER, theirs.id), Some(theirs));
}

fn nobody_writes_a_person_past_an_erasure_that_goes_on_beside(world: &World) {
    let logs: Vec<DecisionStore> = (0..3).map(|_| open(world)).collect();
    let (eraser, erased_at) = (open(world), now().plus_seconds(10_000_000));
    let (written, is_erased) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for (log, first) in logs.iter().zip([0, 1_000_000, 2_000_000]) {
            let (written, is_erased) = (&written, &is_erased);
            scope.spawn(move || {
                let mut rest = 5;
                for second in first..first + 1_000_000 {
                    write(log, [(decision(second), vec![key("ada@example.com")])]);
                    written.fetch_add(1, Ordering::SeqCst);
                    rest -= i32::from(is_erased.load(Ordering::SeqCst));
                    if rest == 0 {
                        break;
                    }
                }
            });
        }
        wait_until(|| written.load(Ordering::SeqCst) >= 20, Duration::from_mins(1)).unwrap();
        eraser.erase(MERCHANT, &[key("ada@example.com")], erased_at).unwrap();
        is_erased.store(true, Ordering::SeqCst);
    });
    let read = |view: &MerchantView<'_>| view.decisions(&DecisionFilter::default(), None, i64::MAX);
    let rows = eraser.read_blocking(MERCHANT, read).unwrap();
    assert_eq!(rows.len(), written.load(Ordering::SeqCst));
    assert!(rows.iter().all(|row| row.personal.is_none()), "all were decided before the erasure");
    assert_eq!(world.count_in_log("decision_identifier"), 0);
}

#[test]
fn an_erasure_that_a_command_leaves_unfinished_is_finished_by_who_serves() {
    let world = World::sqlite();
    let log = open(&world);
    write(&log, [(decision(1), vec![key("a")])]);
    log.tend();
    world.run_in_log("INSERT INTO meta (name, value) VALUES ('scrub', 'due')");
    log.tend();
    assert_eq!(world.count_in_log("meta WHERE name = 'scrub'"), 0);
}

/// Where each filter begins: none walks over the whole table.
#[test]
fn each_filter_has_an_index() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let schema = interdict_storage::Schema::Decisions;
    for text in interdict_storage::migration_texts(schema, interdict_storage::Dialect::Sqlite) {
        connection.execute_batch(&text).unwrap();
    }
    let plan = |name: &str| -> String {
        let statements = interdict_storage::statements(schema);
        let (_, sql) = statements.iter().find(|(other, _)| *other == name).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
        let rows =
            statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for (name, index) in [
        ("SELECT_AFTER", "USING INDEX decision_at (merchant=? AND"),
        ("SELECT_AFTER_OF_OUTCOME", "USING INDEX decision_outcome (merchant=? AND outcome=? AND"),
        ("SELECT_AFTER_OF_KEY", "SEARCH i USING PRIMARY KEY (merchant=? AND identifier_key=? AND"),
        ("SELECT_BLOCKED_AFTER", "SEARCH i USING PRIMARY KEY (merchant=? AND identifier_key=? AND"),
        ("SELECT_OF_PAYMENT", "USING INDEX decision_payment (merchant=? AND payment=?)"),
    ] {
        let plan = plan(name);
        assert!(plan.contains(index), "{name}: {plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{name}: {plan}");
    }
    // What it sorts, and groups, is bounded by the decisions that it begins with.
    let came_with = plan("SELECT_CAME_WITH");
    for step in [
        "SEARCH decision_identifier USING PRIMARY KEY (merchant=? AND identifier_key=?)",
        "SEARCH o USING COVERING INDEX decision_identifier_decision (decision=?)",
    ] {
        assert!(came_with.contains(step), "{came_with}");
    }
}

//! SIGKILL while 16 clients pay, reverse and sign up and while renewals run: nobody is charged twice, and
//! nothing that was acknowledged or charged is forgotten. The sandbox's ledger is the witness.
//!
//! Controls: processes that forget, on a start, what the product has on the disk by then.

use std::sync::Arc;
use std::time::Duration;

use interdict_test_support::wait_until;
use rusqlite::Connection;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::payment_answers::Answers;
use super::payment_books::{Books, Fault, InFlight, Rule};
use super::payment_clients::{Client, Dice, Shop, call};
use super::server::{Folder, Kind, Server};

const CLIENTS: u64 = 16;
/// `INTERDICT_PAYMENT_FAULT_CYCLES` runs more or fewer, `INTERDICT_PAYMENT_FAULT_SEED` the same again.
const CYCLES: u64 = 500;
/// So many on one folder: the books are read whole after each kill, and must stay short.
const CYCLES_A_FOLDER: u64 = 50;
/// A control is caught within a few kills.
const CYCLES_CONTROL_MAX: u64 = 60;
/// Subscriptions that fall due at once.
const SUBSCRIPTIONS: u64 = 200;
/// From the first request to the kill, at least and at most.
const LOAD_MS: (u64, u64) = (40, 240);
/// Longer than any recovery takes.
const SETTLED: Duration = Duration::from_mins(1);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// What the kills met.
#[derive(Debug, Default)]
struct Figures {
    in_flight: InFlight,
    charged_unsettled: i64,
    kills_amid_renewals: u64,
    acknowledged: usize,
    payments: i64,
    renewed: i64,
}

/// A data folder through many kills.
struct Run {
    runtime: Runtime,
    folder: Folder,
    kind: Kind,
    shop: Arc<Shop>,
    clients: Vec<Client>,
    dice: Dice,
    figures: Figures,
}

impl Run {
    fn new(kind: Kind, seed: u64) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = Folder::new();
        let server = Server::start(&folder, Kind::Product);
        let shop = runtime.block_on(open_shop(server.address, &folder.key));
        server.kill();
        let mut dice = Dice(seed);
        let clients = (0..CLIENTS).map(|n| Client::new(format!("client-{n}"), Dice(dice.next()))).collect();
        Self { runtime, folder, kind, shop: Arc::new(shop), clients, dice, figures: Figures::default() }
    }

    fn books(&self) -> Books {
        Books::open(self.folder.path())
    }

    fn answers(&self) -> Answers {
        let mut all = Answers::default();
        self.clients.iter().for_each(|client| all.add(&client.answers));
        all
    }

    /// Waits until nothing is in flight and nothing is due, and compares the books.
    fn settle(&self) -> Vec<Fault> {
        let books = self.books();
        let settled = wait_until(|| books.in_flight().total() == 0 && books.due() == 0, SETTLED);
        assert!(settled.is_ok(), "still in flight: {:?}, due: {}", books.in_flight(), books.due());
        books.check(&self.answers())
    }

    /// Starts, settles what the kill before cut off, works, and is killed at some moment.
    fn cycle(&mut self) -> Vec<Fault> {
        let server = Server::start(&self.folder, self.kind);
        // Now and then the load, and the kill, fall into the recovery from the kill before.
        let faults = if self.dice.roll(4) == 0 { Vec::new() } else { self.settle() };
        if !faults.is_empty() {
            return faults;
        }
        let load = Duration::from_millis(LOAD_MS.0 + self.dice.roll(LOAD_MS.1 - LOAD_MS.0));
        let advance = Duration::from_millis(self.dice.roll(LOAD_MS.1));
        let (shop, address) = (Arc::clone(&self.shop), server.address);
        let clock = self.runtime.spawn(async move {
            tokio::time::sleep(advance).await;
            // Without an answer when the server dies first.
            call(address, &shop.key, "/v1/test-clock/advance", &json!({ "seconds": 3600 }), 200).await
        });
        let clients: Vec<_> = self
            .clients
            .drain(..)
            .map(|client| self.runtime.spawn(client.run(Arc::clone(&self.shop), address)))
            .collect();
        // The moment of the kill: a random one.
        std::thread::sleep(load);
        server.kill();
        self.clients = clients.into_iter().map(|client| self.runtime.block_on(client).unwrap()).collect();
        self.runtime.block_on(clock).unwrap();
        self.count();
        faults
    }

    fn count(&mut self) {
        let books = self.books();
        let seen = books.in_flight();
        let figures = &mut self.figures;
        figures.in_flight.charges += seen.charges;
        figures.in_flight.reversals += seen.reversals;
        figures.in_flight.renewals += seen.renewals;
        figures.in_flight.sign_ups += seen.sign_ups;
        figures.charged_unsettled += books.charged_unsettled();
        figures.kills_amid_renewals += u64::from(seen.renewals > 0);
    }

    /// Answers every request, compares the books once more, and walks the chain.
    fn end(&mut self) -> Vec<Fault> {
        let server = Server::start(&self.folder, self.kind);
        let clients: Vec<_> = self
            .clients
            .drain(..)
            .map(|client| self.runtime.spawn(client.finish(Arc::clone(&self.shop), server.address)))
            .collect();
        self.clients = clients.into_iter().map(|client| self.runtime.block_on(client).unwrap()).collect();
        let faults = self.settle();
        server.kill();
        self.folder.verify();
        (self.figures.payments, self.figures.renewed) = self.books().size();
        self.figures.acknowledged = self.answers().told.len();
        faults
    }
}

/// Customers, a plan of an hour, and subscriptions to it.
async fn open_shop(address: std::net::SocketAddr, key: &str) -> Shop {
    let plan = json!({ "name": "Hourly", "amount": 500, "currency": "NGN", "interval": "hour" });
    let plan = call(address, key, "/v1/plans", &plan, 201).await.unwrap();
    let plan = plan["id"].as_str().unwrap().to_owned();
    let mut signing = JoinSet::new();
    for number in 0..SUBSCRIPTIONS {
        let (key, plan) = (key.to_owned(), plan.clone());
        signing.spawn(async move {
            let customer = json!({ "email": format!("payer-{number}@example.com") });
            let customer = call(address, &key, "/v1/customers", &customer, 201).await.unwrap();
            let customer = customer["id"].as_str().unwrap().to_owned();
            let body =
                json!({ "customerId": customer, "planId": plan, "paymentMethodId": "pm_test_success" });
            call(address, &key, "/v1/subscriptions", &body, 201).await.unwrap();
            customer
        });
    }
    Shop { key: key.to_owned(), plan, customers: signing.join_all().await, reversible: <_>::default() }
}

#[test]
fn kills_charge_nobody_twice_and_forget_no_payment() {
    let cycles = number("INTERDICT_PAYMENT_FAULT_CYCLES").unwrap_or(CYCLES);
    let seed = number("INTERDICT_PAYMENT_FAULT_SEED")
        .unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
    println!("INTERDICT_PAYMENT_FAULT_SEED={seed}");
    let mut dice = Dice(seed);
    let mut amid_renewals = 0;
    for first in (0..cycles).step_by(usize::try_from(CYCLES_A_FOLDER).unwrap()) {
        let mut run = Run::new(Kind::Product, dice.next());
        for number in first..cycles.min(first + CYCLES_A_FOLDER) {
            let faults = run.cycle();
            assert!(faults.is_empty(), "seed {seed}, before kill {number}: {faults:#?}");
        }
        let faults = run.end();
        assert!(faults.is_empty(), "seed {seed}, at the end of a folder: {faults:#?}");
        println!("{:?}", run.figures);
        let Figures { in_flight, charged_unsettled, .. } = run.figures;
        assert!(
            in_flight.charges > 0 && in_flight.reversals > 0 && charged_unsettled > 0,
            "idle at the kills"
        );
        amid_renewals += run.figures.kills_amid_renewals;
    }
    assert!(amid_renewals > cycles / 20, "only {amid_renewals} of {cycles} kills fell into renewals");
}

/// Kills a control until the checker objects; the rules that were broken.
fn caught(kind: Kind) -> Vec<Rule> {
    let mut run = Run::new(kind, 1);
    for _ in 0..CYCLES_CONTROL_MAX {
        let faults = run.cycle();
        if !faults.is_empty() {
            return faults.into_iter().map(|fault| fault.rule).collect();
        }
    }
    panic!("{CYCLES_CONTROL_MAX} kills did not catch {kind:?}");
}

#[test]
fn a_control_that_acknowledges_payments_before_the_commit_is_caught() {
    let rules = caught(Kind::EarlyAcknowledgement);
    assert!(rules.contains(&Rule::NothingLost) || rules.contains(&Rule::ReversalsAgree), "{rules:?}");
}

#[test]
fn a_control_that_forgets_which_payment_a_key_began_is_caught() {
    let rules = caught(Kind::ForgottenKeys);
    assert!(rules.contains(&Rule::OneKeyOnePayment), "{rules:?}");
}

#[test]
fn a_control_that_charges_before_the_intent_is_kept_is_caught() {
    let rules = caught(Kind::ForgottenIntents);
    assert!(rules.contains(&Rule::NothingForgotten), "{rules:?}");
}

/// Each rule of the checker, broken by hand in good books.
#[test]
fn books_that_were_tampered_with_are_caught() {
    let mut run = Run::new(Kind::Product, 2);
    for _ in 0..5 {
        assert!(run.cycle().is_empty());
    }
    assert!(run.end().is_empty());
    let answers = run.answers();
    let good = run.folder.path().join("test.db");
    Connection::open(&good).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let charge = "payment IN (SELECT id FROM payment WHERE origin = 'api' AND status = 'succeeded' AND
                  amount_reversed = 0 LIMIT 1) AND reversed_before = -1";
    let renewal = "SELECT id FROM payment WHERE origin = 'renewal' AND status = 'succeeded' LIMIT 1";
    let paid = "SELECT id FROM payment WHERE origin = 'api' AND status = 'succeeded' LIMIT 1";
    let cases = [
        (Rule::NothingLost, format!("DELETE FROM payment WHERE id IN ({paid})")),
        (
            Rule::OneKeyOnePayment,
            format!(
                "UPDATE payment SET metadata = (SELECT metadata FROM payment WHERE id IN ({paid}))
                 WHERE origin = 'api' AND status = 'cancelled'"
            ),
        ),
        (
            Rule::ChargedOnce,
            format!(
                "INSERT INTO sandbox_ledger SELECT merchant + 1, payment, reversed_before, amount, currency, result,
                 created_at FROM sandbox_ledger WHERE {charge}"
            ),
        ),
        (Rule::NothingForgotten, format!("UPDATE payment SET status = 'open' WHERE id IN ({paid})")),
        (Rule::NothingInvented, format!("DELETE FROM sandbox_ledger WHERE {charge}")),
        (Rule::NothingInvented, format!("UPDATE sandbox_ledger SET amount = amount + 1 WHERE {charge}")),
        (Rule::ReversalsAgree, "DELETE FROM sandbox_ledger WHERE reversed_before > 0".to_owned()),
        (
            Rule::ReversalsAgree,
            "UPDATE payment SET amount_reversed = 0 WHERE amount_reversed > 0".to_owned(),
        ),
        (
            Rule::PeriodChargedOnce,
            format!(
                "INSERT INTO sandbox_ledger SELECT merchant + 1, payment, reversed_before, amount, currency, result,
                 created_at FROM sandbox_ledger WHERE payment IN ({renewal})"
            ),
        ),
        (
            Rule::PeriodsAgree,
            "UPDATE subscription SET cycles_completed = cycles_completed + 1".to_owned(),
        ),
        (Rule::PeriodsAgree, "UPDATE subscription SET due_at = 0".to_owned()),
    ];
    for (rule, tampering) in cases {
        let doctored = tempfile::tempdir().unwrap();
        std::fs::copy(&good, doctored.path().join("test.db")).unwrap();
        let changed =
            Connection::open(doctored.path().join("test.db")).unwrap().execute(&tampering, []).unwrap();
        assert!(changed > 0, "{tampering} changed nothing");
        let faults = Books::open(doctored.path()).check(&answers);
        assert!(faults.iter().any(|fault| fault.rule == rule), "{rule:?} was not caught: {faults:?}");
    }
}

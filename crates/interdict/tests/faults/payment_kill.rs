//! SIGKILL while 16 clients pay, reverse and sign up and while renewals run: nobody is charged twice, and
//! nothing that was acknowledged or charged is forgotten. The sandbox's ledger is the witness.
//!
//! Controls: processes that forget, on a start, what the product has on the disk by then. One that
//! acknowledges before it commits is no control here: what was begun is settled after the kill, and then
//! stands where it was said to stand. `kill.rs` catches that one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use interdict_test_support::wait_until;
use rusqlite::Connection;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::payment_answers::Answers;
use super::payment_books::{Books, Fault, InFlight, Rule};
use super::payment_clients::{Client, Dice, Shop, create, http};
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
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    in_flight: InFlight,
    charged_unsettled: i64,
    kills_amid_renewals: u64,
    acknowledged: usize,
    payments: i64,
    renewed: i64,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.in_flight += other.in_flight;
        self.charged_unsettled += other.charged_unsettled;
        self.kills_amid_renewals += other.kills_amid_renewals;
        self.acknowledged += other.acknowledged;
        self.payments += other.payments;
        self.renewed += other.renewed;
    }
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
        // Now and then the load, and the kill, fall into the start and the recovery from the kill before.
        let server = if self.dice.roll(4) == 0 {
            Server::start_unready(&self.folder, self.kind)
        } else {
            let server = Server::start(&self.folder, self.kind);
            let faults = self.settle();
            if !faults.is_empty() {
                return faults;
            }
            server
        };
        let load = Duration::from_millis(LOAD_MS.0 + self.dice.roll(LOAD_MS.1 - LOAD_MS.0));
        let advance = Duration::from_millis(self.dice.roll(LOAD_MS.1));
        let address = server.address;
        let clock = self.runtime.spawn(advance_clock(address, Arc::clone(&self.shop), advance));
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
        Vec::new()
    }

    fn count(&mut self) {
        let books = self.books();
        let in_flight = books.in_flight();
        self.figures += Figures {
            in_flight,
            charged_unsettled: books.charged_unsettled(),
            kills_amid_renewals: u64::from(in_flight.renewals > 0),
            ..Figures::default()
        };
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

/// Lets all subscriptions fall due, after a while; without an answer when the server dies first.
async fn advance_clock(address: SocketAddr, shop: Arc<Shop>, after: Duration) {
    tokio::time::sleep(after).await;
    let request = http().post(format!("http://{address}/v1/test-clock/advance")).bearer_auth(&shop.key);
    if let Ok(answer) = request.json(&json!({ "seconds": 3600 })).send().await {
        assert!(!answer.status().is_client_error(), "{answer:?}");
    }
}

/// Customers, a plan of an hour, and subscriptions to it.
async fn open_shop(address: SocketAddr, key: &str) -> Shop {
    let plan = json!({ "name": "Hourly", "amount": 500, "currency": "NGN", "interval": "hour" });
    let plan = create(address, key, "/v1/plans", &plan).await;
    let mut signing = JoinSet::new();
    for number in 0..SUBSCRIPTIONS {
        let (key, plan) = (key.to_owned(), plan.clone());
        signing.spawn(async move {
            let customer = json!({ "email": format!("payer-{number}@example.com") });
            let customer = create(address, &key, "/v1/customers", &customer).await;
            let body =
                json!({ "customerId": customer, "planId": plan, "paymentMethodId": "pm_test_success" });
            create(address, &key, "/v1/subscriptions", &body).await;
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
    let mut figures = Figures::default();
    for first in (0..cycles).step_by(usize::try_from(CYCLES_A_FOLDER).unwrap()) {
        let kind = if dice.roll(2) == 0 { Kind::Product } else { Kind::ProductOnThreads };
        let mut run = Run::new(kind, dice.next());
        for number in first..cycles.min(first + CYCLES_A_FOLDER) {
            let faults = run.cycle();
            assert!(faults.is_empty(), "seed {seed}, before kill {number}:\n{}", listed(&faults));
        }
        let faults = run.end();
        assert!(faults.is_empty(), "seed {seed}, at the end of a folder:\n{}", listed(&faults));
        figures += run.figures;
    }
    println!("{cycles} kills: {figures:?}");
    // Kills that fall between requests show nothing.
    assert!(
        figures.in_flight.charges > 0 && figures.in_flight.reversals > 0 && figures.charged_unsettled > 0
    );
    assert!(figures.kills_amid_renewals > cycles / 20, "renewals were idle at the kills");
}

fn listed(faults: &[Fault]) -> String {
    let lines: Vec<_> = faults.iter().map(|fault| format!("{:?}: {}", fault.rule, fault.what)).collect();
    lines.join("\n")
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
fn a_control_that_forgets_which_payment_a_key_began_is_caught() {
    let rules = caught(Kind::ForgottenKeys);
    assert!(rules.contains(&Rule::OneKeyOnePayment), "{rules:?}");
}

#[test]
fn a_control_that_charges_before_the_intent_is_kept_is_caught() {
    let rules = caught(Kind::ForgottenIntents);
    assert!(rules.contains(&Rule::NothingForgotten), "{rules:?}");
}

#[test]
fn a_control_that_drops_reversals_is_caught() {
    let rules = caught(Kind::ForgottenReversals);
    assert!(rules.contains(&Rule::ReversalsAgree), "{rules:?}");
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
        assert!(
            faults.iter().any(|fault| fault.rule == rule),
            "{rule:?} was not caught: {}",
            listed(&faults)
        );
    }
}

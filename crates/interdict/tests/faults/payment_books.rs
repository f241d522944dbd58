//! The checker of payments: our own books beside the sandbox's ledger and beside what clients were told,
//! read from the file itself.
//!
//! Deliberately not here: how the books came about (`payment_kill.rs`, `payment_clients.rs`).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use interdict_domain::ids::{Ksuid, PaymentId, SubscriptionId};
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

use super::payment_answers::{Answers, Told, Wish};

/// An hour: the period of every plan here.
const PERIOD_US: i64 = 3_600_000_000;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// What was acknowledged is there, as it was told.
    NothingLost,
    /// One `Idempotency-Key`, one payment, one answer.
    OneKeyOnePayment,
    /// A payment is charged at most once.
    ChargedOnce,
    /// What was charged is a payment that succeeded.
    NothingForgotten,
    /// What succeeded was charged, as much as it says.
    NothingInvented,
    /// What was given back is what we say, and what was asked for.
    ReversalsAgree,
    /// A period of a subscription is charged at most once.
    PeriodChargedOnce,
    /// A subscription has entered the periods that were paid, and waits for none.
    PeriodsAgree,
}

/// A rule that does not hold, and where.
pub struct Fault {
    pub rule: Rule,
    pub what: String,
}

struct Payment {
    id: PaymentId,
    key: Option<String>,
    amount: i64,
    currency: String,
    status: String,
    captured: i64,
    reversed: i64,
    period: Option<(SubscriptionId, i64)>,
}

struct Subscription {
    id: SubscriptionId,
    key: Option<String>,
    status: String,
    anchor: i64,
    period_end: i64,
    cycles: i64,
}

struct LedgerRow {
    payment: PaymentId,
    reversed_before: i64,
    amount: i64,
    currency: String,
    result: String,
}

/// What is on its way to the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFlight {
    pub charges: i64,
    pub reversals: i64,
    pub renewals: i64,
    pub sign_ups: i64,
}

impl std::ops::AddAssign for InFlight {
    fn add_assign(&mut self, other: Self) {
        self.charges += other.charges;
        self.reversals += other.reversals;
        self.renewals += other.renewals;
        self.sign_ups += other.sign_ups;
    }
}

impl InFlight {
    pub fn total(self) -> i64 {
        self.charges + self.reversals + self.renewals + self.sign_ups
    }
}

/// The store of test mode, read beside the server or after its end, and never written.
pub struct Books {
    connection: Connection,
    payments: HashMap<PaymentId, Payment>,
    subscriptions: Vec<Subscription>,
    ledger: HashMap<PaymentId, Vec<LedgerRow>>,
    faults: Vec<Fault>,
}

fn payment_id(row: &Row<'_>, index: usize) -> rusqlite::Result<PaymentId> {
    Ok(PaymentId::from_ksuid(Ksuid::from_bytes(row.get(index)?)))
}

fn subscription_id(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<SubscriptionId>> {
    let bytes: Option<[u8; 20]> = row.get(index)?;
    Ok(bytes.map(|bytes| SubscriptionId::from_ksuid(Ksuid::from_bytes(bytes))))
}

/// The `Idempotency-Key` that a client wrote into the metadata.
fn key_of(metadata: &str) -> Option<String> {
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    metadata["key"].as_str().map(str::to_owned)
}

fn rows<T>(connection: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| read(row)).unwrap().map(Result::unwrap).collect()
}

impl Books {
    /// Opens the file; nothing is read yet.
    pub fn open(folder: &Path) -> Self {
        // Read only: whoever closes a log last writes it into the file, and that is for the server to do.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(folder.join("test.db"), flags).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        Self {
            connection,
            payments: HashMap::new(),
            subscriptions: Vec::new(),
            ledger: HashMap::new(),
            faults: Vec::new(),
        }
    }

    fn count(&self, sql: &str) -> i64 {
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// What the gateway is being asked, or was when the process died.
    pub fn in_flight(&self) -> InFlight {
        let count = |filter: &str| {
            self.count(&format!("SELECT COUNT(*) FROM payment WHERE pending IS NOT NULL AND {filter}"))
        };
        InFlight {
            charges: count("origin = 'api' AND pending = 'charge'"),
            reversals: count("pending = 'reversal'"),
            renewals: count("origin = 'renewal' AND pending = 'charge'"),
            sign_ups: count("origin = 'sign_up' AND pending = 'charge'"),
        }
    }

    /// Charges of the ledger whose payment does not know yet: the narrowest gap a kill can fall into.
    pub fn charged_unsettled(&self) -> i64 {
        self.count(
            "SELECT COUNT(*) FROM sandbox_ledger AS ledger JOIN payment ON payment.id = ledger.payment
             WHERE payment.pending = 'charge' AND ledger.reversed_before = -1",
        )
    }

    /// Renewals that are due on the merchant's clock.
    pub fn due(&self) -> i64 {
        let ahead_s = self.count("SELECT COALESCE(MAX(ahead_s), 0) FROM test_clock");
        let now = jiff::Timestamp::now().as_microsecond() + ahead_s * 1_000_000;
        self.count(&format!("SELECT COUNT(*) FROM subscription WHERE due_at <= {now}"))
    }

    /// Reads everything and says what does not hold. To be called when nothing is in flight.
    pub fn check(mut self, answers: &Answers) -> Vec<Fault> {
        self.connection.execute_batch("BEGIN").unwrap();
        self.read();
        self.connection.execute_batch("COMMIT").unwrap();
        self.check_acknowledged(answers);
        self.check_keys(answers);
        self.check_charges();
        self.check_reversals(answers);
        self.check_subscriptions();
        self.faults
    }

    /// How many payments, and how many periods were renewed.
    pub fn size(&self) -> (i64, i64) {
        let payments = self.count("SELECT COUNT(*) FROM payment WHERE origin = 'api'");
        let renewed =
            self.count("SELECT COUNT(*) FROM payment WHERE origin = 'renewal' AND status = 'succeeded'");
        (payments, renewed)
    }

    fn read(&mut self) {
        let payments = rows(
            &self.connection,
            "SELECT id, metadata, amount, currency, status, amount_captured, amount_reversed, subscription,
                    period_start FROM payment",
            |row| {
                let metadata: String = row.get(1)?;
                Ok(Payment {
                    id: payment_id(row, 0)?,
                    key: key_of(&metadata),
                    amount: row.get(2)?,
                    currency: row.get(3)?,
                    status: row.get(4)?,
                    captured: row.get(5)?,
                    reversed: row.get(6)?,
                    period: subscription_id(row, 7)?.zip(row.get(8)?),
                })
            },
        );
        self.payments = payments.into_iter().map(|payment| (payment.id, payment)).collect();
        self.subscriptions = rows(
            &self.connection,
            "SELECT id, metadata, status, anchor, current_period_end, cycles_completed FROM subscription",
            |row| {
                let metadata: String = row.get(1)?;
                Ok(Subscription {
                    id: subscription_id(row, 0)?.unwrap(),
                    key: key_of(&metadata),
                    status: row.get(2)?,
                    anchor: row.get(3)?,
                    period_end: row.get(4)?,
                    cycles: row.get(5)?,
                })
            },
        );
        let ledger = rows(
            &self.connection,
            "SELECT payment, reversed_before, amount, currency, result FROM sandbox_ledger
             ORDER BY payment, reversed_before",
            |row| {
                Ok(LedgerRow {
                    payment: payment_id(row, 0)?,
                    reversed_before: row.get(1)?,
                    amount: row.get(2)?,
                    currency: row.get(3)?,
                    result: row.get(4)?,
                })
            },
        );
        for row in ledger {
            self.ledger.entry(row.payment).or_default().push(row);
        }
    }

    fn fault(&mut self, rule: Rule, what: String) {
        self.faults.push(Fault { rule, what });
    }

    /// The charges that took money.
    fn charges(&self, payment: PaymentId) -> Vec<&LedgerRow> {
        let rows = self.ledger.get(&payment).map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter(|row| row.reversed_before < 0 && row.result == "succeeded").collect()
    }

    fn given_back(&self, payment: PaymentId) -> Vec<&LedgerRow> {
        let rows = self.ledger.get(&payment).map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter(|row| row.reversed_before >= 0).collect()
    }

    fn check_acknowledged(&mut self, answers: &Answers) {
        for (key, told) in &answers.told {
            let held = match told {
                Told::Payment { id, amount, status } => self.payments.get(id).is_some_and(|payment| {
                    payment.amount == *amount
                        && payment.status == *status
                        && self.charges(*id).len() == usize::from(status == "succeeded")
                }),
                Told::SignUp { id } => self.subscriptions.iter().any(|subscription| subscription.id == *id),
                // Beside all the others of its payment: see the reversals.
                Told::Reversal { .. } | Told::Refused => true,
            };
            if !held {
                self.fault(Rule::NothingLost, format!("{key}: {told:?} was acknowledged"));
            }
        }
    }

    fn check_keys(&mut self, answers: &Answers) {
        for contradiction in &answers.contradictions {
            self.fault(Rule::OneKeyOnePayment, contradiction.clone());
        }
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let of_payments = self.payments.values().filter_map(|payment| payment.key.as_deref());
        let of_subscriptions =
            self.subscriptions.iter().filter_map(|subscription| subscription.key.as_deref());
        for key in of_payments.chain(of_subscriptions) {
            *seen.entry(key).or_default() += 1;
        }
        let doubled = seen.into_iter().filter(|(_, times)| *times > 1);
        let doubled: Vec<_> = doubled.map(|(key, times)| format!("{key} led to {times}")).collect();
        for what in doubled {
            self.fault(Rule::OneKeyOnePayment, what);
        }
    }

    fn check_charges(&mut self) {
        let mut faults = Vec::new();
        for payment in self.payments.values() {
            let charges = self.charges(payment.id);
            if charges.len() > 1 {
                faults
                    .push((Rule::ChargedOnce, format!("{} was charged {} times", payment.id, charges.len())));
            }
            let as_it_says = charges
                .first()
                .is_some_and(|row| row.amount == payment.amount && row.currency == payment.currency);
            if payment.status == "succeeded" && !(as_it_says && payment.captured == payment.amount) {
                faults.push((Rule::NothingInvented, format!("{} was not charged what it says", payment.id)));
            }
            if payment.status != "succeeded" && !charges.is_empty() {
                faults.push((Rule::NothingForgotten, format!("{} is {}", payment.id, payment.status)));
            }
        }
        for id in self.ledger.keys().filter(|id| !self.payments.contains_key(id)) {
            faults.push((Rule::NothingForgotten, format!("{id} is in the ledger alone")));
        }
        for (rule, what) in faults {
            self.fault(rule, what);
        }
    }

    fn check_reversals(&mut self, answers: &Answers) {
        let mut acknowledged: HashMap<PaymentId, i64> = HashMap::new();
        for told in answers.told.values() {
            if let Told::Reversal { payment, amount } = told {
                *acknowledged.entry(*payment).or_default() += amount;
            }
        }
        let mut unanswered: HashMap<PaymentId, i64> = HashMap::new();
        for wish in &answers.unanswered {
            if let Wish::Reverse { payment, amount } = wish {
                *unanswered.entry(*payment).or_default() += amount;
            }
        }
        let mut faults = Vec::new();
        for payment in self.payments.values() {
            let mut sum = 0;
            let mut in_a_row = true;
            for row in self.given_back(payment.id) {
                in_a_row &= row.reversed_before == sum;
                sum += row.amount;
            }
            let least = acknowledged.get(&payment.id).copied().unwrap_or(0);
            let most = least + unanswered.get(&payment.id).copied().unwrap_or(0);
            if !in_a_row || sum != payment.reversed || sum < least || sum > most || sum > payment.captured {
                faults.push(format!(
                    "{}: the ledger gave back {sum}, we say {}, clients were told {least} of {most}",
                    payment.id, payment.reversed
                ));
            }
        }
        for what in faults {
            self.fault(Rule::ReversalsAgree, what);
        }
    }

    fn check_subscriptions(&mut self) {
        // How often each period took money, by the ledger.
        let mut charged: HashMap<SubscriptionId, BTreeMap<i64, usize>> = HashMap::new();
        for payment in self.payments.values() {
            if let Some((subscription, start)) = payment.period {
                let times = self.charges(payment.id).len();
                if times > 0 {
                    *charged.entry(subscription).or_default().entry(start).or_default() += times;
                }
            }
        }
        let mut faults = Vec::new();
        for subscription in &self.subscriptions {
            let id = subscription.id;
            let periods = charged.remove(&id).unwrap_or_default();
            for (start, times) in periods.iter().filter(|(_, times)| **times > 1) {
                faults.push((Rule::PeriodChargedOnce, format!("{id}: {start} was charged {times} times")));
            }
            let paid = i64::try_from(periods.len()).unwrap();
            let in_a_row =
                (0..).zip(periods.keys()).all(|(n, at)| *at == subscription.anchor + n * PERIOD_US);
            // Nobody is blocked here and every card is good: all go on, but sign-ups that were cut short.
            let runs = subscription.status == if paid > 0 { "active" } else { "incomplete" };
            let ends = subscription.anchor + paid.max(1) * PERIOD_US;
            if subscription.cycles != paid || !in_a_row || !runs || subscription.period_end != ends {
                faults.push((
                    Rule::PeriodsAgree,
                    format!("{id} is {}, paid {paid}, says {}", subscription.status, subscription.cycles),
                ));
            }
        }
        let due = self.due();
        if due > 0 {
            faults.push((Rule::PeriodsAgree, format!("{due} subscriptions are stuck")));
        }
        for (rule, what) in faults {
            self.fault(rule, what);
        }
    }
}

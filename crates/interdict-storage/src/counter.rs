//! Totals that are kept, so that no page counts a table: moved in the commit that moves what they count, one
//! write a commit and name, however many rows of it.
//!
//! `counted` in `meta` is the sequence up to which they are true. Each commit moves it on together with the head,
//! and only from where the head was: a commit of somebody who does not know of it, an older binary during an
//! upgrade, leaves it behind. Then everything is counted where it is asked for, until the next start counts anew.

use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::Kind;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::PaymentStatus;
use interdict_domain::subscription::SubscriptionStatus;

use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::view::MerchantView;

statements! {
    ADD = "INSERT INTO counter (merchant, name, value) VALUES ($1, $2, $3)
           ON CONFLICT (merchant, name) DO UPDATE SET value = counter.value + excluded.value";
    SELECT = "SELECT name, value FROM counter WHERE merchant = $1";
    CLEAR = "DELETE FROM counter WHERE merchant >= 0";
    FILL = "INSERT INTO counter (merchant, name, value)
            SELECT merchant, 'customer.' || list_status, COUNT(*) FROM customer GROUP BY merchant, list_status
            UNION ALL
            SELECT merchant, 'restricted', COUNT(*) FROM customer WHERE (restrict_cit > 0 OR restrict_mit > 0)
            GROUP BY merchant
            UNION ALL
            SELECT merchant, 'entry.' || list || '.' || CAST(kind AS TEXT), COUNT(*) FROM entry
            GROUP BY merchant, list, kind
            UNION ALL
            SELECT merchant, 'payment.' || status, COUNT(*) FROM payment GROUP BY merchant, status
            UNION ALL
            SELECT merchant, CASE WHEN reversed_at IS NULL THEN 'chargeback.standing' ELSE 'chargeback.reversed' END,
                COUNT(*) FROM chargeback GROUP BY 1, 2
            UNION ALL
            SELECT merchant, 'subscription.' || status, COUNT(*) FROM subscription GROUP BY merchant, status";
    COUNT = "SELECT 'customer.' || list_status, COUNT(*) FROM customer WHERE merchant = $1 GROUP BY list_status
             UNION ALL
             SELECT 'restricted', COUNT(*) FROM customer
             WHERE merchant = $1 AND (restrict_cit > 0 OR restrict_mit > 0)
             UNION ALL
             SELECT 'entry.' || list || '.' || CAST(kind AS TEXT), COUNT(*) FROM entry WHERE merchant = $1
             GROUP BY list, kind
             UNION ALL
             SELECT 'payment.' || status, COUNT(*) FROM payment WHERE merchant = $1 GROUP BY status
             UNION ALL
             SELECT CASE WHEN reversed_at IS NULL THEN 'chargeback.standing' ELSE 'chargeback.reversed' END, COUNT(*)
             FROM chargeback WHERE merchant = $1 GROUP BY 1
             UNION ALL
             SELECT 'subscription.' || status, COUNT(*) FROM subscription WHERE merchant = $1 GROUP BY status";
    IS_TRUE = "SELECT COUNT(*) FROM meta m JOIN head h ON m.value = CAST(h.sequence AS TEXT)
               WHERE m.name = 'counted' AND h.id = 1";
    FOLLOW = "UPDATE meta SET value = $1 WHERE name IN ('counted', 'departures') AND value = $2";
    SAY_TRUE = "INSERT INTO meta (name, value) SELECT 'counted', CAST(sequence AS TEXT) FROM head WHERE id = 1
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Customer(ListStatus),
    Restricted,
    Entry(List, Kind),
    Payment(PaymentStatus),
    Chargeback { is_reversed: bool },
    Subscription(SubscriptionStatus),
}

impl Name {
    fn text(self) -> String {
        match self {
            Self::Customer(status) => format!("customer.{}", status.as_str()),
            Self::Restricted => "restricted".to_owned(),
            Self::Entry(list, kind) => format!("entry.{}.{}", list.as_str(), kind.code()),
            Self::Payment(status) => format!("payment.{}", status.as_str()),
            Self::Chargeback { is_reversed: false } => "chargeback.standing".to_owned(),
            Self::Chargeback { is_reversed: true } => "chargeback.reversed".to_owned(),
            Self::Subscription(status) => format!("subscription.{}", status.as_str()),
        }
    }
}

/// What a commit adds and takes away, in order, so that a part of it can be undone.
#[derive(Debug, Default)]
pub(crate) struct Deltas(Vec<(MerchantNumber, Name, i64)>);

impl Deltas {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Something is no longer under one name, and is under another.
    pub(crate) fn moved(&mut self, merchant: MerchantNumber, from: Option<Name>, to: Option<Name>) {
        if from == to {
            return;
        }
        self.0.extend(from.map(|name| (merchant, name, -1)));
        self.0.extend(to.map(|name| (merchant, name, 1)));
    }

    /// A customer was one thing and is another.
    pub(crate) fn customer(
        &mut self,
        merchant: MerchantNumber,
        before: Option<&Customer>,
        after: Option<&Customer>,
    ) {
        let standing = |customer: &Customer| Name::Customer(customer.standing.status);
        let restricted = |customer: &&Customer| customer.restriction.cit || customer.restriction.mit;
        self.moved(merchant, before.map(standing), after.map(standing));
        let name = |customer: Option<&Customer>| customer.filter(restricted).map(|_| Name::Restricted);
        self.moved(merchant, name(before), name(after));
    }

    /// An entry came, or went.
    pub(crate) fn entry(&mut self, merchant: MerchantNumber, before: Option<&Entry>, after: Option<&Entry>) {
        let name = |entry: &Entry| Name::Entry(entry.list(), entry.kind);
        self.moved(merchant, before.map(name), after.map(name));
    }

    /// Writes the sums.
    pub(crate) fn write(self, connection: Connection<'_>) -> Result<(), StorageError> {
        let mut sums: Vec<(MerchantNumber, Name, i64)> = Vec::new();
        for (merchant, name, delta) in self.0 {
            match sums.iter_mut().find(|(of, other, _)| (*of, *other) == (merchant, name)) {
                Some((_, _, sum)) => *sum += delta,
                None => sums.push((merchant, name, delta)),
            }
        }
        for (merchant, name, sum) in sums.into_iter().filter(|(_, _, sum)| *sum != 0) {
            connection.execute(ADD, params![merchant.0, name.text(), sum])?;
        }
        Ok(())
    }
}

/// Moves the sequence up to which all counters are true and all departures noted, where they were before.
pub(crate) fn follow(connection: Connection<'_>, before: i64, after: i64) -> Result<(), StorageError> {
    connection.execute(FOLLOW, params![after.to_string(), before.to_string()])
}

/// Whether the counters are true.
pub(crate) fn are_true(connection: Connection<'_>) -> Result<bool, StorageError> {
    connection.query_one(IS_TRUE, &[], |row| row.get(0))
}

/// Counts everything, while nobody else writes.
pub(crate) fn count_anew(connection: Connection<'_>) -> Result<(), StorageError> {
    for sql in [CLEAR, FILL, SAY_TRUE] {
        connection.execute_counted(sql, &[])?;
    }
    Ok(())
}

/// What there is a total of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All customers.
    Customers,
    /// Customers by list status as it was set, whether its window is open or over.
    CustomersListed(ListStatus),
    /// Customers of whom a restriction flag is set.
    CustomersRestricted,
    /// Entries, of a list or a kind or of all.
    Entries(Option<List>, Option<Kind>),
    /// Payments, by status or all.
    Payments(Option<PaymentStatus>),
    /// Chargebacks, reversed ones included.
    Chargebacks,
    /// Chargebacks that stand.
    ChargebacksStanding,
    /// Subscriptions, by status or all.
    Subscriptions(Option<SubscriptionStatus>),
}

impl Counted {
    fn has(self, name: &str) -> bool {
        let is = |status: Option<&str>, of: &str| {
            let rest = name.strip_prefix(of).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| status.is_none_or(|status| status == rest))
        };
        match self {
            Self::Customers => is(None, "customer"),
            Self::CustomersListed(status) => is(Some(status.as_str()), "customer"),
            Self::CustomersRestricted => name == "restricted",
            Self::Entries(list, kind) => {
                let parts: Vec<&str> = name.split('.').collect();
                matches!(parts[..], ["entry", of, code] if list.is_none_or(|list| list.as_str() == of)
                    && kind.is_none_or(|kind| kind.code().to_string() == code))
            }
            Self::Payments(status) => is(status.map(PaymentStatus::as_str), "payment"),
            Self::Chargebacks => is(None, "chargeback"),
            Self::ChargebacksStanding => is(Some("standing"), "chargeback"),
            Self::Subscriptions(status) => is(status.map(SubscriptionStatus::as_str), "subscription"),
        }
    }
}

/// A merchant's totals at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals(Vec<(String, i64)>);

impl Totals {
    /// One of them.
    pub fn of(&self, counted: Counted) -> i64 {
        self.0.iter().filter(|(name, _)| counted.has(name)).map(|(_, value)| value).sum()
    }
}

/// A total, unless it would have to be counted.
pub(crate) fn read(view: &MerchantView<'_>, counted: Counted) -> Result<Option<i64>, StorageError> {
    Ok(if are_true(view.connection)? { Some(view.totals_by(SELECT)?.of(counted)) } else { None })
}

impl MerchantView<'_> {
    /// All totals: those that are kept, or counted where they are not true.
    pub fn totals(&self) -> Result<Totals, StorageError> {
        self.totals_by(if are_true(self.connection)? { SELECT } else { COUNT })
    }

    /// All totals, counted.
    pub fn totals_counted(&self) -> Result<Totals, StorageError> {
        self.totals_by(COUNT)
    }

    fn totals_by(&self, sql: &'static str) -> Result<Totals, StorageError> {
        let read = self.connection.query(sql, params![self.merchant.0], |row| Ok((row.get(0)?, row.get(1)?)));
        let mut totals: Vec<(String, i64)> = read?;
        totals.retain(|(_, value)| *value != 0);
        totals.sort_unstable();
        Ok(Totals(totals))
    }
}

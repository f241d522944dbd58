//! Plans: one row each, written together with its change.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{Ksuid, PlanId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::subscription::{Interval, Period, Plan};
use interdict_domain::text::Name;

use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

macro_rules! columns {
    () => {
        "id, merchant, name, amount, currency, period_unit, period_count, trial_days, max_cycles, archived_at,
         created_at, updated_at"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO plan (", columns!(), ")
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
              ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = excluded.amount,
                    currency = excluded.currency, period_unit = excluded.period_unit,
                    period_count = excluded.period_count, trial_days = excluded.trial_days,
                    max_cycles = excluded.max_cycles, archived_at = excluded.archived_at,
                    updated_at = excluded.updated_at");
    SELECT = concat!("SELECT ", columns!(), " FROM plan WHERE merchant = $1 AND id = $2");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM plan
              WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
}

/// A period as two columns hold it.
pub(crate) fn read_period(unit: &str, count: i64) -> Result<Period, StorageError> {
    let interval = Interval::parse(unit).ok_or(StorageError::Corrupt("interval"))?;
    Ok(Period { interval, count })
}

/// Money as two columns hold it.
pub(crate) fn read_money(amount: i64, currency: &str) -> Result<Money, StorageError> {
    let currency = Currency::parse(currency).map_err(|_| StorageError::Corrupt("currency"))?;
    Money::new(amount, currency).map_err(|_| StorageError::Corrupt("amount"))
}

fn read(row: Row<'_>) -> Result<Plan, StorageError> {
    let word = |index: usize| row.text(index);
    Ok(Plan {
        id: PlanId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        name: Name::from_stored(row.get(2)?),
        money: read_money(row.get(3)?, word(4)?)?,
        period: read_period(word(5)?, row.get(6)?)?,
        trial_days: row.get(7)?,
        max_cycles: row.get(8)?,
        archived_at: row.get::<Option<i64>>(9)?.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.get(10)?),
        updated_at: Timestamp::from_micros(row.get(11)?),
    })
}

impl MerchantView<'_> {
    /// A plan by id.
    pub fn plan(&self, id: PlanId) -> Result<Option<Plan>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT, params![self.merchant.0, id], read)
    }

    /// A page of plans, newest first.
    pub fn plans(&self, position: Option<(Timestamp, Ksuid)>, limit: i64) -> Result<Vec<Plan>, StorageError> {
        let (at, id) = keyset(position);
        self.connection.query(SELECT_AFTER, params![self.merchant.0, at, id, limit], read)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a plan and the change that made it so.
    pub fn put_plan(&mut self, by: &Authorship<'_>, action: Action, plan: &Plan) -> Result<(), StorageError> {
        self.transaction.connection.execute(
            UPSERT,
            params![
                *plan.id.ksuid().bytes(),
                self.merchant.0,
                plan.name.as_str(),
                plan.money.amount(),
                plan.money.currency().code(),
                plan.period.interval.as_str(),
                plan.period.count,
                plan.trial_days,
                plan.max_cycles,
                plan.archived_at.map(Timestamp::micros),
                plan.created_at.micros(),
                plan.updated_at.micros(),
            ],
        )?;
        self.append(by, action, Subject::Plan(plan.id), Vec::new(), None)?;
        Ok(())
    }
}

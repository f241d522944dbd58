//! Subscriptions: one row each, written together with its change.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::ids::{CustomerId, Ksuid, PaymentId, PlanId, SubscriptionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::PaymentMethod;
use interdict_domain::subscription::{OnLift, Subscription, SubscriptionStatus};
use interdict_domain::text::Metadata;

use crate::counter::Name;
use crate::error::StorageError;
use crate::plan::{read_money, read_period};
use crate::sql::{Row, Value, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

macro_rules! columns {
    () => {
        "id, merchant, customer, plan, status, amount, currency, period_unit, period_count, max_cycles, anchor,
         period_number, current_period_start, current_period_end, cycles_completed, payment_method,
         auto_billing_disabled_reason, is_held, on_lift, cancel_at_period_end, ended_at, latest_payment,
         metadata, created_at, updated_at, payer_verified"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO subscription (", columns!(), ", due_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, $21, $22, $23, $24, $25, $26, $27)
              ON CONFLICT (id) DO UPDATE SET status = excluded.status,
                    period_number = excluded.period_number,
                    current_period_start = excluded.current_period_start,
                    current_period_end = excluded.current_period_end,
                    cycles_completed = excluded.cycles_completed, payment_method = excluded.payment_method,
                    auto_billing_disabled_reason = excluded.auto_billing_disabled_reason,
                    is_held = excluded.is_held, on_lift = excluded.on_lift,
                    cancel_at_period_end = excluded.cancel_at_period_end, ended_at = excluded.ended_at,
                    latest_payment = excluded.latest_payment, metadata = excluded.metadata,
                    updated_at = excluded.updated_at, due_at = excluded.due_at");
    SELECT = concat!("SELECT ", columns!(), " FROM subscription WHERE merchant = $1 AND id = $2");
    SELECT_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM subscription
              WHERE merchant = $1 AND customer = $2 ORDER BY created_at DESC, id DESC LIMIT $3");
    SELECT_DUE = concat!("SELECT ", columns!(), " FROM subscription
              WHERE merchant = $1 AND due_at <= $2 AND (due_at, id) > ($3, $4) ORDER BY due_at, id LIMIT $5");
    COUNT_DUE = "SELECT COUNT(*) FROM subscription WHERE merchant = $1 AND due_at <= $2";
    NEXT_MERCHANT = "SELECT MIN(merchant) FROM subscription WHERE merchant > $1 AND due_at IS NOT NULL";
    ERASE_OF_CUSTOMER = "UPDATE subscription SET payment_method = NULL, metadata = '{}'
              WHERE merchant = $1 AND customer = $2";
    RUNNING_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM subscription
              WHERE merchant = $1 AND customer = $2 AND status NOT IN ('canceled', 'expired')
              ORDER BY created_at, id LIMIT $3");
}

/// Where a walk over what is due goes on.
pub type DuePosition = (Timestamp, Option<SubscriptionId>);

fn read(row: Row<'_>) -> Result<Subscription, StorageError> {
    let word = |index: usize| row.text(index);
    let at =
        |index: usize| -> Result<Timestamp, StorageError> { Ok(Timestamp::from_micros(row.get(index)?)) };
    let on_lift: Option<String> = row.get(18)?;
    Ok(Subscription {
        id: SubscriptionId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        customer: CustomerId::from_ksuid(Ksuid::from_bytes(row.get(2)?)),
        plan: PlanId::from_ksuid(Ksuid::from_bytes(row.get(3)?)),
        status: SubscriptionStatus::parse(word(4)?).ok_or(StorageError::Corrupt("subscription status"))?,
        money: read_money(row.get(5)?, word(6)?)?,
        period: read_period(word(7)?, row.get(8)?)?,
        max_cycles: row.get(9)?,
        anchor: at(10)?,
        period_number: row.get(11)?,
        current_period_start: at(12)?,
        current_period_end: at(13)?,
        cycles_completed: row.get(14)?,
        payment_method: row.get::<Option<String>>(15)?.map(PaymentMethod::from_stored),
        auto_billing_disabled_reason: row.get(16)?,
        is_held: row.get::<i64>(17)? != 0,
        on_lift: on_lift
            .map(|word| OnLift::parse(&word).ok_or(StorageError::Corrupt("on lift")))
            .transpose()?,
        cancel_at_period_end: row.get::<i64>(19)? != 0,
        ended_at: row.get::<Option<i64>>(20)?.map(Timestamp::from_micros),
        latest_payment: row
            .get::<Option<[u8; 20]>>(21)?
            .map(|id| PaymentId::from_ksuid(Ksuid::from_bytes(id))),
        metadata: Metadata(serde_json::from_str(word(22)?)?),
        created_at: at(23)?,
        updated_at: at(24)?,
        payer_verified: row.get::<i64>(25)? != 0,
    })
}

impl MerchantView<'_> {
    /// A subscription by id.
    pub fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT, params![self.merchant.0, id], read)
    }

    /// The newest subscriptions of a customer.
    pub fn subscriptions_of(
        &self,
        customer: CustomerId,
        limit: i64,
    ) -> Result<Vec<Subscription>, StorageError> {
        self.subscriptions(SELECT_OF_CUSTOMER, params![self.merchant.0, *customer.ksuid().bytes(), limit])
    }

    /// Subscriptions of a customer that are not over.
    pub fn running_subscriptions_of(
        &self,
        customer: CustomerId,
        limit: i64,
    ) -> Result<Vec<Subscription>, StorageError> {
        self.subscriptions(RUNNING_OF_CUSTOMER, params![self.merchant.0, *customer.ksuid().bytes(), limit])
    }

    /// What has fallen due, in order, after a position.
    pub fn due_subscriptions(
        &self,
        now: Timestamp,
        (due_at, id): DuePosition,
        limit: i64,
    ) -> Result<Vec<Subscription>, StorageError> {
        let id = id.map_or([0; 20], |id| *id.ksuid().bytes());
        self.subscriptions(SELECT_DUE, params![self.merchant.0, now.micros(), due_at.micros(), id, limit])
    }

    /// How much has fallen due.
    pub fn count_due_subscriptions(&self, now: Timestamp) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT_DUE, params![self.merchant.0, now.micros()], |row| row.get(0))
    }

    fn subscriptions(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<Subscription>, StorageError> {
        self.connection.query(sql, parameters, read)
    }
}

impl View<'_> {
    /// The merchants with subscriptions that can fall due.
    pub fn merchants_with_renewals(&self) -> Result<Vec<MerchantNumber>, StorageError> {
        let mut merchants = Vec::new();
        let mut last = i64::MIN;
        let next = |last: i64| {
            self.connection.query_one(NEXT_MERCHANT, params![last], |row| row.get::<Option<i64>>(0))
        };
        while let Some(next) = next(last)? {
            merchants.push(MerchantNumber(next));
            last = next;
        }
        Ok(merchants)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Takes from a person's subscriptions what says who it was.
    pub(crate) fn erase_subscriptions(&mut self, customer: &Customer) -> Result<(), StorageError> {
        let id = *customer.id.ksuid().bytes();
        let parameters = params![self.merchant.0, id];
        self.transaction.connection.execute(ERASE_OF_CUSTOMER, parameters)
    }

    /// Writes a subscription and the change that made it so; none when only the way to the gateway is
    /// noted.
    pub fn put_subscription(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        subscription: &Subscription,
    ) -> Result<(), StorageError> {
        let before = match action {
            Some(Action::SubscriptionCreated) => None,
            _ => self.view().subscription(subscription.id)?.map(|before| Name::Subscription(before.status)),
        };
        self.transaction.deltas.moved(self.merchant, before, Some(Name::Subscription(subscription.status)));
        self.transaction.connection.execute(
            UPSERT,
            params![
                *subscription.id.ksuid().bytes(),
                self.merchant.0,
                *subscription.customer.ksuid().bytes(),
                *subscription.plan.ksuid().bytes(),
                subscription.status.as_str(),
                subscription.money.amount(),
                subscription.money.currency().code(),
                subscription.period.interval.as_str(),
                subscription.period.count,
                subscription.max_cycles,
                subscription.anchor.micros(),
                subscription.period_number,
                subscription.current_period_start.micros(),
                subscription.current_period_end.micros(),
                subscription.cycles_completed,
                subscription.payment_method.as_ref().map(PaymentMethod::as_str),
                subscription.auto_billing_disabled_reason,
                i64::from(subscription.is_held),
                subscription.on_lift.map(OnLift::as_str),
                i64::from(subscription.cancel_at_period_end),
                subscription.ended_at.map(Timestamp::micros),
                subscription.latest_payment.map(|id| *id.ksuid().bytes()),
                serde_json::to_string(&subscription.metadata)?,
                subscription.created_at.micros(),
                subscription.updated_at.micros(),
                i64::from(subscription.payer_verified),
                subscription.due_at().map(Timestamp::micros),
            ],
        )?;
        if let Some(action) = action {
            self.append(by, action, Subject::Subscription(subscription.id), Vec::new(), None)?;
        }
        Ok(())
    }
}

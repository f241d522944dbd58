//! Payments: one row each. A row that says that the gateway is being asked is written without a
//! change, before anything is asked: nothing has happened yet that anybody was told. What came of it
//! is written together with its change.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::{Email, IdentifierKey, Phone};
use interdict_domain::ids::{CheckoutId, CustomerId, Ksuid, PaymentId, SubscriptionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::{
    DeclineType, NextAction, Operation, Outcome, OutcomeStatus, Payment, PaymentMethod, PaymentOrigin,
    PaymentStatus, Pending,
};
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Metadata;

use crate::counter::Name;
use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::plan::read_money;
use crate::sql::{Connection, Row, bind, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

/// The columns of a payment, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, merchant, amount, currency, initiator, customer, email, phone, payer_verified, payment_method, metadata,
         status, origin,
         subscription, period_start, checkout, gateway_reference, amount_captured, amount_reversed,
         chargeback_recorded_at, outcome_status, error_code, error_message, safe_error_message, decline_type,
         next_action_url, pending, pending_amount, driven_until, created_at, updated_at"
    };
}

pub(crate) use columns;

/// What is true of a payment that the lists refused, the codes word by word as the index `payment_blocked` has
/// them. One that the gateway still has to give up has its code already, and has not ended.
macro_rules! refused_by_lists {
    () => {
        "status = 'cancelled' AND error_code IN
         ('customer_restricted', 'customer_blacklisted', 'identifier_blacklisted', 'degraded_blocked')"
    };
}

pub(crate) use refused_by_lists;

statements! {
    INSERT = "INSERT INTO payment (id, merchant, amount, currency, initiator, customer, email, email_key,
                    phone, phone_key, payer_verified, payment_method, metadata, status, origin, subscription, period_start, checkout,
                    gateway_reference, amount_captured, amount_reversed, chargeback_recorded_at,
                    outcome_status, error_code, error_message, safe_error_message, decline_type,
                    next_action_url, pending, pending_amount, driven_until, created_at, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";
    UPDATE = "UPDATE payment SET payment_method = $1, status = $2, gateway_reference = $3,
                    amount_captured = $4, amount_reversed = $5, chargeback_recorded_at = $6,
                    outcome_status = $7, error_code = $8, error_message = $9, safe_error_message = $10,
                    decline_type = $11, next_action_url = $12, pending = $13, pending_amount = $14,
                    driven_until = $15, updated_at = $16
              WHERE merchant = $17 AND id = $18";
    SELECT = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 AND id = $2");
    SELECT_BY_REFERENCE =
        concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 AND gateway_reference = $2");
    SELECT_BY_REFERENCE_ANYWHERE =
        concat!("SELECT ", columns!(), " FROM payment WHERE gateway_reference = $1");
    SELECT_ANYWHERE = concat!("SELECT ", columns!(), " FROM payment WHERE id = $1");
    SELECT_ABANDONED = concat!("SELECT ", columns!(), " FROM payment
              WHERE pending IS NOT NULL AND driven_until <= $1 ORDER BY driven_until LIMIT $2");
    SET_REFERENCE = "UPDATE payment SET gateway_reference = $1 WHERE merchant = $2 AND id = $3";
    HAND_OVER = "UPDATE payment SET driven_until = $1 WHERE merchant = $2 AND id = $3 AND pending IS NOT NULL";
    TAKE_OVER = "UPDATE payment SET driven_until = $1
              WHERE merchant = $2 AND id = $3 AND pending IS NOT NULL AND driven_until <= $4";
    ABANDON_ALL = "UPDATE payment SET driven_until = 0 WHERE pending IS NOT NULL AND driven_until > 0";
    SELECT_OF_PERIOD = concat!("SELECT ", columns!(), " FROM payment
              WHERE subscription = $1 AND period_start = $2 AND status <> 'cancelled' AND merchant = $3");
    METHOD_ON_FILE = "SELECT payment_method FROM payment
              WHERE merchant = $1 AND customer = $2 AND status = 'succeeded' AND payment_method IS NOT NULL
              ORDER BY created_at DESC, id DESC LIMIT 1";
    ERASE_OF_CUSTOMER = "UPDATE payment SET email = NULL, email_key = NULL, phone = NULL,
                    phone_key = NULL, metadata = '{}', payment_method = NULL
              WHERE merchant = $1 AND customer = $2";
    ERASE_OF_EMAIL = "UPDATE payment SET email = NULL, email_key = NULL, phone = NULL,
                    phone_key = NULL, metadata = '{}', payment_method = NULL
              WHERE merchant = $1 AND email_key = $2";
    ERASE_OF_PHONE = "UPDATE payment SET email = NULL, email_key = NULL, phone = NULL,
                    phone_key = NULL, metadata = '{}', payment_method = NULL
              WHERE merchant = $1 AND phone_key = $2";
}

pub(crate) fn read(row: Row<'_>) -> Result<Payment, StorageError> {
    let word = |index: usize| row.text(index);
    let optional_word = |index: usize| row.optional_text(index);
    let ksuid = |index: usize| -> Result<Option<Ksuid>, StorageError> {
        Ok(row.get::<Option<[u8; 20]>>(index)?.map(Ksuid::from_bytes))
    };
    let subscription = ksuid(13)?.map(SubscriptionId::from_ksuid);
    let period_start: Option<i64> = row.get(14)?;
    Ok(Payment {
        id: PaymentId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        money: read_money(row.get(2)?, word(3)?)?,
        initiator: Initiator::parse(word(4)?).ok_or(StorageError::Corrupt("initiator"))?,
        customer: ksuid(5)?.map(CustomerId::from_ksuid),
        email: row.get::<Option<String>>(6)?.map(Email::from_stored),
        phone: row.get::<Option<String>>(7)?.map(Phone::from_stored),
        payer_verified: row.get::<i64>(8)? != 0,
        payment_method: row.get::<Option<String>>(9)?.map(PaymentMethod::from_stored),
        metadata: Metadata(serde_json::from_str(word(10)?)?),
        status: PaymentStatus::parse(word(11)?).ok_or(StorageError::Corrupt("payment status"))?,
        origin: PaymentOrigin::parse(word(12)?).ok_or(StorageError::Corrupt("payment origin"))?,
        period: subscription.zip(period_start.map(Timestamp::from_micros)),
        checkout: ksuid(15)?.map(CheckoutId::from_ksuid),
        gateway_reference: row.get(16)?,
        amount_captured: row.get(17)?,
        amount_reversed: row.get(18)?,
        chargeback_recorded_at: row.get::<Option<i64>>(19)?.map(Timestamp::from_micros),
        outcome: read_outcome(row, optional_word(20)?)?,
        next_action: row.get::<Option<String>>(25)?.map(|url| NextAction { url }),
        pending: match optional_word(26)? {
            None => None,
            Some(operation) => Some(Pending {
                operation: Operation::parse(operation).ok_or(StorageError::Corrupt("operation"))?,
                amount: row.get(27)?,
                driven_until: Timestamp::from_micros(row.get(28)?),
            }),
        },
        created_at: Timestamp::from_micros(row.get(29)?),
        updated_at: Timestamp::from_micros(row.get(30)?),
    })
}

fn read_outcome(row: Row<'_>, status: Option<&str>) -> Result<Option<Outcome>, StorageError> {
    let Some(status) = status else { return Ok(None) };
    let decline_type = row.optional_text(24)?;
    Ok(Some(Outcome {
        status: OutcomeStatus::parse(status).ok_or(StorageError::Corrupt("outcome"))?,
        error_code: row.get(21)?,
        error_message: row.get(22)?,
        safe_error_message: row.get(23)?,
        decline_type: decline_type
            .map(|word| DeclineType::parse(word).ok_or(StorageError::Corrupt("decline type")))
            .transpose()?,
    }))
}

pub(crate) fn foresee(merchant: MerchantNumber, id: PaymentId) -> Foreseen {
    Foreseen { sql: SELECT, parameters: bind(params![merchant.0, id.ksuid().bytes()]) }
}

impl MerchantView<'_> {
    /// A payment by id.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0, id.ksuid().bytes()], read)
    }

    /// A payment by the gateway's own id for it.
    pub fn payment_by_reference(&self, reference: &str) -> Result<Option<Payment>, StorageError> {
        self.connection.query_optional(SELECT_BY_REFERENCE, params![self.merchant.0, reference], read)
    }

    /// The one charge for a period that was not refused.
    pub fn payment_of_period(
        &self,
        subscription: SubscriptionId,
        start: Timestamp,
    ) -> Result<Option<Payment>, StorageError> {
        let subscription = *subscription.ksuid().bytes();
        self.connection.query_optional(
            SELECT_OF_PERIOD,
            params![subscription, start.micros(), self.merchant.0],
            read,
        )
    }

    /// What a customer last paid with.
    pub fn method_on_file(&self, customer: CustomerId) -> Result<Option<PaymentMethod>, StorageError> {
        let customer = *customer.ksuid().bytes();
        let parameters = params![self.merchant.0, customer];
        self.connection
            .query_optional(METHOD_ON_FILE, parameters, |row| Ok(PaymentMethod::from_stored(row.get(0)?)))
    }
}

impl View<'_> {
    /// Payments that were begun at the gateway and that nobody drives to their end any more.
    pub fn abandoned_payments(&self, now: Timestamp, limit: i64) -> Result<Vec<Payment>, StorageError> {
        self.connection.query(SELECT_ABANDONED, params![now.micros(), limit], read)
    }
}

impl View<'_> {
    /// A payment by the gateway's own id, whosever it is, for a payer who comes back from a bank.
    pub fn payment_by_reference_anywhere(&self, reference: &str) -> Result<Option<Payment>, StorageError> {
        self.connection.query_optional(SELECT_BY_REFERENCE_ANYWHERE, params![reference], read)
    }

    /// A payment, whosever it is, for the customer's step of test mode: its id is all that the payer has.
    pub fn payment_anywhere(&self, id: PaymentId) -> Result<Option<Payment>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT_ANYWHERE, params![id], read)
    }
}

/// Says that nobody drives any payment: whoever did has ended.
pub(crate) fn abandon_all(connection: Connection<'_>) -> Result<(), StorageError> {
    connection.execute(ABANDON_ALL, params![])?;
    Ok(())
}

impl MerchantTransaction<'_, '_> {
    /// Writes a new payment together with the change that it is; without one as long as nothing has
    /// happened but that the gateway is going to be asked.
    pub fn insert_payment(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        payment: &Payment,
    ) -> Result<(), StorageError> {
        let view = self.view();
        let outcome = payment.outcome.as_ref();
        self.transaction.deltas.moved(self.merchant, None, Some(Name::Payment(payment.status)));
        view.connection.execute(
            INSERT,
            params![
                &payment.id.ksuid().bytes()[..],
                self.merchant.0,
                payment.money.amount(),
                payment.money.currency().code(),
                payment.initiator.as_str(),
                payment.customer.map(|id| *id.ksuid().bytes()),
                payment.email.as_ref().map(Email::as_str),
                payment.email.as_ref().map(|email| view.email_key(email).0),
                payment.phone.as_ref().map(Phone::as_str),
                payment.phone.as_ref().map(|phone| view.phone_key(phone).0),
                i64::from(payment.payer_verified),
                payment.payment_method.as_ref().map(PaymentMethod::as_str),
                serde_json::to_string(&payment.metadata)?,
                payment.status.as_str(),
                payment.origin.as_str(),
                payment.period.map(|(subscription, _)| *subscription.ksuid().bytes()),
                payment.period.map(|(_, start)| start.micros()),
                payment.checkout.map(|id| *id.ksuid().bytes()),
                payment.gateway_reference,
                payment.amount_captured,
                payment.amount_reversed,
                payment.chargeback_recorded_at.map(Timestamp::micros),
                outcome.map(|outcome| outcome.status.as_str()),
                outcome.and_then(|outcome| outcome.error_code.as_deref()),
                outcome.and_then(|outcome| outcome.error_message.as_deref()),
                outcome.and_then(|outcome| outcome.safe_error_message.as_deref()),
                outcome.and_then(|outcome| outcome.decline_type).map(DeclineType::as_str),
                payment.next_action.as_ref().map(|action| action.url.as_str()),
                payment.pending.map(|pending| pending.operation.as_str()),
                payment.pending.map(|pending| pending.amount),
                payment.pending.map(|pending| pending.driven_until.micros()),
                payment.created_at.micros(),
                payment.updated_at.micros(),
            ],
        )?;
        self.payment_changed(by, action, payment)
    }

    /// Writes what became of a payment, together with the change that it is.
    pub fn update_payment(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        payment: &Payment,
    ) -> Result<(), StorageError> {
        let outcome = payment.outcome.as_ref();
        if let Some(before) = self.view().payment(payment.id)? {
            let (from, to) = (Name::Payment(before.status), Name::Payment(payment.status));
            self.transaction.deltas.moved(self.merchant, Some(from), Some(to));
        }
        self.transaction.connection.execute(
            UPDATE,
            params![
                payment.payment_method.as_ref().map(PaymentMethod::as_str),
                payment.status.as_str(),
                payment.gateway_reference,
                payment.amount_captured,
                payment.amount_reversed,
                payment.chargeback_recorded_at.map(Timestamp::micros),
                outcome.map(|outcome| outcome.status.as_str()),
                outcome.and_then(|outcome| outcome.error_code.as_deref()),
                outcome.and_then(|outcome| outcome.error_message.as_deref()),
                outcome.and_then(|outcome| outcome.safe_error_message.as_deref()),
                outcome.and_then(|outcome| outcome.decline_type).map(DeclineType::as_str),
                payment.next_action.as_ref().map(|action| action.url.as_str()),
                payment.pending.map(|pending| pending.operation.as_str()),
                payment.pending.map(|pending| pending.amount),
                payment.pending.map(|pending| pending.driven_until.micros()),
                payment.updated_at.micros(),
                self.merchant.0,
                &payment.id.ksuid().bytes()[..],
            ],
        )?;
        self.payment_changed(by, action, payment)
    }

    fn payment_changed(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        payment: &Payment,
    ) -> Result<(), StorageError> {
        if let Some(action) = action {
            self.append(by, action, Subject::Payment(payment.id), Vec::new(), None)?;
            self.count_attempt(action, payment)?;
        }
        Ok(())
    }

    /// Keeps the gateway's reference. Not a change: nothing has happened yet.
    pub fn set_gateway_reference(&mut self, id: PaymentId, reference: &str) -> Result<(), StorageError> {
        let id = *id.ksuid().bytes();
        self.transaction.connection.execute(SET_REFERENCE, params![reference, self.merchant.0, id])?;
        Ok(())
    }

    /// Lets somebody else drive a payment from a moment on.
    pub fn hand_over_payment(&mut self, id: PaymentId, from: Timestamp) -> Result<(), StorageError> {
        let id = *id.ksuid().bytes();
        self.transaction.connection.execute(HAND_OVER, params![from.micros(), self.merchant.0, id])?;
        Ok(())
    }

    /// Takes over a payment that nobody drives any more; false when somebody does, or it is settled.
    pub fn take_over_payment(
        &mut self,
        id: PaymentId,
        now: Timestamp,
        driven_until: Timestamp,
    ) -> Result<bool, StorageError> {
        let id = *id.ksuid().bytes();
        let taken = self
            .transaction
            .connection
            .execute_counted(TAKE_OVER, params![driven_until.micros(), self.merchant.0, id, now.micros()])?;
        Ok(taken > 0)
    }

    /// Takes from a person's payments what says who it was. That and how much was paid stays.
    pub(crate) fn erase_payments(&mut self, customer: &Customer) -> Result<(), StorageError> {
        let id = *customer.id.ksuid().bytes();
        self.transaction.connection.execute(ERASE_OF_CUSTOMER, params![self.merchant.0, id])?;
        Ok(())
    }

    /// The same for the payments that carried an email or a phone and named no customer.
    pub(crate) fn erase_payments_of(&mut self, key: IdentifierKey) -> Result<(), StorageError> {
        for sql in [ERASE_OF_EMAIL, ERASE_OF_PHONE] {
            self.transaction.connection.execute(sql, params![self.merchant.0, key.0])?;
        }
        Ok(())
    }
}

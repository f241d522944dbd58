//! Chargebacks: one row each, written together with its change.

use interdict_domain::change::{Action, Subject};
use interdict_domain::chargeback::{Chargeback, ChargebackSource, Hold};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::{ChargebackId, CustomerId, EntryId, Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;

use crate::counter::Name;
use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Row, Value, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

macro_rules! columns {
    () => {
        "id, merchant, payment, customer, source, provider_reference, provider_reason, hold_cit, hold_mit,
         hold_email, entry, recorded_at, reversed_at"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO chargeback (", columns!(), ")
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
              ON CONFLICT (id) DO UPDATE SET provider_reason = excluded.provider_reason,
                    hold_cit = excluded.hold_cit, hold_mit = excluded.hold_mit,
                    hold_email = excluded.hold_email, entry = excluded.entry,
                    reversed_at = excluded.reversed_at");
    SELECT = concat!("SELECT ", columns!(), " FROM chargeback WHERE merchant = $1 AND id = $2");
    SELECT_BY_REFERENCE =
        concat!("SELECT ", columns!(), " FROM chargeback WHERE merchant = $1 AND provider_reference = $2");
    SELECT_OF_PAYMENT = concat!("SELECT ", columns!(), " FROM chargeback
              WHERE merchant = $1 AND payment = $2 ORDER BY recorded_at, id");
    SELECT_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM chargeback
              WHERE merchant = $1 AND customer = $2 AND reversed_at IS NULL ORDER BY recorded_at, id");
    SELECT_EVER_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM chargeback
              WHERE merchant = $1 AND customer = $2 ORDER BY recorded_at, id LIMIT $3");
    SELECT_OF_ENTRY = concat!("SELECT ", columns!(), " FROM chargeback
              WHERE merchant = $1 AND entry = $2 AND reversed_at IS NULL ORDER BY recorded_at, id");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM chargeback
              WHERE merchant = $1 AND (recorded_at, id) < ($2, $3) ORDER BY recorded_at DESC, id DESC LIMIT $4");
    DISOWN_CIT = "UPDATE chargeback SET hold_cit = 'wants'
              WHERE merchant = $1 AND customer = $2 AND hold_cit = 'owns'";
    DISOWN_MIT = "UPDATE chargeback SET hold_mit = 'wants'
              WHERE merchant = $1 AND customer = $2 AND hold_mit = 'owns'";
}

fn read(row: Row<'_>) -> Result<Chargeback, StorageError> {
    let word = |index: usize| row.text(index);
    let hold = |index: usize| -> Result<Hold, StorageError> {
        Hold::parse(word(index)?).ok_or(StorageError::Corrupt("hold"))
    };
    let ksuid = |index: usize| -> Result<Option<Ksuid>, StorageError> {
        Ok(row.get::<Option<[u8; 20]>>(index)?.map(Ksuid::from_bytes))
    };
    Ok(Chargeback {
        id: ChargebackId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        payment: PaymentId::from_ksuid(Ksuid::from_bytes(row.get(2)?)),
        customer: ksuid(3)?.map(CustomerId::from_ksuid),
        source: ChargebackSource::parse(word(4)?).ok_or(StorageError::Corrupt("chargeback source"))?,
        provider_reference: row.get(5)?,
        provider_reason: row.get(6)?,
        cit: hold(7)?,
        mit: hold(8)?,
        email: hold(9)?,
        entry: ksuid(10)?.map(|id| EntryId::from_parts(List::Block, id)),
        recorded_at: Timestamp::from_micros(row.get(11)?),
        reversed_at: row.get::<Option<i64>>(12)?.map(Timestamp::from_micros),
    })
}

impl MerchantView<'_> {
    /// A chargeback by id.
    pub fn chargeback(&self, id: ChargebackId) -> Result<Option<Chargeback>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT, params![self.merchant.0, id], read)
    }

    /// A chargeback by the provider's own id.
    pub fn chargeback_by_reference(&self, reference: &str) -> Result<Option<Chargeback>, StorageError> {
        self.connection.query_optional(SELECT_BY_REFERENCE, params![self.merchant.0, reference], read)
    }

    /// All chargebacks of a payment, oldest first.
    pub fn chargebacks_of_payment(&self, payment: PaymentId) -> Result<Vec<Chargeback>, StorageError> {
        self.chargebacks_by(SELECT_OF_PAYMENT, params![self.merchant.0, *payment.ksuid().bytes()])
    }

    /// The chargebacks of a customer that stand, oldest first.
    pub fn chargebacks_of_customer(&self, customer: CustomerId) -> Result<Vec<Chargeback>, StorageError> {
        self.chargebacks_by(SELECT_OF_CUSTOMER, params![self.merchant.0, *customer.ksuid().bytes()])
    }

    /// All chargebacks of a customer, reversed ones too, oldest first.
    pub fn chargebacks_ever_of_customer(
        &self,
        customer: CustomerId,
        limit: i64,
    ) -> Result<Vec<Chargeback>, StorageError> {
        let customer = *customer.ksuid().bytes();
        self.chargebacks_by(SELECT_EVER_OF_CUSTOMER, params![self.merchant.0, customer, limit])
    }

    /// The chargebacks behind an entry that stand, oldest first.
    pub fn chargebacks_of_entry(&self, entry: EntryId) -> Result<Vec<Chargeback>, StorageError> {
        self.chargebacks_by(SELECT_OF_ENTRY, params![self.merchant.0, *entry.ksuid().bytes()])
    }

    /// A page of chargebacks, newest first.
    pub fn chargebacks(
        &self,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Chargeback>, StorageError> {
        let (at, id) = keyset(position);
        self.chargebacks_by(SELECT_AFTER, params![self.merchant.0, at, id, limit])
    }

    fn chargebacks_by(
        &self,
        sql: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<Vec<Chargeback>, StorageError> {
        self.connection.query(sql, parameters, read)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a chargeback and the change that made it so; none where another one's reversal only hands
    /// its block over.
    pub fn put_chargeback(
        &mut self,
        by: &Authorship<'_>,
        action: Option<Action>,
        chargeback: &Chargeback,
    ) -> Result<(), StorageError> {
        let name = |of: &Chargeback| Name::Chargeback { is_reversed: of.reversed_at.is_some() };
        let before = match action {
            Some(Action::ChargebackRecorded) => None,
            _ => self.view().chargeback(chargeback.id)?.as_ref().map(name),
        };
        self.transaction.deltas.moved(self.merchant, before, Some(name(chargeback)));
        self.transaction.connection.execute(
            UPSERT,
            params![
                *chargeback.id.ksuid().bytes(),
                self.merchant.0,
                *chargeback.payment.ksuid().bytes(),
                chargeback.customer.map(|id| *id.ksuid().bytes()),
                chargeback.source.as_str(),
                chargeback.provider_reference,
                chargeback.provider_reason,
                chargeback.cit.as_str(),
                chargeback.mit.as_str(),
                chargeback.email.as_str(),
                chargeback.entry.map(|id| *id.ksuid().bytes()),
                chargeback.recorded_at.micros(),
                chargeback.reversed_at.map(Timestamp::micros),
            ],
        )?;
        if let Some(action) = action {
            self.append(by, action, Subject::Chargeback(chargeback.id), Vec::new(), None)?;
        }
        Ok(())
    }

    /// A person says what is to stand: from now on no chargeback's reversal lifts it.
    pub fn disown_restrictions(
        &mut self,
        customer: CustomerId,
        cit: bool,
        mit: bool,
    ) -> Result<(), StorageError> {
        let id = *customer.ksuid().bytes();
        for sql in
            [(cit, DISOWN_CIT), (mit, DISOWN_MIT)].into_iter().filter_map(|(on, sql)| on.then_some(sql))
        {
            self.transaction.connection.execute(sql, params![self.merchant.0, id])?;
        }
        Ok(())
    }
}

//! Answers kept for replays, in the same transaction as what they answer (invariant 3).

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::sql::{Connection, bind, params};
use crate::statements::statements;
use crate::transaction::{MerchantTransaction, Transaction};
use crate::view::MerchantView;

statements! {
    UPSERT = "INSERT INTO idempotency (merchant, request, fingerprint, status, body, holds_secret, revision,
                                       subject, identifier_key, created_at, payment)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
              ON CONFLICT (merchant, request) DO UPDATE SET fingerprint = excluded.fingerprint,
                  status = excluded.status, body = excluded.body, holds_secret = excluded.holds_secret,
                  revision = excluded.revision, subject = excluded.subject,
                  identifier_key = excluded.identifier_key, created_at = excluded.created_at,
                  payment = excluded.payment";
    SELECT = "SELECT fingerprint, status, body, holds_secret, revision, payment FROM idempotency
              WHERE merchant = $1 AND request = $2 AND created_at > $3";
    DELETE = "DELETE FROM idempotency WHERE merchant = $1 AND request = $2";
    DELETE_SUBJECT = "DELETE FROM idempotency WHERE merchant = $1 AND subject = $2";
    DELETE_IDENTIFIER = "DELETE FROM idempotency WHERE merchant = $1 AND identifier_key = $2";
    DELETE_OLD = "DELETE FROM idempotency WHERE (merchant, request) IN
                  (SELECT merchant, request FROM idempotency WHERE created_at <= $1 LIMIT $2)";
}

/// How long an answer is kept.
const KEPT_S: i64 = 24 * 60 * 60;

/// Method, path and `Idempotency-Key`, as a keyed hash: people put emails into such keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey(pub [u8; 16]);

/// An answer as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// A keyed hash of the request's body: another body under the same key is a conflict.
    pub fingerprint: [u8; 16],
    /// The answer's status; 0 while there is none yet.
    pub status: u16,
    /// The answer's body; empty when it showed a secret.
    pub body: Vec<u8>,
    /// The answer showed a secret, which is shown once.
    pub holds_secret: bool,
    /// The answer's revision.
    pub revision: i64,
    /// Whom the answer is about, so that an erasure finds it.
    pub subject: Option<String>,
    /// Which identifier the answer is about, so that an erasure finds it.
    pub identifier: Option<IdentifierKey>,
    /// The payment that the request began: a replay that finds no answer goes on with it.
    pub payment: Option<PaymentId>,
}

impl IdempotencyRecord {
    /// The note that a request has begun a payment and has no answer yet.
    pub fn unanswered(fingerprint: [u8; 16], payment: PaymentId) -> Self {
        Self {
            fingerprint,
            status: 0,
            body: Vec::new(),
            holds_secret: false,
            revision: 0,
            subject: None,
            identifier: None,
            payment: Some(payment),
        }
    }

    /// Whether there is an answer.
    pub const fn is_answered(&self) -> bool {
        self.status != 0
    }
}

pub(crate) fn foresee(merchant: MerchantNumber, request: RequestKey, now: Timestamp) -> Foreseen {
    let oldest = now.plus_seconds(-KEPT_S).micros();
    Foreseen { sql: SELECT, parameters: bind(params![merchant.0, request.0, oldest]) }
}

fn find(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    request: RequestKey,
    now: Timestamp,
) -> Result<Option<IdempotencyRecord>, StorageError> {
    let oldest = now.plus_seconds(-KEPT_S).micros();
    connection.query_optional(SELECT, params![merchant.0, request.0, oldest], |row| {
        Ok(IdempotencyRecord {
            fingerprint: row.get(0)?,
            status: row.get(1)?,
            body: row.get(2)?,
            holds_secret: row.get::<i64>(3)? != 0,
            revision: row.get(4)?,
            subject: None,
            identifier: None,
            payment: row.get::<Option<[u8; 20]>>(5)?.map(|id| PaymentId::from_ksuid(Ksuid::from_bytes(id))),
        })
    })
}

impl MerchantView<'_> {
    /// The answer that was given to a request, if it is younger than a day.
    pub fn idempotency_record(
        &self,
        request: RequestKey,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StorageError> {
        find(self.connection, self.merchant, request, now)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Keeps an answer.
    pub fn put_idempotency_record(
        &mut self,
        request: RequestKey,
        record: &IdempotencyRecord,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.transaction.connection.execute(
            UPSERT,
            params![
                self.merchant.0,
                request.0,
                record.fingerprint,
                record.status,
                record.body,
                i64::from(record.holds_secret),
                record.revision,
                record.subject,
                record.identifier.map(|key| key.0),
                now.micros(),
                record.payment.map(|id| *id.ksuid().bytes()),
            ],
        )?;
        Ok(())
    }
}

impl MerchantTransaction<'_, '_> {
    /// Forgets that a request came: it did nothing.
    pub fn forget_idempotency_record(&mut self, request: RequestKey) -> Result<(), StorageError> {
        self.transaction.connection.execute(DELETE, params![self.merchant.0, request.0])?;
        Ok(())
    }
}

impl Transaction<'_> {
    /// Forgets answers older than a day, a bounded number at a time; returns how many went.
    pub fn forget_old_answers(&mut self, now: Timestamp, limit: i64) -> Result<u64, StorageError> {
        let oldest = now.plus_seconds(-KEPT_S).micros();
        self.connection.execute_counted(DELETE_OLD, params![oldest, limit])
    }
}

/// Forgets answers about a subject.
pub(crate) fn erase_subject(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    subject: &str,
) -> Result<(), StorageError> {
    connection.execute(DELETE_SUBJECT, params![merchant.0, subject])?;
    Ok(())
}

/// Forgets answers about an identifier.
pub(crate) fn erase_identifier(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    key: IdentifierKey,
) -> Result<(), StorageError> {
    connection.execute(DELETE_IDENTIFIER, params![merchant.0, key.0])?;
    Ok(())
}

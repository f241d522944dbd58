//! One decision of the log, as a row, and how it is written: with its keys, and without the person where an erasure was
//! faster than the queue.

use std::collections::HashMap;

use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{CustomerId, DecisionId, Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;

use crate::error::StorageError;
use crate::sql::{Connection, Row, params};
use crate::statements::statements;

statements! {
    INSERT = "INSERT INTO decision (id, merchant, at, initiator, outcome, code, tier, degraded, revision, origin, batch,
                  batch_position, customer, payment, detail, personal)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    INSERT_KEY = "INSERT INTO decision_identifier (merchant, identifier_key, at, decision)
                  VALUES ($1, $2, $3, $4)";
    SELECT_ERASURES = "SELECT merchant, identifier_key, at FROM erasure";
}

/// How far the clocks of two nodes may be apart: what was decided up to so long after an erasure is written without the
/// person, too.
const CLOCKS_APART_S: i64 = 60;

/// The bytes of a customer's id where an identifier's key could stand, which has fewer.
pub(super) const CUSTOMER_KEY_LEN: usize = 20;

/// By what a decision is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchKey {
    /// An identifier that was looked up.
    Identifier(IdentifierKey),
    /// A customer that counted.
    Customer(CustomerId),
}

impl SearchKey {
    /// As stored: the lengths tell the two apart.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Identifier(key) => key.0.to_vec(),
            Self::Customer(id) => id.ksuid().bytes().to_vec(),
        }
    }
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Which.
    pub id: DecisionId,
    /// Whose.
    pub merchant: MerchantNumber,
    /// When, on the server's clock.
    pub at: Timestamp,
    /// Who started the payment.
    pub initiator: Initiator,
    /// `allow` or `block`.
    pub outcome: String,
    /// Why.
    pub code: String,
    /// The step that settled it, 1 to 7.
    pub tier: u8,
    /// Whether the lists may have been stale.
    pub degraded: bool,
    /// The newest change that was seen.
    pub revision: i64,
    /// What it was asked for.
    pub origin: DecisionOrigin,
    /// The batch that it belongs to, and its place there.
    pub batch: Option<(DecisionId, u32)>,
    /// The customer that was named.
    pub customer: Option<CustomerId>,
    /// The payment that it was asked for.
    pub payment: Option<PaymentId>,
    /// How it came about, as JSON, without anything that says who it was.
    pub detail: String,
    /// The rest of it, as JSON; nothing once the person is erased.
    pub personal: Option<String>,
}

macro_rules! columns {
    () => {
        "d.id, d.merchant, d.at, d.initiator, d.outcome, d.code, d.tier, d.degraded, d.revision, d.origin, d.batch,
         d.batch_position, d.customer, d.payment, d.detail, d.personal"
    };
}
pub(super) use columns;

pub(super) fn read(row: Row<'_>) -> Result<DecisionRow, StorageError> {
    let ksuid = |index: usize| Ok::<_, StorageError>(row.get::<Option<_>>(index)?.map(Ksuid::from_bytes));
    let batch = ksuid(10)?.map(DecisionId::from_ksuid).zip(row.get::<Option<u32>>(11)?);
    Ok(DecisionRow {
        id: DecisionId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        at: Timestamp::from_micros(row.get(2)?),
        initiator: Initiator::parse(row.text(3)?).ok_or(StorageError::Corrupt("initiator"))?,
        outcome: row.get(4)?,
        code: row.get(5)?,
        tier: row.get(6)?,
        degraded: row.get(7)?,
        revision: row.get(8)?,
        origin: DecisionOrigin::parse(row.text(9)?).ok_or(StorageError::Corrupt("origin"))?,
        batch,
        customer: ksuid(12)?.map(CustomerId::from_ksuid),
        payment: ksuid(13)?.map(PaymentId::from_ksuid),
        detail: row.get(14)?,
        personal: row.get(15)?,
    })
}

/// Who was erased lately, and when.
struct Erasures(HashMap<(i64, Vec<u8>), i64>);

impl Erasures {
    fn read(connection: Connection<'_>) -> Result<Self, StorageError> {
        let found =
            connection.query(SELECT_ERASURES, &[], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(Self(found.into_iter().collect()))
    }

    /// Whether a decision speaks of somebody who was erased since.
    fn concern(&self, row: &DecisionRow, keys: &[Vec<u8>]) -> bool {
        let erased = |key: &Vec<u8>| self.0.get(&(row.merchant.0, key.clone()));
        let is_before = |at: &i64| row.at <= Timestamp::from_micros(*at).plus_seconds(CLOCKS_APART_S);
        !self.0.is_empty() && keys.iter().filter_map(erased).any(is_before)
    }
}

/// Writes rows with their keys, inside of a transaction that no erasure runs beside.
pub(super) fn insert(
    connection: Connection<'_>,
    rows: &[(DecisionRow, Vec<SearchKey>)],
) -> Result<(), StorageError> {
    let erasures = Erasures::read(connection)?;
    for (row, keys) in rows {
        let keys: Vec<Vec<u8>> = keys.iter().map(SearchKey::bytes).collect();
        let is_erased = erasures.concern(row, &keys);
        insert_row(connection, row, row.personal.as_deref().filter(|_| !is_erased))?;
        let id = *row.id.ksuid().bytes();
        for key in keys.iter().filter(|_| !is_erased) {
            connection.execute(INSERT_KEY, params![row.merchant.0, key, row.at.micros(), id])?;
        }
    }
    Ok(())
}

fn insert_row(
    connection: Connection<'_>,
    row: &DecisionRow,
    personal: Option<&str>,
) -> Result<(), StorageError> {
    let (batch, position) = row.batch.unzip();
    connection.execute(
        INSERT,
        params![
            row.id.ksuid().bytes()[..],
            row.merchant.0,
            row.at.micros(),
            row.initiator.as_str(),
            row.outcome,
            row.code,
            row.tier,
            i64::from(row.degraded),
            row.revision,
            row.origin.as_str(),
            batch.map(|id| *id.ksuid().bytes()),
            position,
            row.customer.map(|id| *id.ksuid().bytes()),
            row.payment.map(|id| *id.ksuid().bytes()),
            row.detail,
            personal,
        ],
    )
}

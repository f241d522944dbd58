//! Finding decisions of the log: by id, by payment, and in pages with filters, each of which an index answers or narrows.

use std::collections::HashSet;

use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{CustomerId, DecisionId, Ksuid, PaymentId};
use interdict_domain::scopes::Initiator;

use super::row::{CUSTOMER_KEY_LEN, DecisionRow, SearchKey, columns, read};
use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::view::MerchantView;

macro_rules! filter {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR d.code = $2)
          AND (CAST($3 AS TEXT) IS NULL OR d.initiator = $3)
          AND (CAST($4 AS TEXT) IS NULL OR d.origin = $4)
          AND d.at >= $5 "
    };
}

// The engines do not see through a filter that may be absent: an outcome's and a key's indexes need to be asked for. A
// cross join keeps SQLite from beginning at the other end.
statements! {
    SELECT = concat!("SELECT ", columns!(), " FROM decision d WHERE d.merchant = $1 AND d.id = $2");
    SELECT_OF_PAYMENT = concat!("SELECT ", columns!(), " FROM decision d
        WHERE d.merchant = $1 AND d.payment = $2 ORDER BY d.at DESC, d.id DESC LIMIT $3");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM decision d WHERE d.merchant = $1 ", filter!(),
        " AND (d.at, d.id) < ($6, $7) ORDER BY d.at DESC, d.id DESC LIMIT $8");
    SELECT_AFTER_OF_OUTCOME = concat!("SELECT ", columns!(), " FROM decision d WHERE d.merchant = $1 ", filter!(),
        " AND d.outcome = $6 AND (d.at, d.id) < ($7, $8) ORDER BY d.at DESC, d.id DESC LIMIT $9");
    SELECT_AFTER_OF_KEY = concat!("SELECT ", columns!(), " FROM decision_identifier i CROSS JOIN decision d
        WHERE d.id = i.decision AND i.merchant = $1 ", filter!(),
        " AND (CAST($6 AS TEXT) IS NULL OR d.outcome = $6)
          AND i.identifier_key = $7
          AND (CAST($8 AS BYTEA) IS NULL OR EXISTS (SELECT 1 FROM decision_identifier o
               WHERE o.merchant = $1 AND o.identifier_key = $8 AND o.at = i.at AND o.decision = i.decision))
          AND (i.at, i.decision) < ($9, $10) ORDER BY i.at DESC, i.decision DESC LIMIT $11");
    SELECT_CAME_WITH = "SELECT o.identifier_key FROM
          (SELECT at, decision FROM decision_identifier WHERE merchant = $1 AND identifier_key = $2
           ORDER BY at DESC, decision DESC LIMIT $3) i
          CROSS JOIN decision d CROSS JOIN decision_identifier o
        WHERE d.id = i.decision AND o.decision = i.decision AND LENGTH(o.identifier_key) = $4
          AND (d.customer IS NULL OR d.customer = o.identifier_key)
        GROUP BY o.identifier_key ORDER BY MAX(i.at) DESC, o.identifier_key";
    SELECT_BLOCKED_AFTER = "SELECT d.id FROM decision_identifier i CROSS JOIN decision d
        WHERE d.id = i.decision AND i.merchant = $1 AND i.identifier_key = $2 AND (i.at, i.decision) > ($3, $4)
          AND d.outcome = 'block' AND d.origin IN ('api', 'batch')
          AND (d.customer IS NULL OR d.customer = i.identifier_key) LIMIT 1";
    SELECT_OLDEST = "SELECT d.at FROM decision d WHERE d.merchant = $1 ORDER BY d.at, d.id LIMIT 1";
    SELECT_WIDER_SINCE = "SELECT value FROM meta WHERE name = 'wider_keys_after'";
}

/// Which decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// `allow` or `block`.
    pub outcome: Option<String>,
    /// With this code.
    pub code: Option<String>,
    /// Started by whom.
    pub initiator: Option<Initiator>,
    /// Asked for what.
    pub origin: Option<DecisionOrigin>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub until: Option<Timestamp>,
    /// An identifier that was looked up, by each key that it had under one pepper or another.
    pub identifiers: Vec<SearchKey>,
    /// A customer that counted.
    pub customer: Option<SearchKey>,
}

impl DecisionFilter {
    /// The keys that narrow it down: one, and another one that has to be there, too.
    fn keys(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let customer = self.customer.map(|key| key.bytes());
        if self.identifiers.is_empty() {
            return customer.into_iter().map(|key| (key, None)).collect();
        }
        self.identifiers.iter().map(|key| (key.bytes(), customer.clone())).collect()
    }
}

/// The newest rows of several pages, each once.
fn newest_of(mut pages: Vec<Vec<DecisionRow>>, limit: i64) -> Vec<DecisionRow> {
    if pages.len() == 1 {
        return pages.pop().unwrap_or_default();
    }
    let mut rows: Vec<DecisionRow> = pages.into_iter().flatten().collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.at, row.id)));
    rows.dedup_by_key(|row| row.id);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    rows
}

impl MerchantView<'_> {
    /// A decision by id, if it is kept.
    pub fn decision(&self, id: DecisionId) -> Result<Option<DecisionRow>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0, id.ksuid().bytes()[..]], read)
    }

    /// The decisions that were asked for a payment, newest first.
    pub fn decisions_of_payment(
        &self,
        payment: PaymentId,
        limit: i64,
    ) -> Result<Vec<DecisionRow>, StorageError> {
        let payment = *payment.ksuid().bytes();
        self.connection.query(SELECT_OF_PAYMENT, params![self.merchant.0, payment, limit], read)
    }

    /// Decisions that one of some keys finds, since a moment: so many at most, each once, the newest of each key first.
    pub fn decisions_under(
        &self,
        keys: &[IdentifierKey],
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<DecisionRow>, StorageError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for key in keys {
            let missing = i64::try_from(limit.saturating_sub(found.len())).unwrap_or(i64::MAX);
            if missing == 0 {
                break;
            }
            let identifiers = vec![SearchKey::Identifier(*key)];
            let filter = DecisionFilter { identifiers, from: Some(since), ..DecisionFilter::default() };
            let rows = self.decisions(&filter, None, missing)?;
            found.extend(rows.into_iter().filter(|row| seen.insert(row.id)));
        }
        Ok(found)
    }

    /// The moment of the oldest decision that is kept.
    pub fn oldest_decision(&self) -> Result<Option<Timestamp>, StorageError> {
        let read = |row: Row<'_>| Ok(Timestamp::from_micros(row.get(0)?));
        self.connection.query_optional(SELECT_OLDEST, params![self.merchant.0], read)
    }

    /// The newest decision that is not kept under wider identifiers than those that it looked up.
    pub fn wider_keys_after(&self) -> Result<Option<Timestamp>, StorageError> {
        let value: Option<String> =
            self.connection.query_optional(SELECT_WIDER_SINCE, &[], |row| row.get(0))?;
        Ok(value.and_then(|value| value.parse().ok()).map(Timestamp::from_micros))
    }

    /// A page of decisions, newest first, behind the last row of the page before.
    pub fn decisions(
        &self,
        filter: &DecisionFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<DecisionRow>, StorageError> {
        // Nothing of the moment itself: the least id there is stands before all of its own.
        let until = filter.until.map(|until| (until, Ksuid::from_bytes([0; 20])));
        let (at, id) = keyset([position, until].into_iter().flatten().min());
        let (code, outcome) = (filter.code.as_deref(), filter.outcome.as_deref());
        let initiator = filter.initiator.map(Initiator::as_str);
        let origin = filter.origin.map(DecisionOrigin::as_str);
        let from = filter.from.map_or(i64::MIN, Timestamp::micros);
        let merchant = self.merchant.0;
        let mut of_keys = Vec::new();
        for (key, other) in filter.keys() {
            let parameters =
                params![merchant, code, initiator, origin, from, outcome, key, other, at, id, limit];
            of_keys.push(self.connection.query(SELECT_AFTER_OF_KEY, parameters, read)?);
        }
        if !of_keys.is_empty() {
            return Ok(newest_of(of_keys, limit));
        }
        if outcome.is_some() {
            let parameters = params![merchant, code, initiator, origin, from, outcome, at, id, limit];
            return self.connection.query(SELECT_AFTER_OF_OUTCOME, parameters, read);
        }
        let parameters = params![merchant, code, initiator, origin, from, at, id, limit];
        self.connection.query(SELECT_AFTER, parameters, read)
    }

    /// The customers that came with an identifier in the newest decisions that looked it up, the newest first: whoever was
    /// named, and where nobody was, whoever counted.
    pub fn customers_that_came_with(
        &self,
        identifier: IdentifierKey,
        decisions: i64,
    ) -> Result<Vec<CustomerId>, StorageError> {
        let length = i64::try_from(CUSTOMER_KEY_LEN).unwrap_or(i64::MAX);
        let parameters = params![self.merchant.0, identifier.0, decisions, length];
        self.connection.query(SELECT_CAME_WITH, parameters, |row| {
            Ok(CustomerId::from_ksuid(Ksuid::from_bytes(row.get(0)?)))
        })
    }

    /// Whether a question about a customer was answered with a block behind a place: whoever was named, and where nobody
    /// was, whoever counted.
    pub fn was_blocked_after(
        &self,
        customer: CustomerId,
        place: (Timestamp, Ksuid),
    ) -> Result<bool, StorageError> {
        self.has_any_after(SELECT_BLOCKED_AFTER, customer, place)
    }
}

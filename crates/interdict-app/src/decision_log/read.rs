//! Reading the log, and having it forget a person. Both first see to it that what this node was offered before is
//! written.

use std::sync::Arc;
use std::time::Duration;

use interdict_decision::order::{Code, Outcome};
use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::{IdentifierKey, Kind, Pepper};
use interdict_domain::ids::{CustomerId, DecisionId, Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;
use interdict_storage::{DecisionFilter, DecisionRow, SearchKey, StorageError};

use super::log::{DecisionLog, DecisionLogStatus};
use super::record::LoggedDecision;
use crate::service::Service;

/// How long a reader waits for what is not written yet.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// How long the end of the process waits for it.
const FINISH_LIMIT: Duration = Duration::from_secs(10);

/// Which decisions of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedFilter {
    /// What they allowed.
    pub outcome: Option<Outcome>,
    /// Why.
    pub code: Option<Code>,
    /// Who started the payment.
    pub initiator: Option<Initiator>,
    /// What they were asked for.
    pub origin: Option<DecisionOrigin>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub until: Option<Timestamp>,
    /// An identifier that was looked up, normalised.
    pub identifier: Option<(Kind, String)>,
    /// A customer that counted.
    pub customer: Option<CustomerId>,
}

impl Service {
    /// How the log stands; nothing where there is none.
    pub fn decision_log_status(&self) -> Option<DecisionLogStatus> {
        self.decision_log.as_ref().map(|log| log.status())
    }

    /// Whether decisions are kept.
    pub fn keeps_decisions(&self) -> bool {
        self.decision_log.as_ref().is_some_and(|log| log.is_on())
    }

    /// A decision of a merchant, if it is kept.
    pub async fn logged_decision(
        &self,
        merchant: MerchantNumber,
        id: DecisionId,
    ) -> Result<Option<LoggedDecision>, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(None) };
        let row = log.store.read(merchant, move |view| view.decision(id)).await?;
        row.as_ref().map(LoggedDecision::of).transpose()
    }

    /// A page of a merchant's decisions, newest first, behind the last one of the page before.
    pub async fn logged_decisions(
        &self,
        merchant: MerchantNumber,
        filter: &LoggedFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<LoggedDecision>, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(Vec::new()) };
        let identifier = filter.identifier.as_ref();
        let filter = DecisionFilter {
            // A code says the outcome, which has an index.
            outcome: filter.outcome.or(filter.code.map(outcome_of)).map(|one| one.as_str().to_owned()),
            code: filter.code.map(|code| code.as_str().to_owned()),
            initiator: filter.initiator,
            origin: filter.origin,
            from: filter.from,
            until: filter.until,
            identifiers: identifier.map_or(Vec::new(), |(kind, value)| {
                let key = |pepper: &Pepper| SearchKey::Identifier(pepper.key(merchant, *kind, value));
                self.pepper.all().map(key).collect()
            }),
            customer: filter.customer.map(SearchKey::Customer),
        };
        let rows = log.store.read(merchant, move |view| view.decisions(&filter, position, limit)).await?;
        all(&rows)
    }

    /// The decisions that were asked for a payment, newest first.
    pub async fn logged_decisions_of_payment(
        &self,
        merchant: MerchantNumber,
        payment: PaymentId,
        limit: i64,
    ) -> Result<Vec<LoggedDecision>, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(Vec::new()) };
        all(&log.store.read(merchant, move |view| view.decisions_of_payment(payment, limit)).await?)
    }

    /// Takes a person out of the log: whatever has one of the identifiers, or the customer, if there is one. Returns how many decisions
    /// were found.
    pub async fn erase_from_log(
        &self,
        merchant: MerchantNumber,
        customer: Option<CustomerId>,
        identifiers: &[IdentifierKey],
    ) -> Result<usize, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(0) };
        let identifiers = identifiers.iter().copied().map(SearchKey::Identifier);
        let keys: Vec<SearchKey> = identifiers.chain(customer.map(SearchKey::Customer)).collect();
        let (store, now) = (Arc::clone(&log.store), self.clock.now());
        let erase = move || store.erase(merchant, &keys, now);
        tokio::task::spawn_blocking(erase).await.unwrap_or(Err(StorageError::Stopped))
    }

    /// Has old decisions deleted, in the background.
    pub(crate) fn forget_old_decisions(&self) {
        if let Some(log) = &self.decision_log {
            log.queue.remind();
        }
    }

    /// Writes what waits, at the end of the process.
    pub(crate) async fn finish_log(&self) {
        if let Some(log) = &self.decision_log {
            log.queue.flush(FINISH_LIMIT).await;
        }
    }

    /// The log, once what it was offered is written. One that is late is read as it is: it is behind, not wrong.
    pub(crate) async fn written_log(&self) -> Option<&Arc<DecisionLog>> {
        let log = self.decision_log.as_ref()?;
        log.queue.flush(FLUSH_LIMIT).await;
        Some(log)
    }
}

fn outcome_of(code: Code) -> Outcome {
    let rule = interdict_decision::order::ORDER.iter().find(|rule| rule.code == code);
    // No row of the order: it blocks what the lists let through.
    rule.map_or(Outcome::Block, |rule| rule.outcome)
}

fn all(rows: &[DecisionRow]) -> Result<Vec<LoggedDecision>, StorageError> {
    rows.iter().map(LoggedDecision::of).collect()
}

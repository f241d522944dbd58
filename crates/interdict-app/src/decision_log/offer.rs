//! Offering a decision to the log. What is refused costs two looks at memory; only what is let in is explained and
//! copied.

use std::sync::Arc;

use interdict_decision::explanation::{Counted, CountedCustomer, ExplainedLookup, Explanation};
use interdict_decision::{Attempt, Decision, Index, Outcome, Source, Value, decide};
use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::ids::{DecisionId, PaymentId};
use interdict_domain::merchant::MerchantNumber;

use super::log::DecisionLog;
use super::queue::WAITING_MAX;
use super::rates::Bucket;
use super::record::{LoggedDecision, Record};
use crate::service::Service;

/// A batch may fill so much of the queue: the rest is for those who ask one by one.
const BATCHES_WAITING_MAX: usize = WAITING_MAX / 2;

/// Reasons, and customers, of a decision that are kept. Thousands may share an email.
const KEPT_MAX: usize = 100;

/// What is true of a decision besides what the lists say.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Which: under this id it may be found in the log.
    pub id: DecisionId,
    /// When it was made, on the server's clock.
    pub at: Timestamp,
    /// Whether the lists may be stale: then the merchant's outage policy has had its say.
    pub degraded: bool,
}

/// What of an attempt is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// What the log has for it.
    AsUsual,
    /// A refusal alone.
    Refusals,
    /// Nothing.
    Nothing,
}

/// What a decision is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub(crate) origin: DecisionOrigin,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) kept: Kept,
}

impl Occasion {
    /// Whether an attempt shows with what somebody comes to pay. A score is no attempt, and neither is a look ahead.
    pub(crate) fn is_noticed(self) -> bool {
        self.kept != Kept::Nothing && self.origin != DecisionOrigin::Score
    }

    /// A call of the API.
    pub(crate) const fn call(dry_run: bool) -> Self {
        let kept = if dry_run { Kept::Nothing } else { Kept::AsUsual };
        Self { origin: DecisionOrigin::Api, payment: None, kept }
    }
}

/// One of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Item<'b> {
    pub(crate) batch: DecisionId,
    pub(crate) position: usize,
    pub(crate) rate: &'b Bucket,
}

impl Service {
    /// Offers one that was asked for by itself.
    #[inline]
    pub(crate) fn offer(
        &self,
        index: &Index,
        attempt: &Attempt<'_>,
        decision: &Decision<'_>,
        judged: Judged,
        occasion: Occasion,
    ) {
        let Some(log) = self.log_in_use() else { return };
        let is_wanted = match (occasion.kept, decision.outcome) {
            (Kept::Nothing, _) | (Kept::Refusals, Outcome::Allow) => false,
            (_, Outcome::Block) => true,
            (Kept::AsUsual, Outcome::Allow) => {
                occasion.origin.is_charge() || log.rates.take(attempt.merchant, judged.at)
            }
        };
        if is_wanted && log.has_room(WAITING_MAX) {
            let logged = keep(index, attempt, decision, judged, occasion);
            log.push(record(attempt, logged), WAITING_MAX);
        }
    }

    /// The log, if decisions are kept.
    #[inline]
    fn log_in_use(&self) -> Option<&DecisionLog> {
        self.decision_log.as_deref().filter(|log| log.is_on())
    }

    /// How many of a merchant's decisions that let somebody pay are offered.
    pub(crate) fn log_rate(&self, merchant: MerchantNumber) -> Arc<Bucket> {
        self.index.log_rates().of(merchant)
    }

    /// Offers one of a batch, and says under which id it was let in.
    #[inline]
    pub(crate) fn offer_item(
        &self,
        index: &Index,
        attempt: &Attempt<'_>,
        decision: &Decision<'_>,
        (at, degraded): (Timestamp, bool),
        item: Item<'_>,
    ) -> Option<DecisionId> {
        let log = self.log_in_use()?;
        let is_wanted = decision.outcome == Outcome::Block || item.rate.take(at);
        if !is_wanted || !log.has_room(BATCHES_WAITING_MAX) {
            return None;
        }
        let judged = Judged { id: DecisionId::generate(at, self.random.as_ref()), at, degraded };
        let occasion = Occasion { origin: DecisionOrigin::Batch, payment: None, kept: Kept::AsUsual };
        let mut logged = keep(index, attempt, decision, judged, occasion);
        logged.batch = Some((item.batch, u32::try_from(item.position).unwrap_or(u32::MAX)));
        log.push(record(attempt, logged), BATCHES_WAITING_MAX);
        Some(judged.id)
    }
}

impl DecisionLog {
    /// Whether one more would be let in. When not, it is lost.
    #[inline]
    fn has_room(&self, most: usize) -> bool {
        let has_room = self.queue.len() < most;
        if !has_room {
            self.lose(1);
        }
        has_room
    }

    fn push(&self, record: Record, most: usize) {
        if !self.queue.push(record, most) {
            self.lose(1);
        }
    }
}

fn record(attempt: &Attempt<'_>, logged: LoggedDecision) -> Record {
    let keys = attempt.lookups.iter().map(|lookup| lookup.key).collect();
    Record { merchant: attempt.merchant, keys, logged }
}

#[cold]
#[inline(never)]
fn keep(
    index: &Index,
    attempt: &Attempt<'_>,
    decision: &Decision<'_>,
    judged: Judged,
    occasion: Occasion,
) -> LoggedDecision {
    let explanation = match &decision.explanation {
        Some(explanation) => Some(own_explanation(explanation)),
        None => explain(index, attempt, decision).as_deref().map(own_explanation),
    };
    LoggedDecision {
        id: judged.id,
        at: judged.at,
        initiator: attempt.initiator,
        origin: occasion.origin,
        batch: None,
        payment: occasion.payment,
        degraded: judged.degraded,
        is_erased: false,
        decision: Decision {
            outcome: decision.outcome,
            code: decision.code,
            tier: decision.tier,
            customer: decision.customer,
            sources: decision.sources.iter().take(KEPT_MAX).map(own_source).collect(),
            public_message: decision.public_message.clone(),
            revision: decision.revision,
            explanation: explanation.map(Box::new),
        },
    }
}

/// The same decision once more, with its explanation. The lists may have changed in between, and then it would explain
/// another decision: better none.
fn explain<'a>(
    index: &Index,
    attempt: &Attempt<'a>,
    decision: &Decision<'_>,
) -> Option<Box<Explanation<'a>>> {
    let again = decide(index, &Attempt { explain: true, ..*attempt }).ok()?;
    let is_degraded = decision.sources.is_empty() && decision.outcome == Outcome::Block;
    let same_sources = is_degraded
        || (again.sources.len() == decision.sources.len()
            && again.sources.iter().zip(&decision.sources).all(|(one, other)| one == other));
    let is_same = again.tier == decision.tier && again.customer == decision.customer && same_sources;
    again.explanation.filter(|_| is_same)
}

fn own(value: Option<&Value<'_>>) -> Option<Value<'static>> {
    value.map(|value| match value {
        Value::Given(text) => Value::Held(Arc::from(*text)),
        Value::Held(text) => Value::Held(Arc::clone(text)),
    })
}

fn own_source(source: &Source<'_>) -> Source<'static> {
    Source {
        tier: source.tier,
        what: source.what,
        entry: source.entry,
        customer: source.customer,
        kind: source.kind,
        rule: source.rule,
        value: own(source.value.as_ref()),
        reason: source.reason.clone(),
        public_message: source.public_message.clone(),
        scopes: source.scopes,
        window: source.window,
    }
}

fn own_explanation(explanation: &Explanation<'_>) -> Explanation<'static> {
    let customers = explanation.customers.iter().take(KEPT_MAX).map(|customer| CountedCustomer {
        id: customer.id,
        how: match &customer.how {
            Counted::Id => Counted::Id,
            Counted::MerchantRef => Counted::MerchantRef,
            Counted::Shared { kind, value } => Counted::Shared { kind: *kind, value: own(value.as_ref()) },
        },
        whitelist_applies: customer.whitelist_applies,
    });
    let lookups = explanation.lookups.iter().map(|lookup| ExplainedLookup {
        kind: lookup.kind,
        value: own(lookup.value.as_ref()),
        verified: lookup.verified,
        rule: lookup.rule,
        hit: lookup.hit,
        entry: lookup.entry,
        passed_over: lookup.passed_over.clone(),
    });
    Explanation { customers: customers.collect(), lookups: lookups.collect(), tiers: explanation.tiers }
}

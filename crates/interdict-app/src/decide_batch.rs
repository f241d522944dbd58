//! Deciding many attempts under one answer, which says once for all of them what they rest on.

use std::sync::Arc;

use interdict_decision::{Attempt, Decision, decide};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use interdict_domain::merchant::MerchantNumber;

use crate::decide_payment::{DecidePaymentError, PaymentAttempt, Wanted, settle_outage};
use crate::decision_log::{Bucket, Item};
use crate::service::Service;

/// Many attempts of one merchant at one moment. How fresh the lists are is settled at its beginning, so
/// that what the answer says of itself is true of each part.
pub struct Sitting<'s> {
    service: &'s Service,
    merchant: MerchantNumber,
    now: Timestamp,
    revision: i64,
    degraded: bool,
    id: DecisionId,
    log_rate: Arc<Bucket>,
}

impl Service {
    /// Begins to decide many attempts at a moment.
    pub fn sit(&self, merchant: MerchantNumber, now: Timestamp) -> Sitting<'_> {
        let known = self.index.known();
        let revision = self.index.revision();
        Sitting {
            service: self,
            merchant,
            now,
            revision,
            degraded: self.is_stale(known),
            id: DecisionId::generate(now, self.random.as_ref()),
            log_rate: self.log_rate(merchant),
        }
    }
}

impl Sitting<'_> {
    /// Of all of them together.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// Each decision has seen at least this change.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether the lists may be stale: then the merchant's outage policy has its say in each decision.
    pub fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// Decides some of the attempts on one reading of the index, as [`Service::decide`] does one, and shows
    /// each decision in its turn with its number. All of them wait for the memory together. `first` is the place of
    /// the first of them among all attempts.
    pub fn decide_all(
        &self,
        first: usize,
        attempts: &[PaymentAttempt<'_>],
        mut answer: impl FnMut(usize, Result<&Decision<'_>, DecidePaymentError>),
    ) {
        let Self { service, merchant, now, degraded, id, ref log_rate, .. } = *self;
        let mut hits = Vec::with_capacity(attempts.len());
        let decided = service.index.with(|index| {
            let wanted = Wanted::of(index, merchant);
            let (mut lookups, mut ends) =
                (Vec::with_capacity(attempts.len()), Vec::with_capacity(attempts.len()));
            for attempt in attempts {
                wanted.look_up(&service.pepper, attempt, |lookup| lookups.push(lookup));
                ends.push(lookups.len());
            }
            index.fetch(&lookups);
            index.fetch_found(&lookups);
            let merchant_now = index.merchant_now(merchant, now);
            let (mut begin, mut former) = (0, Vec::new());
            for (at, (attempt, end)) in attempts.iter().zip(ends).enumerate() {
                let own = lookups.get(begin..end).unwrap_or_default();
                begin = end;
                former.clear();
                wanted.former(&service.pepper, own, |key| former.push(key));
                let attempt_in = Attempt {
                    merchant,
                    initiator: attempt.initiator,
                    now: merchant_now,
                    money: attempt.money,
                    customer: attempt.customer,
                    lookups: own,
                    former: &former,
                    as_of: wanted.as_of,
                    of_own: wanted.of_own(&service.pepper, attempt),
                    explain: attempt.explain,
                };
                let mut decided = decide(index, &attempt_in);
                if degraded && let Err(error) = settle_outage(index, &attempt_in, &mut decided) {
                    answer(at, Err(error));
                    continue;
                }
                match &decided {
                    Ok(decision) => {
                        if !attempt.dry_run {
                            hits.extend(decision.sources.iter().filter_map(|source| source.entry));
                            let item = Item { batch: id, position: first + at, rate: log_rate };
                            let logged =
                                service.offer_item(index, &attempt_in, decision, (now, degraded), item);
                            service.notice(&attempt_in, decision, (logged.unwrap_or(id), now));
                        }
                        answer(at, Ok(decision));
                    }
                    Err(error) => answer(at, Err((*error).into())),
                }
            }
        });
        if decided.is_none() {
            for at in 0..attempts.len() {
                answer(at, Err(DecidePaymentError::NotLoaded));
            }
        }
        service.hits.count_all(&hits, now);
    }
}

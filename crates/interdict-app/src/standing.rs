//! What follows for a customer from everything that stands for or against: the effective state, with
//! every source (Kill Bill's users have asked for it since 2020).

use std::sync::Arc;

use interdict_decision::{Code, Decision, Outcome, Source, SourceKind, Tier, decide};
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;

use crate::decide_payment::{DecidePaymentError, PaymentAttempt};
use crate::service::Service;

/// One source, as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingSource {
    /// The step of the order.
    pub tier: Tier,
    /// The word for it.
    pub code: Code,
    /// What kind of thing.
    pub what: SourceKind,
    /// Which entry.
    pub entry: Option<EntryId>,
    /// Whose flag or status.
    pub customer: Option<CustomerId>,
    /// Through which kind of identifier it was found.
    pub kind: Option<Kind>,
    /// By which policy an email matched, if not as it is.
    pub matching: Option<EmailMatching>,
    /// That identifier's value.
    pub value: Option<String>,
    /// Why it stands.
    pub reason: Option<Arc<str>>,
}

impl StandingSource {
    /// A source of a decision, to keep beyond the index's own words.
    pub fn of(source: &Source<'_>) -> Self {
        Self {
            tier: source.tier,
            code: source.code(),
            what: source.what,
            entry: source.entry,
            customer: source.customer,
            kind: source.kind,
            matching: source.matching(),
            value: source.value.as_ref().map(|value| value.to_string()),
            reason: source.reason.clone(),
        }
    }
}

/// A customer's standing for one initiator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What an attempt would get.
    pub outcome: Outcome,
    /// Why.
    pub code: Code,
    /// Everything that stands, the deciding source first.
    pub sources: Vec<StandingSource>,
    /// Everything up to this change was seen.
    pub revision: i64,
}

impl Standing {
    pub(crate) fn of(decision: &Decision<'_>) -> Self {
        Self {
            outcome: decision.outcome,
            code: decision.code,
            sources: decision.sources.iter().map(StandingSource::of).collect(),
            revision: decision.revision,
        }
    }
}

impl Service {
    /// A customer's standing for an initiator: the decision on an attempt that says nothing but who.
    pub fn standing(
        &self,
        merchant: MerchantNumber,
        customer: CustomerId,
        initiator: Initiator,
    ) -> Result<Standing, DecidePaymentError> {
        let attempt = PaymentAttempt {
            initiator,
            customer: Some(customer),
            identifiers: &[],
            money: None,
            explain: false,
            dry_run: true,
        };
        // What the lists say, however old: an outage is no standing of anybody's.
        self.consult(merchant, self.clock.now(), &attempt, |index, attempt| {
            Ok(Standing::of(&decide(index, attempt)?))
        })
    }
}

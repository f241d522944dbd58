//! A decision with its explanation, as every answer shows it.

use interdict_app::decision::{Counted, Decision, Explanation, Outcome};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, DecisionId, EntryId};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::ReasonView;

/// What a payer is told when no entry says anything better.
const NEUTRAL_MESSAGE: &str = "This payment cannot be completed. Please contact the merchant.";

/// The answer for one attempt.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decision)]
pub(crate) struct DecisionView<'a> {
    /// `dec_` and a KSUID.
    #[schema(value_type = String)]
    id: DecisionId,
    /// `allow` or `block`.
    outcome: &'static str,
    /// Why.
    code: &'static str,
    /// What to tell the payer; null when the payment may go on. Never the internal reason.
    message: Option<&'a str>,
    /// `customer` or `merchant`.
    #[schema(value_type = String)]
    initiator: Initiator,
    /// The customer named by id or ref.
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// Everything that matched, the deciding source first.
    #[schema(value_type = Vec<ReasonView>)]
    reasons: SmallVec<[ReasonView<'a>; 2]>,
    /// The newest change that was seen.
    revision: i64,
    /// Whether the lists may be stale.
    degraded: bool,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// When asked for with `explain: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationView<'a>>,
}

impl<'a> DecisionView<'a> {
    pub(crate) fn of(
        decision: &'a Decision<'_>,
        id: DecisionId,
        initiator: Initiator,
        now: Timestamp,
        degraded: bool,
    ) -> Self {
        Self {
            id,
            outcome: decision.outcome.as_str(),
            code: decision.code.as_str(),
            message: message(decision),
            initiator,
            customer: decision.customer,
            reasons: decision.sources.iter().map(ReasonView::of).collect(),
            revision: decision.revision,
            degraded,
            decided_at: now,
            explanation: decision.explanation.as_deref().map(explain),
        }
    }
}

/// A decision as `POST /v1/decisions` answers it, for the command line.
pub fn decision_as_json(
    decision: &Decision<'_>,
    id: DecisionId,
    initiator: Initiator,
    now: Timestamp,
    degraded: bool,
) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(DecisionView::of(decision, id, initiator, now, degraded))
}

/// How a decision came about.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView<'a> {
    /// Every customer that counted.
    customers: Vec<CountedView<'a>>,
    /// Every lookup, once.
    lookups: Vec<LookupView<'a>>,
    /// All seven steps of the order.
    tiers: Vec<TierView>,
}

/// A customer that counted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CountedCustomer)]
pub(crate) struct CountedView<'a> {
    #[schema(value_type = String)]
    id: CustomerId,
    /// `id`, `merchantRef`, or the kind of the identifier that it shares.
    found_by: &'static str,
    /// The shared identifier, normalised.
    value: Option<&'a str>,
    /// Whether a whitelist status of it would count.
    whitelist_applies: bool,
}

/// One lookup.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedLookup)]
pub(crate) struct LookupView<'a> {
    kind: &'static str,
    /// Normalised.
    value: Option<&'a str>,
    /// How it was compared with entries.
    rule: &'static str,
    /// Whether something was found.
    hit: bool,
    #[schema(value_type = Option<String>)]
    entry: Option<EntryId>,
    /// Whether allow entries could match it.
    verified: bool,
}

/// One step of the order.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedTier)]
pub(crate) struct TierView {
    /// 1 to 7.
    tier: u8,
    /// Whether the order got that far.
    reached: bool,
    /// What it says; null when nothing matched in it.
    outcome: Option<&'static str>,
}

fn explain<'a>(explanation: &'a Explanation<'a>) -> ExplanationView<'a> {
    let customers = explanation.customers.iter().map(|customer| {
        let (found_by, value) = match &customer.how {
            Counted::Id => ("id", None),
            Counted::MerchantRef => ("merchantRef", None),
            Counted::Shared { kind, value } => (kind.as_str(), value.as_deref()),
        };
        CountedView { id: customer.id, found_by, value, whitelist_applies: customer.whitelist_applies }
    });
    let lookups = explanation.lookups.iter().map(|lookup| LookupView {
        kind: lookup.kind.as_str(),
        value: lookup.value.as_deref(),
        rule: lookup.rule.as_str(),
        hit: lookup.hit,
        entry: lookup.entry,
        verified: lookup.verified,
    });
    let tiers = explanation.tiers.iter().map(|tier| TierView {
        tier: tier.tier.number(),
        reached: tier.reached,
        outcome: tier.outcome.map(Outcome::as_str),
    });
    ExplanationView { customers: customers.collect(), lookups: lookups.collect(), tiers: tiers.collect() }
}

/// What the payer is told.
fn message<'a>(decision: &'a Decision<'_>) -> Option<&'a str> {
    match decision.outcome {
        Outcome::Allow => None,
        Outcome::Block => Some(decision.public_message.as_deref().unwrap_or(NEUTRAL_MESSAGE)),
    }
}

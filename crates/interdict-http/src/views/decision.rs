//! A decision with its explanation, as every answer shows it.

use interdict_app::decision::{Counted, Decision, Explanation, Outcome, PassedOver};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, DecisionId, EntryId};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::{ReasonView, Text, write_reasons};

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

/// A decision as `POST /v1/decisions` answers it: the bytes that serde writes of a [`DecisionView`].
pub(crate) fn write_decision(
    decision: &Decision<'_>,
    id: DecisionId,
    initiator: Initiator,
    now: Timestamp,
    degraded: bool,
) -> Vec<u8> {
    let mut text = Text::new();
    text.raw("{\"id\":").id(Some(id.text()));
    text.raw(",\"outcome\":").word(decision.outcome.as_str());
    text.raw(",\"code\":").word(decision.code.as_str());
    text.raw(",\"message\":").string(message(decision));
    text.raw(",\"initiator\":").word(initiator.as_str());
    text.raw(",\"customer\":").id(decision.customer.map(|id| id.text()));
    text.raw(",\"reasons\":");
    write_reasons(&mut text, &decision.sources);
    text.raw(",\"revision\":").integer(decision.revision);
    text.raw(",\"degraded\":").flag(degraded);
    text.raw(",\"decidedAt\":").time(now);
    if let Some(explanation) = &decision.explanation {
        text.raw(",\"explanation\":").any(&explain(explanation));
    }
    text.raw("}");
    text.finish()
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
    /// Entries that stand there and do not count for this attempt; left out where there are none.
    #[serde(rename = "passedOver", skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    passed_over: Vec<PassedOverView>,
}

/// An entry that stands there and does not count.
#[derive(Serialize, ToSchema)]
#[schema(as = PassedOverEntry)]
pub(crate) struct PassedOverView {
    #[schema(value_type = String)]
    entry: EntryId,
    /// `unverified` (an exemption, and the payer typed it), `out_of_scope`, `not_begun`, `ended` or `beyond_limits` (more
    /// than it exempts, in another currency, or of an amount that nobody said); of several the first.
    why: &'static str,
}

impl PassedOverView {
    const fn of(passed: &PassedOver) -> Self {
        Self { entry: passed.entry, why: passed.why.as_str() }
    }
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
        passed_over: lookup.passed_over.iter().map(PassedOverView::of).collect(),
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

#[cfg(test)]
pub(crate) mod tests {
    use interdict_app::decision::{ExplainedTier, Source, SourceKind, Sources, Tier, Value};
    use interdict_domain::identifier::{Kind, Rule};
    use interdict_domain::scopes::Scopes;
    use interdict_domain::window::Window;

    use super::*;

    /// Decisions with nothing, with one source and with several, whose texts need escapes or do not.
    pub(crate) fn decisions() -> Vec<Decision<'static>> {
        let blocked = Source {
            tier: Tier::HardBlock,
            what: SourceKind::Entry,
            entry: "bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().ok(),
            customer: None,
            kind: Some(Kind::Email),
            rule: Rule::Provider,
            value: Some(Value::Given("ünal\"@example.com")),
            reason: Some("a \\ and\u{1}\n".into()),
            public_message: Some("No \"cards\" here.".into()),
            scopes: Scopes::BOTH,
            window: Window::ALWAYS,
        };
        let restricted = Source {
            tier: Tier::Restriction,
            what: SourceKind::Restriction,
            entry: None,
            customer: "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().ok(),
            kind: None,
            rule: Rule::Exact,
            value: None,
            reason: None,
            public_message: None,
            ..blocked.clone()
        };
        let plain =
            Source { value: Some(Value::Given("a@b.co")), reason: Some("fraud".into()), ..blocked.clone() };
        let tiers =
            std::array::from_fn(|_| ExplainedTier { tier: Tier::Default, reached: true, outcome: None });
        let explanation = Explanation { customers: Vec::new(), lookups: Vec::new(), tiers };
        let all: [Vec<Source<'static>>; 4] =
            [vec![], vec![plain], vec![blocked.clone()], vec![restricted, blocked]];
        let decision = |sources: Vec<Source<'static>>| {
            let tier = sources.first().map_or(Tier::Default, |first| first.tier);
            Decision {
                outcome: tier.outcome(),
                code: tier.code(),
                tier,
                customer: sources.first().and_then(|first| first.customer),
                public_message: sources.first().and_then(|first| first.public_message.clone()),
                revision: 42,
                explanation: (sources.len() > 1).then(|| Box::new(explanation.clone())),
                sources: Sources::from_vec(sources),
            }
        };
        all.into_iter().map(decision).collect()
    }

    #[test]
    fn both_ways_of_writing_give_the_same_bytes() {
        let id: DecisionId = "dec_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().unwrap();
        let now = Timestamp::from_micros(1_763_696_613_123_456);
        for decision in decisions() {
            for (initiator, degraded) in Initiator::ALL.into_iter().zip([true, false]) {
                let view = DecisionView::of(&decision, id, initiator, now, degraded);
                let expected = serde_json::to_string(&view).unwrap();
                let written = write_decision(&decision, id, initiator, now, degraded);
                assert_eq!(String::from_utf8(written).unwrap(), expected);
            }
        }
    }
}

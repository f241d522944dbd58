//! Try a decision: what an attempt would get now, and how that comes about. Asked for in the address, so that
//! the answer can be sent to somebody; nothing is charged, counted or kept.

use std::borrow::Cow;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::{
    Counted, CountedCustomer, Decision, ExplainedLookup, ExplainedTier, Outcome, Tier,
};
use interdict_app::{PaymentAttempt, Presented, StandingSource};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::scopes::Initiator;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::payments::initiator as started_by;
use crate::pages::sources::{self, Anchor, Names, SourceLine, undecided};
use crate::person::{Person, TryDecision};
use crate::state::State;
use crate::{of, t, t_with};

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage {
    frame: Frame,
    initiators: Vec<(&'static str, String, bool)>,
    fields: Vec<Field>,
    typed: bool,
    problem: Option<String>,
    answer: Option<Shown>,
}

/// A field that says who pays.
struct Field {
    name: &'static str,
    label: String,
    value: String,
    problem: Option<String>,
}

/// What was decided, as it is kept once the index is let go of.
struct Decided {
    outcome: Outcome,
    code: &'static str,
    tier: Tier,
    degraded: bool,
    public_message: Option<String>,
    revision: i64,
    sources: Vec<StandingSource>,
    customers: Vec<(CustomerId, String)>,
    lookups: Vec<Lookup>,
    tiers: Vec<ExplainedTier>,
}

struct Lookup {
    kind: Kind,
    value: String,
    verified: bool,
    rule: &'static str,
    hit: bool,
    entry: Option<EntryId>,
}

struct Shown {
    is_blocked: bool,
    code: String,
    word: &'static str,
    degraded: bool,
    public_message: String,
    revision: String,
    sources: Vec<SourceLine>,
    customers: Vec<(Anchor, String)>,
    lookups: Vec<LookupRow>,
    tiers: Vec<TierRow>,
}

struct LookupRow {
    kind: String,
    value: String,
    verified: bool,
    rule: String,
    hit: bool,
    link: Option<Anchor>,
}

struct TierRow {
    number: u8,
    matches: String,
    said: String,
    is_reached: bool,
    decides: bool,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<TryDecision>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let initiator = query.text("initiator").and_then(Initiator::parse);
    let (fields, customer, presented) = read(&query);
    let has_problem = fields.iter().any(|field| field.problem.is_some());
    let (mut status, mut problem, mut answer) = (StatusCode::OK, None, None);
    match initiator {
        Some(_) if has_problem => {
            (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, Some(t("decision-invalid")));
        }
        Some(initiator) => {
            let attempt =
                PaymentAttempt { initiator, customer, identifiers: &presented, explain: true, dry_run: true };
            let (merchant, service) = (person.signed_in.user.merchant, person.service());
            let decided = service.decide(merchant, service.now(), &attempt, |decision, judged| {
                Decided::of(decision, judged.degraded)
            });
            match decided {
                Ok(decided) => answer = Some(shown(&person, decided).await?),
                Err(error) => {
                    (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, Some(undecided(error)));
                }
            }
        }
        None => {}
    }
    let chosen = initiator.unwrap_or(Initiator::Customer);
    let page = DecisionPage {
        frame: Frame::new(&state, &person, Place::Decisions, t("nav-decisions"), &query).await,
        initiators: Initiator::ALL.map(|one| (one.as_str(), started_by(one), one == chosen)).to_vec(),
        fields,
        typed: query.is_set("typed"),
        problem,
        answer,
    };
    Ok(answer::page(status, &page))
}

/// The fields with what is wrong in them, and what they say.
fn read(query: &Form) -> (Vec<Field>, Option<CustomerId>, Vec<Presented<'_>>) {
    let verified = !query.is_set("typed");
    let mut presented = Vec::new();
    let text = query.text("customer");
    let parsed = text.map(str::parse::<CustomerId>);
    let problem = match &parsed {
        Some(Err(error)) => Some(format!("{} {error}.", t("customer-id"))),
        _ => None,
    };
    let value = text.unwrap_or_default().to_owned();
    let mut fields = vec![Field { name: "customer", label: t("customer-id"), value, problem }];
    for kind in Kind::ALL {
        let (name, label) = (kind.as_str(), sources::kind(kind));
        let text = query.text(name);
        let problem = match text.map(|text| kind.normalise(text)) {
            Some(Ok(value)) => {
                presented.push(Presented { kind, value: Cow::Owned(value.into_owned()), verified });
                None
            }
            Some(Err(error)) => Some(format!("{label} {error}.")),
            None => None,
        };
        fields.push(Field { name, label, value: text.unwrap_or_default().to_owned(), problem });
    }
    (fields, parsed.and_then(Result::ok), presented)
}

impl Decided {
    fn of(decision: &Decision<'_>, degraded: bool) -> Self {
        let explanation = decision.explanation.as_deref();
        let lookup = |lookup: &ExplainedLookup<'_>| Lookup {
            kind: lookup.kind,
            value: lookup.value.as_ref().map_or_else(|| t("erased"), |value| value.to_string()),
            verified: lookup.verified,
            rule: lookup.rule.as_str(),
            hit: lookup.hit,
            entry: lookup.entry,
        };
        let customers = explanation.map_or(&[][..], |explanation| &explanation.customers);
        Self {
            outcome: decision.outcome,
            code: decision.code.as_str(),
            tier: decision.tier,
            degraded,
            public_message: decision.public_message.as_deref().map(str::to_owned),
            revision: decision.revision,
            sources: decision.sources.iter().map(StandingSource::of).collect(),
            customers: customers.iter().map(|customer| (customer.id, how(customer))).collect(),
            lookups: explanation
                .map_or(Vec::new(), |explanation| explanation.lookups.iter().map(lookup).collect()),
            tiers: explanation.map_or(Vec::new(), |explanation| explanation.tiers.to_vec()),
        }
    }
}

/// How a customer came to count.
fn how(customer: &CountedCustomer<'_>) -> String {
    match &customer.how {
        Counted::Id => t("counted-id"),
        Counted::MerchantRef => t("counted-ref"),
        Counted::Shared { kind, .. } => t_with("counted-shared", &[("kind", sources::kind(*kind).into())]),
    }
}

async fn shown(person: &Person<TryDecision>, decided: Decided) -> Result<Shown, Problem> {
    let of_lookups = decided.lookups.iter().filter_map(|lookup| lookup.entry);
    let entries = decided.sources.iter().filter_map(|source| source.entry).chain(of_lookups).collect();
    let of_sources = decided.sources.iter().filter_map(|source| source.customer);
    let customers = decided.customers.iter().map(|(id, _)| *id).chain(of_sources).collect();
    let names = Names::read(person, entries, customers).await?;
    let mode = person.mode.as_str();
    let deciding = decided.tier;
    Ok(Shown {
        is_blocked: decided.outcome == Outcome::Block,
        code: of("code-", decided.code),
        word: decided.code,
        degraded: decided.degraded,
        public_message: decided.public_message.unwrap_or_default(),
        revision: decided.revision.to_string(),
        sources: decided.sources.iter().map(|source| names.line(source, mode)).collect(),
        customers: decided
            .customers
            .into_iter()
            .map(|(id, how)| (names.of_customer(id, mode), how))
            .collect(),
        lookups: decided
            .lookups
            .into_iter()
            .map(|lookup| LookupRow {
                kind: sources::kind(lookup.kind),
                value: lookup.value,
                verified: lookup.verified,
                rule: of("rule-", lookup.rule),
                hit: lookup.hit,
                link: lookup.entry.map(|id| names.of_entry(id, mode)),
            })
            .collect(),
        tiers: decided.tiers.into_iter().map(|tier| tier_row(tier, deciding)).collect(),
    })
}

fn tier_row(tier: ExplainedTier, deciding: Tier) -> TierRow {
    let said = match (tier.outcome, tier.reached) {
        (None, _) => "silent",
        (Some(Outcome::Block), true) => "blocks",
        (Some(Outcome::Allow), true) => "allows",
        (Some(Outcome::Block), false) => "would-block",
        (Some(Outcome::Allow), false) => "would-allow",
    };
    let number = tier.tier.number();
    TierRow {
        number,
        matches: of("order-", &number.to_string()),
        said: of("tier-", said),
        is_reached: tier.reached,
        decides: tier.tier == deciding,
    }
}

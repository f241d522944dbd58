//! A decision with how it came about, in words and with links to where each source is lifted: what was just tried, and
//! what the log has kept, look the same.

use interdict_app::StandingSource;
use interdict_app::decision::{
    Counted, CountedCustomer, Decision, ExplainedLookup, ExplainedTier, Outcome, PassedOver, Tier,
};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, EntryId};

use crate::answer::Problem;
use crate::pages::sources::{self, Anchor, Names, SourceLine};
use crate::person::{Needs, Person};
use crate::{of, t, t_with};

/// What was decided, as it is kept once the index is let go of.
pub(super) struct Decided {
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
    passed_over: Vec<PassedOver>,
}

/// The same for a page.
pub(super) struct Shown {
    pub(super) is_blocked: bool,
    pub(super) code: String,
    pub(super) word: &'static str,
    pub(super) degraded: bool,
    pub(super) public_message: String,
    pub(super) revision: String,
    pub(super) sources: Vec<SourceLine>,
    pub(super) customers: Vec<(Anchor, String)>,
    pub(super) lookups: Vec<LookupRow>,
    pub(super) tiers: Vec<TierRow>,
}

pub(super) struct LookupRow {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) verified: bool,
    pub(super) rule: String,
    pub(super) hit: bool,
    pub(super) link: Option<Anchor>,
    /// Entries that do not count, and why.
    pub(super) passed_over: Vec<(Anchor, String)>,
}

pub(super) struct TierRow {
    pub(super) number: u8,
    pub(super) matches: String,
    pub(super) said: String,
    pub(super) is_reached: bool,
    pub(super) decides: bool,
}

impl Decided {
    pub(super) fn of(decision: &Decision<'_>, degraded: bool) -> Self {
        let explanation = decision.explanation.as_deref();
        let lookup = |lookup: &ExplainedLookup<'_>| Lookup {
            kind: lookup.kind,
            value: lookup.value.as_ref().map_or_else(|| t("erased"), |value| value.to_string()),
            verified: lookup.verified,
            rule: lookup.rule.as_str(),
            hit: lookup.hit,
            entry: lookup.entry,
            passed_over: lookup.passed_over.clone(),
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

/// Looks up what entries and customers are called now.
pub(super) async fn shown<C: Needs>(person: &Person<C>, decided: Decided) -> Result<Shown, Problem> {
    let passed_over =
        |lookup: &Lookup| lookup.passed_over.iter().map(|passed| passed.entry).collect::<Vec<_>>();
    let of_lookups =
        decided.lookups.iter().flat_map(|lookup| lookup.entry.into_iter().chain(passed_over(lookup)));
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
                passed_over: lookup
                    .passed_over
                    .iter()
                    .map(|passed| {
                        (names.of_entry(passed.entry, mode), of("passed-over-", passed.why.as_str()))
                    })
                    .collect(),
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

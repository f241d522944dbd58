//! A decision of the log: as it is kept in memory, and as a row, in which what says who it was stands apart.

use std::sync::Arc;

use interdict_decision::explanation::{
    Counted, CountedCustomer, ExplainedLookup, ExplainedTier, Explanation, NotCounted, PassedOver,
};
use interdict_decision::order::{Code, ORDER, Outcome, Tier};
use interdict_decision::{Decision, Source, SourceKind, Value};
use interdict_domain::clock::Timestamp;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::{IdentifierKey, Kind, Pepper, Reaches, Rule};
use interdict_domain::ids::{CustomerId, DecisionId, EntryId, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::window::Window;
use interdict_storage::{DecisionRow, SearchKey, StorageError};
use serde::{Deserialize, Serialize};

/// A decision that was kept.
#[derive(Clone, Debug)]
pub struct LoggedDecision {
    /// Which.
    pub id: DecisionId,
    /// When, on the server's clock.
    pub at: Timestamp,
    /// Who started the payment.
    pub initiator: Initiator,
    /// What it was asked for.
    pub origin: DecisionOrigin,
    /// The batch that it belongs to, and its place there.
    pub batch: Option<(DecisionId, u32)>,
    /// The payment that it was asked for.
    pub payment: Option<PaymentId>,
    /// Whether the lists may have been stale.
    pub degraded: bool,
    /// Whether a person in it was erased since: then no value, reason or message is left.
    pub is_erased: bool,
    /// What was answered, and how it came about. A source's scopes and window are not kept.
    pub decision: Decision<'static>,
}

/// One on its way to the log.
pub(crate) struct Record {
    pub(crate) merchant: MerchantNumber,
    /// What came with the attempt.
    pub(crate) keys: Vec<IdentifierKey>,
    pub(crate) logged: LoggedDecision,
}

/// What the column `detail` holds: nothing that says who it was.
#[derive(Serialize, Deserialize)]
struct Detail {
    sources: Vec<SourceDetail>,
    /// Nothing where the lists changed between the decision and its explanation.
    explanation: Option<ExplanationDetail>,
}

#[derive(Serialize, Deserialize)]
struct SourceDetail {
    tier: u8,
    what: String,
    entry: Option<EntryId>,
    customer: Option<CustomerId>,
    kind: Option<String>,
    /// How it was compared; as it is, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ExplanationDetail {
    customers: Vec<CustomerDetail>,
    lookups: Vec<LookupDetail>,
    /// The steps in which something matched.
    matched: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct CustomerDetail {
    id: CustomerId,
    /// `id`, `merchantRef`, or the kind that is shared.
    how: String,
    whitelist: bool,
}

#[derive(Serialize, Deserialize)]
struct LookupDetail {
    kind: String,
    rule: String,
    verified: bool,
    hit: bool,
    entry: Option<EntryId>,
    /// Entries that did not count, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    passed: Vec<(EntryId, String)>,
}

/// What the column `personal` holds, each in the order of the detail.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Personal {
    message: Option<Arc<str>>,
    values: Vec<Option<Arc<str>>>,
    reasons: Vec<Option<Arc<str>>>,
    looked_up: Vec<Option<Arc<str>>>,
    shared: Vec<Option<Arc<str>>>,
}

const BY_ID: &str = "id";
const BY_REF: &str = "merchantRef";

impl Record {
    /// The row, and by what it is found.
    pub(crate) fn to_row(&self, pepper: &Pepper) -> Result<(DecisionRow, Vec<SearchKey>), StorageError> {
        let LoggedDecision { decision, .. } = &self.logged;
        let (detail, personal) = parts(decision);
        let row = DecisionRow {
            id: self.logged.id,
            merchant: self.merchant,
            at: self.logged.at,
            initiator: self.logged.initiator,
            outcome: decision.outcome.as_str().to_owned(),
            code: decision.code.as_str().to_owned(),
            tier: decision.tier.number(),
            degraded: self.logged.degraded,
            revision: decision.revision,
            origin: self.logged.origin,
            batch: self.logged.batch,
            customer: decision.customer,
            payment: self.logged.payment,
            detail: serde_json::to_string(&detail)?,
            personal: Some(serde_json::to_string(&personal)?),
        };
        Ok((row, self.search_keys(pepper)))
    }

    /// Whatever came with the attempt, what the named customer brought along, what is wider than either, and every
    /// customer that counted.
    fn search_keys(&self, pepper: &Pepper) -> Vec<SearchKey> {
        let decision = &self.logged.decision;
        let explanation = decision.explanation.as_deref();
        let customers = explanation.map_or(&[][..], |explanation| &explanation.customers);
        let lookups = explanation.map_or(&[][..], |explanation| &explanation.lookups);
        let values = || lookups.iter().filter_map(|lookup| Some((lookup.kind, lookup.value.as_deref()?)));
        let brought = values().map(|(kind, value)| pepper.key(self.merchant, kind, value));
        let mut wider = Vec::new();
        for (kind, value) in values() {
            Reaches::KEPT.for_each_wider(kind, value, |range| wider.push(range.key(pepper, self.merchant)));
        }
        let counted = customers.iter().map(|customer| customer.id);
        let of_sources = decision.sources.iter().filter_map(|source| source.customer);
        let mut keys = Vec::new();
        let identifiers = self.keys.iter().copied().chain(brought).chain(wider).map(SearchKey::Identifier);
        let customers = counted.chain(of_sources).chain(decision.customer).map(SearchKey::Customer);
        for key in identifiers.chain(customers) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

fn parts(decision: &Decision<'static>) -> (Detail, Personal) {
    let held = |value: &Option<Value<'static>>| value.as_deref().map(Arc::from);
    let mut personal = Personal { message: decision.public_message.clone(), ..Personal::default() };
    let sources = decision.sources.iter().map(|source| {
        personal.values.push(held(&source.value));
        personal.reasons.push(source.reason.clone());
        SourceDetail {
            tier: source.tier.number(),
            what: source.what.as_str().to_owned(),
            entry: source.entry,
            customer: source.customer,
            kind: source.kind.map(|kind| kind.as_str().to_owned()),
            rule: (source.rule != Rule::Exact).then(|| source.rule.as_str().to_owned()),
        }
    });
    let sources = sources.collect();
    let explanation = decision.explanation.as_deref().map(|explanation| {
        let customers = explanation.customers.iter().map(|customer| {
            let (how, value) = match &customer.how {
                Counted::Id => (BY_ID, None),
                Counted::MerchantRef => (BY_REF, None),
                Counted::Shared { kind, value } => (kind.as_str(), held(value)),
            };
            personal.shared.push(value);
            CustomerDetail { id: customer.id, how: how.to_owned(), whitelist: customer.whitelist_applies }
        });
        let customers = customers.collect();
        let lookups = explanation.lookups.iter().map(|lookup| {
            personal.looked_up.push(held(&lookup.value));
            LookupDetail {
                kind: lookup.kind.as_str().to_owned(),
                rule: lookup.rule.as_str().to_owned(),
                verified: lookup.verified,
                hit: lookup.hit,
                entry: lookup.entry,
                passed: lookup.passed_over.iter().map(|it| (it.entry, it.why.as_str().to_owned())).collect(),
            }
        });
        let lookups = lookups.collect();
        let matched = explanation.tiers.iter().filter(|tier| tier.outcome.is_some());
        ExplanationDetail { customers, lookups, matched: matched.map(|tier| tier.tier.number()).collect() }
    });
    (Detail { sources, explanation }, personal)
}

impl LoggedDecision {
    /// How a decision ended, without the rest of it.
    pub(crate) fn ending_of(row: &DecisionRow) -> Result<(Outcome, Code, Tier), StorageError> {
        let code = Code::parse(&row.code).ok_or(StorageError::Corrupt("a decision's code"))?;
        Ok((outcome(&row.outcome)?, code, tier(row.tier)?))
    }

    /// Whose attempt it was: whoever was named, and where nobody was, whoever counted.
    pub(crate) fn payers_of(row: &DecisionRow) -> Result<Vec<CustomerId>, StorageError> {
        if let Some(named) = row.customer {
            return Ok(vec![named]);
        }
        let explanation = serde_json::from_str::<Detail>(&row.detail)?.explanation;
        let customers = explanation.map_or_else(Vec::new, |explanation| explanation.customers);
        Ok(customers.into_iter().map(|customer| customer.id).collect())
    }

    /// Back from its row.
    pub(crate) fn of(row: &DecisionRow) -> Result<Self, StorageError> {
        let detail: Detail = serde_json::from_str(&row.detail)?;
        let personal = row.personal.as_deref().map(serde_json::from_str::<Personal>).transpose()?;
        let is_erased = personal.is_none();
        let personal = personal.unwrap_or_default();
        let (outcome, code, tier) = Self::ending_of(row)?;
        let decision = Decision {
            outcome,
            code,
            tier,
            customer: row.customer,
            sources: sources(detail.sources, &personal)?,
            public_message: personal.message.clone(),
            revision: row.revision,
            explanation: detail
                .explanation
                .map(|detail| explanation(detail, &personal, tier))
                .transpose()?
                .map(Box::new),
        };
        Ok(Self {
            id: row.id,
            at: row.at,
            initiator: row.initiator,
            origin: row.origin,
            batch: row.batch,
            payment: row.payment,
            degraded: row.degraded,
            is_erased,
            decision,
        })
    }
}

fn outcome(word: &str) -> Result<Outcome, StorageError> {
    let known = [Outcome::Allow, Outcome::Block].into_iter().find(|outcome| outcome.as_str() == word);
    known.ok_or(StorageError::Corrupt("a decision's outcome"))
}

fn tier(number: u8) -> Result<Tier, StorageError> {
    let known = ORDER.iter().find(|rule| rule.tier.number() == number);
    known.map(|rule| rule.tier).ok_or(StorageError::Corrupt("a decision's tier"))
}

fn kind(word: &str) -> Result<Kind, StorageError> {
    Kind::parse(word).ok_or(StorageError::Corrupt("a decision's kind of identifier"))
}

fn rule(word: &str) -> Result<Rule, StorageError> {
    Rule::parse(word).ok_or(StorageError::Corrupt("a lookup's rule"))
}

fn passed_over((entry, why): &(EntryId, String)) -> Result<PassedOver, StorageError> {
    let why = NotCounted::parse(why).ok_or(StorageError::Corrupt("why an entry did not count"))?;
    Ok(PassedOver { entry: *entry, why })
}

fn what(word: &str) -> Result<SourceKind, StorageError> {
    let all = [SourceKind::Restriction, SourceKind::ListStatus, SourceKind::Entry, SourceKind::Unreadable];
    let known = all.into_iter().find(|what| what.as_str() == word);
    known.ok_or(StorageError::Corrupt("a decision's source"))
}

fn at(texts: &[Option<Arc<str>>], index: usize) -> Option<Arc<str>> {
    texts.get(index).cloned().flatten()
}

fn sources(
    details: Vec<SourceDetail>,
    personal: &Personal,
) -> Result<interdict_decision::Sources<'static>, StorageError> {
    let source = |(index, detail): (usize, SourceDetail)| {
        Ok(Source {
            tier: tier(detail.tier)?,
            what: what(&detail.what)?,
            entry: detail.entry,
            customer: detail.customer,
            kind: detail.kind.as_deref().map(kind).transpose()?,
            rule: detail.rule.as_deref().map_or(Ok(Rule::Exact), rule)?,
            value: at(&personal.values, index).map(Value::Held),
            reason: at(&personal.reasons, index),
            public_message: None,
            scopes: Scopes::BOTH,
            window: Window::ALWAYS,
        })
    };
    details.into_iter().enumerate().map(source).collect()
}

fn explanation(
    detail: ExplanationDetail,
    personal: &Personal,
    deciding: Tier,
) -> Result<Explanation<'static>, StorageError> {
    let customer = |(index, detail): (usize, CustomerDetail)| {
        let how = match detail.how.as_str() {
            BY_ID => Counted::Id,
            BY_REF => Counted::MerchantRef,
            word => {
                Counted::Shared { kind: kind(word)?, value: at(&personal.shared, index).map(Value::Held) }
            }
        };
        Ok(CountedCustomer { id: detail.id, how, whitelist_applies: detail.whitelist })
    };
    let lookup = |(index, detail): (usize, LookupDetail)| {
        Ok(ExplainedLookup {
            kind: kind(&detail.kind)?,
            value: at(&personal.looked_up, index).map(Value::Held),
            verified: detail.verified,
            rule: rule(&detail.rule)?,
            hit: detail.hit,
            entry: detail.entry,
            passed_over: detail.passed.iter().map(passed_over).collect::<Result<_, _>>()?,
        })
    };
    let tiers = ORDER.map(|rule| ExplainedTier {
        tier: rule.tier,
        reached: rule.tier <= deciding,
        outcome: detail.matched.contains(&rule.tier.number()).then_some(rule.outcome),
    });
    Ok(Explanation {
        customers: detail
            .customers
            .into_iter()
            .enumerate()
            .map(customer)
            .collect::<Result<_, StorageError>>()?,
        lookups: detail.lookups.into_iter().enumerate().map(lookup).collect::<Result<_, StorageError>>()?,
        tiers,
    })
}

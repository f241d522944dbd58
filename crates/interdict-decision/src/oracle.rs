//! The oracle: what the index must equal. Plain vectors, scanned from end to end, with each rule of
//! the decision as one sentence of code.
//!
//! Deliberately not here: anything that is fast. It shares the order and the words of the answer
//! with the real thing, and no code that finds or judges.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::scopes::Initiator;
use interdict_domain::settings::OutagePolicies;

use crate::attempt::Attempt;
use crate::decision::{DecideError, Decision, SourceKind};
use crate::explanation::Counted;
use crate::order::{Code, ORDER, Outcome, Tier};

/// Everything that is so, as last said.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// The customers that are there.
    pub customers: Vec<CustomerFact>,
    /// The entries that are there.
    pub entries: Vec<EntryFact>,
    /// The clocks that are ahead, in seconds.
    pub clocks: Vec<(MerchantNumber, i64)>,
    /// What merchants want while the index is stale.
    pub outages: Vec<(MerchantNumber, OutagePolicies)>,
}

/// What a decision comes down to, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Allow or block.
    pub outcome: Outcome,
    /// Why.
    pub code: Code,
    /// The deciding tier.
    pub tier: Tier,
    /// The customer that was named.
    pub customer: Option<CustomerId>,
    /// What matched, in the order of the answer.
    pub sources: Vec<VerdictSource>,
    /// The reasons of what matched, in the same order.
    pub reasons: Vec<Option<String>>,
    /// The deciding entry's message.
    pub public_message: Option<String>,
    /// Every customer that counts, the named one first, then by id: and whether a whitelist would.
    pub counted: Vec<(CustomerId, bool)>,
    /// Every lookup: its key's kind and value, and whether allow entries could match, and whether
    /// something was found through it. Sorted.
    pub lookups: Vec<(Kind, Option<String>, bool, bool)>,
}

/// Tier, kind of identifier, customer, entry, and what it is.
pub type VerdictSource = (Tier, Option<Kind>, Option<CustomerId>, Option<EntryId>, SourceKind);

/// What matched, with its reason and its message.
type Found = (VerdictSource, Option<String>, Option<String>);

/// A lookup as the oracle sees it.
#[derive(Clone, Debug)]
struct Probe {
    kind: Kind,
    key: IdentifierKey,
    value: Option<String>,
    verified: bool,
    hit: bool,
    /// The keys under former peppers.
    former: Vec<IdentifierKey>,
}

impl Oracle {
    /// Folds in a fact.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::CustomerPut(fact) => {
                self.customers.retain(|held| held.id != fact.id);
                self.customers.push(fact.clone());
            }
            Fact::CustomerRemoved(id) => self.customers.retain(|held| held.id != *id),
            Fact::EntryPut(fact) => {
                self.entries.retain(|held| held.id != fact.id);
                self.entries.push(fact.clone());
            }
            Fact::EntryRemoved { id, key } => self.entries.retain(|held| (held.id, held.key) != (*id, *key)),
            Fact::ClockAdvanced { merchant, ahead_s } => {
                self.clocks.retain(|(whose, _)| whose != merchant);
                self.clocks.push((*merchant, *ahead_s));
            }
            Fact::OutageChosen { merchant, outage } => {
                self.outages.retain(|(whose, _)| whose != merchant);
                self.outages.push((*merchant, *outage));
            }
            Fact::RowsImported(_) => {}
        }
    }

    /// The facts that make the present state from nothing.
    pub fn facts(&self) -> Vec<Fact> {
        let customers = self.customers.iter().cloned().map(Fact::CustomerPut);
        let entries = self.entries.iter().cloned().map(Fact::EntryPut);
        let clocks = self.clocks.iter().map(|&(merchant, ahead_s)| Fact::ClockAdvanced { merchant, ahead_s });
        let outages = self.outages.iter().map(|&(merchant, outage)| Fact::OutageChosen { merchant, outage });
        customers.chain(entries).chain(clocks).chain(outages).collect()
    }

    /// Decides, by looking at everything.
    pub fn decide(&self, attempt: &Attempt<'_>) -> Result<Verdict, DecideError> {
        if attempt.customer.is_none() && attempt.lookups.is_empty() {
            return Err(DecideError::NothingIdentifies);
        }
        let named = self.named(attempt)?;
        let trusted = named.is_some()
            && (attempt.customer.is_some()
                || attempt.lookups.iter().any(|lookup| lookup.kind == Kind::MerchantRef && lookup.verified));
        let mut probes = probes(attempt, named, trusted);
        let mut sources = self.entry_sources(attempt, &mut probes);
        let mut counted = Vec::new();
        for customer in &self.customers {
            let is_named = named.is_some_and(|named| named.id == customer.id);
            let through = probes.iter_mut().find(|probe| has(customer, probe.key));
            if !is_named && through.is_none() {
                continue;
            }
            counted.push((!is_named, customer.id, is_named && trusted));
            let kind = if is_named { None } else { through.as_ref().map(|probe| probe.kind) };
            let found = customer_sources(attempt, customer, kind, is_named && trusted);
            if let Some(probe) = through
                && !is_named
            {
                probe.hit |= !found.is_empty();
            }
            sources.extend(found);
        }

        sources.sort();
        counted.sort();
        let rule = ORDER.iter().find(|rule| {
            rule.tier == Tier::Default || sources.iter().any(|((tier, ..), ..)| *tier == rule.tier)
        });
        let tier = rule.map_or(Tier::Default, |rule| rule.tier);
        let mut lookups: Vec<_> =
            probes.into_iter().map(|probe| (probe.kind, probe.value, probe.verified, probe.hit)).collect();
        lookups.sort();
        Ok(Verdict {
            outcome: tier.outcome(),
            code: tier.code(),
            tier,
            customer: named.map(|named| named.id),
            public_message: sources.first().and_then(|(_, _, message)| message.clone()),
            reasons: sources.iter().map(|(_, reason, _)| reason.clone()).collect(),
            sources: sources.into_iter().map(|(source, ..)| source).collect(),
            counted: counted.into_iter().map(|(_, id, whitelist)| (id, whitelist)).collect(),
            lookups,
        })
    }

    /// The entries that count, each through the first lookup that has its key.
    fn entry_sources(&self, attempt: &Attempt<'_>, probes: &mut [Probe]) -> Vec<Found> {
        let mut sources = Vec::new();
        for entry in &self.entries {
            let Some(probe) = probes.iter_mut().find(|probe| probe.stands_on(entry.key)) else { continue };
            let tier = match (entry.id.list(), entry.strength) {
                (List::Block, Strength::Hard) => Tier::HardBlock,
                (List::Block, Strength::Soft) => Tier::SoftBlock,
                (List::Allow, _) => Tier::AllowEntry,
            };
            let counts = entry.scopes.contains(attempt.initiator) && entry.window.contains(attempt.now);
            let small_enough = |most: Money| {
                attempt
                    .money
                    .is_some_and(|paid| paid.currency() == most.currency() && paid.amount() <= most.amount())
            };
            let exempts = probe.verified && entry.max_amount.is_none_or(small_enough);
            if counts && (tier != Tier::AllowEntry || exempts) {
                probe.hit = true;
                let source = (tier, Some(probe.kind), None, Some(entry.id), SourceKind::Entry);
                sources.push((source, text(entry.reason.as_ref()), text(entry.public_message.as_ref())));
            }
        }
        sources
    }

    /// Whom the attempt names.
    pub(crate) fn named(&self, attempt: &Attempt<'_>) -> Result<Option<&CustomerFact>, DecideError> {
        let mut named = None;
        if let Some(id) = attempt.customer {
            let mut all = self.customers.iter();
            let found = all.find(|held| held.id == id && held.merchant == attempt.merchant);
            named = Some(found.ok_or(DecideError::UnknownCustomer)?);
        }
        let refs = || attempt.lookups.iter().filter(|lookup| lookup.kind == Kind::MerchantRef);
        for lookup in refs() {
            let mut all = self.customers.iter();
            let Some(found) = all.find(|held| has_ref(held, lookup.key)) else { continue };
            if named.is_some_and(|named| named.id != found.id) {
                return Err(DecideError::CustomerDisagreesWithRef);
            }
            named = Some(found);
        }
        match named {
            Some(named) if named.merchant_ref.is_some() && refs().any(|it| !has_ref(named, it.key)) => {
                Err(DecideError::CustomerDisagreesWithRef)
            }
            named => Ok(named),
        }
    }
}

/// What a customer that counts has against the attempt, or for it.
fn customer_sources(
    attempt: &Attempt<'_>,
    customer: &CustomerFact,
    kind: Option<Kind>,
    whitelist_applies: bool,
) -> Vec<Found> {
    let mut sources = Vec::new();
    let restricted = match attempt.initiator {
        Initiator::Customer => customer.restrict_cit,
        Initiator::Merchant => customer.restrict_mit,
    };
    if restricted {
        let source = (Tier::Restriction, kind, Some(customer.id), None, SourceKind::Restriction);
        sources.push((source, text(customer.restrict_reason.as_ref()), None));
    }
    let counts =
        customer.list_scopes.contains(attempt.initiator) && customer.list_window.contains(attempt.now);
    let tier = match customer.list_status {
        ListStatus::Blacklisted if counts => Some(Tier::Blacklisted),
        ListStatus::Whitelisted if counts && whitelist_applies => Some(Tier::Whitelisted),
        ListStatus::Normal | ListStatus::Blacklisted | ListStatus::Whitelisted => None,
    };
    if let Some(tier) = tier {
        let source = (tier, kind, Some(customer.id), None, SourceKind::ListStatus);
        sources.push((source, text(customer.list_reason.as_ref()), None));
    }
    sources
}

fn text(text: Option<&Arc<str>>) -> Option<String> {
    text.map(ToString::to_string)
}

fn has_ref(customer: &CustomerFact, key: IdentifierKey) -> bool {
    customer.merchant_ref.as_ref().is_some_and(|linked| linked.key == key)
}

fn has(customer: &CustomerFact, key: IdentifierKey) -> bool {
    [&customer.email, &customer.phone, &customer.merchant_ref]
        .into_iter()
        .flatten()
        .any(|linked| linked.key == key)
}

impl Probe {
    fn stands_on(&self, key: IdentifierKey) -> bool {
        self.key == key || self.former.contains(&key)
    }
}

/// Under every former pepper there is, whatever stands there.
fn former_keys(attempt: &Attempt<'_>, kind: Kind, value: Option<&str>) -> Vec<IdentifierKey> {
    let (Some((pepper, _)), Some(value)) = (attempt.of_own, value) else { return Vec::new() };
    pepper.former().map(|former| former.key(attempt.merchant, kind, value)).collect()
}

/// What is looked up, each once, in the order of the attempt.
fn probes(attempt: &Attempt<'_>, named: Option<&CustomerFact>, trusted: bool) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    let mut add = |probe: Probe| match probes.iter_mut().find(|known| known.key == probe.key) {
        Some(known) => {
            known.verified |= probe.verified;
            known.former.extend(probe.former);
        }
        None => probes.push(probe),
    };
    for (at, lookup) in attempt.lookups.iter().enumerate() {
        let value = Some(lookup.value.text().into_owned());
        let former = attempt.former.iter().filter(|former| former.lookup == at).map(|former| former.key);
        let (kind, key, verified) = (lookup.kind, lookup.key, lookup.verified);
        add(Probe { kind, key, value, verified, hit: false, former: former.collect() });
    }
    let Some(named) = named else { return probes };
    let own =
        [(Kind::Email, &named.email), (Kind::Phone, &named.phone), (Kind::MerchantRef, &named.merchant_ref)];
    for (kind, linked) in own {
        let Some(linked) = linked else { continue };
        let value = linked.value.as_deref().map(str::to_owned);
        let former = former_keys(attempt, kind, value.as_deref());
        add(Probe { kind, key: linked.key, value, verified: trusted, hit: false, former });
    }
    let email = named.email.as_ref().and_then(|linked| linked.value.as_deref());
    if let (Some((pepper, _)), Some(email)) = (attempt.of_own, email) {
        let domain = email.split('@').next_back().unwrap_or_default();
        let labels: Vec<&str> = domain.split('.').collect();
        for from in 0..labels.len().saturating_sub(1) {
            let suffix = labels.get(from..).unwrap_or_default().join(".");
            let kind = Kind::EmailDomain;
            let key = pepper.key(attempt.merchant, kind, &suffix);
            let former = former_keys(attempt, kind, Some(&suffix));
            add(Probe { kind, key, value: Some(suffix), verified: trusted, hit: false, former });
        }
    }
    probes
}

/// The same of a real decision, which must have been made with its explanation.
pub fn verdict(decision: &Decision<'_>) -> Verdict {
    let explanation = decision.explanation.as_deref();
    let mut counted: Vec<_> = explanation
        .iter()
        .flat_map(|explanation| &explanation.customers)
        .map(|it| (matches!(it.how, Counted::Shared { .. }), it.id, it.whitelist_applies))
        .collect();
    counted.sort();
    let mut lookups: Vec<_> = explanation
        .iter()
        .flat_map(|explanation| &explanation.lookups)
        .map(|it| (it.kind, it.value.as_deref().map(str::to_owned), it.verified, it.hit))
        .collect();
    lookups.sort();
    Verdict {
        outcome: decision.outcome,
        code: decision.code,
        tier: decision.tier,
        customer: decision.customer,
        sources: decision
            .sources
            .iter()
            .map(|it| (it.tier, it.kind, it.customer, it.entry, it.what))
            .collect(),
        reasons: decision.sources.iter().map(|source| text(source.reason.as_ref())).collect(),
        public_message: text(decision.public_message.as_ref()),
        counted: counted.into_iter().map(|(_, id, whitelist)| (id, whitelist)).collect(),
        lookups,
    }
}

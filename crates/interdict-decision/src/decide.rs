//! The decision: everything that matches, in the order of [`crate::order`].
//!
//! Not here: which tier beats which, and what is done about a stale index.

use interdict_domain::identifier::{IdentifierKey, Kind, Pepper, Reaches, Rule, Wider, WiderText};
use interdict_domain::ids::CustomerId;
use smallvec::SmallVec;

use crate::attempt::{Attempt, Lookup};
use crate::decision::{DecideError, Decision, Source, Sources, Value};
use crate::explanation::{Counted, CountedCustomer, ExplainedLookup, Explanation, PassedOver, tiers};
use crate::index::{CustomerRecord, Found, Index, OwnKeys, Position};
use crate::order::Tier;
use crate::shortcut::shortcut;
use crate::sources::{
    Given, Probe, blocking_unread, judge_entry, list_status, order, passed_over, restriction, through,
    unreadable,
};

/// Decides one attempt, on the state of one moment.
pub fn decide<'a>(index: &Index, attempt: &Attempt<'a>) -> Result<Decision<'a>, DecideError> {
    if attempt.customer.is_none() && attempt.lookups.is_empty() {
        return Err(DecideError::NothingIdentifies);
    }
    let mut sources = Sources::new();
    match shortcut(index, attempt, &mut sources) {
        // Made where it is wanted: moving an answer costs more than finding it.
        Some(revision) if sources.is_empty() => Ok(Decision::new(Sources::new(), revision)),
        Some(revision) => {
            let mut decision = Decision::new(sources, revision);
            decision.settle();
            Ok(decision)
        }
        None => decide_at_length(index, attempt),
    }
}

#[inline(never)]
fn decide_at_length<'a>(index: &Index, attempt: &Attempt<'a>) -> Result<Decision<'a>, DecideError> {
    let mut judge = Judge::new(index, attempt);
    // What is read comes back through `judge`, and the answer is made once: moving it costs more
    // than finding it.
    let named = index.moments.read(|| judge.gather())?;
    Ok(judge.conclude(named.as_ref()))
}

/// The customer that the attempt names.
#[derive(Clone, Copy)]
struct Named {
    position: Position,
    id: CustomerId,
    keys: OwnKeys,
    /// Named by what a payer cannot choose: an id, or a ref that is the merchant's word.
    trusted: bool,
    by_id: bool,
}

/// Few emails have more.
type OwnWider<'a> = SmallVec<[(Probe<'a>, FormerKeys); 3]>;
/// Where an identifier is found under former peppers.
type FormerKeys = SmallVec<[IdentifierKey; 2]>;

struct Judge<'i, 'a> {
    index: &'i Index,
    attempt: &'i Attempt<'a>,
    sources: Sources<'a>,
    /// Customers that count, each once.
    counted: SmallVec<[Position; 4]>,
    explanation: Option<Partial<'a>>,
}

/// An explanation without its tiers, which need all sources.
#[derive(Default)]
struct Partial<'a> {
    customers: Vec<CountedCustomer<'a>>,
    lookups: Vec<ExplainedLookup<'a>>,
}

impl<'i, 'a> Judge<'i, 'a> {
    fn new(index: &'i Index, attempt: &'i Attempt<'a>) -> Self {
        Self { index, attempt, sources: Sources::new(), counted: SmallVec::new(), explanation: None }
    }

    /// Everything that matches. Forgets what it gathered before.
    #[inline]
    fn gather(&mut self) -> Result<Option<Named>, DecideError> {
        self.sources.clear();
        self.counted.clear();
        self.explanation = self.attempt.explain.then(Partial::default);
        let named = self.name()?;
        if let Some(named) = &named {
            let how = if named.by_id { Counted::Id } else { Counted::MerchantRef };
            self.counted.push(named.position);
            self.judge_customer(named.position, how, named.trusted);
        }
        self.look_up_all(named.as_ref());
        Ok(named)
    }

    /// Finds the customer that is named, and refuses names that disagree.
    fn name(&self) -> Result<Option<Named>, DecideError> {
        let refs = || self.attempt.lookups.iter().filter(|lookup| lookup.kind == Kind::MerchantRef);
        let mut named = match self.attempt.customer {
            Some(id) => Some(self.named_by_id(id).ok_or(DecideError::UnknownCustomer)?),
            None => None,
        };
        for lookup in refs() {
            let found = self.having_ref(lookup);
            match (&mut named, found) {
                (None, found) => named = found,
                (Some(named), Some(found)) if found.position == named.position => {
                    named.trusted |= lookup.verified;
                }
                (Some(_), Some(_)) => return Err(DecideError::CustomerDisagreesWithRef),
                (Some(_), None) => {}
            }
        }
        // Also a ref that nobody has disagrees with a customer who has another.
        match named.as_ref().and_then(|named| named.keys.merchant_ref()) {
            Some(own) if refs().any(|lookup| lookup.key != own) => Err(DecideError::CustomerDisagreesWithRef),
            Some(_) | None => Ok(named),
        }
    }

    fn named_by_id(&self, id: CustomerId) -> Option<Named> {
        let found = self.index.customers.find(id, |position, record| {
            let named = Named { position, id: record.id, keys: record.keys, trusted: true, by_id: true };
            (record.merchant == self.attempt.merchant).then_some(named)
        });
        found.flatten()
    }

    /// The customer that has this ref. Refs are unique; if two had it, the older is named and the
    /// other counts through the lookup.
    fn having_ref(&self, lookup: &Lookup<'_>) -> Option<Named> {
        let mut found = Found::default();
        self.index.keys.find(lookup.key, true, &mut found);
        let named = |position: Position| {
            self.index.customers.at(position, |record| Named {
                position,
                id: record.id,
                keys: record.keys,
                trusted: lookup.verified,
                by_id: false,
            })
        };
        found.customers.into_iter().filter_map(named).min_by_key(|named| named.id)
    }

    /// Looks up each identifier once: what the attempt carries, then what the named customer brings
    /// along.
    fn look_up_all(&mut self, named: Option<&Named>) {
        let attempt = self.attempt;
        let own_wider = match (named, attempt.of_own) {
            (Some(named), Some(with)) => self.own_wider(named, with),
            (Some(_), None) | (None, _) => OwnWider::new(),
        };
        for (at, lookup) in attempt.lookups.iter().enumerate() {
            let same = |other: &Lookup<'_>| other.key == lookup.key;
            if attempt.lookups.iter().take(at).any(same) {
                continue;
            }
            let is_own = |named: &Named| {
                named.keys.contains(lookup.key) || own_wider.iter().any(|(probe, _)| probe.key == lookup.key)
            };
            let own = named.is_some_and(|named| named.trusted && is_own(named));
            // Of the same identifier twice, the one that is verified says how it came to count.
            let others = attempt.lookups.iter().skip(at + 1).filter(|other| same(other));
            let best = std::iter::once(lookup).chain(others).find(|lookup| lookup.verified).unwrap_or(lookup);
            let verified = best.verified || own;
            let former = attempt.former.iter().filter(|former| former.lookup == at).map(|former| former.key);
            self.look_up(Probe { verified, ..Probe::of(best) }, former, named);
        }
        let Some(named) = named else { return };
        for (kind, key) in named.keys.iter() {
            if !attempt.lookups.iter().any(|lookup| lookup.key == key) {
                let (given, rule) = (Given::Own, Rule::Exact);
                let former = self.own_former(named, kind);
                self.look_up(Probe { kind, key, given, rule, verified: named.trusted }, former, Some(named));
            }
        }
        for (probe, former) in own_wider {
            if !attempt.lookups.iter().any(|lookup| lookup.key == probe.key) {
                self.look_up(probe, former, Some(named));
            }
        }
    }

    /// Where the named customer's own identifier is found under former peppers.
    #[inline]
    fn own_former(&self, named: &Named, kind: Kind) -> FormerKeys {
        match self.attempt.of_own {
            Some((pepper, reaches)) if reaches.has_former() => {
                self.own_former_keys(named, kind, pepper, reaches)
            }
            Some(_) | None => FormerKeys::new(),
        }
    }

    #[cold]
    fn own_former_keys(&self, named: &Named, kind: Kind, pepper: &Pepper, reaches: Reaches) -> FormerKeys {
        let value = |record: &CustomerRecord| record.value(kind);
        let Some(value) = self.index.customers.at(named.position, value).flatten() else {
            return FormerKeys::new();
        };
        let key = |former: &Pepper| former.key(self.attempt.merchant, kind, &value);
        reaches.former(pepper, kind).map(key).collect()
    }

    /// What is wider than the named customer's own email.
    #[cold]
    fn own_wider(&self, named: &Named, (pepper, reaches): (&Pepper, Reaches)) -> OwnWider<'a> {
        let mut probes = OwnWider::new();
        let email = |record: &CustomerRecord| record.value(Kind::Email);
        let Some(email) = self.index.customers.at(named.position, email).flatten() else { return probes };
        reaches.for_each_wider(Kind::Email, &email, |wider| {
            let given = match wider.text {
                WiderText::Part(domain) => Given::OwnDomain(email.len() - domain.len()),
                WiderText::Folded(matching, _) => Given::OwnFolded(matching),
                WiderText::Network(_) => return,
            };
            let Wider { kind, rule, .. } = wider;
            let key = |pepper: &Pepper| wider.key(pepper, self.attempt.merchant);
            let former = reaches.former(pepper, kind).map(key).collect();
            probes.push((Probe { kind, key: key(pepper), given, rule, verified: named.trusted }, former));
        });
        probes
    }

    #[inline]
    fn look_up(
        &mut self,
        probe: Probe<'a>,
        former: impl IntoIterator<Item = IdentifierKey>,
        named: Option<&Named>,
    ) {
        let (sources_before, counted_before) = (self.sources.len(), self.counted.len());
        let Self { index, attempt, ref mut sources, ref mut counted, .. } = *self;
        let mut passed = Vec::new();
        for key in std::iter::once(probe.key).chain(former) {
            let mut found = Found::default();
            index.keys.find(key, attempt.explain, &mut found);
            for entry in found.entries {
                if attempt.explain {
                    passed.extend(passed_over(&entry, &probe, attempt));
                }
                judge_entry(entry, &probe, attempt, sources);
            }
            for position in found.customers {
                if !counted.contains(&position) {
                    counted.push(position);
                }
            }
            if found.unreadable {
                sources.push(unreadable(&probe));
            }
        }
        let is_own = !matches!(probe.given, Given::Attempt(_));
        let more = is_own && self.sources.len() > sources_before;
        if more || self.counted.len() > counted_before || self.explanation.is_some() {
            self.follow_up(&probe, named, (sources_before, counted_before), passed);
        }
    }

    /// The rest of a lookup that found customers, or whose own value is wanted.
    #[cold]
    fn follow_up(
        &mut self,
        probe: &Probe<'a>,
        named: Option<&Named>,
        (sources_before, counted_before): (usize, usize),
        passed_over: Vec<PassedOver>,
    ) {
        let value = self.value(probe, named);
        for source in self.sources.iter_mut().skip(sources_before) {
            source.value.clone_from(&value);
        }
        for at in counted_before..self.counted.len() {
            let Some(&position) = self.counted.get(at) else { break };
            let how = Counted::Shared { kind: probe.kind, value: value.clone() };
            self.judge_customer(position, how, false);
        }
        if let Some(explanation) = &mut self.explanation {
            let hits = self.sources.get(sources_before..).unwrap_or_default();
            let entries = hits.iter().filter(|hit| hit.entry.is_some());
            explanation.lookups.push(ExplainedLookup {
                kind: probe.kind,
                value,
                verified: probe.verified,
                rule: probe.rule,
                hit: !hits.is_empty(),
                entry: entries.min_by_key(|hit| order(hit)).and_then(|hit| hit.entry),
                passed_over,
            });
        }
    }

    fn value(&self, probe: &Probe<'a>, named: Option<&Named>) -> Option<Value<'a>> {
        let own = |kind| {
            let value = |record: &CustomerRecord| record.value(kind);
            self.index.customers.at(named?.position, value)?
        };
        match probe.given {
            Given::Attempt(_) => probe.given.value(),
            Given::Own => own(probe.kind).map(Value::Held),
            Given::OwnDomain(from) => Some(Value::Held(own(Kind::Email)?.get(from..)?.into())),
            Given::OwnFolded(matching) => Some(Value::Held(matching.fold(&own(Kind::Email)?).into())),
        }
    }

    /// Adds what stands for or against a customer that counts.
    fn judge_customer(&mut self, position: Position, how: Counted<'a>, trusted: bool) {
        let Self { index, attempt, ref mut sources, ref mut explanation, .. } = *self;
        let read = index.customers.at(position, |record| {
            sources.extend(restriction(record, &how, attempt));
            sources.extend(list_status(record, &how, attempt, trusted));
            record.id
        });
        match (read, explanation) {
            (Some(id), Some(explanation)) => {
                explanation.customers.push(CountedCustomer { id, how, whitelist_applies: trusted });
            }
            (Some(_), None) => {}
            (None, _) => {
                let (kind, value) = through(&how);
                sources.push(blocking_unread(kind, value));
            }
        }
    }

    #[inline]
    fn conclude(mut self, named: Option<&Named>) -> Decision<'a> {
        if self.sources.len() > 1 {
            self.sources.sort_unstable_by_key(order);
        }
        let mut decision = Decision::new(self.sources, self.attempt.as_of);
        decision.customer = named.map(|named| named.id);
        decision.settle();
        decision.explanation =
            self.explanation.map(|partial| Box::new(partial.conclude(&decision.sources, decision.tier)));
        decision
    }
}

impl<'a> Decision<'a> {
    /// Not settled yet: as if nothing spoke for or against.
    #[inline]
    fn new(sources: Sources<'a>, revision: i64) -> Self {
        Self {
            outcome: Tier::Default.outcome(),
            code: Tier::Default.code(),
            tier: Tier::Default,
            customer: None,
            sources,
            public_message: None,
            revision,
            explanation: None,
        }
    }

    /// Says what follows from the first of the sources, which are in their order.
    #[inline]
    fn settle(&mut self) {
        let Some(deciding) = self.sources.first() else { return };
        self.tier = deciding.tier;
        self.outcome = deciding.tier.outcome();
        self.code = deciding.tier.code();
        self.public_message.clone_from(&deciding.public_message);
    }
}

impl<'a> Partial<'a> {
    #[cold]
    fn conclude(mut self, sources: &[Source<'a>], tier: Tier) -> Explanation<'a> {
        self.customers.sort_by_key(|it| (matches!(it.how, Counted::Shared { .. }), it.id));
        Explanation { customers: self.customers, lookups: self.lookups, tiers: tiers(sources, tier) }
    }
}

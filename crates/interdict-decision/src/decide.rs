//! The decision: everything that matches, in the order of [`crate::order`].
//!
//! Not here: which tier beats which, and what is done about a stale index.

use std::sync::Arc;

use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;
use smallvec::SmallVec;

use crate::attempt::{Attempt, Lookup};
use crate::decision::{DecideError, Decision, Source, SourceKind, Sources, Value};
use crate::explanation::{Counted, CountedCustomer, ExplainedLookup, Explanation, MatchRule, tiers};
use crate::index::{CustomerRecord, EntryRecord, Found, Index, OwnKeys, Position};
use crate::order::Tier;

/// Decides one attempt, on the state of one moment.
pub fn decide<'a>(index: &Index, attempt: &Attempt<'a>) -> Result<Decision<'a>, DecideError> {
    if attempt.customer.is_none() && attempt.lookups.is_empty() {
        return Err(DecideError::NothingIdentifies);
    }
    index.moments.read(|| {
        // Before the first lookup: what is seen is at least as new as it says.
        let revision = index.revision();
        let mut judge = Judge::new(index, attempt);
        let named = judge.name()?;
        judge.judge_named(named.as_ref());
        judge.look_up_all(named.as_ref());
        Ok(judge.conclude(named.as_ref(), revision))
    })
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

/// An identifier that is looked up, and where its value is if it is wanted.
#[derive(Clone, Copy)]
struct Probe<'a> {
    kind: Kind,
    key: IdentifierKey,
    /// None: the named customer's own.
    given: Option<&'a str>,
    verified: bool,
}

struct Judge<'i, 'a> {
    index: &'i Index,
    attempt: &'i Attempt<'a>,
    sources: Sources<'a>,
    /// Customers that were counted: each counts once.
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
        Self {
            index,
            attempt,
            sources: Sources::new(),
            counted: SmallVec::new(),
            explanation: attempt.explain.then(Partial::default),
        }
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
        let mut having: SmallVec<[Position; 1]> = SmallVec::new();
        self.index.keys.visit(lookup.key, true, |found| match found {
            Found::Customer(position) => having.push(position),
            Found::Entry(_) | Found::Unreadable => {}
        });
        let named = |position: Position| {
            self.index.customers.at(position, |record| Named {
                position,
                id: record.id,
                keys: record.keys,
                trusted: lookup.verified,
                by_id: false,
            })
        };
        having.into_iter().filter_map(named).min_by_key(|named| named.id)
    }

    fn judge_named(&mut self, named: Option<&Named>) {
        let Some(named) = named else { return };
        let how = if named.by_id { Counted::Id } else { Counted::MerchantRef };
        self.judge_customer(named.position, how, named.trusted);
    }

    /// Looks up each identifier once: what the attempt carries, then what the named customer brings
    /// along.
    fn look_up_all(&mut self, named: Option<&Named>) {
        let attempt = self.attempt;
        for (at, lookup) in attempt.lookups.iter().enumerate() {
            let same = |other: &Lookup<'_>| other.key == lookup.key;
            if attempt.lookups.iter().take(at).any(same) {
                continue;
            }
            let own = named.is_some_and(|named| named.trusted && named.keys.contains(lookup.key));
            let verified = lookup.verified
                || own
                || attempt.lookups.iter().skip(at + 1).any(|other| same(other) && other.verified);
            let probe = Probe { kind: lookup.kind, key: lookup.key, given: Some(lookup.value), verified };
            self.look_up(probe, named);
        }
        let Some(named) = named else { return };
        for (kind, key) in named.keys.iter() {
            if !attempt.lookups.iter().any(|lookup| lookup.key == key) {
                self.look_up(Probe { kind, key, given: None, verified: named.trusted }, Some(named));
            }
        }
    }

    #[inline]
    fn look_up(&mut self, probe: Probe<'a>, named: Option<&Named>) {
        let before = self.sources.len();
        let mut sharing: SmallVec<[Position; 4]> = SmallVec::new();
        let Self { index, attempt, ref mut sources, .. } = *self;
        index.keys.visit(probe.key, attempt.explain, |found| match found {
            Found::Entry(entry) => sources.extend(judge_entry(entry, &probe, attempt)),
            Found::Customer(position) => sharing.push(position),
            Found::Unreadable => sources.push(unreadable(&probe)),
        });
        // Only now, with the shard free again: locks are never held two at a time.
        if self.sources.len() == before && sharing.is_empty() && self.explanation.is_none() {
            return;
        }
        self.give_values(&probe, named, before, sharing);
    }

    /// The rest of a lookup that found something.
    fn give_values(
        &mut self,
        probe: &Probe<'a>,
        named: Option<&Named>,
        before: usize,
        sharing: SmallVec<[Position; 4]>,
    ) {
        let value = self.value(probe, named);
        if probe.given.is_none() {
            for source in self.sources.iter_mut().skip(before) {
                source.value.clone_from(&value);
            }
        }
        for position in sharing {
            if !self.counted.contains(&position) {
                let how = Counted::Shared { kind: probe.kind, value: value.clone() };
                self.judge_customer(position, how, false);
            }
        }
        if let Some(explanation) = &mut self.explanation {
            let hits = self.sources.get(before..).unwrap_or_default();
            explanation.lookups.push(ExplainedLookup {
                kind: probe.kind,
                value,
                verified: probe.verified,
                rule: MatchRule::Exact,
                hit: !hits.is_empty(),
                entry: hits
                    .iter()
                    .filter(|hit| hit.entry.is_some())
                    .min_by_key(|hit| order(hit))
                    .and_then(|hit| hit.entry),
            });
        }
    }

    fn value(&self, probe: &Probe<'a>, named: Option<&Named>) -> Option<Value<'a>> {
        if let Some(given) = probe.given {
            return Some(Value::Given(given));
        }
        let value = |record: &CustomerRecord| record.value(probe.kind);
        self.index.customers.at(named?.position, value)?.map(Value::Held)
    }

    /// Adds what stands for or against a customer that counts.
    fn judge_customer(&mut self, position: Position, how: Counted<'a>, trusted: bool) {
        self.counted.push(position);
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

    fn conclude(mut self, named: Option<&Named>, revision: i64) -> Decision<'a> {
        if self.sources.len() > 1 {
            self.sources.sort_by(|a, b| order(a).cmp(&order(b)));
        }
        let deciding = self.sources.first();
        let tier = deciding.map_or(Tier::Default, |source| source.tier);
        let explanation = self.explanation.map(|partial| {
            let Partial { mut customers, lookups } = partial;
            customers.sort_by_key(|it| (matches!(it.how, Counted::Shared { .. }), it.id));
            Box::new(Explanation { customers, lookups, tiers: tiers(&self.sources, tier) })
        });
        Decision {
            outcome: tier.outcome(),
            code: tier.code(),
            tier,
            customer: named.map(|named| named.id),
            public_message: deciding.and_then(|source| source.public_message.clone()),
            sources: self.sources,
            revision,
            explanation,
        }
    }
}

/// Tier first. The rest only makes the answer the same whatever the order in which things came.
fn order(source: &Source<'_>) -> impl Ord + use<> {
    (source.tier, source.kind, source.customer, source.entry, source.what)
}

/// An entry that stands on the key that was looked up: whether it counts, now, for this initiator.
#[inline]
fn judge_entry<'a>(entry: &EntryRecord, probe: &Probe<'a>, attempt: &Attempt<'_>) -> Option<Source<'a>> {
    let Some(window) = entry.window.unpack() else { return Some(unreadable(probe)) };
    let tier = entry.tier();
    // An exemption must rest on something that the payer cannot choose (incident 7).
    let claimed = tier == Tier::AllowEntry && !probe.verified;
    if claimed || !entry.scopes.contains(attempt.initiator) || !window.contains(attempt.now) {
        return None;
    }
    let texts = entry.texts.as_deref();
    Some(Source {
        tier,
        what: SourceKind::Entry,
        entry: Some(entry.id),
        customer: None,
        kind: Some(probe.kind),
        value: probe.given.map(Value::Given),
        reason: texts.and_then(|texts| texts.first.clone()),
        public_message: texts.and_then(|texts| texts.second.clone()),
        scopes: entry.scopes,
        window,
    })
}

fn restriction<'a>(record: &CustomerRecord, how: &Counted<'a>, attempt: &Attempt<'_>) -> Option<Source<'a>> {
    if !record.restricts(attempt.initiator) {
        return None;
    }
    let scopes = record.restricted_scopes()?;
    let reason = record.texts.as_deref().and_then(|texts| texts.first.clone());
    Some(of_customer(record, how, Tier::Restriction, scopes, Window::ALWAYS, reason))
}

fn list_status<'a>(
    record: &CustomerRecord,
    how: &Counted<'a>,
    attempt: &Attempt<'_>,
    trusted: bool,
) -> Option<Source<'a>> {
    let tier = match record.list_status {
        ListStatus::Normal => return None,
        ListStatus::Whitelisted if !trusted => return None,
        ListStatus::Whitelisted => Tier::Whitelisted,
        ListStatus::Blacklisted => Tier::Blacklisted,
    };
    let Some(window) = record.list_window.unpack() else {
        let (kind, value) = through(how);
        return Some(blocking_unread(kind, value));
    };
    if !record.list_scopes.contains(attempt.initiator) || !window.contains(attempt.now) {
        return None;
    }
    let reason = record.texts.as_deref().and_then(|texts| texts.second.clone());
    Some(of_customer(record, how, tier, record.list_scopes, window, reason))
}

fn of_customer<'a>(
    record: &CustomerRecord,
    how: &Counted<'a>,
    tier: Tier,
    scopes: Scopes,
    window: Window,
    reason: Option<Arc<str>>,
) -> Source<'a> {
    let what = if tier == Tier::Restriction { SourceKind::Restriction } else { SourceKind::ListStatus };
    let (kind, value) = through(how);
    Source {
        tier,
        what,
        entry: None,
        customer: Some(record.id),
        kind,
        value,
        reason,
        public_message: None,
        scopes,
        window,
    }
}

/// The identifier through which a customer came to count.
fn through<'a>(how: &Counted<'a>) -> (Option<Kind>, Option<Value<'a>>) {
    match how {
        Counted::Id | Counted::MerchantRef => (None, None),
        Counted::Shared { kind, value } => (Some(*kind), value.clone()),
    }
}

fn unreadable<'a>(probe: &Probe<'a>) -> Source<'a> {
    blocking_unread(Some(probe.kind), probe.given.map(Value::Given))
}

/// Something is there and cannot be read. It might be a hard block, so it is taken for one: nothing
/// fails open.
fn blocking_unread<'a>(kind: Option<Kind>, value: Option<Value<'a>>) -> Source<'a> {
    Source {
        tier: Tier::HardBlock,
        what: SourceKind::Unreadable,
        entry: None,
        customer: None,
        kind,
        value,
        reason: None,
        public_message: None,
        scopes: Scopes::BOTH,
        window: Window::ALWAYS,
    }
}

//! Handing over what a blocked attempt came with. A merchant without blocked persons pays for one look at memory, and only
//! where an attempt is blocked.

use interdict_decision::order::Tier;
use interdict_decision::{Attempt, Decision, Lookup, Outcome, Source, SourceKind};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Kind, Rule};
use interdict_domain::ids::DecisionId;

use super::noticer::{Counters, Noticer};
use super::sighting::{Brought, Likeness, Matched, Seen};
use crate::service::Service;

impl Service {
    /// Notices one that is blocked, if it may be a blocked person's.
    #[inline]
    pub(crate) fn notice(
        &self,
        attempt: &Attempt<'_>,
        decision: &Decision<'_>,
        (id, at): (DecisionId, Timestamp),
    ) {
        if decision.outcome == Outcome::Block && self.index.persons().is_any() {
            self.notice_block(attempt, decision, (id, at));
        }
    }

    #[cold]
    #[inline(never)]
    fn notice_block(
        &self,
        attempt: &Attempt<'_>,
        decision: &Decision<'_>,
        (id, at): (DecisionId, Timestamp),
    ) {
        let Some(noticer) = self.noticer.as_deref() else { return };
        if !self.index.persons().has(attempt.merchant) {
            return;
        }
        let is_trusted = is_named_by_merchant(attempt);
        let matched: Vec<Matched> =
            decision.sources.iter().filter_map(|source| matched(source, attempt, is_trusted)).collect();
        if matched.is_empty() {
            return;
        }
        let customer = decision.customer.filter(|_| is_trusted);
        let likeness = likeness(attempt, &matched, customer.map(|id| *id.ksuid().bytes()));
        let make = || Seen {
            merchant: attempt.merchant,
            brought: attempt.lookups.iter().filter(is_brought).map(brought).collect(),
            matched,
            customer,
            count: 1,
            decision: id,
            at,
        };
        noticer.take(likeness, (id, at), make);
    }
}

impl Noticer {
    fn take(&self, likeness: Likeness, when: (DecisionId, Timestamp), make: impl FnOnce() -> Seen) {
        if !self.queue.push(likeness, when, make) {
            Counters::add(&self.counters.lost_to_full_queue, 1);
        }
    }
}

/// Whether the customer is named by what a payer cannot choose.
fn is_named_by_merchant(attempt: &Attempt<'_>) -> bool {
    let is_ref = |lookup: &Lookup<'_>| lookup.kind == Kind::MerchantRef && lookup.verified;
    attempt.customer.is_some() || attempt.lookups.iter().any(is_ref)
}

/// A hard entry of a kind that is one person's.
fn matched(source: &Source<'_>, attempt: &Attempt<'_>, is_trusted: bool) -> Option<Matched> {
    let kind = source.kind.filter(|kind| kind.is_of_one_person())?;
    let is_block = source.tier == Tier::HardBlock && source.what == SourceKind::Entry;
    let entry = source.entry.filter(|_| is_block)?;
    let shown = |lookup: &&Lookup<'_>| {
        lookup.kind == kind && source.value.as_deref() == Some(lookup.value.text().as_ref())
    };
    let mut shown = attempt.lookups.iter().filter(shown).peekable();
    // What the attempt does not show is the named customer's own.
    let is_word = if shown.peek().is_some() { shown.any(|lookup| lookup.verified) } else { is_trusted };
    Some(Matched { entry, kind, is_word })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as a filter calls it")]
fn is_brought(lookup: &&Lookup<'_>) -> bool {
    lookup.rule == Rule::Exact && lookup.kind.is_of_one_person()
}

fn brought(lookup: &Lookup<'_>) -> Brought {
    Brought { kind: lookup.kind, value: lookup.value.text().into(), is_word: lookup.verified }
}

/// The same for attempts that came with the same and were blocked by the same.
fn likeness(attempt: &Attempt<'_>, matched: &[Matched], customer: Option<[u8; 20]>) -> Likeness {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&attempt.merchant.0.to_le_bytes());
    hasher.update(&customer.unwrap_or_default());
    for lookup in attempt.lookups.iter().filter(is_brought) {
        hasher.update(&lookup.key.0);
        hasher.update(&[u8::from(lookup.verified)]);
    }
    for one in matched {
        hasher.update(one.entry.ksuid_bytes());
        hasher.update(&[u8::from(one.is_word)]);
    }
    let mut likeness = Likeness::default();
    hasher.finalize_xof().fill(&mut likeness);
    likeness
}

//! From what stands in the index to what an answer lists: whether an entry, a restriction or a list
//! status counts for this attempt, now, and as what.
//!
//! Not here: how it was found, and which of several decides.

use std::borrow::Cow;
use std::sync::Arc;

use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{EmailMatching, IdentifierKey, Kind, Rule, WiderText};
use interdict_domain::limits;
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;

use crate::attempt::{Attempt, Lookup};
use crate::decision::{Source, SourceKind, Sources, Value};
use crate::explanation::{Counted, NotCounted, PassedOver};
use crate::index::{CustomerRecord, FoundEntry};
use crate::order::Tier;

/// Where the value of a lookup is.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    /// The attempt carries it, or something that lies within it.
    Attempt(WiderText<'a>),
    /// The named customer has it.
    Own,
    /// It is the rest of the named customer's own email, from a byte on.
    OwnDomain(usize),
    /// It is what the named customer's own email is by a policy.
    OwnFolded(EmailMatching),
}

impl<'a> Given<'a> {
    pub(crate) fn value(self) -> Option<Value<'a>> {
        match self {
            Self::Attempt(value) => Some(match value.text() {
                Cow::Borrowed(text) => Value::Given(text),
                Cow::Owned(text) => Value::Held(text.into()),
            }),
            Self::Own | Self::OwnDomain(_) | Self::OwnFolded(_) => None,
        }
    }
}

/// An identifier that is looked up, and where its value is if it is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    pub(crate) kind: Kind,
    pub(crate) key: IdentifierKey,
    pub(crate) given: Given<'a>,
    pub(crate) rule: Rule,
    pub(crate) verified: bool,
}

impl<'a> Probe<'a> {
    pub(crate) const fn of(lookup: &Lookup<'a>) -> Self {
        let Lookup { kind, key, value, rule, verified } = *lookup;
        Self { kind, key, given: Given::Attempt(value), rule, verified }
    }
}

/// Tier first. The rest only makes the answer the same whatever the order in which things came.
pub(crate) fn order(source: &Source<'_>) -> impl Ord + use<> {
    (source.tier, source.kind, source.customer, source.entry, source.what)
}

/// An entry that stands on the key that was looked up: whether it counts, now, for this initiator.
#[inline]
pub(crate) fn judge_entry<'a>(
    found: FoundEntry,
    probe: &Probe<'a>,
    attempt: &Attempt<'_>,
    sources: &mut Sources<'a>,
) {
    let Some(window) = found.record.window.unpack() else { return sources.push(unreadable(probe)) };
    if not_counted(&found, window, probe, attempt).is_some() {
        return;
    }
    let FoundEntry { record: entry, reason, public_message, .. } = found;
    sources.push(Source {
        tier: entry.tier(),
        what: SourceKind::Entry,
        entry: Some(entry.id),
        customer: None,
        kind: Some(probe.kind),
        rule: probe.rule,
        value: probe.given.value(),
        reason,
        public_message,
        scopes: entry.scopes,
        window,
    });
}

/// The same entry where it does not count.
#[cold]
pub(crate) fn passed_over(
    found: &FoundEntry,
    probe: &Probe<'_>,
    attempt: &Attempt<'_>,
) -> Option<PassedOver> {
    let why = not_counted(found, found.record.window.unpack()?, probe, attempt)?;
    Some(PassedOver { entry: found.record.id, why })
}

/// Why an entry that stands on the key does not count for the attempt; nothing where it does.
#[inline]
fn not_counted(
    found: &FoundEntry,
    window: Window,
    probe: &Probe<'_>,
    attempt: &Attempt<'_>,
) -> Option<NotCounted> {
    let FoundEntry { record: entry, max_amount, .. } = found;
    let is_exemption = entry.tier() == Tier::AllowEntry;
    // An exemption must rest on something that the payer cannot choose (incident 7).
    if is_exemption && !probe.verified {
        return Some(NotCounted::Unverified);
    }
    if !entry.scopes.contains(attempt.initiator) {
        return Some(NotCounted::OutOfScope);
    }
    if !window.contains(attempt.now) {
        let has_ended = window.has_ended(attempt.now);
        return Some(if has_ended { NotCounted::Ended } else { NotCounted::NotBegun });
    }
    let is_beyond = is_exemption && !limits::is_within(*max_amount, attempt.money);
    is_beyond.then_some(NotCounted::BeyondLimits)
}

pub(crate) fn restriction<'a>(
    record: &CustomerRecord,
    how: &Counted<'a>,
    attempt: &Attempt<'_>,
) -> Option<Source<'a>> {
    if !record.restricts(attempt.initiator) {
        return None;
    }
    let scopes = record.restricted_scopes()?;
    let reason = record.texts.as_deref().and_then(|texts| texts.first.clone());
    Some(of_customer(record, how, Tier::Restriction, scopes, Window::ALWAYS, reason))
}

pub(crate) fn list_status<'a>(
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
        rule: Rule::Exact,
        value,
        reason,
        public_message: None,
        scopes,
        window,
    }
}

/// The identifier through which a customer came to count.
pub(crate) fn through<'a>(how: &Counted<'a>) -> (Option<Kind>, Option<Value<'a>>) {
    match how {
        Counted::Id | Counted::MerchantRef => (None, None),
        Counted::Shared { kind, value } => (Some(*kind), value.clone()),
    }
}

pub(crate) fn unreadable<'a>(probe: &Probe<'a>) -> Source<'a> {
    blocking_unread(Some(probe.kind), probe.given.value())
}

/// Something is there and cannot be read. It might be a hard block, so it is taken for one: nothing
/// fails open.
pub(crate) fn blocking_unread(kind: Option<Kind>, value: Option<Value<'_>>) -> Source<'_> {
    Source {
        tier: Tier::HardBlock,
        what: SourceKind::Unreadable,
        entry: None,
        customer: None,
        kind,
        rule: Rule::Exact,
        value,
        reason: None,
        public_message: None,
        scopes: Scopes::BOTH,
        window: Window::ALWAYS,
    }
}

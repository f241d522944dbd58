//! The common case of a decision in few instructions: nobody is named, and hardly anything is found.
//!
//! Not here: everything else, and the explanation, which [`crate::decide`] gathers at length.

use interdict_domain::identifier::{IdentifierKey, Kind};

use crate::attempt::{Attempt, Lookup};
use crate::decision::Sources;
use crate::index::{Found, Index};
use crate::sources::{Probe, judge_entry};

/// The common case, made short: nobody is named, and at most one of the lookups finds anything, which
/// is an entry. Gives up on everything else. Returns the revision.
#[inline]
pub(crate) fn shortcut<'a>(index: &Index, attempt: &Attempt<'a>, sources: &mut Sources<'a>) -> Option<i64> {
    let named = |lookup: &Lookup<'_>| lookup.kind == Kind::MerchantRef;
    if attempt.explain || attempt.customer.is_some() || attempt.lookups.iter().any(named) {
        return None;
    }
    let moment = index.moments.begin()?;
    for lookup in attempt.lookups {
        look(index, attempt, (lookup, lookup.key), sources)?;
    }
    for former in attempt.former {
        look(index, attempt, (attempt.lookups.get(former.lookup)?, former.key), sources)?;
    }
    (sources.len() < 2 && index.moments.still(moment)).then_some(attempt.as_of)
}

/// What stands on one of a lookup's keys. Nothing where a customer has it.
#[inline]
fn look<'a>(
    index: &Index,
    attempt: &Attempt<'a>,
    (lookup, key): (&Lookup<'a>, IdentifierKey),
    sources: &mut Sources<'a>,
) -> Option<()> {
    let known = sources.len();
    let judge = |entry| judge_entry(entry, &Probe::of(lookup), attempt, sources);
    if index.keys.glance(key, judge) {
        return Some(());
    }
    sources.truncate(known);
    look_closer(index, attempt, (lookup, key), sources)
}

/// What a glance cannot see whole: some of it stands in a second line.
#[cold]
#[inline(never)]
fn look_closer<'a>(
    index: &Index,
    attempt: &Attempt<'a>,
    (lookup, key): (&Lookup<'a>, IdentifierKey),
    sources: &mut Sources<'a>,
) -> Option<()> {
    let mut found = Found::default();
    index.keys.find(key, false, &mut found);
    if !found.customers.is_empty() || found.unreadable {
        return None;
    }
    for entry in found.entries {
        judge_entry(entry, &Probe::of(lookup), attempt, sources);
    }
    Some(())
}

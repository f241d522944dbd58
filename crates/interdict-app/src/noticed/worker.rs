//! The thread that looks at attempts of blocked persons. It works a fifth of the time at most, so that a storm of blocks does
//! not take the processor and the writer from others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::PersonId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::person::{CARRIERS_MAX, HeldBack, Trace};
use interdict_domain::settings::PersonPolicy;
use interdict_storage::{Authorship, MerchantView, Sighting, StorageError, Transaction, WriteError};
use tokio::time::Instant;

use super::noticer::{Counters, Noticer, NoticerParts};
use super::sighting::{Brought, Matched, Seen};
use super::weigh::{Candidate, Weighed, weigh};
use crate::app::put_off;
use crate::customer_identifiers::carriers_in;
use crate::error::UseCaseError;
use crate::hold_identifier::Target;

/// It rests so many times as long as it worked, and at least so long.
const REST: u32 = 4;
const REST_LEAST: Duration = Duration::from_millis(100);
/// Identifiers that are weighed in one commit: it holds others up for some milliseconds.
const AT_ONCE: usize = 64;

pub(super) fn run(noticer: &Noticer, parts: &NoticerParts) {
    let mut rest = Duration::ZERO;
    loop {
        let work = noticer.queue.next(rest);
        let begun = Instant::now();
        let mut by_merchant: HashMap<MerchantNumber, Vec<Seen>> = HashMap::new();
        for seen in work.seen {
            by_merchant.entry(seen.merchant).or_default().push(seen);
        }
        for (merchant, seen) in by_merchant {
            let count = seen.iter().map(|seen| seen.count).sum();
            if let Err(Failed { error, is_away }) = look_at(noticer, parts, merchant, &seen) {
                Counters::add(&noticer.counters.lost_to_failures, count);
                put_off(error.as_ref(), is_away, "what a blocked person came with is not noticed");
            }
        }
        noticer.queue.settle(work.through);
        if work.is_stopping {
            return;
        }
        rest = begun.elapsed().saturating_mul(REST).max(REST_LEAST);
    }
}

/// Why nothing was written.
struct Failed {
    error: Box<dyn std::error::Error + 'static>,
    is_away: bool,
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        Self { is_away: error.is_away(), error: Box::new(error) }
    }
}

impl From<WriteError<UseCaseError>> for Failed {
    fn from(error: WriteError<UseCaseError>) -> Self {
        Self { is_away: matches!(error, WriteError::Away), error: Box::new(error) }
    }
}

/// Looks at what one merchant's attempts came with.
fn look_at(
    noticer: &Noticer,
    parts: &NoticerParts,
    merchant: MerchantNumber,
    seen: &[Seen],
) -> Result<(), Failed> {
    let mut candidates = parts.store.read_blocking(|view| candidates(&view.merchant(merchant), seen))?;
    for (candidate, is_known) in &mut candidates {
        if !*is_known && candidate.held_back.is_none() {
            candidate.held_back = shared(parts, merchant, &candidate.identifier)?;
        }
    }
    let mut rest: Vec<Candidate> = candidates.into_iter().map(|(candidate, _)| candidate).collect();
    while !rest.is_empty() {
        let some: Vec<Candidate> = rest.drain(..rest.len().min(AT_ONCE)).collect();
        write(noticer, parts, merchant, some)?;
    }
    Ok(())
}

/// What came along and is not known to be the person's, with whether it was suggested before. What one attempt brought twice,
/// or two brought, counts together.
fn candidates(view: &MerchantView<'_>, seen: &[Seen]) -> Result<Vec<(Candidate, bool)>, StorageError> {
    let mut found: Vec<(Candidate, bool)> = Vec::new();
    if view.settings()?.person_policy == PersonPolicy::Off {
        return Ok(found);
    }
    for seen in seen {
        let persons = persons(view, &seen.matched)?;
        if persons.is_empty() {
            continue;
        }
        let sighting = Sighting { count: seen.count, decision: seen.decision, at: seen.at };
        for (identifier, is_word) in brought(view, seen)? {
            let listed = Target::of(view, &identifier)?.identifier;
            if view.holder_of(&listed)?.is_some() {
                continue;
            }
            for (person, matched) in &persons {
                let same = |(other, _): &&mut (Candidate, bool)| {
                    other.person == *person && other.identifier == identifier
                };
                if let Some((known, _)) = found.iter_mut().find(same) {
                    known.sighting.count += sighting.count;
                    continue;
                }
                let is_known = view.suggestion_about(*person, &listed)?.is_some();
                let trace = Trace { decision: seen.decision, matched: matched.kind };
                let held_back = match (is_word && matched.is_word, persons.len()) {
                    (false, _) => Some(HeldBack::Typed),
                    (true, 1) => None,
                    (true, _) => Some(HeldBack::TwoPersons),
                };
                let identifier = identifier.clone();
                let candidate = Candidate { person: *person, identifier, trace, sighting, held_back };
                found.push((candidate, is_known));
            }
        }
    }
    Ok(found)
}

/// The persons whose entries blocked an attempt, each once: by the merchant's word, if by that.
fn persons(view: &MerchantView<'_>, matched: &[Matched]) -> Result<Vec<(PersonId, Matched)>, StorageError> {
    let mut persons: Vec<(PersonId, Matched)> = Vec::new();
    for one in matched {
        let Some(held) = view.holder_of_entry(one.entry)? else { continue };
        match persons.iter_mut().find(|(person, _)| *person == held.person) {
            Some((_, known)) if one.is_word && !known.is_word => *known = *one,
            Some(_) => {}
            None => persons.push((held.person, *one)),
        }
    }
    Ok(persons)
}

/// What an attempt came with, and what the customer has whom the merchant named.
fn brought(view: &MerchantView<'_>, seen: &Seen) -> Result<Vec<(Identifier, bool)>, StorageError> {
    let parse = |one: &Brought| Some((Identifier::parse(one.kind, &one.value).ok()?, one.is_word));
    let mut brought: Vec<(Identifier, bool)> = Vec::new();
    let customer = seen.customer.map(|id| view.customer(id)).transpose()?.flatten();
    let own = customer
        .iter()
        .flat_map(|customer| customer.profile.identifiers())
        .map(|identifier| (identifier, true));
    for (identifier, is_word) in own.chain(seen.brought.iter().filter_map(parse)) {
        match brought.iter_mut().find(|(other, _)| *other == identifier) {
            Some((_, known)) => *known |= is_word,
            None => brought.push((identifier, is_word)),
        }
    }
    Ok(brought)
}

/// Whether more customers came with it than one person does, as far as the log of decisions knows.
fn shared(
    parts: &NoticerParts,
    merchant: MerchantNumber,
    identifier: &Identifier,
) -> Result<Option<HeldBack>, StorageError> {
    let log = &parts.log;
    if !log.is_on() {
        // Records say who has these; of the others nothing is known.
        let is_in_records = matches!(identifier.kind(), Kind::Email | Kind::Phone | Kind::MerchantRef);
        return Ok((!is_in_records).then_some(HeldBack::Unknown));
    }
    let carriers = carriers_in(&log.store, merchant, &identifier.keys(&parts.pepper, merchant))?;
    Ok((carriers.len() > CARRIERS_MAX).then_some(HeldBack::Shared))
}

fn write(
    noticer: &Noticer,
    parts: &NoticerParts,
    merchant: MerchantNumber,
    candidates: Vec<Candidate>,
) -> Result<(), Failed> {
    let (now, random) = (parts.clock.now(), Arc::clone(&parts.random));
    let merchant_now = parts.index.with(|index| index.merchant_now(merchant, now)).unwrap_or(now);
    let written = parts.store.write_blocking(move |transaction: &mut Transaction<'_>| {
        let actor = Actor::system();
        let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
        let mut weighed = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let came_of_it = weigh(&mut transaction.merchant(merchant), &by, candidate)?;
            weighed.push((came_of_it, candidate.sighting.count));
        }
        Ok::<_, UseCaseError>(weighed)
    })?;
    for (weighed, count) in written.value {
        let counters = &noticer.counters;
        match weighed {
            Weighed::Nothing => {}
            Weighed::Added => Counters::add(&counters.added, 1),
            Weighed::Suggested => Counters::add(&counters.suggested, 1),
            Weighed::SeenAgain => Counters::add(&counters.seen_again, count),
            Weighed::Refused => Counters::add(&counters.refused, count),
            Weighed::TooMany => Counters::add(&counters.too_many, 1),
        }
    }
    Ok(())
}

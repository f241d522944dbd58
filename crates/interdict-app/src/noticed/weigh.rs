//! What becomes of an identifier with which a blocked person came: in the commit that writes it, on what is so then. Somebody's
//! word stands over it: what was refused never comes back by itself (incident 12).

use interdict_domain::change::Action;
use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::{PersonId, SuggestionId};
use interdict_domain::person::{
    ADDED_MAX, BlockedPerson, CARRIERS_MAX, HeldBack, Suggestion, SuggestionState, Trace, WAITING_MAX,
};
use interdict_domain::settings::PersonPolicy;
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, MerchantTransaction, MerchantView, Sighting, StorageError};

use crate::block_person::is_allowed;
use crate::error::UseCaseError;
use crate::hold_identifier::{Ground, Target, hold_identifier};

/// An identifier that came with an attempt of a blocked person.
pub(super) struct Candidate {
    pub(super) person: PersonId,
    pub(super) identifier: Identifier,
    pub(super) trace: Trace,
    pub(super) sighting: Sighting,
    /// What is known before the commit.
    pub(super) held_back: Option<HeldBack>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weighed {
    /// It is the person's already, or another's, or nobody is blocked any more.
    Nothing,
    Added,
    Suggested,
    SeenAgain,
    Refused,
    TooMany,
}

pub(super) fn weigh(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    candidate: &Candidate,
) -> Result<Weighed, UseCaseError> {
    let view = transaction.view();
    let policy = view.settings()?.person_policy;
    let person = view.person(candidate.person)?.filter(|person| person.is_in_force(by.merchant_now));
    let Some(person) = person.filter(|_| policy != PersonPolicy::Off) else { return Ok(Weighed::Nothing) };
    let target = Target::of(&view, &candidate.identifier)?;
    let key = view.key_of(&target.identifier);
    if view.holder_of(&target.identifier)?.is_some() {
        return Ok(Weighed::Nothing);
    }
    if let Some(known) = view.suggestion_about(person.id, &target.identifier)? {
        transaction.see_suggestion(known.id, candidate.sighting)?;
        let is_refused = known.state == SuggestionState::Refused;
        return Ok(if is_refused { Weighed::Refused } else { Weighed::SeenAgain });
    }
    let held_back = match candidate.held_back {
        Some(known) => Some(known),
        None => held_back(&view, by, &person, &candidate.identifier)?,
    };
    if policy == PersonPolicy::Add && held_back.is_none() {
        return add(transaction, by, &person, target, candidate).map(|()| Weighed::Added);
    }
    if view.count_open_suggestions_of(person.id)? >= WAITING_MAX {
        return Ok(Weighed::TooMany);
    }
    transaction.put_suggestion(&suggestion(by, &target, candidate, key, held_back))?;
    Ok(Weighed::Suggested)
}

/// Why it is not to be put to the person's by itself, as far as the store knows.
fn held_back(
    view: &MerchantView<'_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    identifier: &Identifier,
) -> Result<Option<HeldBack>, StorageError> {
    if is_allowed(view, by, identifier)? {
        return Ok(Some(HeldBack::Allowed));
    }
    let having = view.customers_having(identifier)?;
    if having.len() > CARRIERS_MAX {
        return Ok(Some(HeldBack::Shared));
    }
    for customer in having {
        let status = view.customer(customer)?.map(|customer| customer.standing.at(by.merchant_now));
        if status == Some(ListStatus::Whitelisted) {
            return Ok(Some(HeldBack::Whitelisted));
        }
    }
    let is_full = view.count_added(person.id)? >= ADDED_MAX;
    Ok(is_full.then_some(HeldBack::TooMany))
}

fn add(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    target: Target,
    candidate: &Candidate,
) -> Result<(), UseCaseError> {
    let matched = named(candidate.trace.matched);
    let reason = format!("Came with the {matched} of the blocked person {}", person.id);
    let ground = Ground {
        trace: Some(candidate.trace),
        reason: Reason::parse(&reason).ok(),
        is_by_policy: true,
        was: None,
    };
    transaction.put_person(by, Action::PersonExtended, Some(person), person)?;
    hold_identifier(transaction, by, person, target, &ground)?;
    Ok(())
}

/// What people call a kind, in the reason of an entry.
const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "email",
        Kind::EmailDomain => "email domain",
        Kind::Phone => "phone",
        Kind::Ip => "address",
        Kind::Device => "device",
        Kind::CardFingerprint => "card",
        Kind::Bin => "BIN",
        Kind::Iban => "account",
        Kind::MerchantRef => "merchantRef",
        Kind::Country => "country",
    }
}

fn suggestion(
    by: &Authorship<'_>,
    target: &Target,
    candidate: &Candidate,
    key: interdict_domain::identifier::IdentifierKey,
    held_back: Option<HeldBack>,
) -> Suggestion {
    let Sighting { count, decision, at } = candidate.sighting;
    Suggestion {
        id: SuggestionId::generate(by.now, by.random),
        person: candidate.person,
        kind: target.identifier.kind(),
        key,
        value: Some(target.identifier.value().to_owned()),
        state: SuggestionState::Open,
        held_back,
        matched: Some(candidate.trace.matched),
        seen: count,
        first_decision: Some(decision),
        last_decision: Some(decision),
        created_at: at,
        last_seen_at: at,
        settled: None,
    }
}

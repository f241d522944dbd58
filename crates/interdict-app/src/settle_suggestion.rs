//! Somebody's word on a suggestion: the identifier is the blocked person's, or it is not.

use interdict_domain::change::Action;
use interdict_domain::identifier::{EmailMatching, Identifier};
use interdict_domain::ids::SuggestionId;
use interdict_domain::person::{Suggestion, SuggestionState, Trace};
use interdict_storage::{Authorship, MerchantTransaction, MerchantView};

use crate::block_person::{PersonRow, add_targets, is_allowed, person_in_force};
use crate::hold_identifier::{Ground, Target};
use crate::person_error::{PersonError, Place};

/// Puts the identifier to the person's. One that was refused may be accepted later; twice is once.
pub fn accept_suggestion(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: SuggestionId,
) -> Result<(Suggestion, PersonRow), PersonError> {
    let suggestion = transaction.view().suggestion(id)?.ok_or(PersonError::NotFound("suggestion"))?;
    let person = person_in_force(transaction, by, suggestion.person)?;
    if suggestion.state != SuggestionState::Accepted {
        let view = transaction.view();
        let identifier = as_suggested(&view, &suggestion).ok_or(PersonError::Erased)?;
        if is_allowed(&view, by, &identifier)? {
            return Err(PersonError::Allowed(vec![Place::Listed(0)]));
        }
        let target =
            Target { entry: view.entry_of(interdict_domain::entry::List::Block, &identifier)?, identifier };
        if let Some(other) = view.holder(suggestion.key)?.filter(|held| held.person != person.id) {
            return Err(PersonError::ManyPersons(vec![person.id, other.person]));
        }
        let trace = suggestion.last_decision.zip(suggestion.matched);
        let trace = trace.map(|(decision, matched)| Trace { decision, matched });
        let ground = Ground { trace, ..Ground::default() };
        add_targets(transaction, by, &person, (vec![target], true), &ground)?;
    }
    let view = transaction.view();
    let settled = view.suggestion(id)?.ok_or(PersonError::NotFound("suggestion"))?;
    Ok((settled, PersonRow::read(&view, person)?))
}

/// The identifier as it was suggested: what a policy says of emails may have changed since. Nothing once it was erased.
pub(crate) fn as_suggested(view: &MerchantView<'_>, suggestion: &Suggestion) -> Option<Identifier> {
    let identifier = Identifier::parse(suggestion.kind, suggestion.value.as_deref()?).ok()?;
    let mut matched = EmailMatching::ALL.iter().map(|matching| identifier.matched(*matching));
    let suggested = matched.find(|matched| view.key_of(matched) == suggestion.key);
    Some(suggested.unwrap_or(identifier))
}

/// Says that the identifier is not the person's: it is not suggested again, and never put there by itself. One that is the
/// person's already is taken off by deleting its entry.
pub fn refuse_suggestion(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: SuggestionId,
) -> Result<Suggestion, PersonError> {
    let view = transaction.view();
    let suggestion = view.suggestion(id)?.ok_or(PersonError::NotFound("suggestion"))?;
    let person = view.person(suggestion.person)?.ok_or(PersonError::NotFound("person"))?;
    match suggestion.state {
        SuggestionState::Refused => Ok(suggestion),
        SuggestionState::Accepted => Err(PersonError::ChangedMeanwhile),
        SuggestionState::Open => {
            let settled = Some((by.now, by.actor.clone()));
            let refused = Suggestion { state: SuggestionState::Refused, settled, ..suggestion };
            transaction.put_person(by, Action::PersonSuggestionRefused, Some(&person), &person)?;
            transaction.put_suggestion(&refused)?;
            Ok(refused)
        }
    }
}

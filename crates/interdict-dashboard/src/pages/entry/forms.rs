//! What the page's forms do.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{EntryUpdate, Put, note_entry, put_update};
use interdict_domain::entry::List;
use interdict_domain::ids::EntryId;
use interdict_domain::text::{PublicMessage, Reason};

use super::view::{Refused, day, render};
use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::pages::customer::{scopes, until};
use crate::pages::lists::typed_limits;
use crate::pages::terms;
use crate::person::{ChangeCustomers, Person};
use crate::state::State;
use crate::t;

fn parse_id(id: &str) -> Result<EntryId, Problem> {
    id.parse().map_err(|_| Problem::not_there(&t("entry-not-there")))
}

/// New terms, all of them. Two who change the same entry at once: the second is told.
pub(crate) async fn change(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let update = match new_terms(&form, id.list()) {
        Ok(update) => update,
        Err(problem) => return again(&state, &person, id, Refused::Change(problem, form)).await,
    };
    let seen = form.text("seen").and_then(|seen| seen.parse::<i64>().ok());
    let merchant = person.signed_in.user.merchant;
    let weight = person.service().weigh_update(merchant, id, &update).await?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let before = transaction.view().entry(id)?.ok_or(No::ChangedMeanwhile)?;
        if seen != Some(before.entry.updated_at.micros()) {
            return Err(No::ChangedMeanwhile);
        }
        let change = transaction.revision() + 1;
        Ok(match put_update(transaction, by, id, update, weight)? {
            Put::Entry(..) => format!("/dashboard/{mode}/entries/{id}?done=changed&undo={change}"),
            Put::Proposal(_) => format!("/dashboard/{mode}/approvals?done=proposed"),
        })
    });
    match done.await? {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(&state, &person, id, Refused::Change(problem, form)).await,
    }
}

/// What a form of old does not say stays.
fn new_terms(form: &Form, list: List) -> Result<EntryUpdate, String> {
    let says_limits = form.is_set("limits") && list == List::Allow;
    let says_code = form.is_set("reasonCode");
    let (says_from, says_until) =
        (form.is_set("from") && is_touched(form, "from", "fromWas"), is_touched(form, "until", "untilWas"));
    Ok(EntryUpdate {
        reason: Some(form.parse("reason", &t("reason"), Reason::parse)?),
        reason_code: says_code.then(|| terms::reason_code(form)).transpose()?,
        public_message: Some(form.parse("publicMessage", &t("public-message"), PublicMessage::parse)?),
        scopes: Some(Some(scopes(form)?)),
        strength: terms::strength(form)?.map(Some),
        starts_at: says_from.then(|| terms::starts(form)).transpose()?,
        expires_at: says_until.then(|| until(form)).transpose()?,
        limits: says_limits.then(|| typed_limits(form, list)).transpose()?.map(Some),
    })
}

/// Whether a day is another one than that of the moment that stands: a form knows days, and would move the moment.
pub(crate) fn is_touched(form: &Form, field: &str, was: &str) -> bool {
    form.text(was).is_none_or(|was| form.text(field) != Some(day(was)))
}

/// A line in the note log.
pub(crate) async fn note(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let text = match form.parse("text", &t("note"), Reason::parse) {
        Ok(Some(text)) => text,
        Ok(None) => return again(&state, &person, id, Refused::Note(t("invalid-note"), form)).await,
        Err(problem) => return again(&state, &person, id, Refused::Note(problem, form)).await,
    };
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        note_entry(transaction, by, id, text)?;
        Ok(format!("/dashboard/{mode}/entries/{id}?done=noted"))
    });
    match done.await? {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(&state, &person, id, Refused::Note(problem, form)).await,
    }
}

async fn again(
    state: &State,
    person: &Person<ChangeCustomers>,
    id: EntryId,
    refused: Refused,
) -> Result<Response, Problem> {
    let refused = match refused {
        Refused::Change(problem, typed) => Refused::Change(problem, typed.shown_again()),
        Refused::Note(problem, typed) => Refused::Note(problem, typed.shown_again()),
    };
    render(state, person, id, &Form::default(), Some(refused)).await
}

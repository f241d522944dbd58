//! What the page's dialogs and its lift buttons do.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::store::MerchantTransaction;
use interdict_app::{
    NewListStatus, RestrictionUpdate, clear_list_status, erase_forgotten_customer, restrict_customer,
    set_list_status as set,
};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::Reason;

use super::view::{OpenDialog, render};
use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::person::{ChangeCustomers, ErasePerson, Needs, Person};
use crate::state::State;
use crate::t;

/// The customer as it is stored, unless it is not the one that the form was filled in on.
fn unchanged(
    transaction: &MerchantTransaction<'_, '_>,
    id: CustomerId,
    seen: Option<i64>,
) -> Result<Customer, No> {
    let customer = transaction.view().customer(id)?.ok_or(No::ChangedMeanwhile)?;
    if seen.is_some_and(|seen| seen != customer.updated_at.micros()) {
        return Err(No::ChangedMeanwhile);
    }
    Ok(customer)
}

fn seen(form: &Form) -> Option<i64> {
    form.text("seen").map(|seen| seen.parse().unwrap_or(i64::MIN))
}

fn parse_id(id: &str) -> Result<CustomerId, Problem> {
    id.parse().map_err(|_| Problem::not_there(&t("customer-not-there")))
}

/// The reason as typed; an empty one clears it.
fn reason(form: &Form, field: &str) -> Result<Option<Reason>, String> {
    form.parse(field, &t("reason"), Reason::parse)
}

/// The dialog of the document: two switches and a reason. A lift button sends which flag to lift instead.
pub(crate) async fn restrict(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let lifts = form.is_set("liftCit") || form.is_set("liftMit");
    let update = if lifts {
        let lift = |field| form.is_set(field).then_some(false);
        RestrictionUpdate { cit: lift("liftCit"), mit: lift("liftMit"), reason: None }
    } else {
        let reason = match reason(&form, "restrictReason") {
            Ok(reason) => reason,
            Err(problem) => return again(&state, &person, id, "restrict", problem, form).await,
        };
        RestrictionUpdate {
            cit: Some(form.is_set("restrictCit")),
            mit: Some(form.is_set("restrictMit")),
            reason: Some(reason),
        }
    };
    let seen = seen(&form);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let before = unchanged(transaction, id, seen)?;
        let is_nothing = !lifts && update.cit == Some(false) && update.mit == Some(false);
        if is_nothing && !before.restriction.is_restricted() {
            return Err(No::Says(t("invalid-restriction")));
        }
        let change = transaction.revision() + 1;
        let after = restrict_customer(transaction, by, id, update)?;
        let word = match (before.restriction.is_restricted(), after.restriction.is_restricted()) {
            (_, false) => "unrestricted",
            (false, true) => "restricted",
            (true, true) => "restriction-changed",
        };
        Ok(format!("/dashboard/{mode}/customers/{id}?done={word}&undo={change}"))
    });
    go_on(&state, &person, id, "restrict", done.await?, form).await
}

/// Blacklisted, whitelisted, or back to normal.
pub(crate) async fn set_list_status(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let status = form.text("status").and_then(ListStatus::parse);
    let status = status.ok_or_else(|| Problem::invalid(&t("invalid-status")))?;
    let dialog = if status == ListStatus::Whitelisted { "whitelist" } else { "blacklist" };
    let read = reason(&form, "reason").and_then(|reason| Ok((reason, until(&form)?, scopes(&form)?)));
    let (reason, expires_at, scopes) = match read {
        Ok(read) => read,
        Err(problem) => return again(&state, &person, id, dialog, problem, form).await,
    };
    let seen = seen(&form);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let before = unchanged(transaction, id, seen)?;
        let change = transaction.revision() + 1;
        match status {
            ListStatus::Normal => clear_list_status(transaction, by, id, before.standing.status)?,
            ListStatus::Blacklisted | ListStatus::Whitelisted => {
                set(transaction, by, id, NewListStatus { status, reason, scopes, expires_at })?
            }
        };
        Ok(format!("/dashboard/{mode}/customers/{id}?done={}&undo={change}", status.as_str()))
    });
    go_on(&state, &person, id, dialog, done.await?, form).await
}

/// Forgets the person. There is no way back, so that a word is asked for.
pub(crate) async fn erase(
    Shared(state): Shared<State>,
    person: Person<ErasePerson>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let is_meant = form.text("confirm").is_some_and(|word| word.eq_ignore_ascii_case(&t("erase-word")));
    if !is_meant {
        return again(&state, &person, id, "erase", t("erase-unconfirmed"), form).await;
    }
    let forgotten = person.service().forget_in_log(person.signed_in.user.merchant, id).await?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        erase_forgotten_customer(transaction, by, id, &forgotten)?;
        Ok(format!("/dashboard/{mode}/customers?done=erased"))
    });
    go_on(&state, &person, id, "erase", done.await?, form).await
}

/// A day, in UTC, at whose end it ends.
pub(crate) fn until(form: &Form) -> Result<Option<Timestamp>, String> {
    let parse = |day: &str| format!("{day}T23:59:59.999Z").parse::<Timestamp>().map_err(|_| t("invalid-day"));
    form.parse("until", &t("until"), parse)
}

/// For which payments; both unless one is left out.
pub(crate) fn scopes(form: &Form) -> Result<Scopes, String> {
    if !form.is_set("scopes") {
        return Ok(Scopes::BOTH);
    }
    Scopes::from_flags(form.is_set("cit"), form.is_set("mit")).ok_or_else(|| t("invalid-scopes"))
}

async fn go_on<C: Needs>(
    state: &State,
    person: &Person<C>,
    id: CustomerId,
    dialog: &'static str,
    done: Done,
    form: Form,
) -> Result<Response, Problem> {
    match done {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(state, person, id, dialog, problem, form).await,
    }
}

/// The page once more, with the dialog as it was and what was wrong.
async fn again<C: Needs>(
    state: &State,
    person: &Person<C>,
    id: CustomerId,
    name: &'static str,
    problem: String,
    typed: Form,
) -> Result<Response, Problem> {
    let open = OpenDialog { name, problem, typed: typed.shown_again() };
    render(state, person, id, &Form::default(), Some(open)).await
}

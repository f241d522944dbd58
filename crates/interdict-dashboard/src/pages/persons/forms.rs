//! What the pages' forms do: blocking, lifting, and somebody's word on a suggestion.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{
    NamedIdentifier, NewPersonBlock, PersonError, Place, accept_suggestion, block_person, is_undoable,
    lift_person, refuse_suggestion, weighed,
};
use interdict_domain::change::Subject;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::EntrySource;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::{CustomerId, PersonId, SuggestionId};
use interdict_domain::person::{IDENTIFIERS_MAX, PersonTerms};
use interdict_domain::text::{PublicMessage, Reason};

use super::of_customer::{Refused, render};
use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::{Form, TICKED};
use crate::pages::customer::{scopes, until};
use crate::pages::entry::is_touched;
use crate::pages::terms;
use crate::person::{ChangeCustomers, Person};
use crate::state::State;
use crate::t;

impl From<PersonError> for No {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Storage(error) => Self::Storage(error),
            PersonError::NotFound(_) | PersonError::ChangedMeanwhile => Self::ChangedMeanwhile,
            PersonError::Invalid { path: "expiresAt", .. } => Self::Says(t("invalid-until")),
            PersonError::Allowed(_) => Self::Says(t("invalid-person-allowed")),
            PersonError::NeedsSecondPerson(_) => Self::Says(t("invalid-person-second")),
            PersonError::ManyPersons(_) => Self::Says(t("invalid-person-many")),
            PersonError::NothingToBlock => Self::Says(t("invalid-person-nothing")),
            PersonError::NotInForce => Self::Says(t("invalid-person-over")),
            PersonError::Erased => Self::Says(t("invalid-person-erased")),
            other @ PersonError::Invalid { .. } => Self::Says(format!("{other}.")),
        }
    }
}

/// What is ticked.
fn identifiers(form: &Form, person: &Person<ChangeCustomers>) -> Result<Vec<NamedIdentifier>, String> {
    let sent = form.all(TICKED);
    if sent.is_empty() || sent.len() > IDENTIFIERS_MAX {
        return Err(t("invalid-person-nothing"));
    }
    let parse = |(position, text): (usize, &String)| {
        let (kind, value) = text.split_once(':').ok_or_else(|| t("invalid-kind"))?;
        let kind =
            Kind::parse(kind).filter(|kind| kind.is_of_one_person()).ok_or_else(|| t("invalid-kind"))?;
        let identifier = Identifier::parse_in(kind, value, || person.phone_region())
            .map_err(|error| format!("{error}."))?;
        Ok(NamedIdentifier { identifier, place: Place::Listed(position) })
    };
    sent.iter().enumerate().map(parse).collect()
}

fn new_block(form: &Form, person: &Person<ChangeCustomers>) -> Result<NewPersonBlock, String> {
    Ok(NewPersonBlock {
        identifiers: identifiers(form, person)?,
        left_out: Vec::new(),
        terms: PersonTerms {
            reason: form.parse("reason", &t("reason"), Reason::parse)?,
            reason_code: terms::reason_code(form)?,
            public_message: form.parse("publicMessage", &t("public-message"), PublicMessage::parse)?,
            scopes: scopes(form)?,
            expires_at: ends(form)?,
        },
        source: EntrySource::Dashboard,
    })
}

/// When it ends; a day that was not touched keeps its moment.
fn ends(form: &Form) -> Result<Option<Timestamp>, String> {
    if is_touched(form, "until", "untilWas") {
        return until(form);
    }
    form.text("untilWas").map(str::parse).transpose().map_err(|_| t("invalid-day"))
}

/// Blocks a customer with what is ticked of all that it has.
pub(crate) async fn block(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_there(&t("customer-not-there")))?;
    let new = match new_block(&form, &person) {
        Ok(new) => new,
        Err(problem) => return again(&state, &person, id, problem, form).await,
    };
    let merchant = person.signed_in.user.merchant;
    let (new, weights) = person.service().weigh_person(merchant, new).await?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let change = transaction.revision() + 1;
        let run = |transaction: &mut _| block_person(transaction, by, new);
        let blocked = weighed(transaction, by, weights, run, |blocked| &blocked.row)?;
        let (id, now) = (blocked.row.person.id, by.merchant_now);
        let newest = transaction.view().history(Subject::Person(id), i64::MAX, 1)?;
        let undo = newest.first().filter(|item| item.change.sequence >= change && is_undoable(item, now));
        let undo = undo.map_or(String::new(), |item| format!("&undo={}", item.change.sequence));
        let done = if blocked.is_new { "person-blocked" } else { "person-changed" };
        Ok(format!("/dashboard/{mode}/persons/{id}?done={done}{undo}"))
    });
    match done.await? {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(&state, &person, id, problem, form).await,
    }
}

async fn again(
    state: &State,
    person: &Person<ChangeCustomers>,
    id: CustomerId,
    problem: String,
    typed: Form,
) -> Result<Response, Problem> {
    let refused = Refused { problem, typed: typed.shown_again() };
    render(state, person, id, &Form::default(), Some(refused)).await
}

/// Lifts the block as a unit.
pub(crate) async fn lift(
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id: PersonId = id.parse().map_err(|_| Problem::not_there(&t("person-not-there")))?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let change = transaction.revision() + 1;
        let lifted = lift_person(transaction, by, id)?;
        let what = if lifted.kept.is_empty() { "person-lifted" } else { "person-lifted-kept" };
        Ok(format!("/dashboard/{mode}/persons/{id}?done={what}&undo={change}"))
    });
    done.await?.or_problem()
}

/// Somebody's word on a suggestion; goes back to where the button was.
pub(crate) async fn settle(
    person: Person<ChangeCustomers>,
    Path((mode, id, word)): Path<(String, String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id: SuggestionId = id.parse().map_err(|_| Problem::not_there(&t("suggestion-not-there")))?;
    let is_accepted = match word.as_str() {
        "accept" => true,
        "refuse" => false,
        _ => return Err(Problem::no_such_page()),
    };
    let goes_to_person = form.is_set("to-person");
    let weights = person.service().weigh_suggestion(person.signed_in.user.merchant, id).await?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let (suggestion, what) = if is_accepted {
            let run = |transaction: &mut _| accept_suggestion(transaction, by, id);
            (weighed(transaction, by, weights, run, |(_, row)| row)?.0, "suggestion-accepted")
        } else {
            (refuse_suggestion(transaction, by, id)?, "suggestion-refused")
        };
        Ok(if goes_to_person {
            format!("/dashboard/{mode}/persons/{}?done={what}", suggestion.person)
        } else {
            format!("/dashboard/{mode}/persons?tab=suggestions&done={what}")
        })
    });
    done.await?.or_problem()
}

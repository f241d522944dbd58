//! Undo: what a change had made is put back, as long as nothing has changed it since.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{Undone, undo_change};

use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::person::{ChangeCustomers, Person};
use crate::state::State;
use crate::t;

pub(crate) async fn undo(
    Shared(_): Shared<State>,
    person: Person<ChangeCustomers>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let sequence = form.text("sequence").and_then(|sequence| sequence.parse().ok());
    let sequence: i64 = sequence.ok_or_else(|| Problem::invalid(&t("invalid-undo")))?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let undone = undo_change(transaction, by, sequence)?.ok_or(No::ChangedMeanwhile)?;
        Ok(match undone {
            Undone::Customer(id) => format!("/dashboard/{mode}/customers/{id}?done=undone"),
            Undone::Block => format!("/dashboard/{mode}/blacklist?done=undone"),
            Undone::Person(id) => format!("/dashboard/{mode}/persons/{id}?done=undone"),
            Undone::Allow => format!("/dashboard/{mode}/whitelist?done=undone"),
        })
    });
    match done.await? {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => Err(Problem::invalid(&problem)),
    }
}

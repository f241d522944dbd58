//! Undo: what a change had made, or many of one press, is put back, as long as nothing has changed it since.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{Undone, undo_change};

use crate::act::{No, act};
use crate::answer::Problem;
use crate::form::Form;
use crate::frame::changes;
use crate::person::{ChangeCustomers, Person};
use crate::state::State;
use crate::t;

/// What one press has changed at most.
const MANY_MAX: i64 = 500;

pub(crate) async fn undo(
    Shared(_): Shared<State>,
    person: Person<ChangeCustomers>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let (first, last) = form
        .text("sequence")
        .and_then(changes)
        .filter(|(first, last)| (0..MANY_MAX).contains(&last.saturating_sub(*first)))
        .ok_or_else(|| Problem::invalid(&t("invalid-undo")))?;
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let mut undone = None;
        for sequence in first..=last {
            undone = undo_change(transaction, by, sequence)?.or(undone);
        }
        // Of many the last one says where they were.
        Ok(match undone.ok_or(No::ChangedMeanwhile)? {
            Undone::Customer(id) => format!("/dashboard/{mode}/customers/{id}?done=undone"),
            Undone::Block => format!("/dashboard/{mode}/blacklist?done=undone"),
            Undone::Person(id) => format!("/dashboard/{mode}/persons/{id}?done=undone"),
            Undone::Allow => format!("/dashboard/{mode}/whitelist?done=undone"),
        })
    });
    done.await?.or_problem()
}

//! What the page's forms do to the password and to the sessions.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::UserError;
use interdict_domain::ids::SessionId;
use zeroize::Zeroizing;

use super::view::{RefusedForm, render};
use crate::answer::{self, Problem};
use crate::cookie::Cookie;
use crate::form::Form;
use crate::person::{Anybody, Person};
use crate::presses::press;
use crate::refused;
use crate::state::State;
use crate::t;

/// Back to the page, with what was done.
pub(super) fn back(person: &Person<Anybody>, done: &str) -> Response {
    answer::see_other(&format!("/dashboard/account?mode={}&done={done}", person.mode.as_str()))
}

/// The page once more, with why not.
pub(super) async fn again(
    state: &State,
    person: &Person<Anybody>,
    name: &'static str,
    error: UserError,
) -> Result<Response, Problem> {
    let problem = refused::says(error)?;
    render(state, person, &Form::default(), Some(RefusedForm { name, problem })).await
}

/// A new password for whoever knows the old one.
pub(crate) async fn change_password(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    form: Form,
) -> Result<Response, Problem> {
    let old = Zeroizing::new(form.exactly("old").to_owned());
    let new = Zeroizing::new(form.exactly("new").to_owned());
    let (at_work, user) = (state.clone(), person.signed_in.user.id);
    press(&state, user, &form, async move {
        match at_work.app.change_password(&person.signed_in, &old, &new).await {
            Ok(()) => Ok(back(&person, "password-changed")),
            Err(error) => again(&at_work, &person, "password", error).await,
        }
    })
    .await
}

/// Signs out another browser; this one, too.
pub(crate) async fn end_session(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::not_there(&t("session-not-there")))?;
    // One that has ended meanwhile is as was wished.
    state.app.end_session(&person.signed_in, id).await.map_err(refused::problem)?;
    if id != person.signed_in.session.id {
        return Ok(back(&person, "session-ended"));
    }
    let mut response = answer::see_other("/dashboard/sign-in");
    Cookie::Session.forget(&mut response, state.options.cookies);
    Ok(response)
}

/// Signs out every other browser.
pub(crate) async fn end_other_sessions(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
) -> Result<Response, Problem> {
    state.app.end_other_sessions(&person.signed_in).await.map_err(refused::problem)?;
    Ok(back(&person, "sessions-ended"))
}

//! What the page's dialogs do. Whoever acts is read anew by the use cases, and may act on what was looked at alone:
//! the version says whether it still is so.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::header::HOST;
use http::{HeaderMap, StatusCode};
use interdict_app::{Invitation, SecondFactorAfterReset};
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_domain::role::Role;

use super::view::{RefusedForm, render};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::frame::{Frame, Place};
use crate::person::{ManageTeam, Person};
use crate::presses::press;
use crate::state::State;
use crate::when::when;
use crate::{refused, t};

/// The link of an invitation, which is shown once.
#[derive(Template)]
#[template(path = "invited.html")]
struct InvitedPage {
    frame: Frame,
    email: String,
    link: String,
    until: String,
}

/// Who is meant, and as of when.
fn meant(id: &str, form: &Form) -> Result<(UserId, i64), Problem> {
    let id = id.parse().map_err(|_| Problem::not_there(&t("person-not-there")))?;
    let version = form.text("version").and_then(|version| version.parse().ok());
    Ok((id, version.ok_or_else(Problem::changed_meanwhile)?))
}

fn role(form: &Form) -> Result<Role, Problem> {
    form.text("role").and_then(Role::parse).ok_or_else(|| Problem::invalid(&t("invalid-role")))
}

fn back(person: &Person<ManageTeam>, done: &str) -> Response {
    answer::see_other(&format!("/dashboard/team?mode={}&done={done}", person.mode.as_str()))
}

/// The page once more, with the dialog as it was.
async fn again(
    state: &State,
    person: &Person<ManageTeam>,
    name: String,
    problem: String,
    form: &Form,
) -> Result<Response, Problem> {
    let typed = |field| form.text(field).unwrap_or_default().to_owned();
    let refused = RefusedForm { name, problem, email: typed("email"), role: typed("role") };
    render(state, person, &Form::default(), Some(refused)).await
}

/// Where people reach us, as the browser sees it.
fn base(state: &State, headers: &HeaderMap) -> String {
    if let Some(url) = &state.options.public_url {
        return url.clone();
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

async fn invited(
    state: &State,
    person: &Person<ManageTeam>,
    base: &str,
    invitation: &Invitation,
) -> Response {
    let frame = Frame::new(state, person, Place::Team, t("invited-title"), &Form::default()).await;
    let page = InvitedPage {
        frame,
        email: invitation.user.email.as_str().to_owned(),
        link: format!("{base}/dashboard/invitation/{}", invitation.token.as_str()),
        until: when(invitation.ends_at),
    };
    answer::page(StatusCode::OK, &page)
}

pub(crate) async fn invite(
    Shared(state): Shared<State>,
    person: Person<ManageTeam>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let role = role(&form)?;
    let base = base(&state, &headers);
    let email = match form.parse("email", &t("email"), Email::parse) {
        Ok(Some(email)) => email,
        Ok(None) => return again(&state, &person, "invite".to_owned(), t("invalid-email"), &form).await,
        Err(problem) => return again(&state, &person, "invite".to_owned(), problem, &form).await,
    };
    let (at_work, user, typed) = (state.clone(), person.signed_in.user.id, form.clone());
    press(&state, user, &form, async move {
        match at_work.app.invite_user(&person.signed_in, email, role).await {
            Ok(invitation) => Ok(invited(&at_work, &person, &base, &invitation).await),
            Err(error) => again(&at_work, &person, "invite".to_owned(), refused::says(error)?, &typed).await,
        }
    })
    .await
}

/// A new link for whoever forgot the password, or let the invitation pass.
pub(crate) async fn reset(
    Shared(state): Shared<State>,
    person: Person<ManageTeam>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let (id, version) = meant(&id, &form)?;
    let factor =
        if form.is_set("factor") { SecondFactorAfterReset::Removed } else { SecondFactorAfterReset::Kept };
    let base = base(&state, &headers);
    let (at_work, user, typed) = (state.clone(), person.signed_in.user.id, form.clone());
    press(&state, user, &form, async move {
        match at_work.app.reset_user(&person.signed_in, id, version, factor).await {
            Ok(invitation) => Ok(invited(&at_work, &person, &base, &invitation).await),
            Err(error) => again(&at_work, &person, id.to_string(), refused::says(error)?, &typed).await,
        }
    })
    .await
}

/// What is changed of a person.
enum Change {
    Role(Role),
    Disable,
    Enable,
}

pub(crate) async fn change_role(
    Shared(state): Shared<State>,
    person: Person<ManageTeam>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let role = role(&form)?;
    change(state, person, &id, form, Change::Role(role)).await
}

pub(crate) async fn disable(
    Shared(state): Shared<State>,
    person: Person<ManageTeam>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    change(state, person, &id, form, Change::Disable).await
}

pub(crate) async fn enable(
    Shared(state): Shared<State>,
    person: Person<ManageTeam>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    change(state, person, &id, form, Change::Enable).await
}

async fn change(
    state: State,
    person: Person<ManageTeam>,
    id: &str,
    form: Form,
    change: Change,
) -> Result<Response, Problem> {
    let (id, version) = meant(id, &form)?;
    let (at_work, user, typed) = (state.clone(), person.signed_in.user.id, form.clone());
    press(&state, user, &form, async move {
        let (app, by) = (&at_work.app, &person.signed_in);
        let (changed, done) = match change {
            Change::Role(role) => (app.change_role(by, id, version, role).await, "role-changed"),
            Change::Disable => (app.disable_user(by, id, version).await, "disabled"),
            Change::Enable => (app.enable_user(by, id, version).await, "enabled"),
        };
        match changed {
            Ok(_) => Ok(back(&person, done)),
            Err(error) => again(&at_work, &person, id.to_string(), refused::says(error)?, &typed).await,
        }
    })
    .await
}

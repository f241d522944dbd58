//! Accepting an invitation, for whoever has the link: choosing a password. Signing in comes after, as for everybody.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use zeroize::Zeroizing;

use crate::answer::{self, Problem};
use crate::form::Form;
use crate::refused;
use crate::state::State;
use crate::t;

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    token: String,
    email: String,
    problem: Option<String>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    render(&state, token, None).await
}

async fn render(state: &State, token: String, problem: Option<String>) -> Result<Response, Problem> {
    let user = state.app.invitation(&token).await.map_err(refused::problem)?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(answer::page(status, &InvitationPage { token, email: user.email.as_str().to_owned(), problem }))
}

pub(crate) async fn accept(
    Shared(state): Shared<State>,
    Path(token): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let password = Zeroizing::new(form.exactly("password").to_owned());
    if form.exactly("again") != password.as_str() {
        return render(&state, token, Some(t("refused-not-the-same"))).await;
    }
    match state.app.accept_invitation(&token, &password).await {
        Ok(_) => Ok(answer::see_other("/dashboard/sign-in?accepted=yes")),
        Err(error) => render(&state, token, Some(refused::says(error)?)).await,
    }
}

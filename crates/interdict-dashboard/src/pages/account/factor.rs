//! The second factor: a secret to scan, a code that confirms it, recovery codes to keep, and the end of it. The
//! secret and the codes stand in the answer to a form, once.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use interdict_app::UserError;
use zeroize::Zeroizing;

use super::forms::{again, back};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::frame::{Frame, Place};
use crate::person::{Anybody, Person};
use crate::presses::press;
use crate::refused;
use crate::state::State;
use crate::t;

#[derive(Template)]
#[template(path = "factor.html")]
struct FactorPage {
    frame: Frame,
    /// Nothing when a code was wrong: the secret was shown before.
    secret: Option<ShownSecret>,
    problem: Option<String>,
}

struct ShownSecret {
    /// In groups of four, for those who type it.
    text: String,
    /// A picture as an address of its own.
    picture: String,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    codes: Vec<String>,
}

async fn frame(state: &State, person: &Person<Anybody>, title: String) -> Frame {
    Frame::new(state, person, Place::Account, title, &Form::default()).await
}

/// Begins: a secret for the authenticator app.
pub(crate) async fn enrol(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    form: Form,
) -> Result<Response, Problem> {
    let (at_work, user) = (state.clone(), person.signed_in.user.id);
    press(&state, user, &form, async move {
        let enrolment = at_work.app.enroll_second_factor(&person.signed_in).await;
        let enrolment = enrolment.map_err(refused::problem)?;
        let letters: Vec<char> = enrolment.secret.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        let picture = format!("data:image/svg+xml;base64,{}", STANDARD.encode(enrolment.picture.as_bytes()));
        let page = FactorPage {
            frame: frame(&at_work, &person, t("factor-title")).await,
            secret: Some(ShownSecret { text: groups.join(" "), picture }),
            problem: None,
        };
        Ok(answer::page(StatusCode::OK, &page))
    })
    .await
}

/// Turns it on when the code is right, and shows the recovery codes.
pub(crate) async fn confirm(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    form: Form,
) -> Result<Response, Problem> {
    let code = form.text("code").unwrap_or_default().to_owned();
    let (at_work, user) = (state.clone(), person.signed_in.user.id);
    press(&state, user, &form, async move {
        match at_work.app.confirm_second_factor(&person.signed_in, &code).await {
            Ok(codes) => {
                let frame = frame(&at_work, &person, t("codes-title")).await;
                Ok(answer::page(StatusCode::OK, &CodesPage { frame, codes }))
            }
            Err(error @ UserError::WrongCode) => {
                let frame = frame(&at_work, &person, t("factor-title")).await;
                let page = FactorPage { frame, secret: None, problem: Some(refused::says(error)?) };
                Ok(answer::page(StatusCode::UNPROCESSABLE_ENTITY, &page))
            }
            Err(error) => Err(refused::problem(error)),
        }
    })
    .await
}

/// Turns it off for whoever knows the password.
pub(crate) async fn disable(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    form: Form,
) -> Result<Response, Problem> {
    let password = Zeroizing::new(form.exactly("password").to_owned());
    let (at_work, user) = (state.clone(), person.signed_in.user.id);
    press(&state, user, &form, async move {
        match at_work.app.disable_second_factor(&person.signed_in, &password).await {
            Ok(()) => Ok(back(&person, "factor-off")),
            Err(error) => again(&at_work, &person, "disable", error).await,
        }
    })
    .await
}

//! What the page's dialogs do.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{NewKey, NewKeyOfUser};
use interdict_domain::credential::{CredentialKind, Permission, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::text::Name;

use super::view::{OVERLAPS, OpenDialog, PRESETS, render};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::frame::{Frame, Place};
use crate::pages::customer::until;
use crate::person::{ManageKeys, Person};
use crate::presses::press;
use crate::state::State;
use crate::{refused, t};

/// A key with its secret, which is shown once.
#[derive(Template)]
#[template(path = "key_made.html")]
struct KeyPage {
    frame: Frame,
    name: String,
    id: String,
    is_oauth: bool,
    secret: String,
}

async fn made(state: &State, person: &Person<ManageKeys>, key: &NewKey) -> Response {
    let page = KeyPage {
        frame: Frame::new(state, person, Place::Keys, t("key-made"), &Form::default()).await,
        name: key.credential.name.clone(),
        id: key.credential.id.to_string(),
        is_oauth: key.credential.kind == CredentialKind::Oauth,
        secret: key.secret.clone(),
    };
    answer::page(StatusCode::OK, &page)
}

fn new_key(person: &Person<ManageKeys>, form: &Form) -> Result<NewKeyOfUser, String> {
    let kind = form.text("kind").and_then(CredentialKind::parse).ok_or_else(|| t("invalid-key-kind"))?;
    let name = form.parse("name", &t("key-name"), Name::parse)?.ok_or_else(|| t("invalid-key-name"))?;
    let permissions = permissions(form).ok_or_else(|| t("invalid-permission"))?;
    if permissions == Permissions::NONE && kind != CredentialKind::Publishable {
        return Err(t("invalid-permission"));
    }
    Ok(NewKeyOfUser { mode: person.mode, kind, name, permissions, expires_at: until(form)? })
}

/// What was chosen: one of the usual sets, or what is ticked one by one.
fn permissions(form: &Form) -> Option<Permissions> {
    let preset = PRESETS.iter().find(|(word, _)| form.text("preset") == Some(word));
    if let Some((_, permissions)) = preset {
        return Some(*permissions);
    }
    let ticked = form.all("permission").iter().map(|word| Permission::parse(word));
    Some(ticked.collect::<Option<Vec<_>>>()?.into_iter().fold(Permissions::NONE, Permissions::with))
}

async fn again(
    state: &State,
    person: &Person<ManageKeys>,
    problem: String,
    typed: Form,
) -> Result<Response, Problem> {
    render(state, person, &Form::default(), Some(OpenDialog { problem, typed })).await
}

pub(crate) async fn create(
    Shared(state): Shared<State>,
    person: Person<ManageKeys>,
    form: Form,
) -> Result<Response, Problem> {
    let new = match new_key(&person, &form) {
        Ok(new) => new,
        Err(problem) => return again(&state, &person, problem, form).await,
    };
    let (at_work, user, typed) = (state.clone(), person.signed_in.user.id, form.clone());
    press(&state, user, &form, async move {
        match at_work.app.create_key_by_user(&person.signed_in, new).await {
            Ok(key) => Ok(made(&at_work, &person, &key).await),
            Err(error) => again(&at_work, &person, refused::says(error)?, typed).await,
        }
    })
    .await
}

fn parse_id(id: &str) -> Result<KeyId, Problem> {
    id.parse().map_err(|_| Problem::not_there(&t("key-not-there")))
}

/// Makes another key like it; both work for as long as was chosen.
pub(crate) async fn rotate(
    Shared(state): Shared<State>,
    person: Person<ManageKeys>,
    Path((_, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let chosen = form.text("overlap").and_then(|word| OVERLAPS.iter().find(|(other, _)| *other == word));
    let overlap_s = chosen.ok_or_else(|| Problem::invalid(&t("invalid-overlap")))?.1;
    let (at_work, user) = (state.clone(), person.signed_in.user.id);
    press(&state, user, &form, async move {
        let key = at_work.app.rotate_key_by_user(&person.signed_in, id, overlap_s).await;
        Ok(made(&at_work, &person, &key.map_err(refused::problem)?).await)
    })
    .await
}

/// Ends a key now. One that has ended already is as was wished.
pub(crate) async fn revoke(
    Shared(state): Shared<State>,
    person: Person<ManageKeys>,
    Path((mode, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    state.app.revoke_key_by_user(&person.signed_in, id).await.map_err(refused::problem)?;
    Ok(answer::see_other(&format!("/dashboard/{mode}/keys?done=key-revoked")))
}

#[cfg(test)]
mod tests {
    use interdict_app::OVERLAP_S_MAX;

    use super::*;
    use crate::of;

    #[test]
    fn every_word_of_a_key_has_a_text_and_no_overlap_is_too_long() {
        for (word, seconds) in OVERLAPS {
            assert_ne!(of("overlap-", word), format!("overlap-{word}"));
            assert!(seconds <= OVERLAP_S_MAX);
        }
        for kind in CredentialKind::ALL {
            assert_ne!(of("key-kind-", kind.as_str()), format!("key-kind-{}", kind.as_str()));
        }
        for permission in Permission::ALL {
            let word = permission.as_str().replace(':', "-");
            assert_ne!(of("permission-", &word), format!("permission-{word}"));
        }
    }
}

//! What the page shows.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{Credential, CredentialKind, Permission, Permissions};
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::person::{Needs, Person, ViewKeys};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, refused, t};

/// How long both keys of a rotation can be made to work.
pub(super) const OVERLAPS: [(&str, i64); 5] =
    [("none", 0), ("hour", 3_600), ("day", 86_400), ("week", 7 * 86_400), ("month", 30 * 86_400)];

/// What most keys are for, by the words in the form. Nothing is chosen beforehand: a key may what somebody said.
pub(super) const PRESETS: [(&str, Permissions); 3] = [
    ("decide", Permissions::NONE.with(Permission::Decisions)),
    ("read", Permissions::NONE.with(Permission::CustomersRead).with(Permission::PaymentsRead)),
    ("everything", Permissions::ALL),
];
/// What is ticked one by one.
const OWN: &str = "own";

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    frame: Frame,
    keys: Vec<KeyRow>,
    may_manage: bool,
    kinds: Vec<&'static str>,
    presets: Vec<Choice>,
    permissions: Vec<Choice>,
    overlaps: Vec<&'static str>,
    open: Option<OpenDialog>,
}

/// The dialog of a new key that was refused, with what was typed.
pub(super) struct OpenDialog {
    pub(super) problem: String,
    pub(super) typed: Form,
}

impl KeysPage {
    fn typed(&self, field: &str) -> &str {
        self.open.as_ref().and_then(|dialog| dialog.typed.text(field)).unwrap_or_default()
    }
}

struct KeyRow {
    id: String,
    name: String,
    kind: &'static str,
    last_four: String,
    permissions: String,
    created_at: String,
    expires_at: String,
    last_used_at: String,
    /// `active`, `ending`, `revoked` or `expired`.
    state: &'static str,
    ends_at: String,
    works: bool,
    may_rotate: bool,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewKeys>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    render(&state, &person, &query, None).await
}

/// The page, perhaps with the dialog open.
pub(super) async fn render<C: Needs>(
    state: &State,
    person: &Person<C>,
    query: &Form,
    open: Option<OpenDialog>,
) -> Result<Response, Problem> {
    let mut keys = state.app.list_keys(&person.signed_in).await.map_err(refused::problem)?;
    keys.retain(|key| key.mode == person.mode);
    let now = state.app.clock().now();
    let sent = |name: &str, word: &str| {
        open.as_ref().is_some_and(|dialog| dialog.typed.all(name).iter().any(|other| other == word))
    };
    let permissions = Permission::ALL.iter().map(|permission| Choice {
        word: permission.as_str(),
        text: words(*permission),
        is_chosen: sent("permission", permission.as_str()),
    });
    let presets = PRESETS.iter().map(|(word, _)| *word).chain([OWN]).map(|word| Choice {
        word,
        text: of("preset-", word),
        is_chosen: sent("preset", word),
    });
    let status = if open.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = KeysPage {
        frame: Frame::new(state, person, Place::Keys, t("nav-keys"), query).await,
        // The newest is what one looks for.
        keys: keys.iter().rev().map(|key| row(key, now)).collect(),
        may_manage: person.may(Capability::to_manage_keys(person.mode)),
        kinds: CredentialKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        presets: presets.collect(),
        permissions: permissions.collect(),
        overlaps: OVERLAPS.iter().map(|(word, _)| *word).collect(),
        open,
    };
    Ok(answer::page(status, &page))
}

fn words(permission: Permission) -> String {
    of("permission-", &permission.as_str().replace(':', "-"))
}

fn row(key: &Credential, now: Timestamp) -> KeyRow {
    let works = key.is_valid_at(now);
    let state = match (works, key.revoked_at) {
        (true, None) => "active",
        (true, Some(_)) => "ending",
        (false, Some(revoked)) if revoked <= now => "revoked",
        (false, _) => "expired",
    };
    let permissions = match key.kind {
        CredentialKind::Publishable => t("permission-fixed"),
        CredentialKind::Secret | CredentialKind::Oauth => {
            let held = Permission::ALL.iter().filter(|permission| key.permissions.contains(**permission));
            held.map(|permission| words(*permission)).collect::<Vec<_>>().join(", ")
        }
    };
    KeyRow {
        id: key.id.to_string(),
        name: key.name.clone(),
        kind: key.kind.as_str(),
        last_four: key.last_four.clone(),
        permissions,
        created_at: when(key.created_at),
        expires_at: when_or_dash(key.expires_at),
        last_used_at: key.last_used_at.map_or_else(|| t("key-never-used"), when),
        state,
        ends_at: key.revoked_at.map(when).unwrap_or_default(),
        works,
        may_rotate: works && key.revoked_at.is_none(),
    }
}

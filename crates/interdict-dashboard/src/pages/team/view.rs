//! What the page shows.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_domain::clock::Timestamp;
use interdict_domain::role::{Capability, Role};
use interdict_domain::user::User;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::person::{Needs, Person, ViewTeam};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, refused, t};

#[derive(Template)]
#[template(path = "team.html")]
struct TeamPage {
    frame: Frame,
    people: Vec<PersonRow>,
    may_invite: bool,
    /// The roles that may be given.
    roles: Vec<&'static str>,
    capabilities: Vec<CapabilityRow>,
    all_roles: Vec<&'static str>,
    refused: Option<RefusedForm>,
}

/// A dialog that was refused, with what was typed.
pub(super) struct RefusedForm {
    /// `invite`, or a person's id.
    pub(super) name: String,
    pub(super) problem: String,
    pub(super) email: String,
    pub(super) role: String,
}

impl TeamPage {
    fn refused(&self, name: &str) -> Option<&RefusedForm> {
        self.refused.as_ref().filter(|form| form.name == name)
    }

    /// Which role the invitation's dialog offers first: the one that may least, unless another was chosen.
    fn invited_role(&self) -> &str {
        self.refused("invite").map_or(Role::ReadOnly.as_str(), |form| form.role.as_str())
    }
}

struct PersonRow {
    id: String,
    email: String,
    role: &'static str,
    has_factor: bool,
    last_signed_in: String,
    /// `active`, `invited`, `lapsed` or `disabled`.
    state: &'static str,
    /// Until when the invitation is open.
    until: String,
    version: i64,
    is_oneself: bool,
    may_manage: bool,
}

struct CapabilityRow {
    text: String,
    /// For each role.
    may: Vec<bool>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewTeam>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    render(&state, &person, &query, None).await
}

/// The page, perhaps with a dialog that was refused.
pub(super) async fn render<C: Needs>(
    state: &State,
    person: &Person<C>,
    query: &Form,
    refused: Option<RefusedForm>,
) -> Result<Response, Problem> {
    let people = state.app.list_users(&person.signed_in).await.map_err(refused::problem)?;
    let now = state.app.clock().now();
    let people: Vec<_> = people.iter().map(|user| row(user, person, now)).collect();
    let has_dialog =
        |name: &str| name == "invite" || people.iter().any(|row| row.id == name && row.may_manage);
    if let Some(form) = refused.as_ref().filter(|form| !has_dialog(&form.name)) {
        return Err(Problem::invalid(&form.problem));
    }
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = TeamPage {
        frame: Frame::new(state, person, Place::Team, t("nav-team"), query).await,
        people,
        may_invite: person.may(Capability::ManageTeam),
        roles: roles_to_give(person).map(Role::as_str).collect(),
        capabilities: Capability::ALL
            .iter()
            .map(|capability| CapabilityRow {
                text: of("capability-", capability.as_str()),
                may: Role::ALL.iter().map(|role| role.may(*capability)).collect(),
            })
            .collect(),
        all_roles: Role::ALL.iter().map(|role| role.as_str()).collect(),
        refused,
    };
    Ok(answer::page(status, &page))
}

/// Only owners make owners.
fn roles_to_give<C: Needs>(person: &Person<C>) -> impl Iterator<Item = Role> {
    let owners = person.may(Capability::ManageOwners);
    Role::ALL.iter().copied().filter(move |role| *role != Role::Owner || owners)
}

fn row<C: Needs>(user: &User, person: &Person<C>, now: Timestamp) -> PersonRow {
    let is_oneself = user.id == person.signed_in.user.id;
    let needed = if user.role == Role::Owner { Capability::ManageOwners } else { Capability::ManageTeam };
    let state = match (user.disabled_at, user.invitation_ends_at) {
        (Some(_), _) => "disabled",
        (None, Some(end)) if now < end => "invited",
        (None, Some(_)) => "lapsed",
        (None, None) => "active",
    };
    PersonRow {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        role: user.role.as_str(),
        has_factor: user.second_factor,
        last_signed_in: when_or_dash(user.last_signed_in_at),
        state,
        until: user.invitation_ends_at.filter(|_| state == "invited").map(when).unwrap_or_default(),
        version: user.version,
        is_oneself,
        may_manage: !is_oneself && person.may(needed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_and_every_capability_has_words() {
        for role in Role::ALL {
            assert_ne!(of("role-", role.as_str()), format!("role-{}", role.as_str()));
        }
        for capability in Capability::ALL {
            assert_ne!(of("capability-", capability.as_str()), format!("capability-{}", capability.as_str()));
        }
    }
}

//! What the page shows.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_domain::role::Capability;
use interdict_domain::user::Session;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::person::{Anybody, Person};
use crate::refused;
use crate::state::State;
use crate::when::when;
use crate::{t, t_with};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    role: &'static str,
    /// Whether the role opens the audit log.
    sees_audit: bool,
    has_factor: bool,
    /// How many recovery codes are left, in words.
    codes_left: String,
    sessions: Vec<SessionRow>,
    has_others: bool,
    refused: Option<RefusedForm>,
}

/// A form that was refused: which, and why. Nothing of what was typed is shown again: it was secret.
pub(super) struct RefusedForm {
    /// `password` or `disable`.
    pub(super) name: &'static str,
    pub(super) problem: String,
}

impl AccountPage {
    fn problem_of(&self, name: &str) -> Option<&str> {
        self.refused.as_ref().filter(|form| form.name == name).map(|form| form.problem.as_str())
    }
}

struct SessionRow {
    id: String,
    is_this: bool,
    browser: String,
    address: String,
    since: String,
    seen: String,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    render(&state, &person, &query, None).await
}

/// The page, perhaps with a form that was refused.
pub(super) async fn render(
    state: &State,
    person: &Person<Anybody>,
    query: &Form,
    refused: Option<RefusedForm>,
) -> Result<Response, Problem> {
    let by = &person.signed_in;
    // Its dialog is there only while there is something to turn off.
    if let Some(form) = refused.as_ref().filter(|form| form.name == "disable" && !by.user.second_factor) {
        return Err(Problem::invalid(&form.problem));
    }
    let sessions = state.app.list_sessions(by).await?;
    let codes_left = state.app.recovery_codes_left(by).await.map_err(refused::problem)?;
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = AccountPage {
        frame: Frame::new(state, person, Place::Account, t("nav-account"), query).await,
        role: by.user.role.as_str(),
        sees_audit: person.may(Capability::ViewAudit),
        has_factor: by.user.second_factor,
        codes_left: t_with("codes-left", &[("count", codes_left.into())]),
        has_others: sessions.iter().any(|session| session.id != by.session.id),
        sessions: sessions.iter().map(|session| row(session, session.id == by.session.id)).collect(),
        refused,
    };
    Ok(answer::page(status, &page))
}

fn row(session: &Session, is_this: bool) -> SessionRow {
    SessionRow {
        id: session.id.to_string(),
        is_this,
        browser: browser_of(&session.user_agent),
        address: session.address.clone(),
        since: when(session.created_at),
        seen: when(session.last_seen_at),
    }
}

/// What people call a browser, as far as it says so itself: the first that is named, since most name others, too.
fn browser_of(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if user_agent.is_empty() => t("browser-unknown"),
        _ => user_agent.chars().take(80).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_of;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        let linux = "Mozilla/5.0 (X11; Linux x86_64)";
        let kit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, name) in [
            (format!("{linux} {kit} Chrome/140.0.0.0 Safari/537.36"), "Chrome, Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0".into(),
                "Firefox, Windows",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {kit} Chrome/140.0 Safari/537.36 Edg/140.0"),
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1".into(),
                "Safari, iPhone",
            ),
            ("curl/8.14.1".into(), "curl/8.14.1"),
            (String::new(), "A browser that does not say its name"),
        ] {
            assert_eq!(browser_of(&user_agent), name);
        }
    }
}

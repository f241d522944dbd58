//! The audit log: what was changed in the core and in the address's mode, newest first, and whether anybody wrote
//! past Interdict. What concerns nobody in person has no before and after: its action says it.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{AuditItem, SignedIn};
use interdict_domain::change::Subject;
use interdict_domain::entry::List;
use interdict_domain::ids::KeyId;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::history::Event;
use crate::person::{Person, ViewAudit};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, refused, t};

const PAGE_ROWS: usize = 50;
/// So long does the button wait for a result. Whatever takes longer goes on, and the page says so.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    rows: Vec<AuditRow>,
    more: Option<String>,
    chain: Chain,
}

/// What is known of the chain.
struct Chain {
    is_running: bool,
    running_since: String,
    /// `sound`, `altered` or `failed`; nothing when it was not verified since the process began.
    found: Option<&'static str>,
    verified_at: String,
}

struct AuditRow {
    event: Event,
    mode: String,
    subject: String,
    path: Option<String>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewAudit>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    // What is no position in it begins at the newest, as everywhere.
    let before = query.text("before").and_then(|position| position.parse().ok());
    let by = in_mode(&person.signed_in, person.mode);
    let page = state.app.audit_page(&by, before, PAGE_ROWS).await.map_err(refused::problem)?;
    let keys = key_modes(&state, &person).await?;
    let page = AuditPage {
        frame: Frame::new(&state, &person, Place::Audit, t("nav-audit"), &query).await,
        rows: page.items.into_iter().map(|item| row(&state, person.mode, &keys, item)).collect(),
        more: page.next.map(|next| query.with("before", &next.to_string())),
        chain: chain(&state, person.mode),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// The person, looking at the address's mode.
fn in_mode(by: &SignedIn, mode: Mode) -> SignedIn {
    let mut by = by.clone();
    by.session.mode = mode;
    by
}

fn chain(state: &State, mode: Mode) -> Chain {
    let standing = state.verifications.standing();
    let latest = standing.latest(mode);
    Chain {
        is_running: standing.running_since.is_some(),
        running_since: when_or_dash(standing.running_since),
        found: latest.map(|(_, found)| found.as_str()),
        verified_at: latest.map(|(at, _)| when(at)).unwrap_or_default(),
    }
}

/// On which mode's page each key stands; none for whoever may not see keys.
async fn key_modes(state: &State, person: &Person<ViewAudit>) -> Result<HashMap<KeyId, Mode>, Problem> {
    if !person.may(Capability::ViewKeys) {
        return Ok(HashMap::new());
    }
    let keys = state.app.list_keys(&person.signed_in).await.map_err(refused::problem)?;
    Ok(keys.into_iter().map(|key| (key.id, key.mode)).collect())
}

fn row(state: &State, mode: Mode, keys: &HashMap<KeyId, Mode>, item: AuditItem) -> AuditRow {
    let subject = item.item.change.subject;
    let mode = mode.as_str();
    let path = match subject {
        Subject::Customer(id) => Some(format!("/dashboard/{mode}/customers/{id}")),
        Subject::Entry(id) => Some(match id.list() {
            List::Block => format!("/dashboard/{mode}/blacklist"),
            List::Allow => format!("/dashboard/{mode}/whitelist"),
        }),
        Subject::Key(id) => keys.get(&id).map(|mode| format!("/dashboard/{}/keys#{id}", mode.as_str())),
        Subject::User(_) => Some(format!("/dashboard/team?mode={mode}")),
        Subject::Import(id) => Some(format!("/dashboard/{mode}/imports/{id}")),
        Subject::Person(id) => Some(format!("/dashboard/{mode}/persons/{id}")),
        Subject::Payment(_)
        | Subject::Plan(_)
        | Subject::Subscription(_)
        | Subject::Checkout(_)
        | Subject::Chargeback(_)
        | Subject::Merchant(_)
        | Subject::Feed(_)
        | Subject::Pepper(_) => None,
    };
    AuditRow {
        event: Event::of(&state.app, &item.item),
        mode: item.mode.map_or_else(|| t("audit-core"), |mode| of("mode-", mode.as_str())),
        subject: item.subject_label.unwrap_or_else(|| subject.to_string()),
        path,
    }
}

/// Walks the chain, unless somebody has it walked already.
pub(crate) async fn verify(
    Shared(state): Shared<State>,
    person: Person<ViewAudit>,
    Path(mode): Path<String>,
) -> Response {
    if let Some(walk) = state.verifications.begin(&state.app, person.mode) {
        // Late or early, the page says how it stands.
        let _ = tokio::time::timeout(PATIENCE, walk).await;
    }
    answer::see_other(&format!("/dashboard/{mode}/audit"))
}

#[cfg(test)]
mod tests {
    use interdict_domain::change::Action;

    use crate::pages::history;

    #[test]
    fn every_action_has_words() {
        for action in Action::ALL {
            assert!(!history::action(*action).starts_with("action-"), "{action:?}");
        }
    }
}

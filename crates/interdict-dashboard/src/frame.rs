//! What stands around every page: who is signed in, which mode it is, where one can go, and what was just done.

use interdict_app::store::{MerchantView, StorageError};
use interdict_domain::mode::Mode;
use interdict_domain::proposal::PROPOSAL_S;
use interdict_domain::role::Capability;

use crate::act::once;
use crate::form::Form;
use crate::of;
use crate::person::{Needs, Person};
use crate::state::State;

/// A page of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Customers,
    Blacklist,
    Whitelist,
    Persons,
    Keys,
    Audit,
    Team,
    Settings,
    /// One's own, which the header leads to.
    Account,
    Payments,
    Decisions,
    Approvals,
}

impl Place {
    const ALL: [(Self, &'static str, Capability); 12] = [
        (Self::Overview, "overview", Capability::ViewPayments),
        (Self::Customers, "customers", Capability::ViewCustomers),
        (Self::Blacklist, "blacklist", Capability::ViewCustomers),
        (Self::Whitelist, "whitelist", Capability::ViewCustomers),
        (Self::Persons, "persons", Capability::ViewCustomers),
        (Self::Approvals, "approvals", Capability::ViewCustomers),
        (Self::Payments, "payments", Capability::ViewPayments),
        (Self::Decisions, "decisions", Capability::ViewPayments),
        (Self::Keys, "keys", Capability::ViewKeys),
        (Self::Audit, "audit", Capability::ViewAudit),
        (Self::Team, "team", Capability::ViewTeam),
        (Self::Settings, "settings", Capability::ChangeSettings),
    ];

    /// Where it is. People are of no mode: their pages keep the one that one comes from.
    fn path(self, name: &str, mode: &str) -> String {
        match self {
            Self::Overview => format!("/dashboard/{mode}"),
            Self::Team => format!("/dashboard/{name}?mode={mode}"),
            _ => format!("/dashboard/{mode}/{name}"),
        }
    }
}

/// A link of the navigation.
pub(crate) struct Link {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) is_here: bool,
    /// So many wait there for somebody's word.
    pub(crate) waiting: i64,
}

/// What was just done, with the way back.
pub(crate) struct Notice {
    pub(crate) text: String,
    /// The changes that can be undone: `41`, or `41-43`.
    pub(crate) undo: Option<String>,
}

/// The frame of a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) email: String,
    pub(crate) merchant: String,
    pub(crate) mode: &'static str,
    pub(crate) other_mode: &'static str,
    pub(crate) links: Vec<Link>,
    pub(crate) notice: Option<Notice>,
    /// For each form of the page, with a word of its own behind it.
    pub(crate) once: String,
}

/// Suggestions that are counted for the navigation.
const WAITING_SHOWN: i64 = 100;

/// What can be said to be done: nothing else that stands in an address is shown.
const DONE: [&str; 34] = [
    "restricted",
    "unrestricted",
    "blacklisted",
    "whitelisted",
    "normal",
    "erased",
    "listed",
    "listed-overridden",
    "relisted",
    "changed",
    "noted",
    "restriction-changed",
    "unlisted",
    "undone",
    "password-changed",
    "factor-off",
    "session-ended",
    "sessions-ended",
    "role-changed",
    "disabled",
    "enabled",
    "key-revoked",
    "settings-changed",
    "gateway-changed",
    "gateway-lists-changed",
    "person-blocked",
    "person-changed",
    "person-lifted",
    "person-lifted-kept",
    "suggestion-accepted",
    "suggestion-refused",
    "proposed",
    "approved",
    "refused",
];

/// The first and the last of the changes that a text names: `41`, or `41-43`.
pub(crate) fn changes(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// What waits for somebody's word.
#[derive(Clone, Copy, Default)]
struct Waiting {
    suggestions: i64,
    proposals: i64,
}

/// Counts it, in one look. A page is shown without the numbers where they cannot be read.
async fn waiting<C: Needs>(person: &Person<C>) -> Waiting {
    let (service, merchant) = (person.service(), person.signed_in.user.merchant);
    if !person.may(Capability::ViewCustomers) {
        return Waiting::default();
    }
    let (now, has_persons) = (service.now(), service.has_blocked_persons(merchant));
    let count = move |view: &MerchantView<'_>| {
        let suggestions = if has_persons { view.count_open_suggestions(WAITING_SHOWN)? } else { 0 };
        let proposals = view.count_open_proposals(now, now.plus_seconds(-PROPOSAL_S))?;
        Ok(Waiting { suggestions, proposals })
    };
    service.store().read(merchant, count).await.unwrap_or_else(|error: StorageError| {
        tracing::warn!(error = &error as &dyn std::error::Error, "what waits cannot be counted");
        Waiting::default()
    })
}

impl Frame {
    /// The frame of a page for somebody, with what the address's query says was done.
    pub(crate) async fn new<C: Needs>(
        state: &State,
        person: &Person<C>,
        here: Place,
        title: String,
        query: &Form,
    ) -> Self {
        let mode = person.mode.as_str();
        let waiting = waiting(person).await;
        let links = Place::ALL
            .into_iter()
            .filter(|(.., capability)| person.may(*capability))
            .map(|(place, name, _)| Link {
                path: place.path(name, mode),
                text: of("nav-", name),
                is_here: place == here,
                waiting: match place {
                    Place::Persons => waiting.suggestions,
                    Place::Approvals => waiting.proposals,
                    _ => 0,
                },
            })
            .collect();
        let done = query.text("done").filter(|done| DONE.contains(done));
        let notice = done.map(|done| Notice {
            text: of("done-", done),
            undo: query.text("undo").filter(|undo| changes(undo).is_some()).map(str::to_owned),
        });
        Self {
            title,
            email: person.signed_in.user.email.as_str().to_owned(),
            merchant: state.app.merchant_name(person.signed_in.user.merchant).await,
            mode,
            other_mode: match person.mode {
                Mode::Test => Mode::Live.as_str(),
                Mode::Live => Mode::Test.as_str(),
            },
            links,
            notice: notice.filter(|notice| notice.undo.is_none() || person.may(Capability::ChangeCustomers)),
            once: once(state.app.random()),
        }
    }
}

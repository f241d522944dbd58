//! What the pages show.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use interdict_app::store::{CustomerFilter, EntryFilter, EntryRow as Row, PageRequest, StorageError};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::ids::{EntryId, PersonId};
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::entry::limits;
use crate::pages::history::scopes;
use crate::pages::paging::{self, Order, PAGE_ROWS};
use crate::pages::terms;
use crate::person::{Needs, Person, ViewCustomers};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

/// What ends within so many days ends soon.
const ENDING_DAYS: i64 = 30;
const DAY_S: i64 = 86_400;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    list: &'static str,
    query: String,
    kind: String,
    kinds: Vec<(&'static str, String)>,
    shows: Vec<(&'static str, String, bool)>,
    rows: ListRows,
    open: Option<OpenDialog>,
    ticked: Ticked,
    reason_codes: Vec<Choice>,
    /// Of a block: an exemption has none.
    strengths: Vec<Choice>,
}

/// The rows: of the page, or alone for a search as one types.
#[derive(Template)]
#[template(path = "list_rows.html")]
struct ListRows {
    mode: &'static str,
    once: String,
    /// `blacklist` or `whitelist`.
    name: &'static str,
    /// Customers by their list status, instead of identifiers.
    shows_customers: bool,
    order: Order,
    /// What is said when there is no row.
    nothing: String,
    entries: Vec<EntryRow>,
    customers: Vec<CustomerRow>,
    more: Option<String>,
    may_change: bool,
    may_change_many: bool,
}

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    All,
    /// In force now.
    Active,
    /// Over, or not begun.
    Inactive,
    /// In force, and over within [`ENDING_DAYS`], the next one first.
    Ending,
    /// Among no decision's sources so far.
    Unmatched,
}

impl Shown {
    /// By their words in the address.
    const CHOICES: [(&'static str, Self); 4] = [
        ("active", Self::Active),
        ("inactive", Self::Inactive),
        ("ending", Self::Ending),
        ("unmatched", Self::Unmatched),
    ];

    fn of(query: &Form) -> Self {
        let chosen = Self::CHOICES.into_iter().find(|(word, _)| query.text("show") == Some(word));
        chosen.map_or(Self::All, |(_, shown)| shown)
    }

    const fn active(self) -> Option<bool> {
        match self {
            Self::Active | Self::Ending => Some(true),
            Self::Inactive => Some(false),
            Self::All | Self::Unmatched => None,
        }
    }
}

/// The dialog with what was typed, and what is wrong with it.
pub(super) struct OpenDialog {
    pub(super) problem: Option<String>,
    pub(super) typed: Form,
}

/// Which boxes of the dialog are ticked.
struct Ticked {
    cit: bool,
    mit: bool,
}

impl OpenDialog {
    fn typed(&self, field: &str) -> &str {
        self.typed.text(field).unwrap_or_default()
    }

    fn is_set(&self, field: &str) -> bool {
        self.typed.is_set(field)
    }

    /// What was to be listed, whichever field it came in.
    fn value(&self) -> &str {
        self.typed.text("value").or_else(|| self.typed.text("email")).unwrap_or_default()
    }
}

struct EntryRow {
    id: String,
    /// The blocked person that it belongs to.
    person: Option<String>,
    kind: String,
    value: String,
    reason: String,
    added_at: String,
    until: String,
    scopes: String,
    /// Of a soft block, what it means.
    strength: String,
    limits: String,
    has_ended: bool,
    hits: i64,
    last_hit_at: String,
}

struct CustomerRow {
    path: String,
    name: String,
    email: String,
    reason: String,
    until: String,
    since: String,
}

pub(crate) async fn blacklist(
    state: Shared<State>,
    person: Person<ViewCustomers>,
    headers: HeaderMap,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    show(state, person, List::Block, &headers, query).await
}

pub(crate) async fn whitelist(
    state: Shared<State>,
    person: Person<ViewCustomers>,
    headers: HeaderMap,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    show(state, person, List::Allow, &headers, query).await
}

async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    list: List,
    headers: &HeaderMap,
    query: Form,
) -> Result<Response, Problem> {
    let rows_alone = paging::wants_rows_alone(headers);
    render(&state, &person, list, &query, rows_alone, None).await
}

/// The page, its rows alone, or the page with the dialog open.
pub(super) async fn render<C: Needs>(
    state: &State,
    person: &Person<C>,
    list: List,
    query: &Form,
    rows_alone: bool,
    open: Option<OpenDialog>,
) -> Result<Response, Problem> {
    let shows_customers = query.text("tab") == Some("customers");
    let shown = if shows_customers { Shown::All } else { Shown::of(query) };
    let order = Order::of(query, !shows_customers && shown != Shown::Ending && shown != Shown::Unmatched);
    let (mut entries, mut customers) = (Vec::new(), Vec::new());
    let more = if shows_customers {
        let (found, more) = read_customers(person, list, query).await?;
        let path =
            |customer: &Customer| format!("/dashboard/{}/customers/{}", person.mode.as_str(), customer.id);
        customers.extend(found.iter().map(|customer| customer_row(customer, path(customer))));
        more
    } else {
        let (found, more) = read_entries(person, list, shown, &order, query).await?;
        let place = (person.mode.as_str(), now(person));
        let holders = holders(person, &found).await?;
        entries.extend(found.iter().zip(holders).map(|(row, holder)| entry_row(row, holder, place)));
        more
    };
    let (name, place) = match list {
        List::Block => ("blacklist", Place::Blacklist),
        List::Allow => ("whitelist", Place::Whitelist),
    };
    let frame = Frame::new(state, person, place, of("nav-", name), query).await;
    let text = |field| query.text(field).unwrap_or_default().to_owned();
    let is_filtered = ["query", "kind", "show"].iter().any(|field| query.text(field).is_some());
    let rows = ListRows {
        mode: frame.mode,
        once: frame.once.clone(),
        name,
        shows_customers,
        order,
        nothing: if is_filtered { t("nothing-found") } else { t("list-empty") },
        entries,
        customers,
        more,
        may_change: person.may(Capability::ChangeCustomers),
        may_change_many: person.may(Capability::BulkChange) && !shows_customers,
    };
    if rows_alone {
        return Ok(answer::page(StatusCode::OK, &rows));
    }
    let choice = |(word, choice)| (word, of("show-", word), choice == shown);
    let is_ticked = |field| open.as_ref().is_none_or(|dialog| dialog.typed.is_set(field));
    let typed = |field| open.as_ref().and_then(|dialog| dialog.typed.text(field));
    let page = ListPage {
        frame,
        list: list.as_str(),
        query: text("query"),
        kind: text("kind"),
        kinds: Kind::ALL.into_iter().map(|kind| (kind.as_str(), of("kind-", kind.as_str()))).collect(),
        shows: Shown::CHOICES.into_iter().map(choice).collect(),
        rows,
        ticked: Ticked { cit: is_ticked("cit"), mit: is_ticked("mit") },
        reason_codes: terms::reason_codes(typed("reasonCode")),
        strengths: if list == List::Block { terms::strengths(typed("strength")) } else { Vec::new() },
        open,
    };
    let is_refused = page.open.as_ref().is_some_and(|dialog| dialog.problem.is_some());
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(answer::page(status, &page))
}

fn now<C: Needs>(person: &Person<C>) -> Timestamp {
    person.service().merchant_now(person.signed_in.user.merchant)
}

async fn read_entries<C: Needs>(
    person: &Person<C>,
    list: List,
    shown: Shown,
    order: &Order,
    query: &Form,
) -> Result<(Vec<Row>, Option<String>), Problem> {
    let now = now(person);
    let filter = EntryFilter {
        kind: query.text("kind").and_then(Kind::parse),
        query: query.text("query").map(str::to_owned),
        active: shown.active(),
        ..EntryFilter::of(list, now)
    };
    let (position, limit, oldest_first) = (paging::position(query), PAGE_ROWS + 1, order.is_oldest_first);
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| match shown {
        Shown::Ending => {
            let after = position.map_or((now, None), |(at, id)| (at, Some(id)));
            view.entries_ending(&filter, after, now.plus_seconds(ENDING_DAYS * DAY_S), limit)
        }
        Shown::Unmatched => view.entries_never_matched(&filter, position, limit),
        _ if oldest_first => view.oldest_entries(&filter, position, limit),
        Shown::All | Shown::Active | Shown::Inactive => {
            view.entries(&filter, PageRequest::After { position, limit })
        }
    });
    let mut found: Vec<Row> =
        read.await?.into_iter().map(|row| person.service().with_pending_hits(row)).collect();
    if shown == Shown::Unmatched {
        // Those that matched just now, which is not written yet.
        found.retain(|row| row.hits == 0);
    }
    let place = |row: &Row| {
        let at = if shown == Shown::Ending { row.entry.window.until() } else { None };
        (at.unwrap_or(row.entry.created_at), row.entry.id.ksuid())
    };
    Ok(paging::one_more(found, place, query))
}

async fn read_customers<C: Needs>(
    person: &Person<C>,
    list: List,
    query: &Form,
) -> Result<(Vec<Customer>, Option<String>), Problem> {
    let status = match list {
        List::Block => ListStatus::Blacklisted,
        List::Allow => ListStatus::Whitelisted,
    };
    let filter = CustomerFilter {
        query: query.text("query").map(str::to_owned),
        list_status: Some(status),
        restricted: None,
        email: None,
        now: now(person),
    };
    let page = PageRequest::After { position: paging::position(query), limit: PAGE_ROWS + 1 };
    let read = person
        .service()
        .store()
        .read(person.signed_in.user.merchant, move |view| view.customers(&filter, page));
    Ok(paging::one_more(read.await?, |customer| (customer.created_at, customer.id.ksuid()), query))
}

/// The blocked persons that entries belong to.
async fn holders<C: Needs>(person: &Person<C>, rows: &[Row]) -> Result<Vec<Option<PersonId>>, Problem> {
    let merchant = person.signed_in.user.merchant;
    if !person.service().has_blocked_persons(merchant) {
        return Ok(vec![None; rows.len()]);
    }
    let ids: Vec<EntryId> = rows.iter().map(|row| row.entry.id).collect();
    let read = person.service().store().read(merchant, move |view| {
        ids.into_iter().map(|id| Ok(view.holder_of_entry(id)?.map(|held| held.person))).collect()
    });
    read.await.map_err(|error: StorageError| Problem::from(error))
}

fn entry_row(row: &Row, holder: Option<PersonId>, (mode, now): (&str, Timestamp)) -> EntryRow {
    let entry = &row.entry;
    EntryRow {
        id: entry.id.to_string(),
        person: holder.map(|id| format!("/dashboard/{mode}/persons/{id}")),
        kind: match entry.matching {
            EmailMatching::Exact => of("kind-", entry.kind.as_str()),
            matching => of("kind-email-", matching.as_str()),
        },
        value: entry.value.clone().unwrap_or_else(|| t("erased")),
        reason: entry.reason.as_ref().map_or("", |value| value.as_str()).to_owned(),
        added_at: when(entry.created_at),
        until: when_or_dash(entry.window.until()),
        scopes: scopes(entry.scopes),
        strength: match (entry.list(), entry.strength) {
            (List::Block, Strength::Soft) => t("strength-soft"),
            _ => String::new(),
        },
        limits: limits(entry.limits),
        has_ended: entry.window.has_ended(now),
        hits: row.hits,
        last_hit_at: when_or_dash(row.last_hit_at),
    }
}

fn customer_row(customer: &Customer, path: String) -> CustomerRow {
    CustomerRow {
        path,
        name: name_of(customer),
        email: customer.profile.email.as_ref().map_or("", |value| value.as_str()).to_owned(),
        reason: customer.standing.reason.as_ref().map_or("", |value| value.as_str()).to_owned(),
        until: when_or_dash(customer.standing.window.until()),
        since: when(customer.updated_at),
    }
}

//! What the pages show: entries that never matched, what has ended and what ends soon, and good customers who were
//! refused.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{EntryRow, StorageError};
use interdict_app::{Ends, RefusedCustomer, ReportError, ReportFile, ended, ending, never_matched};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::imports::download;
use crate::pages::paging::{self, PAGE_ROWS};
use crate::pages::payments::initiator;
use crate::pages::sources;
use crate::pages::standing::Blocked;
use crate::person::{BulkChange, Person, ViewPayments};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

const DAY_S: i64 = 86_400;
/// How old an entry is that ought to have matched, and how soon is soon, in days.
const OLDER_THAN_DAYS: i64 = 30;
const ENDING_DAYS: i64 = 7;

/// The reports, by their words in the address.
const REPORTS: [(&str, ReportFile); 4] = [
    ("never-matched", ReportFile::NeverMatched(OLDER_THAN_DAYS)),
    ("expired", ReportFile::Expired),
    ("ending", ReportFile::Ending(ENDING_DAYS)),
    ("good-customers-blocked", ReportFile::GoodCustomersBlocked),
];

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    /// Its word in the address.
    report: &'static str,
    tabs: Vec<Tab>,
    heads: Vec<String>,
    rows: Vec<Row>,
    more: Option<String>,
    may_take: bool,
    /// Whether decisions are kept, so that what was asked without a payment is in the report, too.
    keeps_decisions: bool,
}

struct Tab {
    path: String,
    text: String,
    is_here: bool,
}

/// What a row is about, and the rest of it.
struct Row {
    path: String,
    what: String,
    second: String,
    texts: Vec<String>,
    /// A moment, as a page shows it.
    at: String,
}

type Position = Option<(Timestamp, Ksuid)>;

/// The rows of a page, and where the next one begins.
type Rows = (Vec<Row>, Option<String>);

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewPayments>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let mode = person.mode.as_str();
    let word = query.text("report").unwrap_or_default();
    let chosen = REPORTS.into_iter().find(|(name, _)| *name == word);
    let (report, what) = chosen.unwrap_or(("never-matched", ReportFile::NeverMatched(OLDER_THAN_DAYS)));
    let (rows, next) = read(&person, what, &query).await?;
    let tab = |(name, _): (&'static str, ReportFile)| Tab {
        path: format!("/dashboard/{mode}/reports?report={name}"),
        text: of("report-", name),
        is_here: name == report,
    };
    let page = ReportsPage {
        frame: Frame::new(&state, &person, Place::Overview, t("reports"), &query).await,
        report,
        tabs: REPORTS.into_iter().map(tab).collect(),
        heads: heads(what),
        rows,
        more: next,
        may_take: person.may(Capability::BulkChange),
        keeps_decisions: person.service().keeps_decisions(),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn heads(report: ReportFile) -> Vec<String> {
    match report {
        ReportFile::NeverMatched(_) => vec![t("listed"), t("reason"), t("added")],
        ReportFile::Expired | ReportFile::Ending(_) => vec![t("listed"), t("reason"), t("hits"), t("until")],
        ReportFile::GoodCustomersBlocked => {
            vec![t("customer"), t("good-payments"), t("why"), t("initiator"), t("now"), t("last-refused")]
        }
    }
}

async fn read(person: &Person<ViewPayments>, report: ReportFile, query: &Form) -> Result<Rows, Problem> {
    let (service, merchant) = (person.service(), person.signed_in.user.merchant);
    let (position, limit) = (paging::position(query), PAGE_ROWS + 1);
    let (now, merchant_now) = (service.now(), service.merchant_now(merchant));
    let mode = person.mode.as_str();
    Ok(match report {
        ReportFile::NeverMatched(days) => {
            let by = now.plus_seconds(-days * DAY_S);
            let read =
                service.store().read(merchant, move |view| never_matched(view, None, by, position, limit));
            let place = |row: &EntryRow| (row.entry.created_at, row.entry.id.ksuid());
            let (found, next) = paging::one_more(read.await?, place, query);
            (found.iter().map(|row| unmatched_row(row, mode)).collect(), next)
        }
        ReportFile::Expired => {
            let read = service.store().read(merchant, move |view| ended(view, merchant_now, position, limit));
            let (found, next) = paging::one_more(read.await?, Ends::place, query);
            (found.iter().map(|one| ends_row(one, mode)).collect(), next)
        }
        ReportFile::Ending(days) => {
            let window = (merchant_now, merchant_now.plus_seconds(days * DAY_S));
            let read = service.store().read(merchant, move |view| ending(view, window, position, limit));
            let (found, next) = paging::one_more(read.await?, Ends::place, query);
            (found.iter().map(|one| ends_row(one, mode)).collect(), next)
        }
        ReportFile::GoodCustomersBlocked => good_customers(person, position, query).await?,
    })
}

async fn good_customers(
    person: &Person<ViewPayments>,
    position: Position,
    query: &Form,
) -> Result<Rows, Problem> {
    let length = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    let merchant = person.signed_in.user.merchant;
    let found = person.service().good_customers_refused(merchant, position, length).await?;
    let next = found
        .next
        .map(|(at, id)| query.with("after", &format!("{}.{}", at.micros(), hex::encode(id.bytes()))));
    Ok((found.customers.iter().map(|row| refused_row(row, person)).collect(), next))
}

fn entry_row(row: &EntryRow, mode: &str) -> Row {
    let entry = &row.entry;
    let list = entry.list().as_str();
    Row {
        path: format!("/dashboard/{mode}/entries/{}", entry.id),
        what: entry.value.clone().unwrap_or_else(|| t("erased")),
        second: format!("{}, {}", sources::kind(entry.kind), of("list-", list)),
        texts: vec![entry.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned()],
        at: when_or_dash(entry.window.until()),
    }
}

fn unmatched_row(row: &EntryRow, mode: &str) -> Row {
    Row { at: when(row.entry.created_at), ..entry_row(row, mode) }
}

fn ends_row(one: &Ends, mode: &str) -> Row {
    match one {
        Ends::Entry(row) => {
            let mut shown = entry_row(row, mode);
            shown.texts.push(row.hits.to_string());
            shown
        }
        Ends::Customer(customer) => Row {
            path: format!("/dashboard/{mode}/customers/{}", customer.id),
            what: name_of(customer),
            second: of("status-", customer.standing.status.as_str()),
            texts: vec![
                customer.standing.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
                "–".to_owned(),
            ],
            at: when_or_dash(customer.standing.window.until()),
        },
    }
}

fn refused_row(row: &RefusedCustomer, person: &Person<ViewPayments>) -> Row {
    let (_, now) = Blocked::now(person, row.customer.id).chip();
    Row {
        path: format!("/dashboard/{}/customers/{}", person.mode.as_str(), row.customer.id),
        what: name_of(&row.customer),
        second: row.customer.profile.email.as_ref().map_or("", |email| email.as_str()).to_owned(),
        texts: vec![
            row.payments.to_string(),
            of("code-", &row.refused.code),
            initiator(row.refused.initiator),
            now,
        ],
        at: when(row.refused.at),
    }
}

/// A report as a file.
pub(crate) async fn file(
    person: Person<BulkChange>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let word = name.strip_suffix(".csv").unwrap_or_default();
    let found = REPORTS.into_iter().find(|(report, _)| *report == word);
    let (_, report) = found.ok_or_else(Problem::no_such_page)?;
    let (service, merchant) = (person.service().clone(), person.signed_in.user.merchant);
    Ok(download(&name, move |file| match service.write_report(merchant, report, file) {
        Ok(()) => Ok(()),
        Err(ReportError::Io(error)) => Err(error),
        Err(ReportError::Storage(error)) => Err(broken(error)),
    }))
}

fn broken(error: StorageError) -> std::io::Error {
    tracing::error!(error = &error as &dyn std::error::Error, "a report ends early");
    std::io::Error::other(error)
}

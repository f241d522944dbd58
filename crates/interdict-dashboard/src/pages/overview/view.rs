//! What the page reads and shows. Its numbers are counts that are kept, never scans of the payments.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::RefusedCustomer;
use interdict_app::store::{
    AttemptCount, EntryFilter, EntryRow, MerchantView, PaymentFilter, StorageError, day_of,
};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{Entry, List};
use interdict_domain::payment::Payment;

use super::charts::{Charts, DAYS, charts};
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::payments::{Payers, PaymentRow, initiator, payers};
use crate::pages::sources;
use crate::pages::standing::Blocked;
use crate::person::{Person, ViewPayments};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

const DAY_S: i64 = 86_400;
/// A block that ends within so many days is shown.
const ENDING_DAYS: i64 = 7;
/// Rows of each table.
const ROWS: i64 = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    charts: Charts,
    blocks: Vec<BlockRow>,
    ending: Vec<EndingRow>,
    good: Vec<GoodRow>,
    has_payments: bool,
}

/// A payment that was refused, and the decision that refused it while that is kept.
struct BlockRow {
    payment: PaymentRow,
    decision: Option<String>,
}

struct EndingRow {
    path: String,
    what: String,
    kind: String,
    reason: String,
    until: String,
}

struct GoodRow {
    path: String,
    name: String,
    payments: i64,
    initiator: String,
    chip: (&'static str, String),
    at: String,
}

/// Everything that is read for the page, in one snapshot.
struct Read {
    counts: Vec<AttemptCount>,
    blocks: Vec<Payment>,
    payers: Payers,
    entries: Vec<EntryRow>,
    customers: Vec<Customer>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewPayments>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let merchant = person.signed_in.user.merchant;
    // Attempts are dated by the server's clock; windows end on the merchant's.
    let (now, merchant_now) = (person.service().now(), person.service().merchant_now(merchant));
    let read = person.service().store().read(merchant, move |view| read(view, now, merchant_now)).await?;
    let rows = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let refused = person.service().good_customers_refused(merchant, None, rows).await?;
    let mode = person.mode.as_str();
    let good = |good: &RefusedCustomer| GoodRow {
        path: format!("/dashboard/{mode}/customers/{}", good.customer.id),
        name: name_of(&good.customer),
        payments: good.payments,
        initiator: initiator(good.refused.initiator),
        chip: Blocked::now(&person, good.customer.id).chip(),
        at: when(good.refused.at),
    };
    let of_entries = read.entries.iter().map(|row| (row.entry.window.until(), entry_row(&row.entry, mode)));
    let of_customers = read
        .customers
        .iter()
        .map(|customer| (customer.standing.window.until(), customer_row(customer, mode)));
    let mut ending: Vec<_> = of_entries.chain(of_customers).collect();
    ending.sort_by_key(|(until, _)| *until);
    let charts = charts(&read.counts, day_of(now));
    let page = OverviewPage {
        frame: Frame::new(&state, &person, Place::Overview, t("nav-overview"), &query).await,
        has_payments: charts.total.all() > 0,
        charts,
        blocks: block_rows(&person, &read.blocks, &read.payers).await?,
        ending: ending.into_iter().map(|(_, row)| row).collect(),
        good: refused.customers.iter().map(good).collect(),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

async fn block_rows(
    person: &Person<ViewPayments>,
    blocks: &[Payment],
    payers: &Payers,
) -> Result<Vec<BlockRow>, Problem> {
    let (merchant, mode) = (person.signed_in.user.merchant, person.mode.as_str());
    let mut rows = Vec::new();
    for payment in blocks {
        let decisions = person.service().logged_decisions_of_payment(merchant, payment.id, 1).await?;
        let decision = decisions.first().map(|logged| format!("/dashboard/{mode}/decisions/{}", logged.id));
        rows.push(BlockRow { payment: PaymentRow::of(payment, payers, mode), decision });
    }
    Ok(rows)
}

fn read(view: &MerchantView<'_>, now: Timestamp, merchant_now: Timestamp) -> Result<Read, StorageError> {
    let soon = merchant_now.plus_seconds(ENDING_DAYS * DAY_S);
    let blocks_of_list = EntryFilter::of(List::Block, merchant_now);
    let blocks = view.payments_after(&PaymentFilter::default(), true, None, ROWS)?;
    Ok(Read {
        counts: view.attempt_counts(day_of(now) - DAYS + 1)?,
        payers: payers(view, &blocks)?,
        blocks,
        entries: view.entries_ending(&blocks_of_list, (merchant_now, None), soon, ROWS)?,
        customers: view.list_status_ending(ListStatus::Blacklisted, (merchant_now, None), soon, ROWS)?,
    })
}

fn entry_row(entry: &Entry, mode: &str) -> EndingRow {
    let value = entry.value.clone().unwrap_or_default();
    EndingRow {
        path: format!("/dashboard/{mode}/entries/{}", entry.id),
        what: if value.is_empty() { t("erased") } else { value },
        kind: sources::kind(entry.kind),
        reason: entry.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
        until: when_or_dash(entry.window.until()),
    }
}

fn customer_row(customer: &Customer, mode: &str) -> EndingRow {
    EndingRow {
        path: format!("/dashboard/{mode}/customers/{}", customer.id),
        what: name_of(customer),
        kind: of("status-", customer.standing.status.as_str()),
        reason: customer.standing.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
        until: when_or_dash(customer.standing.window.until()),
    }
}

//! `/v1/reports`: what somebody ought to look at: entries that never matched, what has ended and what ends soon, and good
//! customers who are refused.

use std::str::FromStr;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::MerchantView;
use interdict_app::{
    Attempted, Caller, DecidePaymentError, Ends, RefusedCustomer, StandingSource, ended, ending,
    never_matched,
};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::List;
use interdict_domain::ids::{CustomerId, DecisionId, EntryId, IdError, Ksuid, PaymentId};
use interdict_domain::scopes::{Initiator, Scopes};
use serde::Serialize;
use utoipa::ToSchema;

use super::entries;
use super::entry_preview::PreviewedCustomerView;
use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InQuery, PaymentsRead, Secret};
use crate::interface::State;
use crate::mutation::read_failed;
use crate::page::{Behind, Cursor, CursorPage, Items, Query};
use crate::schemas::{self, ListStatusWord, ScopeWord};
use crate::views::{EntryView, ReasonView};

const DAY_S: i64 = 86_400;
/// The longest time that a report looks back or ahead, in days.
const DAYS_MAX: u64 = 3_650;
/// How old an entry is that ought to have matched, in days.
const OLDER_THAN_DAYS: u64 = 30;
/// How soon is soon, in days.
const ENDING_DAYS: u64 = 7;

/// Something that ends, or has ended: an entry or a customer's list status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ends)]
pub(crate) struct EndsView {
    /// The first moment that counts no more.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The entry, if it is one.
    entry: Option<EntryView>,
    /// The customer, if it is a list status.
    customer: Option<CustomerEndsView>,
}

/// A customer whose list status ends, or has ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerEnds)]
pub(crate) struct CustomerEndsView {
    #[serde(flatten)]
    customer: PreviewedCustomerView,
    /// The status as it was set.
    #[schema(value_type = ListStatusWord)]
    list_status: ListStatus,
    /// Why it was set.
    list_status_reason: Option<String>,
    /// The initiators for which it counts.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Scopes,
}

/// A good customer whom the lists have refused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GoodCustomerBlocked)]
pub(crate) struct GoodCustomerView<'a> {
    customer: PreviewedCustomerView,
    /// Payments that have succeeded.
    succeeded_payments: i64,
    last_blocked: BlockedAttemptView,
    /// What blocks the customer now, for either initiator; empty when it was lifted, or when another identifier of the
    /// attempt was the reason.
    blocked_by: Vec<ReasonView<'a>>,
}

/// The newest attempt that was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = BlockedAttempt)]
pub(crate) struct BlockedAttemptView {
    /// The payment that it was.
    #[schema(value_type = Option<String>)]
    payment: Option<PaymentId>,
    /// The decision that it was, where it was asked for without a payment.
    #[schema(value_type = Option<String>)]
    decision: Option<DecisionId>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The decision's word for why.
    code: String,
}

/// A page of good customers whom the lists have refused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GoodCustomersBlocked)]
pub(crate) struct GoodCustomersView<'a> {
    /// Newest first.
    items: Vec<GoodCustomerView<'a>>,
    /// For the next page's `cursor`; null on the last one.
    next_cursor: Option<String>,
    /// Whether there is a next page.
    has_more: bool,
    /// From when on decisions are found that were asked for without a payment. Null where none is kept: then payments
    /// alone are looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// The id of an entry or of a customer, in a cursor.
struct EndsId(Ksuid);

impl FromStr for EndsId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let entry = text.parse::<EntryId>().map(|id| Self(id.ksuid()));
        entry.or_else(|_| text.parse::<CustomerId>().map(|id| Self(id.ksuid())))
    }
}

impl From<EndsId> for Ksuid {
    fn from(id: EndsId) -> Self {
        id.0
    }
}

fn cursor_of(one: &Ends) -> Cursor {
    let id = match one {
        Ends::Entry(row) => row.entry.id.to_string(),
        Ends::Customer(customer) => customer.id.to_string(),
    };
    Cursor { created_at: one.place().0, id }
}

fn ends_view(state: &State, caller: &Caller, one: Ends) -> EndsView {
    let ends_at = one.place().0;
    match one {
        Ends::Entry(row) => {
            let row = caller.service.with_pending_hits(*row);
            EndsView { ends_at, entry: Some(entries::view(state, &row)), customer: None }
        }
        Ends::Customer(customer) => {
            EndsView { ends_at, entry: None, customer: Some(customer_view(&customer)) }
        }
    }
}

fn customer_view(customer: &Customer) -> CustomerEndsView {
    let standing = &customer.standing;
    CustomerEndsView {
        customer: PreviewedCustomerView::of(customer),
        list_status: standing.status,
        list_status_reason: standing.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        scopes: standing.scopes,
    }
}

fn days(query: &mut Query, name: &str, usual: u64) -> i64 {
    let days = query.integer(name, 0..=DAYS_MAX).unwrap_or(usual);
    i64::try_from(days).unwrap_or(i64::MAX)
}

#[utoipa::path(
    get,
    path = "/v1/reports/never-matched",
    operation_id = "reportNeverMatched",
    tag = "Reports",
    summary = "List entries that never matched",
    description = "Entries that were among the reasons of no decision, as hits were last written: seconds ago.",
    params(schemas::NeverMatchedQuery),
    responses((status = 200, description = "A page of entries, newest first.", body = Items<EntryView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn unmatched(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<EntryId>::read(&mut query);
    let list = query.word("list", &List::ALL.map(|list| (list.as_str(), list)));
    let by = caller.service.now().plus_seconds(-days(&mut query, "olderThanDays", OLDER_THAN_DAYS) * DAY_S);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor = entries::cursor;
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| {
        never_matched(view, list, by, position, limit)
    };
    list_page(caller, page, read, cursor, |row| entries::view(&state, &row)).await
}

#[utoipa::path(
    get,
    path = "/v1/reports/expired",
    operation_id = "reportExpired",
    tag = "Reports",
    summary = "List what has ended",
    description = "Entries and list statuses whose window is over. They count no more, and are kept until somebody \
                   deletes or changes them.",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of them, the newest end first.", body = Items<EndsView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn expired(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<EndsId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let now = caller.service.merchant_now(caller.merchant);
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| ended(view, now, position, limit);
    list_page(caller, page, read, cursor_of, |one| ends_view(&state, caller, one)).await
}

#[utoipa::path(
    get,
    path = "/v1/reports/ending",
    operation_id = "reportEnding",
    tag = "Reports",
    summary = "List what ends soon",
    description = "Entries and list statuses whose window is over within so many days.",
    params(schemas::EndingQuery),
    responses((status = 200, description = "A page of them, the next end first.", body = Items<EndsView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn ending_soon(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<EndsId>::read(&mut query);
    let within = days(&mut query, "days", ENDING_DAYS);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let now = caller.service.merchant_now(caller.merchant);
    let window = (now, now.plus_seconds(within * DAY_S));
    let read =
        move |view: &MerchantView<'_>, (position, limit): Behind| ending(view, window, position, limit);
    list_page(caller, page, read, cursor_of, |one| ends_view(&state, caller, one)).await
}

/// Whatever blocks a customer, for either initiator, each source once.
fn blocked_by(caller: &Caller, id: CustomerId) -> Result<Vec<StandingSource>, DecidePaymentError> {
    let mut sources = Vec::new();
    for initiator in Initiator::ALL {
        let standing = caller.service.standing(caller.merchant, id, initiator)?;
        let is_block = |source: &StandingSource| {
            source.tier.rule().outcome == interdict_app::decision::Outcome::Block && !sources.contains(source)
        };
        let new: Vec<_> = standing.sources.into_iter().filter(is_block).collect();
        sources.extend(new);
    }
    Ok(sources)
}

fn good_view<'a>(row: &RefusedCustomer, sources: &'a [StandingSource]) -> GoodCustomerView<'a> {
    let refused = &row.refused;
    let (payment, decision) = match refused.what {
        Attempted::Payment(id) => (Some(id), None),
        Attempted::Decision(id) => (None, Some(id)),
    };
    GoodCustomerView {
        customer: PreviewedCustomerView::of(&row.customer),
        succeeded_payments: row.payments,
        last_blocked: BlockedAttemptView { payment, decision, at: refused.at, code: refused.code.clone() },
        blocked_by: sources.iter().map(ReasonView::of_standing).collect(),
    }
}

#[utoipa::path(
    get,
    path = "/v1/reports/good-customers-blocked",
    operation_id = "reportGoodCustomersBlocked",
    tag = "Reports",
    summary = "List good customers who were refused",
    description = "Customers with three or more payments that succeeded and no chargeback in 180 days, of whom the lists \
                   have refused an attempt in the last 30 days: a payment, or a question that the log of decisions keeps. A page may be shorter than its limit, and have another \
                   one behind it: 1,000 attempts are looked at for it.",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of them, the newest attempt first.", body = GoodCustomersView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn good_customers(key: Secret<PaymentsRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<PaymentId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let length = page.limit;
    let (position, _) = page.behind();
    let found = match caller.service.good_customers_refused(caller.merchant, position, length).await {
        Ok(found) => found,
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    let mut sources = Vec::new();
    for row in &found.customers {
        match blocked_by(caller, row.customer.id) {
            Ok(standing) => sources.push(standing),
            Err(DecidePaymentError::NotLoaded) => {
                return ApiError::index_loading().respond(Dialect::Native);
            }
            // Somebody who was changed or erased between the two looks.
            Err(DecidePaymentError::Stale | DecidePaymentError::Attempt(_)) => sources.push(Vec::new()),
        }
    }
    // Of what was refused last, whichever it is: a place does not say.
    let cursor =
        found.next.map(|(at, id)| Cursor { created_at: at, id: PaymentId::from_ksuid(id).to_string() });
    let items = GoodCustomersView {
        items: found.customers.iter().zip(&sources).map(|(row, sources)| good_view(row, sources)).collect(),
        has_more: cursor.is_some(),
        next_cursor: cursor.map(|cursor| cursor.encode()),
        since: found.since,
    };
    answer::json(StatusCode::OK, &items, found.revision)
}

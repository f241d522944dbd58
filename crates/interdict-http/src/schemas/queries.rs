//! Parameters of paths and queries.

use serde::Deserialize;
use utoipa::IntoParams;

use super::words::{
    DecisionCodeWord, DecisionOriginWord, DecisionOutcomeWord, ImportFormatWord, InitiatorWord, KindWord,
    ListStatusWord, ListWord, PaymentStatusWord, StatusWord,
};

/// A customer by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct CustomerPath {
    /// `cus_` and a KSUID.
    #[param(example = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// An entry by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EntryPath {
    /// `bl_` or `al_` and a KSUID.
    #[param(example = "bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// A payment by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PaymentPath {
    /// `pay_` and a KSUID.
    #[param(example = "pay_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// A plan by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PlanPath {
    /// `plan_` and a KSUID.
    #[param(example = "plan_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// A subscription by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SubscriptionPath {
    /// `sub_` and a KSUID.
    #[param(example = "sub_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// A customer by the merchant's own id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RefPath {
    /// The `merchantRef`, percent-encoded.
    #[param(example = "user-1001")]
    r#ref: String,
}

/// Which customers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomersQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// A part of the email, name, merchantRef or id.
    #[param(max_length = 1000, nullable = false)]
    query: Option<String>,
    /// Only those with this list status now.
    #[param(nullable = false, inline)]
    list_status: Option<ListStatusWord>,
    /// Only those with, or without, a restriction.
    #[param(nullable = false)]
    restricted: Option<bool>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntriesQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only this list.
    #[param(nullable = false, inline)]
    list: Option<ListWord>,
    /// Only this kind.
    #[param(nullable = false, inline)]
    kind: Option<KindWord>,
    /// A part of the value or the reason.
    #[param(max_length = 1000, nullable = false)]
    query: Option<String>,
    /// Only those whose window is open now, or is not.
    #[param(nullable = false)]
    active: Option<bool>,
}

/// Which entries that never matched.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NeverMatchedQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only this list.
    #[param(nullable = false, inline)]
    list: Option<ListWord>,
    /// Only those that were made so many days ago, or earlier.
    #[param(minimum = 0, maximum = 3650, default = json!(30), nullable = false)]
    older_than_days: Option<u64>,
}

/// How soon.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndingQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Within so many days.
    #[param(minimum = 0, maximum = 3650, default = json!(7), nullable = false)]
    days: Option<u64>,
}

/// A decision by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DecisionPath {
    /// `dec_` and a KSUID.
    #[param(example = "dec_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// Which decisions of the log. Of the kinds of identifier one may be given.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DecisionsQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only those that said this.
    #[param(nullable = false, inline)]
    outcome: Option<DecisionOutcomeWord>,
    /// Only those with this code.
    #[param(nullable = false, inline)]
    code: Option<DecisionCodeWord>,
    /// Only payments that this one started.
    #[param(nullable = false, inline)]
    initiator: Option<InitiatorWord>,
    /// Only those that were asked for this.
    #[param(nullable = false, inline)]
    origin: Option<DecisionOriginWord>,
    /// Made at this moment or later.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    from: Option<String>,
    /// Made before this moment.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    to: Option<String>,
    /// Only those in which this customer counted.
    #[param(nullable = false)]
    customer: Option<String>,
    /// Exactly this email.
    #[param(nullable = false)]
    email: Option<String>,
    /// Exactly this domain, sent as such.
    #[param(nullable = false)]
    email_domain: Option<String>,
    /// Exactly this phone number.
    #[param(nullable = false)]
    phone: Option<String>,
    /// Exactly this address.
    #[param(nullable = false)]
    ip: Option<String>,
    /// Exactly this device.
    #[param(max_length = 256, nullable = false)]
    device: Option<String>,
    /// Exactly this fingerprint.
    #[param(max_length = 256, nullable = false)]
    card_fingerprint: Option<String>,
    /// Exactly these digits.
    #[param(nullable = false)]
    bin: Option<String>,
    /// Exactly this account.
    #[param(nullable = false)]
    iban: Option<String>,
    /// Exactly this id of the merchant's own.
    #[param(max_length = 128, nullable = false)]
    merchant_ref: Option<String>,
    /// Exactly this country.
    #[param(nullable = false)]
    country: Option<String>,
}

/// A proposal by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProposalPath {
    /// `prop_` and a KSUID.
    #[param(example = "prop_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// An import by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ImportPath {
    /// `imp_` and a KSUID.
    #[param(example = "imp_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// What goes without saying in a file of entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportQuery {
    /// The list of all its entries.
    #[param(inline)]
    list: ListWord,
    /// The kind of values that say none themselves; `email` when left out.
    #[param(nullable = false, inline)]
    kind: Option<KindWord>,
    /// Check the rows, and write nothing before the import is started.
    #[param(nullable = false, default = json!(false))]
    dry_run: Option<bool>,
}

/// Which entries, and how.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// On which list.
    #[param(inline)]
    list: ListWord,
    /// Only this kind.
    #[param(nullable = false, inline)]
    kind: Option<KindWord>,
    /// How the file is written; `csv` when left out.
    #[param(nullable = false, inline)]
    format: Option<ImportFormatWord>,
}

/// Where Stripe sends its webhooks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WebhookPath {
    /// `test` or `live`.
    #[param(example = "live")]
    mode: String,
    /// The merchant's number.
    #[param(example = 1)]
    merchant: i64,
}

/// The newest of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LimitQuery {
    /// How many.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
}

/// A page of a list without filters.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Which changes of the merchant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// Only changes after this sequence; `nextCursor` of the answer before. One behind which changes were trimmed is
    /// 410 `not_retained`.
    #[param(minimum = 0, default = json!(0), nullable = false)]
    after: Option<u64>,
    /// The most items of an answer.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// How long to wait for a change when there is none yet, in milliseconds.
    #[param(minimum = 0, maximum = 30_000, default = json!(0), nullable = false)]
    wait_ms: Option<u64>,
}

/// A page by its number (Odus). Bad values fall back silently.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberedQuery {
    /// From 1.
    #[param(minimum = 1, default = json!(1), nullable = false)]
    page: Option<u64>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(10), nullable = false)]
    page_size: Option<u64>,
    /// Always `createdAt`.
    #[param(default = json!("createdAt"), nullable = false)]
    sort_by: Option<String>,
    /// `asc` or `desc`.
    #[param(default = json!("asc"), nullable = false)]
    sort_direction: Option<String>,
    /// Only this email.
    #[param(rename = "email[eq]", nullable = false)]
    email: Option<String>,
}

/// A page of payments by its number (Odus). Bad values fall back silently; a filter that nothing can meet
/// lets nothing through.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentsQuery {
    /// From 1.
    #[param(minimum = 1, default = json!(1), nullable = false)]
    page: Option<u64>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(10), nullable = false)]
    page_size: Option<u64>,
    /// Always `createdAt`.
    #[param(default = json!("createdAt"), nullable = false)]
    sort_by: Option<String>,
    /// `asc` or `desc`.
    #[param(default = json!("asc"), nullable = false)]
    sort_direction: Option<String>,
    /// Only of this customer.
    #[param(rename = "customer[eq]", nullable = false)]
    customer: Option<String>,
    /// Only with this status.
    #[param(rename = "status[eq]", nullable = false, inline)]
    status: Option<PaymentStatusWord>,
}

/// Which list (Idenza).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerStatusQuery {
    /// Your organization's ID: the key's merchant, else 401.
    subscriber_id: i64,
    /// Which list.
    #[param(inline)]
    list: StatusWord,
    /// Customers of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
}

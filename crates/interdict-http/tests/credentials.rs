//! Every route with every credential, over a real listener: `docs/credentials.md`, cell by cell. A route
//! that is not in the table here, or that lets somebody in whom it should not, fails.
//!
//! With `UPDATE=1` the table is written anew; the rules in [`allowed`] hold nevertheless.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod shop;
#[path = "shop/things.rs"]
mod things;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use interdict_domain::credential::{CredentialKind, Permission, Permissions};
use interdict_domain::mode::Mode;
use serde_json::Value;

use shop::{Life, Shop, all_but};
use things::{imports, money, persons, proposals, things};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/credentials.md");

/// What a route needs: nothing, or a permission.
type Needs = Option<Permission>;

const READ: Needs = Some(Permission::CustomersRead);
const WRITE: Needs = Some(Permission::CustomersWrite);
const DECIDE: Needs = Some(Permission::Decisions);
const SEE: Needs = Some(Permission::PaymentsRead);
const PAY: Needs = Some(Permission::PaymentsWrite);

/// A route, what it needs, and its smallest good request. `C`, `E`, `D`, `R` and `N` in braces stand for the
/// merchant's customer, entry, decision, merchantRef and number; `B`, `G`, `U`, `H`, `O` and `P` for a buyer that nothing
/// blocks, a plan, a subscription, a halted one, an open payment and one that was paid; `M` and `X` for an import that is
/// under way and one that was cancelled; `Y`, `V` and `Z` for a blocked person, its entry, and what may be theirs.
struct Row(&'static str, &'static str, Needs, &'static str, Option<&'static str>);

const RESTRICT: Option<&str> = Some(r#"{"restrictCit": true}"#);
const ENTRY: Option<&str> = Some(r#"{"list": "block", "kind": "email", "value": "new{R}@example.com"}"#);
const PERSON: Option<&str> = Some(r#"{"identifiers": [{"kind": "email", "value": "new{R}@example.com"}]}"#);
const ATTEMPT: Option<&str> = Some(r#"{"initiator": "customer", "customer": "{C}"}"#);
const REPLAY: Option<&str> = Some(r#"{"initiator": "customer", "email": "a@example.com", "revision": 1}"#);
const BATCH: Option<&str> = Some(r#"{"decisions": [{"initiator": "customer", "customer": "{C}"}]}"#);
const TOKEN: Option<&str> =
    Some(r#"{"grant_type": "client_credentials", "client_id": "{I}", "client_secret": "{S}"}"#);
const ADD: Option<&str> = Some(
    r#"{"subscriber_id": {N}, "first_name": "A", "last_name": "B", "email": "{R}@example.com",
        "customer_reference_id": "{R}", "add_to_blacklist": true}"#,
);
const REMOVE: Option<&str> = Some(
    r#"{"subscriber_id": {N}, "email": "{R}@example.com", "customer_reference_id": "{R}",
        "remove_from_blacklist": true}"#,
);
const SCORE: Option<&str> = Some(
    r#"{"subscriber_id": {N}, "request_id": "1", "payload": {"transaction_amount": 1, "currency": "NGN"}}"#,
);
const PLAN: Option<&str> = Some(r#"{"name": "Gold", "amount": 500000, "interval": "month"}"#);
const SIGN_UP: Option<&str> = Some(r#"{"customerId": "{B}", "planId": "{G}"}"#);
const PAYMENT: Option<&str> = Some(r#"{"amount": 500000, "currency": "NGN", "customer": "{B}"}"#);
const SESSION: Option<&str> = Some(r#"{"amount": 500000, "customerEmail": "payer-{R}@example.com"}"#);
const TYPED: Option<&str> = Some(r#"{"rail": "card", "email": "a@example.com"}"#);
const FORGET: Option<&str> = Some(r#"{"kind": "device", "value": "{R}"}"#);
const ADVANCE: Option<&str> = Some(r#"{"seconds": 1}"#);

const ROWS: &[Row] = &[
    Row("POST", "/v1/oauth/token", None, "/v1/oauth/token", TOKEN),
    Row("GET", "/v1/customers", READ, "/v1/customers", None),
    Row("POST", "/v1/customers", WRITE, "/v1/customers", None),
    Row("GET", "/v1/customers/{id}", READ, "/v1/customers/{C}", None),
    Row("PATCH", "/v1/customers/{id}", WRITE, "/v1/customers/{C}", None),
    Row("DELETE", "/v1/customers/{id}", WRITE, "/v1/customers/{C}", None),
    Row("GET", "/v1/customers/ref/{ref}", READ, "/v1/customers/ref/{R}", None),
    Row("POST", "/v1/customers/{id}/blacklist", WRITE, "/v1/customers/{C}/blacklist", None),
    Row("DELETE", "/v1/customers/{id}/blacklist", WRITE, "/v1/customers/{C}/blacklist", None),
    Row("POST", "/v1/customers/{id}/whitelist", WRITE, "/v1/customers/{C}/whitelist", None),
    Row("DELETE", "/v1/customers/{id}/whitelist", WRITE, "/v1/customers/{C}/whitelist", None),
    Row("POST", "/v1/customers/{id}/restrictions", WRITE, "/v1/customers/{C}/restrictions", RESTRICT),
    Row("GET", "/v1/customers/{id}/standing", READ, "/v1/customers/{C}/standing", None),
    Row("GET", "/v1/customers/{id}/history", READ, "/v1/customers/{C}/history", None),
    Row("GET", "/v1/customers/{id}/export", READ, "/v1/customers/{C}/export", None),
    Row("POST", "/v1/identifiers/erase", WRITE, "/v1/identifiers/erase", FORGET),
    Row("POST", "/v1/lookup", READ, "/v1/lookup", Some(r#"{"customer": "{C}"}"#)),
    Row("GET", "/v1/customers/{id}/subscriptions", SEE, "/v1/customers/{C}/subscriptions", None),
    Row("GET", "/v1/entries", READ, "/v1/entries", None),
    Row("POST", "/v1/entries", WRITE, "/v1/entries", ENTRY),
    Row("GET", "/v1/entries/{id}", READ, "/v1/entries/{E}", None),
    Row("PATCH", "/v1/entries/{id}", WRITE, "/v1/entries/{E}", None),
    Row("DELETE", "/v1/entries/{id}", WRITE, "/v1/entries/{E}", None),
    Row("GET", "/v1/entries/{id}/notes", READ, "/v1/entries/{E}/notes", None),
    Row("POST", "/v1/entries/{id}/notes", WRITE, "/v1/entries/{E}/notes", Some(r#"{"text": "seen"}"#)),
    Row("GET", "/v1/entries/{id}/person", READ, "/v1/entries/{V}/person", None),
    Row("GET", "/v1/persons", READ, "/v1/persons", None),
    Row("POST", "/v1/persons/block", WRITE, "/v1/persons/block", PERSON),
    Row("GET", "/v1/persons/{id}", READ, "/v1/persons/{Y}", None),
    Row("DELETE", "/v1/persons/{id}", WRITE, "/v1/persons/{Y}", None),
    Row("POST", "/v1/persons/{id}/identifiers", WRITE, "/v1/persons/{Y}/identifiers", PERSON),
    Row("GET", "/v1/persons/suggestions", READ, "/v1/persons/suggestions", None),
    Row("POST", "/v1/persons/suggestions/{id}/accept", WRITE, "/v1/persons/suggestions/{Z}/accept", None),
    Row("POST", "/v1/persons/suggestions/{id}/refuse", WRITE, "/v1/persons/suggestions/{Z}/refuse", None),
    Row("POST", "/v1/entries/preview", READ, "/v1/entries/preview", ENTRY),
    Row("GET", "/v1/entries/export", READ, "/v1/entries/export?list=block", None),
    Row("GET", "/v1/proposals", READ, "/v1/proposals", None),
    Row("GET", "/v1/proposals/{id}", READ, "/v1/proposals/{Q}", None),
    Row("GET", "/v1/imports", READ, "/v1/imports", None),
    Row("POST", "/v1/imports", WRITE, "/v1/imports?list=block", Some("\"email\\nnew{R}@example.com\\n\"")),
    Row("GET", "/v1/imports/{id}", READ, "/v1/imports/{M}", None),
    Row("POST", "/v1/imports/{id}/start", WRITE, "/v1/imports/{M}/start", None),
    Row("POST", "/v1/imports/{id}/cancel", WRITE, "/v1/imports/{M}/cancel", None),
    Row("GET", "/v1/imports/{id}/errors", READ, "/v1/imports/{M}/errors", None),
    Row("POST", "/v1/imports/{id}/undo", WRITE, "/v1/imports/{X}/undo", None),
    Row("GET", "/v1/imports/{id}/parts", READ, "/v1/imports/{M}/parts", None),
    Row("GET", "/v1/imports/{id}/changed-since", READ, "/v1/imports/{M}/changed-since", None),
    Row("GET", "/v1/plans", SEE, "/v1/plans", None),
    Row("POST", "/v1/plans", PAY, "/v1/plans", PLAN),
    Row("GET", "/v1/plans/{id}", SEE, "/v1/plans/{G}", None),
    Row("PATCH", "/v1/plans/{id}", PAY, "/v1/plans/{G}", None),
    Row("DELETE", "/v1/plans/{id}", PAY, "/v1/plans/{G}", None),
    Row("POST", "/v1/subscriptions", PAY, "/v1/subscriptions", SIGN_UP),
    Row("GET", "/v1/subscriptions/{id}", SEE, "/v1/subscriptions/{U}", None),
    Row("POST", "/v1/subscriptions/{id}/pause", PAY, "/v1/subscriptions/{U}/pause", None),
    Row("POST", "/v1/subscriptions/{id}/resume", PAY, "/v1/subscriptions/{H}/resume", None),
    Row("POST", "/v1/subscriptions/{id}/cancel", PAY, "/v1/subscriptions/{U}/cancel", None),
    Row("GET", "/v1/settings", SEE, "/v1/settings", None),
    Row("PATCH", "/v1/settings", PAY, "/v1/settings", None),
    Row("POST", "/v1/test-clock/advance", PAY, "/v1/test-clock/advance", ADVANCE),
    Row("GET", "/v1/reports/never-matched", READ, "/v1/reports/never-matched", None),
    Row("GET", "/v1/reports/expired", READ, "/v1/reports/expired", None),
    Row("GET", "/v1/reports/ending", READ, "/v1/reports/ending", None),
    Row("GET", "/v1/reports/good-customers-blocked", SEE, "/v1/reports/good-customers-blocked", None),
    Row("GET", "/v1/changes", READ, "/v1/changes", None),
    Row("GET", "/v1/decisions", DECIDE, "/v1/decisions", None),
    Row("GET", "/v1/decisions/{id}", DECIDE, "/v1/decisions/{D}", None),
    Row("POST", "/v1/decisions", DECIDE, "/v1/decisions", ATTEMPT),
    Row("POST", "/v1/decisions/replay", DECIDE, "/v1/decisions/replay", REPLAY),
    Row("POST", "/v1/decisions/batch", DECIDE, "/v1/decisions/batch", BATCH),
    Row("GET", "/customers", READ, "/customers", None),
    Row("POST", "/customers", WRITE, "/customers", Some(r#"{"email": "{R}@example.com"}"#)),
    Row("GET", "/customers/{id}", READ, "/customers/{C}", None),
    Row("POST", "/customers/{id}", WRITE, "/customers/{C}", None),
    Row("POST", "/customers/{id}/restrictions", WRITE, "/customers/{C}/restrictions", RESTRICT),
    Row("GET", "/blacklist", READ, "/blacklist", None),
    Row("POST", "/blacklist", WRITE, "/blacklist", Some(r#"{"email": "new{R}@example.com"}"#)),
    Row("GET", "/blacklist/{id}", READ, "/blacklist/{E}", None),
    Row("DELETE", "/blacklist/{id}", WRITE, "/blacklist/{E}", None),
    Row("POST", "/v1/checkout/sessions", PAY, "/v1/checkout/sessions", SESSION),
    Row("GET", "/checkout/{token}", None, "/checkout/{T}", None),
    Row("POST", "/checkout/{token}/pay", None, "/checkout/{T}/pay", TYPED),
    Row("GET", "/checkout/{token}/status", None, "/checkout/{T}/status", None),
    Row("GET", "/v1/chargebacks", SEE, "/v1/chargebacks", None),
    Row("POST", "/v1/chargebacks/{id}/reverse", PAY, "/v1/chargebacks/{K}/reverse", None),
    Row("GET", "/v1/gateway", SEE, "/v1/gateway", None),
    Row("PUT", "/v1/gateway", PAY, "/v1/gateway", Some(r#"{"webhookSecret": "whsec_0123"}"#)),
    Row("GET", "/v1/gateway/events", SEE, "/v1/gateway/events", None),
    Row("GET", "/v1/gateway/lists", SEE, "/v1/gateway/lists", None),
    Row("PUT", "/v1/gateway/lists", PAY, "/v1/gateway/lists", Some(r#"{"mirroring": "off"}"#)),
    Row("GET", "/v1/scores", SEE, "/v1/scores", None),
    Row("POST", "/webhooks/stripe/{mode}/{merchant}", None, "/webhooks/stripe/live/{N}", ADVANCE),
    Row("GET", "/payments", SEE, "/payments", None),
    Row("POST", "/payments", PAY, "/payments", PAYMENT),
    Row("GET", "/payments/{id}", SEE, "/payments/{P}", None),
    Row("POST", "/payments/{id}/authorize", PAY, "/payments/{O}/authorize", None),
    Row("POST", "/payments/{id}/record-chargeback", PAY, "/payments/{P}/record-chargeback", None),
    Row("POST", "/payments/{id}/reverse", PAY, "/payments/{P}/reverse", None),
    Row("POST", "/customer/add", WRITE, "/customer/add", ADD),
    Row("POST", "/customer/remove", WRITE, "/customer/remove", REMOVE),
    Row("GET", "/customer/get", READ, "/customer/get?subscriber_id={N}&list=BLACKLIST", None),
    Row("POST", "/risk/bin/score", DECIDE, "/risk/bin/score", SCORE),
    Row("GET", "/healthz", None, "/healthz", None),
    Row("GET", "/readyz", None, "/readyz", None),
    Row("GET", "/metrics", None, "/metrics", None),
    Row("GET", "/openapi.json", None, "/openapi.json", None),
    Row("GET", "/docs", None, "/docs", None),
    Row("GET", "/docs/{name}", None, "/docs/LICENSE", None),
];

/// A credential, in the order of the columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    None,
    Malformed,
    Unknown,
    Revoked,
    Expired,
    Publishable,
    WithoutPermission,
    OnlyPermission,
    OtherMode,
    OtherMerchant,
    Token,
    ClientSecret,
}

const COLUMNS: [(Column, &str); 12] = [
    (Column::None, "none"),
    (Column::Malformed, "malformed"),
    (Column::Unknown, "unknown"),
    (Column::Revoked, "revoked"),
    (Column::Expired, "expired"),
    (Column::Publishable, "publishable"),
    (Column::WithoutPermission, "all but the permission"),
    (Column::OnlyPermission, "only the permission"),
    (Column::OtherMode, "other mode"),
    (Column::OtherMerchant, "other merchant"),
    (Column::Token, "OAuth token"),
    (Column::ClientSecret, "OAuth client secret"),
];

/// What must hold whatever the table says.
fn allowed(row: &Row, column: Column, status: u16) -> bool {
    let Row(method, template, needs, ..) = row;
    if needs.is_none() {
        // A webhook is signed with none of these.
        return status == if template.starts_with("/webhooks/") { 400 } else { 200 };
    }
    match column {
        Column::None
        | Column::Malformed
        | Column::Unknown
        | Column::Revoked
        | Column::Expired
        | Column::ClientSecret => status == 401,
        Column::Publishable => {
            status
                == match (*method, *template) {
                    ("GET", "/v1/customers/{id}" | "/customers/{id}") => 200,
                    ("POST", "/v1/checkout/sessions") => 201,
                    _ => 403,
                }
        }
        Column::WithoutPermission => status == 403,
        Column::OnlyPermission | Column::Token => matches!(status, 200 | 201 | 202 | 204),
        Column::OtherMode | Column::OtherMerchant if template.contains('{') => status == 404,
        Column::OtherMerchant if template.starts_with("/customer/") || template.starts_with("/risk/") => {
            status == 401
        }
        Column::OtherMode | Column::OtherMerchant => status < 500,
    }
}

/// The credentials of a run, made once.
struct Credentials {
    revoked: String,
    expired: String,
    without: Vec<(Permission, String)>,
    only: Vec<(Permission, String)>,
    token: String,
    client_id: String,
    client_secret: String,
}

impl Credentials {
    async fn of(shop: &Shop) -> Self {
        let secret = |permissions, life| shop.key(CredentialKind::Secret, permissions, life).secret;
        let (token, client_id, client_secret) = shop.token().await;
        let each = |key: &dyn Fn(Permission) -> String| {
            Permission::ALL.iter().map(|one| (*one, key(*one))).collect::<Vec<_>>()
        };
        Self {
            revoked: secret(Permissions::ALL, Life::Revoked),
            expired: secret(Permissions::ALL, Life::Expired),
            without: each(&|one| secret(all_but(one), Life::Good)),
            only: each(&|one| secret(Permissions::NONE.with(one), Life::Good)),
            token,
            client_id,
            client_secret,
        }
    }

    /// What the request shows.
    fn shown<'a>(&'a self, shop: &'a Shop, column: Column, needs: Needs) -> Option<&'a str> {
        let by = |keys: &'a [(Permission, String)]| {
            let needs = needs.unwrap_or(Permission::CustomersRead);
            keys.iter().find(|(one, _)| *one == needs).map(|(_, key)| key.as_str())
        };
        match column {
            Column::None => None,
            Column::Malformed => Some("not-a-key"),
            Column::Unknown => Some("sk_test_000000000000000000000000000000000000000000000000"),
            Column::Revoked => Some(&self.revoked),
            Column::Expired => Some(&self.expired),
            Column::Publishable => Some(&shop.merchant.keys(Mode::Test).publishable.secret),
            Column::WithoutPermission => by(&self.without),
            Column::OnlyPermission => by(&self.only),
            Column::OtherMode => Some(&shop.merchant.keys(Mode::Live).secret.secret),
            Column::OtherMerchant => Some(&shop.other.keys(Mode::Test).secret.secret),
            Column::Token => Some(&self.token),
            Column::ClientSecret => Some(&self.client_secret),
        }
    }
}

#[tokio::test]
async fn credentials_are_asserted_cell_by_cell() {
    let shop = Shop::open().await;
    let credentials = Credentials::of(&shop).await;
    let maker = Shop::client(1);
    let clients: Vec<reqwest::Client> =
        (2..).take(COLUMNS.len()).map(|last: u8| Shop::client(last)).collect();
    let mut table = Vec::new();
    for row @ Row(method, template, needs, path, body) in ROWS {
        let mut cells = Vec::new();
        for (index, (column, name)) in COLUMNS.into_iter().enumerate() {
            let cell = table.len() * COLUMNS.len() + index;
            let mut fillings = things(&shop, &maker, cell).await.to_vec();
            if matches!(*needs, SEE | PAY) || template.starts_with("/checkout/") {
                fillings.extend(money(&shop, &maker).await);
            }
            if path.starts_with("/v1/imports/") {
                fillings.extend(imports(&shop, &maker, cell).await);
            }
            if template.contains("/person") {
                fillings.extend(persons(&shop, &maker, cell).await);
            }
            if path.starts_with("/v1/proposals/") {
                fillings.extend(proposals(&shop, &maker, cell).await);
            }
            fillings.push(("{I}", credentials.client_id.clone()));
            fillings.push(("{S}", credentials.client_secret.clone()));
            let fill = |text: &str| {
                fillings.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
            };
            let body: Option<Value> = body.map(|body| serde_json::from_str(&fill(body)).unwrap());
            let shown = credentials.shown(&shop, column, *needs);
            let answered = shop.send(&clients[index], method, &fill(path), shown, body.as_ref()).await;
            cells.push(answered.status);
            assert!(allowed(row, column, answered.status), "{method} {template} with {name}: {cells:?}");
        }
        table.push(cells);
    }
    shop.close().await;
    compare(&render(&table));
}

fn render(table: &[Vec<u16>]) -> String {
    let mut text = String::from(
        "# Routes and credentials\n\n\
         Every route, asked with its smallest good request and every credential, and the status that comes \
         back. Generated by `crates/interdict-http/tests/credentials.rs` from a running service; \
         `cargo xtask codegen` writes it anew, and the tests assert it cell by cell.\n\n\
         The requests name a customer, an entry, a decision, an import, a blocked person, a suggestion, a plan, a subscription, a payment, a chargeback or the token of \
         a checkout of one merchant in test mode. *All but the permission* is a secret key with every permission but the one that the route needs, *only the permission* one \
         with nothing else. *Other mode* is a live secret key of the same merchant, *other merchant* a test secret key of another one: neither can see the ids (404), and both act on their own data where no id is named. *OAuth client secret* is the secret of an OAuth client shown as if it were a key. Idenza's paths name the merchant by `subscriber_id`, hence 401 with another merchant's key.\n\n",
    );
    let names: Vec<&str> = COLUMNS.iter().map(|(_, name)| *name).collect();
    writeln!(text, "| route | needs | {} |", names.join(" | ")).unwrap();
    writeln!(text, "|{}", " --- |".repeat(COLUMNS.len() + 2)).unwrap();
    for (Row(method, template, needs, ..), cells) in ROWS.iter().zip(table) {
        let needs = needs.map_or("nothing", Permission::as_str);
        let cells: Vec<String> = cells.iter().map(u16::to_string).collect();
        writeln!(text, "| `{method} {template}` | {needs} | {} |", cells.join(" | ")).unwrap();
    }
    text
}

fn compare(generated: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(FILE).unwrap_or_default();
    for (old, new) in checked_in.lines().zip(generated.lines()) {
        assert_eq!(old, new, "docs/credentials.md is out of date; run: cargo xtask codegen");
    }
    assert_eq!(checked_in.lines().count(), generated.lines().count(), "docs/credentials.md");
}

/// The document's operations are the router's (a test beside it proves that), so they are the rows, and
/// each says itself which permission it needs.
#[test]
fn credentials_are_tried_on_every_route() {
    let document: Value = serde_json::from_str(&interdict_http::openapi_json()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let oauth = operation["security"].as_array().unwrap().iter().find_map(|one| one.get("oauth2"));
            let needs = oauth.map_or("nothing", |scopes| scopes[0].as_str().unwrap());
            documented.insert((method.to_uppercase(), path.clone(), needs.to_owned()));
        }
    }
    let rows: BTreeSet<(String, String, String)> = ROWS
        .iter()
        .map(|Row(method, template, needs, ..)| {
            let needs = needs.map_or("nothing", Permission::as_str);
            ((*method).to_owned(), (*template).to_owned(), needs.to_owned())
        })
        .collect();
    assert_eq!(rows, documented);
}

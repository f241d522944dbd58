//! The API's document, OpenAPI 3.1, made from the code: operations from the handlers, answers from the
//! views, requests from [`crate::schemas`]. What all operations share is added here.
//!
//! Deliberately not here: anything about one operation.

mod shared;

use utoipa::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
};

use crate::{checkout, idenza, odus, operations, v1, webhooks};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Interdict API",
        description = "Decides who may pay. Three published APIs on one state: Duro's (`/v1/…`), Odus's \
                       (`/customers`, `/blacklist`, `/payments`) and Idenza's (`/customer/…`, `/risk/…`). Authenticate \
                       with a secret key (sk_test_ / sk_live_) as a bearer token or in X-API-Key; the key \
                       selects the merchant and the mode. Amounts are in integer minor units. Times are \
                       RFC 3339 in UTC with milliseconds.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Customers", description = "Who pays, and on which list they are (Duro; Odus)."),
        (name = "Restrictions", description = "Blocks on a customer, by initiator (Odus)."),
        (name = "Blacklist", description = "Emails that may not pay (Odus)."),
        (name = "Payments", description = "Attempts to be paid, each decided before it is charged (Odus)."),
        (name = "Customer Management", description = "Whitelist and blacklist (Idenza)."),
        (name = "Transaction Scoring", description = "A transaction against the lists (Idenza)."),
        (name = "Decisions", description = "May this payer pay, now, this way?"),
        (name = "Entries", description = "Identifiers on the block and the allow list."),
        (name = "Persons", description = "People who are blocked as a whole, and what may be theirs."),
        (name = "Imports", description = "Files of many entries, in and out."),
        (name = "Changes", description = "Every committed change, in order."),
        (name = "Reports", description = "What somebody ought to look at."),
        (name = "Checkout", description = "Pages to pay on (Duro)."),
        (name = "Chargebacks", description = "What payers took back through their banks."),
        (name = "Plans", description = "What a period costs, and how long it is (Duro)."),
        (name = "Subscriptions", description = "What is paid again and again (Duro)."),
        (name = "Gateway", description = "The payment provider of live mode, and what it tells by itself."),
        (name = "Settings", description = "What the merchant has chosen."),
        (name = "Test clock", description = "Time that passes at once, in test mode."),
        (name = "OAuth", description = "Access tokens for client credentials (Duro)."),
        (name = "Operations", description = "For operators and tools; no credential.")
    ),
    paths(
        v1::oauth::token,
        v1::customers::create,
        v1::customers::list,
        v1::customers::get,
        v1::customers::update,
        v1::customers::erase,
        v1::customers::get_by_ref,
        v1::list_status::blacklist,
        v1::list_status::unblacklist,
        v1::list_status::whitelist,
        v1::list_status::unwhitelist,
        v1::restrictions::restrict,
        v1::standing::standing,
        v1::standing::history,
        v1::customer_export::export,
        v1::identifiers::erase,
        v1::lookup::look_up,
        v1::entries::create,
        v1::entries::list,
        v1::entries::get,
        v1::notes::create,
        v1::notes::list,
        v1::entries::update,
        v1::entries::delete,
        v1::persons::of_entry,
        v1::entry_preview::preview,
        v1::proposals::list,
        v1::proposals::get,
        v1::export::export,
        v1::persons::block,
        v1::persons::list,
        v1::persons::get,
        v1::persons::lift,
        v1::persons::add_identifiers,
        v1::suggestions::list,
        v1::suggestions::accept,
        v1::suggestions::refuse,
        v1::imports::create,
        v1::imports::list,
        v1::imports::get,
        v1::imports::start,
        v1::imports::cancel,
        v1::imports::errors,
        v1::imports::undo,
        v1::import_parts::parts,
        v1::import_parts::changed_since,
        v1::checkout_sessions::create,
        checkout::api::get,
        checkout::api::pay,
        checkout::api::status,
        v1::chargebacks::list,
        v1::chargebacks::reverse,
        v1::plans::create,
        v1::plans::list,
        v1::plans::get,
        v1::plans::update,
        v1::plans::archive,
        v1::subscriptions::create,
        v1::subscriptions::get,
        v1::subscriptions::pause,
        v1::subscriptions::resume,
        v1::subscriptions::cancel,
        v1::subscriptions::of_customer,
        v1::gateway::get,
        v1::gateway::set,
        v1::gateway::events,
        v1::gateway_lists::get,
        v1::gateway_lists::set,
        webhooks::stripe,
        v1::settings::get,
        v1::settings::update,
        v1::test_clock::advance,
        v1::changes::list,
        v1::reports::unmatched,
        v1::reports::expired,
        v1::reports::ending_soon,
        v1::reports::good_customers,
        v1::decisions::answer,
        v1::decision_log::list,
        v1::decision_log::get,
        v1::replay::replay,
        v1::batch::answer,
        odus::customers::create,
        odus::customers::list,
        odus::customers::get,
        odus::customers::update,
        odus::customers::restrict,
        odus::blacklist::add,
        odus::blacklist::list,
        odus::blacklist::get,
        odus::blacklist::remove,
        odus::payments::create,
        odus::payments::list,
        odus::payments::get,
        odus::payments::authorize,
        odus::payments::reverse,
        odus::record_chargeback::record,
        idenza::add::add,
        idenza::remove::remove,
        idenza::get::get,
        idenza::score::score,
        v1::scores::list,
        operations::healthz,
        operations::readyz,
        operations::metrics,
        operations::openapi,
        operations::docs,
        operations::docs_file,
    )
)]
struct Document;

/// The document as JSON text.
pub fn openapi_json() -> String {
    let mut document = Document::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let components = document.components.get_or_insert_default();
    for (name, scheme) in security_schemes() {
        components.add_security_scheme(name, scheme);
    }
    shared::add(&mut document);
    let text = document.to_pretty_json();
    match text {
        Ok(text) => plain_names(&text) + "\n",
        Err(error) => {
            tracing::error!(%error, "the document has no JSON text");
            String::new()
        }
    }
}

/// Names of pages and batches as people would give them: generic types are named by their parts.
fn plain_names(text: &str) -> String {
    [
        ("Items_Customer", "CustomerPage"),
        ("Items_Entry", "EntryPage"),
        ("Items_Import", "ImportPage"),
        ("Items_HistoryItem", "HistoryPage"),
        ("Numbered_OdusCustomer", "OdusCustomerPage"),
        ("Numbered_BlacklistEntry", "BlacklistPage"),
        ("Numbered_Payment", "PaymentPage"),
        ("Items_LoggedDecision", "DecisionPage"),
        ("Items_Plan", "PlanPage"),
        ("Items_ScoredTransaction", "ScoredTransactionPage"),
        ("Items_ProviderEvent", "ProviderEventPage"),
        ("Items_Chargeback", "ChargebackPage"),
        ("Items_Subscription", "SubscriptionPage"),
        ("DecisionBatch_BatchResult", "DecisionBatch"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (generic, plain)| {
        let quoted = |name: &str| format!("{name}\"");
        text.replace(&quoted(generic), &quoted(plain))
    })
}

fn security_schemes() -> [(&'static str, SecurityScheme); 3] {
    let bearer = "A secret key (sk_test_… / sk_live_…), OAuth token, or identity token.";
    let key = "A secret key (sk_test_… / sk_live_…).";
    let scopes = Scopes::from_iter([
        ("customers:read", "Read customers, entries and changes."),
        ("customers:write", "Change customers and entries."),
        ("decisions", "Ask for decisions and scores, and read the decisions that were kept."),
        ("payments:read", "Read payments, plans, subscriptions and settings."),
        ("payments:write", "Change payments, plans, subscriptions and settings."),
    ]);
    let flow = Flow::ClientCredentials(ClientCredentials::new("/v1/oauth/token", scopes));
    let tokens = "An access token of 60 minutes, sent as a bearer. Its permissions are the client's.";
    [
        (
            "bearerAuth",
            SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(bearer)).build(),
            ),
        ),
        ("apiKey", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-API-Key", key)))),
        ("oauth2", SecurityScheme::OAuth2(OAuth2::with_description([flow], tokens))),
    ]
}

#[cfg(test)]
mod tests;

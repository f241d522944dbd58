//! The API as its clients meet it: a real listener over a real folder, one module a resource.
//!
//! Deliberately not here: the accept loop by itself (`tests/server.rs`), and outside test data
//! (`tests/corpora`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../support/api.rs"]
mod api;
#[path = "../support/billing.rs"]
mod billing;
// Stripe as the connector's own tests know it.
#[allow(dead_code, reason = "the tests of the connector use all of it")]
#[path = "../../../interdict-gateway/tests/stripe/fake.rs"]
mod fake;
// Stripe's lists, as the connector's own tests know them.
#[path = "../../../interdict-gateway/tests/stripe/radar.rs"]
mod radar;
#[path = "../support/shop.rs"]
mod shop;
#[path = "../support/signed.rs"]
mod signed;
#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod bad_payments;
mod batch;
mod beside;
mod changes;
mod chargebacks;
mod checkouts;
mod credentials;
mod customer_export;
mod customers;
mod decision_log;
mod decisions;
mod documents;
mod entries;
mod entry_preview;
mod erasure;
mod explanation;
mod hosted_page;
mod hosted_page_live;
mod idempotency;
mod idenza;
mod imports;
mod incidents;
mod incidents_of_chargebacks;
mod incidents_of_payments;
mod limits;
mod list_status;
mod lookup;
mod matching;
mod metrics;
mod notes;
mod oauth;
mod odus_blacklist;
mod odus_customers;
mod operations;
mod outage;
mod outage_payments;
mod pan;
mod payments;
mod payments_listed;
mod payments_obey;
mod payments_of_others;
mod persons;
mod persons_beside;
mod persons_weighed;
mod phone_region;
mod plans;
mod proposals;
mod provider_list_faults;
mod provider_lists;
mod ranges;
mod renewals;
mod replay;
mod reports;
mod restart;
mod restrictions;
mod revisions;
mod settings;
mod standing_history;
mod stories;
mod stripe_live;
mod stripe_webhooks;
mod subscriptions;
mod subscriptions_end;
mod suggestions;
mod test_clock;

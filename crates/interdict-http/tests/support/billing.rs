//! What the tests of payments ask of a shop: the sandbox's books, the renewals, and the usual requests.
//!
//! Deliberately not here: the shop itself (`support/shop.rs`).

use std::sync::Arc;

use interdict_app::Service;
use interdict_app::store::{LedgerEntry, StorageError};
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::shop::{Api, FIRST, Shop};

/// A day, in seconds: the period of most plans here.
pub const DAY_S: i64 = 86_400;
/// What most plans here cost, in minor units.
pub const PRICE: i64 = 500_000;

impl Shop {
    /// Test mode without the API before it.
    pub fn service(&self) -> &Arc<Service> {
        self.app.service(Mode::Test)
    }

    /// What the sandbox was asked to do for the merchant.
    pub async fn ledger(&self) -> Vec<LedgerEntry> {
        let store = self.service().store();
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime too few")]
        let read: Result<_, StorageError> = store.read(FIRST, |view| view.ledger()).await;
        read.unwrap()
    }

    /// The charges that took money: amounts in minor units, in no order that means anything.
    pub async fn charged(&self) -> Vec<i64> {
        let rows = self.ledger().await.into_iter();
        rows.filter(|row| row.reversed_before.is_none() && row.result == "succeeded")
            .map(|row| row.amount)
            .collect()
    }

    /// What the sandbox did for one payment: the result of the charge and of each reversal, with amounts.
    pub async fn ledger_of(&self, payment: &Value) -> Vec<(i64, String)> {
        let id = payment["id"].as_str().unwrap_or_else(|| payment.as_str().unwrap());
        let rows = self.ledger().await.into_iter().filter(|row| row.payment.to_string() == id);
        rows.map(|row| (row.amount, row.result)).collect()
    }

    /// Looks for renewals once, as the worker of a server does now and then.
    pub async fn sweep(&self) {
        self.service().renew_subscriptions().await.unwrap();
    }

    /// Time passes on the merchant's clock alone.
    pub async fn pass(&self, seconds: i64) {
        self.secret().post("/v1/test-clock/advance", json!({ "seconds": seconds })).await.expect(200);
    }

    /// A day passes, and renewals are looked for.
    pub async fn next_day(&self) {
        self.pass(DAY_S).await;
        self.sweep().await;
    }
}

impl Api {
    /// A plan of [`PRICE`] a day, but for what is said; its id.
    pub async fn plan(&self, terms: Value) -> String {
        let mut plan = json!({"name": "Gold", "amount": PRICE, "interval": "day"});
        plan.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        self.post("/v1/plans", plan).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Signs a customer up.
    pub async fn subscribe(&self, customer: &str, plan: &str) -> Value {
        self.post("/v1/subscriptions", json!({"customerId": customer, "planId": plan})).await.expect(201)
    }

    /// A subscription as it now is.
    pub async fn subscription(&self, subscription: &Value) -> Value {
        let id = subscription["id"].as_str().unwrap();
        self.get(&format!("/v1/subscriptions/{id}")).await.expect(200)
    }

    /// A payment that is charged in the same call, whatever becomes of it.
    pub async fn pay(&self, who: Value) -> crate::shop::Reply {
        let mut payment = json!({"amount": 100, "currency": "NGN", "confirm": true});
        payment.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        self.post("/payments", payment).await
    }

    /// A page of payments: the rows alone.
    pub async fn payments(&self, query: &str) -> Vec<Value> {
        let page = self.get(&format!("/payments?pageSize=100&{query}")).await.expect(200);
        page["data"].as_array().unwrap().clone()
    }

    /// Puts somebody on the blacklist.
    pub async fn blacklist(&self, customer: &str) {
        self.post(&format!("/v1/customers/{customer}/blacklist"), json!({})).await.expect(200);
    }

    /// Takes somebody off the blacklist.
    pub async fn unblacklist(&self, customer: &str) {
        self.delete(&format!("/v1/customers/{customer}/blacklist")).await.expect(200);
    }
}

//! Stripe as it speaks to us: events of disputes and fraud warnings, signed as Stripe signs them.
//!
//! Deliberately not here: Stripe as we speak to it (the tests of `interdict-gateway`).

use hmac::{Hmac, KeyInit as _, Mac as _};
use interdict_domain::clock::Clock as _;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::shop::{Api, Reply, Shop};

/// What Stripe and the merchant both know.
pub const SIGNING_SECRET: &str = "whsec_9zR2kQeVbT4";
/// Where merchant 1 hears Stripe in test mode.
pub const PATH: &str = "/webhooks/stripe/test/1";

/// The header over a body, made at a time in whole seconds.
pub fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// A dispute of a payment: in test mode, our own id stands for Stripe's.
pub fn dispute(id: &str, payment: &str, reason: &str, status: &str) -> Value {
    json!({"id": id, "object": "dispute", "amount": 100, "currency": "ngn", "charge": "ch_1",
        "payment_intent": payment, "reason": reason, "status": status, "livemode": false})
}

/// What the issuer tells before anybody disputes.
pub fn warning(id: &str, payment: &str, fraud_type: &str) -> Value {
    json!({"id": id, "object": "radar.early_fraud_warning", "actionable": true, "charge": "ch_1",
        "payment_intent": payment, "fraud_type": fraud_type, "livemode": false})
}

impl Shop {
    /// The merchant tells us what Stripe signs with.
    pub async fn expect_webhooks(&self) {
        let body = json!({ "webhookSecret": SIGNING_SECRET }).to_string().into_bytes();
        let set = self.secret().send("PUT", "/v1/gateway", Some(body)).await.expect(200);
        assert_eq!(set["hasWebhookSecret"], true);
    }

    /// An event as Stripe makes it now.
    pub fn event(&self, id: &str, kind: &str, object: &Value) -> Value {
        json!({"id": id, "object": "event", "api_version": "2025-12-15.clover", "livemode": false,
            "created": self.clock.now().seconds(), "type": kind, "data": {"object": object}})
    }

    /// Stripe, about to send this body at this time.
    pub fn stripe(&self, seconds: i64, body: &[u8]) -> Api {
        self.anonymous().with("stripe-signature", &signature(SIGNING_SECRET, seconds, body))
    }

    /// Stripe sends an event, signed now.
    pub async fn send_event(&self, event: &Value) -> Reply {
        let body = event.to_string();
        self.stripe(self.clock.now().seconds(), body.as_bytes()).post_text(PATH, &body).await
    }

    /// Stripe sends an event, and we say what we did about it, and why.
    pub async fn hear(&self, id: &str, kind: &str, object: &Value) -> (String, Option<String>) {
        self.send_event(&self.event(id, kind, object)).await.expect(200);
        let heard = self.provider_events().await;
        let event = heard.iter().find(|event| event["id"] == id).unwrap();
        assert_eq!(event["type"], kind);
        (event["outcome"].as_str().unwrap().to_owned(), event["note"].as_str().map(str::to_owned))
    }

    /// What Stripe told us, the newest first.
    pub async fn provider_events(&self) -> Vec<Value> {
        let page = self.secret().get("/v1/gateway/events?limit=100").await.expect(200);
        page["items"].as_array().unwrap().clone()
    }
}

impl Api {
    /// A payment that took money; its id.
    pub async fn paid(&self, who: Value) -> String {
        let paid = self.pay(who).await.expect(201);
        assert_eq!(paid["status"], "succeeded");
        paid["id"].as_str().unwrap().to_owned()
    }

    /// Records a chargeback.
    pub async fn charge_back(&self, payment: &str, body: Value) -> Reply {
        self.post(&format!("/payments/{payment}/record-chargeback"), body).await
    }

    /// The chargebacks, the newest first.
    pub async fn chargebacks(&self) -> Vec<Value> {
        let page = self.get("/v1/chargebacks?limit=100").await.expect(200);
        page["items"].as_array().unwrap().clone()
    }

    /// Takes a chargeback back.
    pub async fn win(&self, chargeback: &Value) -> Value {
        let id = chargeback["id"].as_str().unwrap();
        self.post_empty(&format!("/v1/chargebacks/{id}/reverse")).await.expect(200)
    }

    /// The two flags of a customer: for what the customer starts, for what the merchant starts.
    pub async fn flags(&self, customer: &str) -> (bool, bool) {
        let customer = self.get(&format!("/v1/customers/{customer}")).await.expect(200);
        (customer["restrictCit"].as_bool().unwrap(), customer["restrictMit"].as_bool().unwrap())
    }

    /// Sets flags of a customer by hand.
    pub async fn restrict(&self, customer: &str, flags: Value) {
        self.post(&format!("/customers/{customer}/restrictions"), flags).await.expect(200);
    }

    /// The emails on the blacklist.
    pub async fn blacklisted_emails(&self) -> Vec<String> {
        let page = self.get("/blacklist?pageSize=100").await.expect(200);
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["email"].as_str().unwrap().to_owned()).collect()
    }
}

//! Every example of a request body in the API's document, sent to every call that takes it, over a real
//! listener. The examples show every property (a test beside the document proves that), so none is
//! documented that a call refuses. And every call refuses what is not documented.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod shop;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use shop::Shop;

/// A call with the examples of its body.
struct Call {
    method: String,
    path: String,
    examples: Vec<Value>,
    answers: Vec<String>,
}

fn calls(document: &Value) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            // A body that may be left out is one of two alternatives.
            let alternatives = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
            let reference = alternatives.iter().find_map(|one| one["$ref"].as_str());
            let Some(reference) = reference else { continue };
            let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            calls.push(Call {
                method: method.to_uppercase(),
                path: path.clone(),
                examples: schema["examples"].as_array().unwrap().clone(),
                answers: operation["responses"].as_object().unwrap().keys().cloned().collect(),
            });
        }
    }
    calls
}

/// What the ids of the document stand for here.
struct Names {
    token: String,
    customer: String,
    entry: String,
    person: String,
    plan: String,
    subscription: String,
    open: String,
    paid: String,
    number: i64,
    /// The newest revision: an example names one that there is not yet.
    revision: Value,
    client: (String, String),
}

impl Names {
    fn path(&self, path: &str) -> String {
        let id = match path {
            "/payments/{id}/authorize" => &self.open,
            "/checkout/{token}/pay" => return path.replace("{token}", &self.token),
            _ if path.starts_with("/payments/") => &self.paid,
            _ if path.starts_with("/v1/plans/") => &self.plan,
            _ if path.starts_with("/v1/subscriptions/") => &self.subscription,
            _ if path.starts_with("/v1/persons/") => &self.person,
            _ if path.contains("entries") => &self.entry,
            _ => &self.customer,
        };
        path.replace("{id}", id)
    }

    fn body(&self, example: &Value) -> Value {
        let mut text = example.to_string().replace("cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", &self.customer);
        text = text.replace("plan_2R0uWz4tu9wxTMBXxj9CJfSE9vV", &self.plan);
        text = text.replace("key_2R0uWz4tu9wxTMBXxj9CJfSE9vV", &self.client.0);
        text = text.replace("oas_test_…", &self.client.1);
        text = text
            .replace("whsec_…", "whsec_0123456789abcdef")
            .replace("sk_live_…", "sk_live_0123456789")
            .replace("pk_live_…", "pk_live_0123456789");
        let mut body: Value = serde_json::from_str(&text).unwrap();
        if let Some(number) = body.get_mut("subscriber_id") {
            *number = self.number.into();
        }
        if let Some(revision) = body.get_mut("revision") {
            revision.clone_from(&self.revision);
        }
        body
    }
}

/// Makes something; its id.
async fn made(shop: &Shop, client: &reqwest::Client, path: &str, body: Value) -> String {
    made_by(shop, client, "POST", path, body).await["id"].as_str().unwrap_or_default().to_owned()
}

/// The whole answer.
async fn made_by(shop: &Shop, client: &reqwest::Client, method: &str, path: &str, body: Value) -> Value {
    let answered = shop.send(client, method, path, Some(shop.secret()), Some(&body)).await;
    assert!(matches!(answered.status, 200 | 201), "{path}: {}", answered.body);
    answered.body
}

/// Things for one example alone.
async fn names(shop: &Shop, client: &reqwest::Client, token_client: &(String, String)) -> Names {
    let customer = made(shop, client, "/v1/customers", json!({})).await;
    let entry = json!({"list": "block", "kind": "email", "value": "entry@example.com"});
    let plan = json!({"name": "Gold", "amount": 500_000, "interval": "month"});
    let plan = made(shop, client, "/v1/plans", plan).await;
    let payment =
        |confirm| json!({"amount": 500_000, "currency": "NGN", "customer": customer, "confirm": confirm});
    // For the call that takes somebody off the list.
    let listed = json!({
        "subscriber_id": shop.number().0, "first_name": "Ada", "last_name": "Obi",
        "email": "ada.add@example.com", "customer_reference_id": "idenza-1", "add_to_blacklist": true
    });
    made(shop, client, "/customer/add", listed).await;
    let origins = json!({"allowedOrigins": ["https://shop.example"]});
    made_by(shop, client, "PATCH", "/v1/settings", origins).await;
    let session = json!({"amount": 5, "customerEmail": "payer@example.com"});
    let session = made_by(shop, client, "POST", "/v1/checkout/sessions", session).await;
    let person = json!({"identifiers": [{"kind": "email", "value": "person@example.com"}]});
    let path = format!("/v1/customers/{customer}/standing");
    let standing = shop.send(client, "GET", &path, Some(shop.secret()), None).await;
    Names {
        person: made(shop, client, "/v1/persons/block", person).await,
        revision: standing.body["revision"].clone(),
        token: session["token"].as_str().unwrap().to_owned(),
        entry: made(shop, client, "/v1/entries", entry).await,
        open: made(shop, client, "/payments", payment(false)).await,
        paid: made(shop, client, "/payments", payment(true)).await,
        subscription: made(
            shop,
            client,
            "/v1/subscriptions",
            json!({"customerId": customer, "planId": plan}),
        )
        .await,
        customer,
        plan,
        number: shop.number().0,
        client: token_client.clone(),
    }
}

#[tokio::test]
async fn every_example_of_the_document_is_accepted_and_nothing_undocumented_is() {
    let shop = Shop::open().await;
    let client = Shop::client(1);
    let (_, id, secret) = shop.token().await;
    let token_client = (id, secret);
    let document: Value = serde_json::from_str(&interdict_http::openapi_json()).unwrap();
    let calls = calls(&document);
    assert!(calls.len() >= 26, "{}", calls.len());
    for Call { method, path, examples, answers } in &calls {
        for example in examples {
            let names = names(&shop, &client, &token_client).await;
            let (place, body) = (names.path(path), names.body(example));
            // A provider's key belongs to live mode.
            let live = &shop.merchant.keys(Mode::Live).secret.secret;
            let key = if path.starts_with("/v1/gateway") { live } else { shop.secret() };
            let answered = shop.send(&client, method, &place, Some(key), Some(&body)).await;
            let status = answered.status;
            assert!((200..300).contains(&status), "{method} {path} {body}: {status} {}", answered.body);
            assert!(answers.contains(&status.to_string()), "{method} {path}: {status} is not documented");
        }
        let names = names(&shop, &client, &token_client).await;
        let mut body = names.body(&examples[0]);
        body["undocumented"] = json!(1);
        let refused = shop.send(&client, method, &names.path(path), Some(shop.secret()), Some(&body)).await;
        let is_idenza = path.starts_with("/customer/") || path.starts_with("/risk/");
        assert_eq!(refused.status, if is_idenza { 400 } else { 422 }, "{method} {path}");
        assert!(refused.body.to_string().contains("undocumented"), "{method} {path}: {}", refused.body);
    }
    shop.close().await;
}

//! What the placeholders of the table of routes stand for.

use serde_json::{Value, json};

use crate::PLAN;
use crate::shop::Shop;

/// What the placeholders of one cell stand for: a customer on the blacklist and an entry of its own.
pub async fn things(shop: &Shop, client: &reqwest::Client, cell: usize) -> [(&'static str, String); 5] {
    let reference = format!("ref-{cell}");
    let email = format!("{reference}@example.com");
    let add = json!({
        "subscriber_id": shop.number().0, "first_name": "A", "last_name": "B", "email": email,
        "customer_reference_id": reference, "add_to_blacklist": true
    });
    let key = Some(shop.secret());
    assert_eq!(shop.send(client, "POST", "/customer/add", key, Some(&add)).await.status, 200);
    let found = shop.send(client, "GET", &format!("/v1/customers/ref/{reference}"), key, None).await;
    let entry = shop.send(client, "POST", "/blacklist", key, Some(&json!({ "email": email }))).await;
    let attempt = json!({"initiator": "customer", "email": email});
    let decision = shop.send(client, "POST", "/v1/decisions", key, Some(&attempt)).await;
    assert_eq!((found.status, entry.status), (200, 201));
    let id = |body: &Value| body["id"].as_str().unwrap().to_owned();
    [
        ("{C}", id(&found.body)),
        ("{E}", id(&entry.body)),
        ("{D}", id(&decision.body)),
        ("{R}", reference),
        ("{N}", shop.number().0.to_string()),
    ]
}

/// The same for money.
pub async fn money(shop: &Shop, client: &reqwest::Client) -> Vec<(&'static str, String)> {
    let make = async |path: &str, body: Value| {
        let made = shop.send(client, "POST", path, Some(shop.secret()), Some(&body)).await;
        assert!(matches!(made.status, 200 | 201), "{path}: {}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    };
    let buyer = make("/v1/customers", json!({})).await;
    let plan = make("/v1/plans", serde_json::from_str(PLAN.unwrap()).unwrap()).await;
    let sign_up = json!({"customerId": buyer, "planId": plan});
    let payment = json!({"amount": 500_000, "currency": "NGN", "customer": buyer});
    let halted = make("/v1/subscriptions", sign_up.clone()).await;
    let paid = make("/payments", payment.clone()).await;
    make(&format!("/v1/subscriptions/{halted}/pause"), json!({})).await;
    make(&format!("/payments/{paid}/authorize"), json!({})).await;
    let refuted = json!({"amount": 5, "currency": "NGN", "customer": buyer, "confirm": true});
    let refuted = make("/payments", refuted).await;
    let (refuted, key) = (format!("/payments/{refuted}/record-chargeback"), Some(shop.secret()));
    let chargeback = shop.send(client, "POST", &refuted, key, None).await;
    let session = json!({"amount": 5});
    let session = shop.send(client, "POST", "/v1/checkout/sessions", key, Some(&session)).await;
    vec![
        ("{K}", chargeback.body["chargeback"]["id"].as_str().unwrap().to_owned()),
        ("{T}", session.body["token"].as_str().unwrap().to_owned()),
        ("{U}", make("/v1/subscriptions", sign_up).await),
        ("{O}", make("/payments", payment).await),
        ("{B}", buyer),
        ("{G}", plan),
        ("{H}", halted),
        ("{P}", paid),
    ]
}

/// The same for files.
pub async fn imports(shop: &Shop, client: &reqwest::Client, cell: usize) -> Vec<(&'static str, String)> {
    let cancelled = shop.import(client, &format!("cancelled-{cell}@example.com")).await;
    let cancel = format!("/v1/imports/{cancelled}/cancel");
    assert_eq!(shop.send(client, "POST", &cancel, Some(shop.secret()), None).await.status, 200);
    vec![("{M}", shop.import(client, &format!("new-{cell}@example.com")).await), ("{X}", cancelled)]
}

/// The same for persons: a suggestion is what somebody took off one.
pub async fn persons(shop: &Shop, client: &reqwest::Client, cell: usize) -> Vec<(&'static str, String)> {
    let key = Some(shop.secret());
    let named = |number| json!({"kind": "device", "value": format!("device-{cell}-{number}")});
    let block = json!({"identifiers": [named(1), named(2)]});
    let person = shop.send(client, "POST", "/v1/persons/block", key, Some(&block)).await;
    assert_eq!(person.status, 201, "{}", person.body);
    let entry = |number: usize| person.body["entries"][number]["entry"].as_str().unwrap().to_owned();
    let deleted = shop.send(client, "DELETE", &format!("/v1/entries/{}", entry(1)), key, None).await;
    assert_eq!(deleted.status, 204);
    // The clock stands still: the newest is not the first.
    let page = "/v1/persons/suggestions?limit=100";
    let mut suggestions = shop.send(client, "GET", page, key, None).await.body;
    loop {
        let items = suggestions["items"].as_array().unwrap();
        if let Some(found) = items.iter().find(|item| item["person"] == person.body["id"]) {
            let suggestion = found["id"].as_str().unwrap().to_owned();
            return vec![
                ("{Y}", person.body["id"].as_str().unwrap().to_owned()),
                ("{V}", entry(0)),
                ("{Z}", suggestion),
            ];
        }
        let next = format!("{page}&cursor={}", suggestions["nextCursor"].as_str().unwrap());
        suggestions = shop.send(client, "GET", &next, key, None).await.body;
    }
}

/// An entry that waits for a second person.
pub async fn proposals(shop: &Shop, client: &reqwest::Client, cell: usize) -> Vec<(&'static str, String)> {
    let choose = async |wanted: Value| {
        let key = Some(shop.secret());
        let settings = json!({ "secondApprover": wanted });
        assert_eq!(shop.send(client, "PATCH", "/v1/settings", key, Some(&settings)).await.status, 200);
    };
    choose(json!({"threshold": 0})).await;
    let attempt = json!({"initiator": "customer", "ip": "203.0.113.7"});
    let key = Some(shop.secret());
    assert_eq!(shop.send(client, "POST", "/v1/decisions", key, Some(&attempt)).await.status, 200);
    let range = json!({"list": "block", "kind": "ip", "value": "203.0.113.0/24", "reason": cell.to_string()});
    let proposed = shop.send(client, "POST", "/v1/entries", key, Some(&range)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.body);
    choose(Value::Null).await;
    vec![("{Q}", proposed.body["id"].as_str().unwrap().to_owned())]
}

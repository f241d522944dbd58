//! What bad input about payments gets: a clear refusal, nothing charged, nothing written.
//!
//! Deliberately not here: bad JSON as such (`bad_input.rs`), and whose payments they are
//! (`payments_of_others.rs`).

use serde_json::{Value, json};

use crate::billing::PRICE;
use crate::shop::{Api, Shop};

const PANS: [&str; 3] = ["4242424242424242", "4242 4242 4242 4242", "paid with 5555-5555-5555-4444 today"];

/// A shop with one of everything that a call can name.
pub struct World {
    pub shop: Shop,
    pub api: Api,
    pub customer: String,
    pub plan: String,
    pub open: String,
    pub paid: String,
    pub subscription: String,
}

impl World {
    pub async fn open() -> Self {
        let shop = Shop::open().await;
        let api = shop.secret();
        let customer = api.customer(json!({"email": "ada@example.com"})).await;
        let plan = api.plan(json!({})).await;
        let id = |thing: Value| thing["id"].as_str().unwrap().to_owned();
        let open = id(api.pay(json!({"customer": customer, "confirm": false})).await.expect(201));
        let paid = id(api.pay(json!({"customer": customer})).await.expect(201));
        let subscription = id(api.subscribe(&customer, &plan).await);
        Self { shop, api, customer, plan, open, paid, subscription }
    }

    /// All that a call could have written or charged.
    pub async fn trace(&self) -> (i64, usize, Value, Value) {
        let live = self.shop.live().get("/v1/changes").await.expect(200);
        let payments = self.api.get("/payments?pageSize=100").await.expect(200);
        (self.shop.revision().await, self.shop.ledger().await.len(), payments, live)
    }

    pub fn payment(&self) -> Value {
        json!({"amount": 100, "currency": "NGN", "customer": self.customer, "confirm": true})
    }

    pub fn sign_up(&self) -> Value {
        json!({"customerId": self.customer, "planId": self.plan})
    }

    /// Every mutation about payments with a body that would be taken.
    pub fn mutations(&self) -> Vec<(&'static str, String, Value)> {
        let subscription = |what: &str| format!("/v1/subscriptions/{}/{what}", self.subscription);
        let new_plan = json!({"name": "Gold", "amount": PRICE, "interval": "day"});
        vec![
            ("POST", "/payments".to_owned(), self.payment()),
            ("POST", format!("/payments/{}/authorize", self.open), json!({})),
            ("POST", format!("/payments/{}/reverse", self.paid), json!({})),
            ("POST", "/v1/plans".to_owned(), new_plan),
            ("PATCH", format!("/v1/plans/{}", self.plan), json!({})),
            ("DELETE", format!("/v1/plans/{}", self.plan), json!({})),
            ("POST", "/v1/subscriptions".to_owned(), self.sign_up()),
            ("POST", subscription("pause"), json!({})),
            ("POST", subscription("resume"), json!({})),
            ("POST", subscription("cancel"), json!({})),
            ("PATCH", "/v1/settings".to_owned(), json!({})),
            ("POST", "/v1/test-clock/advance".to_owned(), json!({"seconds": 1})),
        ]
    }

    pub fn reads(&self) -> Vec<String> {
        vec![
            "/payments".to_owned(),
            format!("/payments/{}", self.open),
            "/v1/plans".to_owned(),
            format!("/v1/plans/{}", self.plan),
            format!("/v1/subscriptions/{}", self.subscription),
            format!("/v1/customers/{}/subscriptions", self.customer),
            "/v1/settings".to_owned(),
        ]
    }
}

/// The body with one field as it should not be.
pub fn with(body: &Value, field: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[field] = value.clone();
    body
}

#[tokio::test]
async fn an_amount_is_a_whole_number_of_minor_units() {
    let world = World::open().await;
    let before = world.trace().await;
    let reverse = format!("/payments/{}/reverse", world.paid);
    let plan = json!({"name": "Gold", "interval": "day"});
    for amount in [
        "0",
        "-1",
        "-9223372036854775808",
        "0.5",
        "100.5",
        "\"100\"",
        "\"\"",
        "true",
        "[100]",
        "{}",
        "1000000000000001",
        "9223372036854775807",
        "9223372036854775808",
        "123456789012345678901234567890",
        "1e999",
    ] {
        for (path, body) in
            [("/payments", world.payment()), ("/v1/plans", plan.clone()), (&reverse, json!({}))]
        {
            let text = with(&body, "amount", &json!("AMOUNT")).to_string().replace("\"AMOUNT\"", amount);
            assert_eq!(world.api.post_text(path, &text).await.paths(), ["amount"], "{path} {amount}");
        }
    }
    for path in ["/payments", "/v1/plans"] {
        let body = json!({"currency": "NGN", "name": "Gold", "interval": "day", "email": "a@example.com"});
        for amount in [None, Some(Value::Null)] {
            let body = amount.map_or_else(|| body.clone(), |amount| with(&body, "amount", &amount));
            let paths = world.api.post(path, body).await.paths();
            assert!(paths.contains(&"amount".to_owned()), "{path}: {paths:?}");
        }
    }
    let null = world.api.patch(&format!("/v1/plans/{}", world.plan), json!({"amount": null})).await;
    assert_eq!(null.paths(), ["amount"]);
    assert_eq!(world.trace().await, before);
    // More than was taken.
    assert_eq!(world.api.post(&reverse, json!({"amount": 101})).await.paths(), ["amount"]);
    assert_eq!(world.trace().await, before);
}

#[tokio::test]
async fn the_largest_amount_is_charged_and_given_back_to_the_unit() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let most = 1_000_000_000_000_000_i64;
    let paid = api.pay(json!({"email": "a@example.com", "amount": most})).await.expect(201);
    let path = format!("/payments/{}/reverse", paid["id"].as_str().unwrap());
    assert_eq!(api.post(&path, json!({"amount": most - 1})).await.expect(200)["amountReversed"], most - 1);
    assert_eq!(api.post(&path, json!({})).await.expect(200)["amountReversed"], most);
    let mut moved: Vec<i64> = shop.ledger().await.iter().map(|row| row.amount).collect();
    moved.sort_unstable();
    assert_eq!(moved, [1, most - 1, most]);
}

#[tokio::test]
async fn a_currency_is_one_that_people_pay_with() {
    let world = World::open().await;
    let before = world.trace().await;
    let plan = json!({"name": "Gold", "amount": 1, "interval": "day"});
    for currency in [
        json!(""),
        json!("NG"),
        json!("NGNN"),
        json!("ABC"),
        json!("XXX"),
        json!("XAU"),
        json!("XTS"),
        json!("€"),
        json!(" NGN"),
        json!(566),
        json!(["NGN"]),
    ] {
        for (path, body) in [("/payments", world.payment()), ("/v1/plans", plan.clone())] {
            let refused = world.api.post(path, with(&body, "currency", &currency)).await;
            assert_eq!(refused.paths(), ["currency"], "{path} {currency}");
        }
    }
    let none = json!({"amount": 100, "email": "a@example.com"});
    assert_eq!(world.api.post("/payments", none).await.paths(), ["currency"]);
    assert_eq!(world.trace().await, before);
}

#[tokio::test]
async fn no_card_number_is_taken_or_repeated() {
    let world = World::open().await;
    let before = world.trace().await;
    let plan = json!({"name": "Gold", "amount": 1, "interval": "day"});
    let authorize = format!("/payments/{}/authorize", world.open);
    let change = format!("/v1/plans/{}", world.plan);
    for pan in PANS {
        for (method, path, body, field) in [
            ("POST", "/payments", world.payment(), "paymentMethod"),
            ("POST", &authorize, json!({}), "paymentMethod"),
            ("POST", "/v1/subscriptions", world.sign_up(), "paymentMethodId"),
            ("POST", "/v1/plans", plan.clone(), "name"),
            ("PATCH", &change, json!({}), "name"),
        ] {
            let body = with(&body, field, &json!(pan)).to_string().into_bytes();
            let reply = world.api.send(method, path, Some(body)).await;
            assert_eq!(reply.paths(), [field], "{method} {path}");
            assert!(!repeats(&reply.text()), "{method} {path}: {}", reply.text());
        }
        for (path, body) in [("/payments", world.payment()), ("/v1/subscriptions", world.sign_up())] {
            for metadata in [json!({"note": pan}), json!({"deep": {"er": [pan]}}), json!({pan: "x"})] {
                let reply = world.api.post(path, with(&body, "metadata", &metadata)).await;
                assert_eq!(reply.paths(), ["metadata"], "{path}");
                assert!(!repeats(&reply.text()), "{path}: {}", reply.text());
            }
        }
        // Where a card number is no more than a bad id, a bad word or an unknown field.
        for (method, path, mut body) in world.mutations() {
            body[pan] = json!(1);
            let reply = world.api.send(method, &path, Some(body.to_string().into_bytes())).await;
            assert!(reply.status == 422 && !repeats(&reply.text()), "{method} {path}: {}", reply.text());
        }
        for (path, body, field) in [
            ("/payments", world.payment(), "customer"),
            ("/payments", world.payment(), "initiator"),
            ("/payments", world.payment(), "currency"),
            ("/v1/subscriptions", world.sign_up(), "customerId"),
            ("/v1/subscriptions", world.sign_up(), "planId"),
            ("/v1/subscriptions", world.sign_up(), "onLift"),
            ("/v1/plans", plan.clone(), "interval"),
        ] {
            let reply = world.api.post(path, with(&body, field, &json!(pan))).await;
            assert!(matches!(reply.status, 404 | 422), "{path} {field}: {}", reply.text());
            assert!(!repeats(&reply.text()), "{path} {field}: {}", reply.text());
        }
    }
    assert_eq!(world.trace().await, before);
}

fn repeats(text: &str) -> bool {
    text.contains("4242") || text.contains("5555")
}

#[tokio::test]
async fn a_token_is_one_that_the_gateway_knows() {
    let world = World::open().await;
    let before = world.trace().await;
    let authorize = format!("/payments/{}/authorize", world.open);
    for token in [
        json!("pm_test_unknown"),
        json!("pm_card_visa"),
        json!("PM_TEST_SUCCESS"),
        json!(""),
        json!("pm test"),
        json!("pm_test_success\n"),
        json!("x".repeat(256)),
        json!(7),
        json!(["pm_test_success"]),
    ] {
        for (path, body, field) in [
            ("/payments", world.payment(), "paymentMethod"),
            ("/payments", with(&world.payment(), "confirm", &json!(false)), "paymentMethod"),
            (authorize.as_str(), json!({}), "paymentMethod"),
            ("/v1/subscriptions", world.sign_up(), "paymentMethodId"),
        ] {
            let refused = world.api.post(path, with(&body, field, &token)).await;
            assert_eq!(refused.paths(), [field], "{path} {token}");
        }
    }
    assert_eq!(world.trace().await, before);
}

#[tokio::test]
async fn what_is_not_documented_is_not_taken() {
    let world = World::open().await;
    let before = world.trace().await;
    for (method, path, body) in world.mutations() {
        for field in ["colour", "Amount", "status", "merchant"] {
            let body = with(&body, field, &json!("succeeded")).to_string().into_bytes();
            let reply = world.api.send(method, &path, Some(body)).await;
            assert_eq!(reply.paths(), [field], "{method} {path}");
        }
    }
    assert_eq!(world.trace().await, before);
}

#[tokio::test]
async fn a_field_has_one_type() {
    let world = World::open().await;
    let before = world.trace().await;
    let cancel = format!("/v1/subscriptions/{}/cancel", world.subscription);
    let plan = json!({"name": "Gold", "amount": 1, "interval": "day"});
    for (path, body, field, wrong) in [
        ("/payments", world.payment(), "confirm", vec![json!("true"), json!(1)]),
        ("/payments", world.payment(), "initiator", vec![json!("cit"), json!("CUSTOMER"), json!(1)]),
        ("/payments", world.payment(), "customer", vec![json!(1), json!([])]),
        ("/payments", world.payment(), "email", vec![json!("a"), json!(""), json!({}), json!("a@b@c")]),
        ("/payments", world.payment(), "metadata", vec![json!("x"), json!([1])]),
        ("/v1/subscriptions", world.sign_up(), "planId", vec![json!(1), Value::Null, json!({})]),
        ("/v1/subscriptions", world.sign_up(), "customerId", vec![json!(1), Value::Null]),
        ("/v1/subscriptions", world.sign_up(), "onLift", vec![json!("now"), json!(true)]),
        (&cancel, json!({}), "atPeriodEnd", vec![json!("true"), json!(0)]),
        (
            "/v1/plans",
            plan.clone(),
            "interval",
            vec![json!("fortnight"), json!("Day"), json!(1), Value::Null],
        ),
        (
            "/v1/plans",
            plan.clone(),
            "intervalCount",
            vec![json!(0), json!(-1), json!(101), json!(1.5), json!("1")],
        ),
        ("/v1/plans", plan.clone(), "trialDays", vec![json!(-1), json!(3_651), json!("7")]),
        ("/v1/plans", plan.clone(), "maxCycles", vec![json!(0), json!(-1), json!(10_001), json!("12")]),
        ("/v1/plans", plan.clone(), "name", vec![json!("x".repeat(201)), json!(1), Value::Null]),
    ] {
        for value in wrong {
            let refused = world.api.post(path, with(&body, field, &value)).await;
            assert_eq!(refused.paths(), [field], "{path} {field} {value}");
        }
    }
    for (field, value) in [
        ("onLift", json!("later")),
        ("onBlacklist", json!("delete")),
        ("onDispute", Value::Null),
        ("onFraudWarning", json!(1)),
        ("allowedOrigins", json!("https://shop.example")),
        ("allowedOrigins", json!(["javascript:alert(1)"])),
        ("allowedOrigins", json!(["https://shop.example/path"])),
        ("allowedOrigins", json!(["*"])),
        ("allowedOrigins", json!(vec!["https://shop.example"; 51])),
    ] {
        let reply = world.api.patch("/v1/settings", json!({ field: value })).await;
        assert_eq!(reply.paths(), [field], "{value}");
    }
    assert_eq!(world.trace().await, before);
}

//! Every call as the OpenAPI document has it, with every text that it takes: a new one is tested as soon as it is
//! documented.
//!
//! Deliberately not here: what a text in a field of a body is ([`crate::texts`]).

use interdict_domain::clock::Clock as _;
use serde_json::{Map, Value, json};

use crate::shop::{Api, Reply, Shop};
use crate::signed::dispute;
use crate::texts::{depth_of, put, resolved, texts, texts_of_value};

/// A call with a JSON body.
pub struct Call {
    pub method: String,
    /// With ids in the place of the names.
    pub path: String,
    /// Good bodies.
    examples: Vec<Value>,
    /// Where a text may stand: dotted, as the details of a refusal name it.
    pub texts: Vec<String>,
}

impl Call {
    /// A good body with a text in the place of one field: the example that comes closest to having the field.
    pub fn with(&self, field: &str, text: &str) -> Vec<u8> {
        let closest = self.examples.iter().rev().max_by_key(|example| depth_of(example, field));
        let mut body = closest.cloned().unwrap_or_else(|| json!({}));
        put(&mut body, field, text);
        body.to_string().into_bytes()
    }

    /// Sends a body; a webhook's with its signature, without which nobody reads it.
    pub async fn send(&self, shop: &Shop, body: Vec<u8>) -> Reply {
        let signed = || shop.stripe(shop.clock.now().seconds(), &body);
        let api = if self.is_webhook() { signed() } else { shop.secret() };
        api.send(&self.method, &self.path, Some(body)).await
    }

    pub fn is_webhook(&self) -> bool {
        self.path.starts_with("/webhooks/")
    }
}

fn document() -> Value {
    serde_json::from_str(&interdict_http::openapi_json()).unwrap()
}

/// All of them, on things that are there.
pub async fn calls(shop: &Shop) -> Vec<Call> {
    let document = document();
    shop.expect_webhooks().await;
    let names = Names::make(&shop.secret()).await;
    let mut calls = Vec::new();
    for (template, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(body) = operation.pointer("/requestBody/content/application~1json") else { continue };
            let mut call = Call {
                method: method.to_uppercase(),
                path: names.put_into(template),
                examples: examples(&document, &body["schema"], &names),
                texts: texts(&document, &body["schema"]),
            };
            if call.is_webhook() {
                // Stripe's own document says what an event is.
                let event = shop.event("evt_1", "charge.dispute.created", &names.dispute());
                call.texts = texts_of_value(&event);
                call.examples = vec![event];
            }
            calls.push(call);
        }
    }
    assert!(calls.len() >= 30, "only {} calls", calls.len());
    calls
}

/// The examples of a body, about things that are there.
fn examples(document: &Value, schema: &Value, names: &Names) -> Vec<Value> {
    let examples = resolved(document, schema)["examples"].as_array().cloned().unwrap_or_default();
    let own = |mut example: Value| {
        let fields = example.as_object_mut().unwrap();
        own_ids(fields, names);
        example
    };
    examples.into_iter().map(own).collect()
}

/// The merchant of the credential, a customer and a plan of its own, a revision that is there.
fn own_ids(fields: &mut Map<String, Value>, names: &Names) {
    for (name, value) in fields {
        match name.as_str() {
            "customer" | "customerId" if value.is_string() => *value = json!(names.customer),
            "planId" => *value = json!(names.plan),
            // The first of them.
            "subscriber_id" | "revision" => *value = json!(1),
            // A key that is none was never Stripe's.
            "secretKey" | "publishableKey" => *value = json!(null),
            _ => {}
        }
    }
}

/// Every list and search: its path, and the name of a parameter that takes a text.
pub async fn queries(shop: &Shop) -> Vec<(String, String)> {
    let document = document();
    let names = Names::make(&shop.secret()).await;
    let mut queries = Vec::new();
    for (template, methods) in document["paths"].as_object().unwrap() {
        for parameter in methods["get"]["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(&document, parameter);
            if parameter["in"] == "query" && parameter["schema"]["type"] == "string" {
                queries.push((names.put_into(template), parameter["name"].as_str().unwrap().to_owned()));
            }
        }
    }
    assert!(queries.len() >= 50, "only {} parameters", queries.len());
    queries
}

/// Something of each kind that a path can name.
struct Names {
    customer: String,
    entry: String,
    plan: String,
    subscription: String,
    payment: String,
    person: String,
    import: String,
    session: String,
}

impl Names {
    async fn make(api: &Api) -> Self {
        let id = |made: Value, name: &str| made[name].as_str().unwrap().to_owned();
        let customer = api.customer(json!({"email": "buyer@example.com"})).await;
        let entry = json!({"list": "block", "kind": "email", "value": "b@example.com"});
        let plan = json!({"name": "Gold", "amount": 500, "interval": "month"});
        let plan = id(api.post("/v1/plans", plan).await.expect(201), "id");
        let sign_up = json!({"customerId": customer, "planId": plan});
        let payment = json!({"amount": 500, "currency": "NGN", "customer": customer, "confirm": false});
        let person = json!({"identifiers": [{"kind": "device", "value": "a person's"}]});
        let settings = json!({"allowedOrigins": ["https://shop.example"]});
        api.patch("/v1/settings", settings).await.expect(200);
        let file = Some(b"email\nc@example.com\n".to_vec());
        let import = api.with("content-type", "text/csv");
        let import = import.send("POST", "/v1/imports?list=block", file).await.expect(202);
        Self {
            import: id(import, "id"),
            person: id(api.post("/v1/persons/block", person).await.expect(201), "id"),
            entry: api.entry(entry).await,
            subscription: id(api.post("/v1/subscriptions", sign_up).await.expect(201), "id"),
            payment: id(api.post("/payments", payment).await.expect(201), "id"),
            session: id(api.post("/v1/checkout/sessions", json!({"amount": 500})).await.expect(201), "token"),
            customer,
            plan,
        }
    }

    fn dispute(&self) -> Value {
        dispute("du_1", &self.payment, "fraudulent", "needs_response")
    }

    fn put_into(&self, template: &str) -> String {
        let id = match template.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default() {
            "customers" => &self.customer,
            "entries" => &self.entry,
            "plans" => &self.plan,
            "subscriptions" => &self.subscription,
            "payments" => &self.payment,
            "persons" => &self.person,
            "imports" => &self.import,
            _ => "",
        };
        let path = template.replace("{id}", id).replace("{token}", &self.session);
        let path = path.replace("{mode}", "test").replace("{merchant}", "1");
        assert!(!path.contains('{') && !path.contains("//"), "{template} names something new: {path}");
        path
    }
}

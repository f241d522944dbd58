//! A Stripe of our own, for what localstripe lacks: it remembers idempotency keys as Stripe does, knows `off_session`
//! and 3DS pages, and has faults on order. The shapes are those of Stripe's documentation, version 2025-12-15.clover.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Something that goes wrong, once, at the next request that changes something.
#[derive(Clone)]
pub enum Fault {
    /// The work is done, and the answer comes much later than anybody waits.
    Late,
    /// The work is not done; this is the answer.
    Instead(u16, Value),
    /// The work is done; this is the answer, and the same for the same key.
    After(u16, Value),
}

#[derive(Default)]
struct State {
    intents: BTreeMap<String, Value>,
    refunds: Vec<Value>,
    kept: BTreeMap<String, (String, u16, Value)>,
    faults: VecDeque<Fault>,
    charges: u32,
    /// Tokens with the customer to whom they belong; without one, they were charged, and cannot be again.
    methods: BTreeMap<String, Option<String>>,
    customers: usize,
    /// The state of an intent once it is confirmed, in place of `succeeded`.
    confirmed: Option<(u16, Value)>,
}

/// Clones are the same server.
#[derive(Clone, Default)]
struct Stripe(Arc<Mutex<State>>);

/// The server and what it holds.
pub struct FakeStripe {
    server: MockServer,
    stripe: Stripe,
}

/// A request as it came.
pub struct Seen {
    pub path: String,
    pub form: BTreeMap<String, String>,
    pub idempotency_key: Option<String>,
    pub version: Option<String>,
    pub authorization: Option<String>,
}

impl FakeStripe {
    pub async fn start() -> Self {
        let (server, stripe) = (MockServer::start().await, Stripe::default());
        Mock::given(any()).respond_with(stripe.clone()).mount(&server).await;
        Self { server, stripe }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    pub fn fails_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.stripe.state().faults.extend(faults);
    }

    /// What a confirmation comes to, with the status of the answer: an intent's fields, or an error's.
    pub fn confirms_as(&self, status: u16, fields: Value) {
        self.stripe.state().confirmed = Some((status, fields));
    }

    /// The customer has done what was asked.
    pub fn sets_intent(&self, id: &str, fields: &Value) {
        merge(self.stripe.state().intents.get_mut(id).unwrap(), fields);
    }

    /// A day has passed.
    pub fn forgets_keys(&self) {
        self.stripe.state().kept.clear();
    }

    /// How often money was taken.
    pub fn charges(&self) -> u32 {
        self.stripe.state().charges
    }

    pub fn refunds(&self) -> usize {
        self.stripe.state().refunds.len()
    }

    pub async fn seen(&self) -> Vec<Seen> {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.method.as_str() == "POST").map(Seen::of).collect()
    }
}

impl Seen {
    fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        Self {
            path: request.url.path().to_owned(),
            form: form_of(request),
            idempotency_key: header("idempotency-key"),
            version: header("stripe-version"),
            authorization: header("authorization"),
        }
    }
}

impl Stripe {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Respond for Stripe {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state();
        let form = form_of(request);
        let path: Vec<_> = request.url.path().trim_matches('/').split('/').collect();
        if request.method.as_str() == "GET" {
            let (status, body) = state.read(&path);
            return ResponseTemplate::new(status).set_body_json(body);
        }
        let fault = state.faults.pop_front();
        if let Some(Fault::Instead(status, body)) = fault {
            return ResponseTemplate::new(status).set_body_json(body);
        }
        let key = request.headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
        let asked = format!("{} {form:?}", request.url.path());
        if let Some((before, status, body)) = key.as_ref().and_then(|key| state.kept.get(key)) {
            let other = error(
                "idempotency_error",
                json!({"message": "Keys for idempotent requests can only be used \
                with the same parameters they were first used with."}),
            );
            let (status, body) = if *before == asked { (*status, body.clone()) } else { (400, other) };
            return ResponseTemplate::new(status)
                .insert_header("idempotent-replayed", "true")
                .set_body_json(body);
        }
        let (mut status, mut body) = state.write(&path, &form);
        let late = matches!(fault, Some(Fault::Late));
        if let Some(Fault::After(instead, shown)) = fault {
            (status, body) = (instead, shown);
        }
        if let Some(key) = key {
            state.kept.insert(key, (asked, status, body.clone()));
        }
        let delay = if late { Duration::from_mins(10) } else { Duration::ZERO };
        ResponseTemplate::new(status).set_body_json(body).set_delay(delay)
    }
}

impl State {
    fn read(&self, path: &[&str]) -> (u16, Value) {
        match path {
            ["v1", "payment_methods", id] => {
                let customer = self.methods.get(*id).cloned().flatten();
                (200, json!({"id": id, "object": "payment_method", "customer": customer}))
            }
            ["v1", "payment_intents", id] => match self.intents.get(*id) {
                Some(intent) => (200, intent.clone()),
                None => (404, error("invalid_request_error", json!({"code": "resource_missing"}))),
            },
            ["v1", "refunds"] => (200, json!({"object": "list", "data": self.refunds, "has_more": false})),
            _ => (404, error("invalid_request_error", json!({"message": "Unrecognized request URL"}))),
        }
    }

    fn write(&mut self, path: &[&str], form: &BTreeMap<String, String>) -> (u16, Value) {
        match path {
            ["v1", "customers"] => {
                self.customers += 1;
                (200, json!({"id": format!("cus_{}", self.customers), "object": "customer"}))
            }
            ["v1", "payment_methods", id, "attach"] => {
                self.methods.insert((*id).to_owned(), Some(form["customer"].clone()));
                (200, json!({"id": id, "object": "payment_method", "customer": form["customer"]}))
            }
            ["v1", "payment_intents"] if self.is_used_up(&form["payment_method"]) => {
                let message = "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
                               attachment, and may not be used again.";
                (400, error("invalid_request_error", json!({ "message": message })))
            }
            ["v1", "payment_intents"] => {
                let id = format!("pi_{}", self.intents.len() + 1);
                let intent = json!({
                    "id": id, "object": "payment_intent", "status": "requires_confirmation", "amount": form["amount"],
                    "last_payment_error": null, "next_action": null, "livemode": false,
                    "payment_method": form["payment_method"], "customer": form.get("customer"),
                });
                self.intents.insert(id, intent.clone());
                (200, intent)
            }
            ["v1", "payment_intents", id, "confirm"] => self.confirm(id),
            ["v1", "payment_intents", id, "cancel"] => {
                let intent = self.intents.get_mut(*id).unwrap();
                if intent["status"] == "succeeded" {
                    return (
                        400,
                        error("invalid_request_error", json!({"code": "payment_intent_unexpected_state"})),
                    );
                }
                merge(intent, &json!({"status": "canceled", "next_action": null}));
                (200, intent.clone())
            }
            ["v1", "refunds"] => {
                let metadata: Map<_, _> = form
                    .iter()
                    .filter_map(|(name, value)| {
                        let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
                        Some((name.to_owned(), json!(value)))
                    })
                    .collect();
                let refund = json!({
                    "id": format!("re_{}", self.refunds.len() + 1), "object": "refund", "status": "succeeded",
                    "amount": form["amount"], "metadata": metadata,
                });
                self.refunds.push(refund.clone());
                (200, refund)
            }
            _ => (404, error("invalid_request_error", json!({"message": "Unrecognized request URL"}))),
        }
    }

    /// `pm_card_…` are Stripe's own for tests: each use makes another one.
    fn is_used_up(&self, method: &str) -> bool {
        !method.starts_with("pm_card_") && self.methods.get(method).is_some_and(Option::is_none)
    }

    fn confirm(&mut self, id: &str) -> (u16, Value) {
        let intent = self.intents.get_mut(id).unwrap();
        if intent["status"] != "requires_confirmation" {
            let message = "You cannot confirm this PaymentIntent because it has already succeeded.";
            let code = "payment_intent_unexpected_state";
            return (400, error("invalid_request_error", json!({"code": code, "message": message})));
        }
        match &self.confirmed {
            Some((402, fields)) => {
                let mut declined = error("card_error", fields.clone());
                merge(
                    intent,
                    &json!({"status": "requires_payment_method", "last_payment_error": declined["error"]}),
                );
                declined["error"]["payment_intent"] = intent.clone();
                (402, declined)
            }
            Some((status, fields)) => {
                merge(intent, fields);
                (*status, intent.clone())
            }
            None => {
                self.charges += 1;
                let text = |name: &str| intent[name].as_str().map(str::to_owned);
                self.methods.insert(text("payment_method").unwrap(), text("customer"));
                merge(intent, &json!({"status": "succeeded"}));
                (200, intent.clone())
            }
        }
    }
}

/// An error as Stripe sends it.
pub fn error(kind: &str, mut fields: Value) -> Value {
    fields["type"] = json!(kind);
    json!({"error": fields})
}

fn merge(object: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        object[name] = value.clone();
    }
}

fn form_of(request: &Request) -> BTreeMap<String, String> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

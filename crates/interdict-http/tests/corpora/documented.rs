//! Every call that takes JSON, as the OpenAPI document has it: a new one is tested as soon as it is documented.

use serde_json::{Map, Value, json};

use crate::shop::{Api, Shop};

/// A call with a JSON body.
pub struct Call {
    pub method: String,
    /// With ids in the place of the names.
    pub path: String,
    /// A good body, but for ids that nobody has.
    pub example: Map<String, Value>,
    /// The names of the fields that take a text.
    pub texts: Vec<String>,
}

impl Call {
    /// The example with a text in the place of one field.
    pub fn with(&self, field: &str, text: &str) -> Vec<u8> {
        let mut body = self.example.clone();
        // The merchant of the credential, and no second request under one name.
        body.extend(body.contains_key("subscriber_id").then(|| ("subscriber_id".to_owned(), json!(1))));
        match field.split_once('.') {
            Some((outer, inner)) => body[outer][inner] = json!(text),
            None => drop(body.insert(field.to_owned(), json!(text))),
        }
        Value::Object(body).to_string().into_bytes()
    }
}

/// All of them, on things that are there.
pub async fn calls(shop: &Shop) -> Vec<Call> {
    let document: Value = serde_json::from_str(&interdict_http::openapi_json()).unwrap();
    let names = Names::make(&shop.secret()).await;
    let mut calls = Vec::new();
    for (template, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(body) = operation.pointer("/requestBody/content/application~1json") else { continue };
            let schema = resolved(&document, &body["schema"]);
            let example = schema["examples"][0].as_object().cloned().unwrap_or_default();
            let texts = texts(schema, &example);
            let (method, path) = (method.to_uppercase(), names.put_into(template));
            calls.push(Call { method, path, example, texts });
        }
    }
    assert!(calls.len() >= 30, "only {} calls", calls.len());
    calls
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let schema = schema["oneOf"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["$ref"].is_string()))
        .unwrap_or(schema);
    match schema["$ref"].as_str() {
        Some(reference) => resolved(document, document.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

/// What the schema says is a text, and what is one in the example: in objects within it, too.
fn texts(schema: &Value, example: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let kind = &property["type"];
        if kind == "string" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("string"))) {
            names.push(name.clone());
        }
    }
    for (name, value) in example {
        match value {
            Value::String(_) if !names.contains(name) => names.push(name.clone()),
            Value::Object(inner) => {
                let inner = inner.iter().filter(|(_, value)| value.is_string());
                names.extend(inner.map(|(inner, _)| format!("{name}.{inner}")));
            }
            _ => {}
        }
    }
    names
}

/// Something of each kind that a path can name.
struct Names {
    customer: String,
    entry: String,
    plan: String,
    subscription: String,
    payment: String,
    person: String,
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
        Self {
            person: id(api.post("/v1/persons/block", person).await.expect(201), "id"),
            entry: api.entry(entry).await,
            subscription: id(api.post("/v1/subscriptions", sign_up).await.expect(201), "id"),
            payment: id(api.post("/payments", payment).await.expect(201), "id"),
            session: id(api.post("/v1/checkout/sessions", json!({"amount": 500})).await.expect(201), "token"),
            customer,
            plan,
        }
    }

    fn put_into(&self, template: &str) -> String {
        let id = match template.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default() {
            "customers" => &self.customer,
            "entries" => &self.entry,
            "plans" => &self.plan,
            "subscriptions" => &self.subscription,
            "payments" => &self.payment,
            "persons" => &self.person,
            _ => "",
        };
        let path = template.replace("{id}", id).replace("{token}", &self.session);
        let path = path.replace("{mode}", "test").replace("{merchant}", "1");
        assert!(!path.contains('{') && !path.contains("//"), "{template} names something new: {path}");
        path
    }
}

//! The document against the router, the source documents, the domain's limits and the checked-in file.

use std::collections::{BTreeMap, BTreeSet};

use interdict_domain::text::{Name, PublicMessage, Reason};
use serde_json::Value;

use super::openapi_json;

fn document() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

/// Every operation: path, method, and what stands there.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let methods = ["get", "post", "put", "patch", "delete"];
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            let operations = item.filter(|(method, _)| methods.contains(&method.as_str()));
            operations.map(move |(method, operation)| (path.clone(), method.clone(), operation.clone()))
        })
        .collect()
}

/// Path and method of each route, as `router.rs` says.
fn routes() -> BTreeSet<(String, String)> {
    let text: String = include_str!("../router.rs").split_whitespace().collect();
    let mut routes = BTreeSet::new();
    for route in text.split(".route(").skip(1) {
        let (path, handlers) = route.strip_prefix('"').unwrap().split_once("\",").unwrap();
        // What follows on the last route of a group.
        let ends = ["//", "}", ".merge(", ".layer(", ".fallback(", ".with_state("];
        let end = ends.iter().filter_map(|end| handlers.find(end)).min().unwrap_or(handlers.len());
        let (handlers, _) = handlers.split_at(end);
        for part in handlers.split(')') {
            let call = part.trim_start_matches(|c: char| !c.is_alphabetic());
            if let Some((method, _)) = call.split_once('(') {
                routes.insert((path.to_owned(), method.to_owned()));
            }
        }
    }
    routes
}

#[test]
fn every_route_is_documented_and_nothing_else_is() {
    let documented: BTreeSet<(String, String)> =
        operations(&document()).into_iter().map(|(path, method, _)| (path, method)).collect();
    let routes: BTreeSet<_> = routes().into_iter().filter(|(path, _)| !path.starts_with("/pay/")).collect();
    assert!(routes.len() > 40, "{routes:?}");
    assert_eq!(documented, routes);
}

#[test]
fn the_source_documents_names_are_there() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let operation = &document["paths"]["/v1/customers/{id}/blacklist"]["post"];
    assert_eq!(operation["operationId"], "blacklistCustomer");
    assert_eq!(operation["tags"][0], "Customers");
    assert_eq!(operation["summary"], "Blacklist a customer");
    let answer = &operation["responses"]["200"];
    assert_eq!(answer["description"], "OK");
    assert_eq!(answer["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Customer");
    let parameter = &operation["parameters"][0];
    assert_eq!(
        (&parameter["name"], &parameter["in"], &parameter["required"], &parameter["schema"]["type"]),
        (&Value::from("id"), &Value::from("path"), &Value::from(true), &Value::from("string"))
    );
    let customer = &document["components"]["schemas"]["Customer"]["properties"];
    for name in ["id", "email", "phone", "name", "merchantRef", "blacklisted", "blacklistReason", "createdAt"]
    {
        assert!(customer.get(name).is_some(), "{name}");
    }
    let bearer = &document["components"]["securitySchemes"]["bearerAuth"];
    assert_eq!((&bearer["type"], &bearer["scheme"]), (&Value::from("http"), &Value::from("bearer")));
    assert_eq!(
        bearer["description"],
        "A secret key (sk_test_… / sk_live_…), OAuth token, or identity token."
    );
    assert_eq!(document["components"]["securitySchemes"]["apiKey"]["name"], "X-API-Key");
    for (path, id, tag) in [
        ("/customers/{id}/restrictions", "restrictCustomer", "Restrictions"),
        ("/blacklist", "addToBlacklist", "Blacklist"),
        ("/customer/add", "addCustomerStatus", "Customer Management"),
        ("/risk/bin/score", "scoreTransaction", "Transaction Scoring"),
    ] {
        let operation = &document["paths"][path]["post"];
        assert_eq!((operation["operationId"].as_str(), operation["tags"][0].as_str()), (Some(id), Some(tag)));
    }
}

#[test]
fn every_operation_is_named_once_and_says_what_it_refuses() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(operation["security"].is_array(), "{id} says what it needs");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
        let responses = operation["responses"].as_object().unwrap();
        if operation["tags"][0] == "Operations" {
            continue;
        }
        let is_idenza = path.starts_with("/customer/") || path.starts_with("/risk/");
        let mut wanted = vec!["400", "429", "500", "503"];
        if operation["security"] != serde_json::json!([{}]) {
            wanted.push("401");
            wanted.extend((id != "createAccessToken").then_some("403"));
        }
        if method != "get" {
            wanted.extend(["408", "413", "415"]);
            wanted.extend((!is_idenza).then_some("422"));
        }
        wanted.extend(path.contains('{').then_some("404"));
        for status in wanted {
            let prefix = if is_idenza { "#/components/responses/Idenza" } else { "#/components/responses/" };
            let reference = responses.get(status).and_then(|response| response["$ref"].as_str());
            assert!(reference.is_some_and(|reference| reference.starts_with(prefix)), "{id} {status}");
        }
    }
}

/// Every reference leads somewhere, and each response has a description.
#[test]
fn the_document_is_whole() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let has = response.get("$ref").is_some()
                || response["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(has, "{method} {path} {status}");
        }
    }
}

/// The schemas of request bodies by name.
fn request_schemas(document: &Value) -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    for (_, _, operation) in operations(document) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let alternatives = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for reference in alternatives.iter().filter_map(|one| one["$ref"].as_str()) {
            let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            schemas.insert(reference.rsplit('/').next().unwrap().to_owned(), schema.clone());
        }
    }
    schemas
}

#[test]
fn request_bodies_are_closed_and_their_examples_show_every_property() {
    let document = document();
    let schemas = request_schemas(&document);
    assert!(schemas.len() >= 13, "{:?}", schemas.keys());
    for (name, schema) in &schemas {
        assert_eq!(schema["additionalProperties"], false, "{name}");
        let examples = schema["examples"].as_array().unwrap();
        let shown: BTreeSet<&String> =
            examples.iter().flat_map(|example| example.as_object().unwrap().keys()).collect();
        let properties: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(shown, properties, "{name}");
    }
}

#[test]
fn the_limits_are_the_domains() {
    let document = document();
    let length = |schema: &str, property: &str| {
        document["components"]["schemas"][schema]["properties"][property]["maxLength"].as_u64()
    };
    let (name, reason, message) = (Name::MAX_CHARS, Reason::MAX_CHARS, PublicMessage::MAX_CHARS);
    for (schema, property, max) in [
        ("CustomerCreate", "name", name),
        ("CustomerUpdate", "lastName", name),
        ("OdusCustomerCreate", "name", name),
        ("CustomerAdd", "first_name", name),
        ("ListStatusSet", "reason", reason),
        ("RestrictionSet", "restrictReason", reason),
        ("BlacklistAdd", "reason", reason),
        ("EntryCreate", "reason", reason),
        ("EntryUpdate", "publicMessage", message),
    ] {
        assert_eq!(length(schema, property), Some(max as u64), "{schema}.{property}");
    }
    let limit = &document["paths"]["/v1/customers"]["get"]["parameters"][0];
    assert_eq!(limit["name"], "limit");
    assert_eq!(limit["schema"]["maximum"], crate::page::LIMIT_MAX);
    assert_eq!(limit["schema"]["default"], crate::page::LIMIT_DEFAULT);
}

#[test]
fn the_checked_in_document_is_the_generated_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let generated = openapi_json();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(file).unwrap_or_default();
    assert!(checked_in == generated, "docs/openapi.json is out of date; run: cargo xtask codegen");
}

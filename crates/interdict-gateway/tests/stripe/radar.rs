//! Stripe's value lists, as its documentation describes them, with faults on order: a list holds a value once, items come
//! newest first and a hundred at most, and what is not there any more is missing.

#![allow(dead_code, reason = "each test binary that has it uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Something that goes wrong, once, at the next request that changes an item.
#[derive(Clone, Copy)]
pub enum ListFault {
    /// The work is not done; this is the status.
    Instead(u16),
    /// The work is done, and the answer to it is this status.
    After(u16),
}

#[derive(Clone)]
struct Item {
    id: String,
    list: String,
    value: String,
    created: i64,
}

#[derive(Default)]
struct State {
    lists: BTreeMap<String, (String, String)>,
    items: Vec<Item>,
    faults: VecDeque<ListFault>,
    made: i64,
    /// Values that are refused.
    refused: Vec<String>,
    /// Between what is done and the answer to it.
    pause: Duration,
}

#[derive(Clone, Default)]
struct Radar(Arc<Mutex<State>>);

/// The server and what it holds.
pub struct FakeRadar {
    server: MockServer,
    radar: Radar,
}

impl FakeRadar {
    pub async fn start() -> Self {
        let (server, radar) = (MockServer::start().await, Radar::default());
        Mock::given(any()).respond_with(radar.clone()).mount(&server).await;
        Self { server, radar }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    pub fn fails_with(&self, faults: impl IntoIterator<Item = ListFault>) {
        self.radar.state().faults.extend(faults);
    }

    /// Takes a value no more.
    pub fn refuses(&self, value: &str) {
        self.radar.state().refused.push(value.to_owned());
    }

    /// Answers so much later than it does what it is asked.
    pub fn pauses(&self, pause: Duration) {
        self.radar.state().pause = pause;
    }

    /// The values on a list, in order.
    pub fn values(&self, alias: &str) -> Vec<String> {
        let state = self.radar.state();
        let Some((id, _)) = state.lists.get(alias) else { return Vec::new() };
        let mut values: Vec<_> =
            state.items.iter().filter(|item| item.list == *id).map(|item| item.value.clone()).collect();
        values.sort();
        values
    }

    /// The lists by name, with their types.
    pub fn lists(&self) -> Vec<(String, String)> {
        self.radar.state().lists.iter().map(|(alias, (_, kind))| (alias.clone(), kind.clone())).collect()
    }

    /// What a person does in Stripe's dashboard.
    pub fn puts_by_hand(&self, alias: &str, kind: &str, value: &str) {
        let mut state = self.radar.state();
        let list = state.list(alias, kind);
        state.put(list, value);
    }

    /// The same: takes a value away.
    pub fn takes_by_hand(&self, value: &str) {
        self.radar.state().items.retain(|item| item.value != value);
    }

    /// The same: deletes a list with all that is on it.
    pub fn deletes_list(&self, alias: &str) {
        let mut state = self.radar.state();
        let (id, _) = state.lists.remove(alias).unwrap();
        state.items.retain(|item| item.list != id);
    }

    /// How often it was asked.
    pub async fn asked(&self, method: &str) -> usize {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.method.as_str() == method).count()
    }
}

impl Radar {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

fn error(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"type": "invalid_request_error", "code": code, "message": message}}))
}

fn list_json(id: &str, alias: &str, kind: &str) -> Value {
    json!({"id": id, "object": "radar.value_list", "alias": alias, "item_type": kind, "name": alias,
           "created": 1, "created_by": "API", "livemode": true, "metadata": {}})
}

fn item_json(item: &Item) -> Value {
    json!({"id": item.id, "object": "radar.value_list_item", "created": item.created, "created_by": "API",
           "livemode": true, "value": item.value, "value_list": item.list})
}

impl State {
    fn list(&mut self, alias: &str, kind: &str) -> String {
        self.made += 1;
        let id = format!("rsl_{}", self.made);
        self.lists.entry(alias.to_owned()).or_insert_with(|| (id, kind.to_owned())).0.clone()
    }

    fn put(&mut self, list: String, value: &str) -> Item {
        self.made += 1;
        // Several in a second.
        let created = 1_795_000_000 + self.made / 3;
        let item = Item { id: format!("rsli_{}", self.made), list, value: value.to_owned(), created };
        self.items.push(item.clone());
        item
    }

    fn read(&self, path: &[&str], query: &BTreeMap<String, String>) -> (u16, Value) {
        match path {
            ["v1", "radar", "value_lists"] => {
                let found = self.lists.get_key_value(&query["alias"]);
                let data: Vec<_> =
                    found.iter().map(|(alias, (id, kind))| list_json(id, alias, kind)).collect();
                (200, json!({"object": "list", "data": data, "has_more": false}))
            }
            ["v1", "radar", "value_list_items"] => {
                let list = &query["value_list"];
                if !self.lists.values().any(|(id, _)| id == list) {
                    return error(404, "resource_missing", "No such value list");
                }
                let like = query.get("value");
                let mut items: Vec<_> = self
                    .items
                    .iter()
                    .rev()
                    .filter(|item| {
                        item.list == *list && like.is_none_or(|like| item.value.contains(like.as_str()))
                    })
                    .collect();
                if let Some(after) = query.get("starting_after") {
                    let Some(position) = items.iter().position(|item| item.id == *after) else {
                        return error(400, "resource_missing", "No such value list item");
                    };
                    items.drain(..=position);
                }
                let limit: usize = query["limit"].parse().unwrap();
                assert!(limit <= 100, "Stripe gives a hundred at most");
                let has_more = items.len() > limit;
                let data: Vec<_> = items.into_iter().take(limit).map(item_json).collect();
                (200, json!({"object": "list", "data": data, "has_more": has_more}))
            }
            _ => error(404, "resource_missing", "Unrecognized request URL"),
        }
    }

    fn write(&mut self, method: &str, path: &[&str], form: &BTreeMap<String, String>) -> (u16, Value) {
        match (method, path) {
            ("POST", ["v1", "radar", "value_lists"]) => {
                if self.lists.contains_key(&form["alias"]) {
                    return error(400, "parameter_invalid", "A value list with this alias already exists");
                }
                let id = self.list(&form["alias"], &form["item_type"]);
                (200, list_json(&id, &form["alias"], &form["item_type"]))
            }
            ("POST", ["v1", "radar", "value_list_items"]) => {
                let (list, value) = (&form["value_list"], &form["value"]);
                if !self.lists.values().any(|(id, _)| id == list) {
                    return error(404, "resource_missing", "No such value list");
                }
                if self.refused.contains(value) {
                    return error(400, "parameter_invalid", &format!("{value} is not what is wanted"));
                }
                if self.items.iter().any(|item| item.list == *list && item.value == *value) {
                    return error(400, "parameter_invalid", &format!("{value} is on the list already"));
                }
                (200, item_json(&self.put(list.clone(), value)))
            }
            ("DELETE", ["v1", "radar", "value_list_items", id]) => {
                let before = self.items.len();
                self.items.retain(|item| item.id != *id);
                if self.items.len() == before {
                    return error(404, "resource_missing", "No such value list item");
                }
                (200, json!({"id": id, "object": "radar.value_list_item", "deleted": true}))
            }
            _ => error(404, "resource_missing", "Unrecognized request URL"),
        }
    }
}

impl Respond for Radar {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state();
        let path: Vec<_> = request.url.path().trim_matches('/').split('/').collect();
        let (method, pairs) = (request.method.as_str(), request.url.query_pairs().into_owned());
        let pause = state.pause;
        let answer =
            |(status, body): (u16, Value)| ResponseTemplate::new(status).set_body_json(body).set_delay(pause);
        if method == "GET" {
            return answer(state.read(&path, &pairs.collect()));
        }
        let form = form_urlencoded::parse(&request.body).into_owned().collect();
        let fault = if path.contains(&"value_list_items") { state.faults.pop_front() } else { None };
        let failed = |status| answer(error(status, "api_error", "Something went wrong."));
        match fault {
            Some(ListFault::Instead(status)) => failed(status),
            Some(ListFault::After(status)) => {
                state.write(method, &path, &form);
                failed(status)
            }
            None => answer(state.write(method, &path, &form)),
        }
    }
}

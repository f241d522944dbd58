//! The dashboard's lists, forms, histories and files, as a browser without scripts sends and sees them.
//!
//! Deliberately not here: people and keys (`pages_people`, `pages_keys`), money (`pages_money`), and what takes a real
//! browser (`dashboard`).

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod audit;
#[path = "../support/browser.rs"]
mod browser;
mod customers;
mod histories;
mod imports;
mod lists;
mod payments;
mod problems;
mod reports;
#[path = "../support/mod.rs"]
mod support;

use browser::{Browser, GOOD, Page, make_user};
use serde_json::{Value, json};
use support::{Place, Server};

/// A fresh installation that listens, with the key of its first start.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) server: Server,
    pub(crate) key: String,
}

impl House {
    pub(crate) fn open() -> Self {
        let place = Place::new();
        let server = place.serve("serve --workers 1");
        server.wait_until_ready();
        let key = place.first_key();
        Self { place, server, key }
    }

    pub(crate) fn owner(&self) -> Browser {
        Browser::of_owner(&self.place, &self.server)
    }

    pub(crate) fn somebody(&self, role: &str) -> Browser {
        let email = format!("{role}@example.com");
        make_user(&self.place, &email, role);
        Browser::of(&self.server, &email, GOOD)
    }

    /// A call that works.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.server.call(method, path, &self.key, body);
        assert!((200..300).contains(&status), "{path} {status} {answer}");
        answer
    }

    /// What is read by a path.
    pub(crate) fn read(&self, path: &str) -> Value {
        self.call("GET", path, &json!(null))
    }

    /// A customer with an email, by the id.
    pub(crate) fn customer(&self, name: &str, email: &str) -> String {
        let made = self.call("POST", "/v1/customers", &json!({"name": name, "email": email}));
        made["id"].as_str().unwrap().to_owned()
    }

    /// An entry on a list, by the id.
    pub(crate) fn entry(&self, list: &str, kind: &str, value: &str) -> String {
        let made = self.call("POST", "/v1/entries", &json!({"list": list, "kind": kind, "value": value}));
        made["id"].as_str().unwrap().to_owned()
    }
}

/// The hidden fields of a page's form, as a browser would send them.
pub(crate) fn hidden_fields(page: &Page, action: &str) -> Vec<(String, String)> {
    let form = page.between(&format!("action=\"{action}\""), "</form>");
    form.split("type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            (name.to_owned(), rest.split('"').next().unwrap().to_owned())
        })
        .collect()
}

/// Fields as a form takes them.
pub(crate) fn as_fields(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

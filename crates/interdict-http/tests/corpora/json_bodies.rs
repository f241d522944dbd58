//! JSONTestSuite (Nicolas Seriot): every `n_` text is malformed, no `y_` text is, and nothing crashes.

use std::path::Path;

use interdict_http::json::{JsonError, parse};

use crate::corpus;
use crate::documented::calls;
use crate::shop::Shop;

/// The texts by name, in a fixed order.
pub fn texts(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut texts: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    texts.sort();
    assert!(texts.len() > 300, "only {} files", texts.len());
    texts
}

#[test]
fn the_parser_agrees() {
    let Some(folder) = corpus("json") else { return };
    let mut wrong = Vec::new();
    for (name, bytes) in texts(&folder) {
        let parsed = parse(&bytes);
        let is_malformed = matches!(parsed, Err(JsonError::Malformed));
        let is_right = match name.get(..2) {
            Some("n_") => is_malformed,
            // Duplicate keys are the grammatical texts that we refuse all the same.
            Some("y_") => parsed.is_ok() || (name.contains("duplicated_key") && !is_malformed),
            _ => true,
        };
        if !is_right {
            wrong.push(format!("{name}: {parsed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each documented call: there is no list here that a new one could be missing from. A webhook is signed, as nobody reads
/// it otherwise.
#[tokio::test]
async fn every_call_refuses_what_is_malformed_and_fails_at_nothing() {
    let Some(folder) = corpus("json") else { return };
    let shop = Shop::open().await;
    let calls = calls(&shop).await;
    let mut wrong = Vec::new();
    for (name, bytes) in texts(&folder) {
        for call in &calls {
            let reply = call.send(&shop, bytes.clone()).await;
            // No bytes are no body, and a body may be left out.
            let is_malformed = name.starts_with("n_") && !bytes.is_empty();
            if reply.status >= 500 || (is_malformed && reply.status != 400) {
                wrong.push(format!(
                    "{name}: {} {}: {} {}",
                    call.method,
                    call.path,
                    reply.status,
                    reply.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Within an event that is good otherwise: what is refused is refused for the text, and what is heard was read.
#[tokio::test]
async fn a_signed_event_is_heard_unless_it_holds_what_is_malformed() {
    let Some(folder) = corpus("json") else { return };
    let shop = Shop::open().await;
    let calls = calls(&shop).await;
    let webhook = calls.iter().find(|call| call.is_webhook()).unwrap();
    let event = webhook.with("id", "evt_2");
    let mut wrong = Vec::new();
    for (name, bytes) in texts(&folder) {
        // A member that we do not know, as Stripe adds them.
        let body = [br#"{"new":"#, bytes.as_slice(), b",", &event[1..]].concat();
        let reply = webhook.send(&shop, body).await;
        let is_right = match name.get(..2) {
            Some("n_") => reply.status == 400,
            Some("y_") => reply.status == 200,
            _ => reply.status < 500,
        };
        if !is_right {
            wrong.push(format!("{name}: {} {}", reply.status, reply.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

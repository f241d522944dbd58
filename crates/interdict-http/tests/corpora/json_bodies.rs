//! JSONTestSuite (Nicolas Seriot): every `n_` text is malformed, no `y_` text is, and nothing crashes.

use std::path::Path;

use interdict_http::json::{JsonError, parse};

use crate::corpus;
use crate::documented::{Call, calls};
use crate::shop::Shop;

/// The texts by name, in a fixed order.
fn texts(folder: &Path) -> Vec<(String, Vec<u8>)> {
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

/// Each documented call: there is no list here that a new one could be missing from.
#[tokio::test]
async fn every_call_refuses_what_is_malformed_and_fails_at_nothing() {
    let Some(folder) = corpus("json") else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    let calls = calls(&shop).await;
    let mut wrong = Vec::new();
    for (name, bytes) in texts(&folder) {
        for Call { method, path, .. } in &calls {
            let reply = api.send(method, path, Some(bytes.clone())).await;
            // No bytes are no body, and a body may be left out. A webhook's signature is looked at first.
            let is_malformed = name.starts_with("n_") && !bytes.is_empty() && !path.starts_with("/webhooks/");
            if reply.status >= 500 || (is_malformed && reply.status != 400) {
                wrong.push(format!("{name}: {method} {path}: {} {}", reply.status, reply.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! The Big List of Naughty Strings in files of entries: what goes in comes out, and goes in again unchanged.

use std::sync::Arc;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::naughty_strings::strings;
use crate::shop::Shop;

pub async fn import(shop: &Shop, content_type: &str, file: Vec<u8>) -> Value {
    let api = shop.secret().with("content-type", content_type);
    let sent = api.send("POST", "/v1/imports?list=block&kind=device", Some(file)).await.expect(202);
    let service = Arc::clone(shop.app.service(Mode::Test));
    tokio::task::spawn_blocking(move || service.work_on_imports()).await.unwrap().unwrap();
    let done = shop.secret().get(&format!("/v1/imports/{}", sent["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(done["state"], "done", "{done}");
    done
}

#[tokio::test]
async fn what_is_imported_is_exported_and_imports_again_unchanged() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let row = |(number, text): (usize, &String)| {
        json!({"value": format!("d-{number}"), "reason": text, "publicMessage": text}).to_string()
    };
    let rows: Vec<String> = strings.iter().enumerate().map(row).collect();
    let taken = import(&shop, "application/x-ndjson", rows.join("\n").into_bytes()).await;
    let created = taken["created"].as_u64().unwrap();
    assert!(created > 400 && created + taken["bad"].as_u64().unwrap() == strings.len() as u64, "{taken}");

    let ndjson = shop.secret().get("/v1/entries/export?list=block&format=ndjson").await;
    assert_eq!(ndjson.status, 200);
    let text = ndjson.text();
    let mut seen = 0;
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let number: usize = entry["value"].as_str().unwrap().trim_start_matches("d-").parse().unwrap();
        // An empty reason is the same as none.
        let is_same =
            |field: &str| entry[field] == json!(strings[number]) || strings[number].trim().is_empty();
        assert!(is_same("reason") && is_same("publicMessage"), "{:?}: {line}", strings[number]);
        seen += 1;
    }
    assert_eq!(seen, created);
    let csv = shop.secret().get("/v1/entries/export?list=block&format=csv").await;
    assert_eq!(csv.status, 200);
    for (content_type, file) in [("application/x-ndjson", ndjson.body), ("text/csv", csv.body)] {
        let again = import(&shop, content_type, file).await;
        let counts =
            ["rows", "created", "updated", "unchanged", "bad"].map(|name| again[name].as_u64().unwrap());
        assert_eq!(counts, [created, 0, 0, created, 0], "{content_type}");
    }
}

/// Each of them as a whole file, and as a row of one.
#[tokio::test]
async fn any_bytes_are_a_file_or_are_refused() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    for content_type in ["application/x-ndjson", "text/csv"] {
        let head = if content_type == "text/csv" { "device\n" } else { "" };
        let file = head.to_owned() + &strings.join("\n");
        let done = import(&shop, content_type, file.into_bytes()).await;
        assert!(done["rows"].as_u64() > Some(400), "{done}");
        let errors = shop.secret().get(&format!("/v1/imports/{}/errors", done["id"].as_str().unwrap())).await;
        assert!(errors.status == 200 && errors.text().starts_with("line,column,reason,row\n"));
    }
}

//! The note log of an entry: written and read, outliving the entry, and gone with the person.

use serde_json::{Value, json};

use crate::shop::Shop;

const ADA: &str = "ada@example.com";

fn texts(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn notes_are_read_newest_first_and_outlive_the_entry() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let block = || json!({"list": "block", "kind": "email", "value": ADA});
    let id = api.entry(block()).await;
    let path = format!("/v1/entries/{id}/notes");
    for text in ["called back", "= not her card"] {
        let note = api.post(&path, json!({"text": text})).await.expect(201);
        assert_eq!((&note["text"], &note["actor"]["type"]), (&json!(text), &json!("api_key")));
        assert!(note["id"].as_str().unwrap().starts_with("note_"));
        shop.clock.advance(1);
    }
    let page = api.get(&path).await.expect(200);
    assert_eq!(texts(&page), ["= not her card", "called back"]);
    let first = api.get(&format!("{path}?limit=1")).await.expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = api.get(&format!("{path}?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!(texts(&second), ["called back"]);
    let changes = api.get("/v1/changes").await.expect(200);
    assert!(!changes.to_string().contains("her card"), "a change says that, not what");
    assert_eq!(changes["items"].as_array().unwrap().last().unwrap()["action"], "entry.noted");
    api.delete(&format!("/v1/entries/{id}")).await.expect(204);
    api.get(&path).await.expect(404);
    let again = api.entry(block()).await;
    assert_eq!(texts(&api.get(&format!("/v1/entries/{again}/notes")).await.expect(200)).len(), 2);
}

#[tokio::test]
async fn notes_go_with_the_person_and_nothing_new_is_written() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let id = api.entry(json!({"list": "block", "kind": "email", "value": ADA})).await;
    let path = format!("/v1/entries/{id}/notes");
    api.post(&path, json!({"text": "her brother's card"})).await.expect(201);
    api.delete(&format!("/v1/customers/{ada}")).await.expect(200);
    assert!(texts(&api.get(&path).await.expect(200)).is_empty());
    let refused = api.post(&path, json!({"text": "it was Ada"})).await.expect(422);
    assert_eq!(refused["error"]["details"][0]["path"], "text");
}

#[tokio::test]
async fn a_note_says_something_and_no_card_number() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.entry(json!({"list": "block", "kind": "email", "value": ADA})).await;
    let path = format!("/v1/entries/{id}/notes");
    for body in [
        json!({}),
        json!({"text": null}),
        json!({"text": "4242 4242 4242 4242"}),
        json!({"text": "x".repeat(1_001)}),
    ] {
        let refused = api.post(&path, body).await.expect(422);
        assert_eq!(refused["error"]["details"][0]["path"], "text");
        assert!(!refused.to_string().contains("4242"));
    }
    let unknown = "/v1/entries/bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV/notes";
    api.post(unknown, json!({"text": "nobody"})).await.expect(404);
    api.get(unknown).await.expect(404);
}

//! `/v1/entries`: the block and the allow list, with terms.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

fn block(email: &str) -> Value {
    json!({"list": "block", "kind": "email", "value": email})
}

async fn code(api: &Api, initiator: &str, email: &str) -> Value {
    api.decide(json!({"initiator": initiator, "email": email})).await["code"].clone()
}

#[tokio::test]
async fn an_entry_has_every_field_and_is_updated_in_place() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let until = shop.clock.in_seconds(3_600);
    let body = json!({"list": "block", "kind": "email", "value": "  A@Example.com", "reason": "cb",
        "reasonCode": "chargeback", "publicMessage": "Please call us.", "scopes": ["cit"],
        "strength": "soft", "startsAt": shop.clock.in_seconds(0), "expiresAt": until});
    let entry = api.post("/v1/entries", body).await.expect(201);
    let id = entry["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("bl_") && id.len() == 30, "{id}");
    let now = shop.clock.in_seconds(0);
    let key = shop.merchant.test.secret.credential.id.to_string();
    let by = entry["createdBy"].clone();
    assert_eq!(by, json!({"type": "api_key", "id": key, "label": "first secret key"}), "as in a history");
    assert_eq!(
        entry,
        json!({"id": id, "list": "block", "kind": "email", "value": "a@example.com", "reason": "cb",
            "reasonCode": "chargeback", "publicMessage": "Please call us.", "scopes": ["cit"],
            "strength": "soft", "startsAt": now, "expiresAt": until, "source": "api", "createdBy": by,
            "createdAt": now, "updatedAt": now, "hitCount": 0, "lastHitAt": null})
    );
    assert_eq!(api.get(&format!("/v1/entries/{id}")).await.expect(200), entry);
    // The same identifier again: the same entry, all terms new.
    let again = api.post("/v1/entries", block("a@example.com")).await.expect(200);
    assert_eq!(
        (&again["id"], &again["reason"], &again["expiresAt"]),
        (&json!(id), &Value::Null, &Value::Null)
    );
    assert_eq!((&again["scopes"], &again["strength"]), (&json!(["cit", "mit"]), &json!("hard")));
    // On the allow list the same identifier is another entry.
    let allow =
        api.post("/v1/entries", json!({"list": "allow", "kind": "email", "value": "a@example.com"})).await;
    assert!(allow.expect(201)["id"].as_str().unwrap().starts_with("al_"));
}

#[tokio::test]
async fn block_obey_lift_allow() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.entry(block("a@example.com")).await;
    let decision = api.decide(json!({"initiator": "merchant", "email": "A@EXAMPLE.com"})).await;
    assert_eq!(
        (&decision["outcome"], &decision["code"]),
        (&json!("block"), &json!("identifier_blacklisted"))
    );
    assert_eq!((&decision["reasons"][0]["entry"], &decision["reasons"][0]["tier"]), (&json!(id), &json!(3)));
    assert_eq!(api.delete(&format!("/v1/entries/{id}")).await.status, 204);
    assert_eq!(code(&api, "merchant", "a@example.com").await, "default");
    assert_eq!(api.delete(&format!("/v1/entries/{id}")).await.refused(404), "not_found");
    assert_eq!(api.patch(&format!("/v1/entries/{id}"), json!({})).await.refused(404), "not_found");
}

#[tokio::test]
async fn scopes_strengths_and_windows_are_obeyed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut body = block("a@example.com");
    body["scopes"] = json!(["mit"]);
    body["startsAt"] = json!(shop.clock.in_seconds(10));
    body["expiresAt"] = json!(shop.clock.in_seconds(20));
    let id = api.entry(body).await;
    let path = format!("/v1/entries/{id}");
    assert_eq!(code(&api, "merchant", "a@example.com").await, "default", "not begun");
    shop.clock.advance(10);
    assert_eq!(code(&api, "merchant", "a@example.com").await, "identifier_blacklisted");
    assert_eq!(code(&api, "customer", "a@example.com").await, "default", "another scope");
    shop.clock.advance(10);
    assert_eq!(code(&api, "merchant", "a@example.com").await, "default", "over");
    let patched =
        api.patch(&path, json!({"expiresAt": null, "startsAt": null, "scopes": null})).await.expect(200);
    assert_eq!((&patched["scopes"], &patched["expiresAt"]), (&json!(["cit", "mit"]), &Value::Null));
    assert_eq!(code(&api, "customer", "a@example.com").await, "identifier_blacklisted");
    // A soft block yields to an allow entry, a hard one does not.
    api.entry(json!({"list": "allow", "kind": "email", "value": "a@example.com"})).await;
    assert_eq!(code(&api, "customer", "a@example.com").await, "identifier_blacklisted");
    assert_eq!(api.patch(&path, json!({"strength": "soft"})).await.expect(200)["strength"], "soft");
    assert_eq!(code(&api, "customer", "a@example.com").await, "identifier_whitelisted");
    assert_eq!(api.patch(&path, json!({"strength": null})).await.expect(200)["strength"], "hard");
    assert_eq!(code(&api, "customer", "a@example.com").await, "identifier_blacklisted");
}

#[tokio::test]
async fn what_is_wrong_with_an_entry_is_named() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.entry(block("a@example.com")).await;
    let revision = shop.revision().await;
    let now = shop.clock.in_seconds(0);
    for (field, value) in [
        ("list", json!("grey")),
        ("kind", json!("mail")),
        ("value", json!("nobody")),
        ("value", json!(null)),
        ("reason", json!(7)),
        ("reasonCode", json!("because")),
        ("publicMessage", json!("x".repeat(301))),
        ("scopes", json!([])),
        ("strength", json!("medium")),
        ("startsAt", json!("now")),
        ("expiresAt", json!(now)),
        ("note", json!("x")),
    ] {
        let mut body = block("b@example.com");
        body[field] = value;
        let paths = api.post("/v1/entries", body).await.paths();
        assert_eq!(paths, [field]);
    }
    let upside_down = json!({"startsAt": shop.clock.in_seconds(9), "expiresAt": shop.clock.in_seconds(8)});
    assert_eq!(api.patch(&format!("/v1/entries/{id}"), upside_down).await.paths(), ["expiresAt"]);
    for (field, value) in [("list", "allow"), ("kind", "email"), ("value", "c@example.com")] {
        let paths = api.patch(&format!("/v1/entries/{id}"), json!({field: value})).await.paths();
        assert_eq!(paths, [field], "what an entry is about never changes");
    }
    assert_eq!(api.post_empty("/v1/entries").await.paths(), ["list", "kind", "value"]);
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn entries_are_found_by_list_kind_part_and_activity() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut made = Vec::new();
    for (list, value, reason, begins) in [
        ("block", "a@example.com", "fraud ring", 0),
        ("block", "b@example.net", "spam, ÄRGER", 100),
        ("allow", "c@example.com", "vip", 0),
    ] {
        let starts_at = shop.clock.in_seconds(begins);
        let body =
            json!({"list": list, "kind": "email", "value": value, "reason": reason, "startsAt": starts_at});
        made.push(api.entry(body).await);
        shop.clock.advance(1);
    }
    for (query, expected) in [
        ("", vec![2, 1, 0]),
        ("list=block", vec![1, 0]),
        ("list=allow&kind=email", vec![2]),
        ("kind=phone", vec![]),
        ("query=EXAMPLE.com", vec![2, 0]),
        ("query=ring", vec![0]),
        ("query=%C3%84rger", vec![1]),
        ("query=%C3%A4rger", vec![1]),
        ("active=true", vec![2, 0]),
        ("active=false", vec![1]),
        ("limit=1", vec![2]),
    ] {
        let page = api.get(&format!("/v1/entries?{query}")).await.expect(200);
        let ids: Vec<Value> =
            page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        let expected: Vec<Value> = expected.into_iter().map(|number| json!(made[number])).collect();
        assert_eq!(ids, expected, "{query}");
        assert_eq!(page["hasMore"], query == "limit=1");
    }
    for bad in ["list=grey", "kind=mail", "active=maybe", "sort=id"] {
        let paths = api.get(&format!("/v1/entries?{bad}")).await.paths();
        assert_eq!(paths, [bad.split_once('=').unwrap().0], "{bad}");
    }
}

#[tokio::test]
async fn hits_are_counted_but_not_by_dry_runs() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.entry(block("a@example.com")).await;
    let hits = async || {
        let entry = api.get(&format!("/v1/entries/{id}")).await.expect(200);
        (entry["hitCount"].as_i64().unwrap(), entry["lastHitAt"].clone())
    };
    let attempt = json!({"initiator": "customer", "email": "a@example.com"});
    let mut dry = attempt.clone();
    dry["dryRun"] = json!(true);
    assert_eq!(api.decide(dry).await["code"], "identifier_blacklisted");
    assert_eq!(hits().await, (0, Value::Null));
    api.decide(attempt.clone()).await;
    shop.clock.advance(7);
    let batch = json!({"decisions": [attempt, attempt]});
    api.post("/v1/decisions/batch", batch).await.expect(200);
    let last = json!(shop.clock.in_seconds(0));
    assert_eq!(hits().await, (3, last.clone()));
    // Written or pending, a hit is counted once.
    shop.app.do_chores(true).await;
    assert_eq!(hits().await, (3, last));
}

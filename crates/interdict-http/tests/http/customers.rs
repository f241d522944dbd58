//! `/v1/customers`: making, reading, changing, finding, erasing; what a browser sees.

use serde_json::{Value, json};

use crate::shop::Shop;

fn full() -> Value {
    json!({"email": " Ada@Example.com ", "phone": "+234 801 234 5678", "name": "Ada Obi", "firstName": "Ada",
        "lastName": "Obi", "merchantRef": "user-1", "role": "PAYEE", "metadata": {"tier": "gold", "n": 1}})
}

#[tokio::test]
async fn a_customer_is_made_and_read_in_every_way() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let created = api.post("/v1/customers", full()).await;
    let customer = created.expect(201);
    let id = customer["id"].as_str().unwrap();
    assert!(id.starts_with("cus_") && id.len() == 31, "{id}");
    let now = shop.clock.in_seconds(0);
    assert_eq!(
        customer,
        json!({"id": id, "email": "ada@example.com", "phone": "+2348012345678", "name": "Ada Obi",
            "firstName": "Ada", "lastName": "Obi", "merchantRef": "user-1", "role": "PAYEE",
            "metadata": {"tier": "gold", "n": 1}, "blacklisted": false, "blacklistReason": null,
            "listStatus": "normal", "listStatusReason": null, "restrictCit": false, "restrictMit": false,
            "restrictReason": null, "isRestricted": false, "createdAt": now, "updatedAt": now})
    );
    assert_eq!(api.get(&format!("/v1/customers/{id}")).await.expect(200), customer);
    assert_eq!(api.get("/v1/customers/ref/user-1").await.expect(200), customer);
    assert_eq!(api.get("/v1/customers").await.expect(200)["items"], json!([customer]));
    assert_eq!(api.get("/v1/customers/ref/user-2").await.refused(404), "not_found");
}

#[tokio::test]
async fn every_field_is_optional() {
    let shop = Shop::open().await;
    for body in [json!({}), json!({"email": null, "metadata": null})] {
        let customer = shop.secret().post("/v1/customers", body).await.expect(201);
        assert_eq!((&customer["email"], &customer["metadata"]), (&Value::Null, &json!({})));
    }
    assert_eq!(shop.secret().post_empty("/v1/customers").await.status, 201);
}

#[tokio::test]
async fn a_ref_is_unique_and_an_email_is_not() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let first = api.customer(full()).await;
    assert_eq!(api.post("/v1/customers", full()).await.refused(409), "conflict");
    let second = api.customer(json!({"email": "ada@example.com", "merchantRef": "user-2"})).await;
    let taken = api.patch(&format!("/v1/customers/{second}"), json!({"merchantRef": "user-1"})).await;
    assert_eq!(taken.refused(409), "conflict");
    // Its own ref is no conflict, and another merchant or mode has refs of its own.
    api.patch(&format!("/v1/customers/{first}"), json!({"merchantRef": "user-1"})).await.expect(200);
    shop.live().post("/v1/customers", full()).await.expect(201);
    let other = shop.another_merchant("Second");
    shop.bearer(&other.test.secret.secret).post("/v1/customers", full()).await.expect(201);
}

#[tokio::test]
async fn a_patch_changes_only_what_is_sent() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(full()).await;
    let path = format!("/v1/customers/{id}");
    shop.clock.advance(5);
    let changes = json!({"phone": null, "metadata": {"tier": "", "n": null, "new": [1]}});
    let patched = api.patch(&path, changes).await.expect(200);
    assert_eq!((&patched["phone"], &patched["email"]), (&Value::Null, &json!("ada@example.com")));
    assert_eq!(patched["metadata"], json!({"new": [1]}));
    assert_eq!(patched["updatedAt"], shop.clock.in_seconds(0).as_str());
    assert_eq!(patched["createdAt"], shop.clock.in_seconds(-5).as_str());
    let cleared = api.patch(&path, json!({"metadata": null, "name": null})).await.expect(200);
    assert_eq!((&cleared["metadata"], &cleared["name"]), (&json!({}), &json!("Ada Obi")));
    // A changed email is looked up as it is now.
    api.post(&format!("{path}/blacklist"), json!({})).await.expect(200);
    api.patch(&path, json!({"email": "new@example.com"})).await.expect(200);
    assert_eq!(api.code_for("new@example.com").await, "customer_blacklisted");
    assert_eq!(api.code_for("ada@example.com").await, "default");
}

#[tokio::test]
async fn pages_follow_cursors_newest_first() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(api.customer(json!({"merchantRef": format!("ref-{number}")})).await);
        shop.clock.advance(1);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/customers?limit=2".to_owned();
    loop {
        let page = api.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        assert_eq!(page["hasMore"], json!(page["nextCursor"].is_string()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/customers?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
    for (bad, path) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("page=2", "page")]
    {
        assert_eq!(api.get(&format!("/v1/customers?{bad}")).await.paths(), [path], "{bad}");
    }
}

#[tokio::test]
async fn filters_find_by_part_by_status_and_by_restriction() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let black = api.customer(json!({"email": "ada@example.com", "name": "Ada Obi"})).await;
    let white = api.customer(json!({"email": "bo@example.com", "merchantRef": "ref-100%"})).await;
    let plain = api.customer(json!({"email": "cy@example.net"})).await;
    api.post(&format!("/v1/customers/{black}/blacklist"), json!({})).await.expect(200);
    api.post(&format!("/v1/customers/{white}/whitelist"), json!({})).await.expect(200);
    api.post(&format!("/v1/customers/{plain}/restrictions"), json!({"restrictMit": true})).await.expect(200);
    for (query, expected) in [
        ("query=EXAMPLE.COM", vec![&black, &white]),
        ("query=obi", vec![&black]),
        ("query=100%25", vec![&white]),
        ("query=_", vec![&black, &white, &plain]),
        (&format!("query={plain}"), vec![&plain]),
        ("listStatus=blacklisted", vec![&black]),
        ("listStatus=whitelisted", vec![&white]),
        ("listStatus=normal", vec![&plain]),
        ("restricted=true", vec![&plain]),
        ("restricted=False", vec![&black, &white]),
        ("query=example&restricted=true&listStatus=blacklisted", vec![]),
    ] {
        let found = api.get(&format!("/v1/customers?{query}")).await.expect(200);
        let mut ids: Vec<&str> =
            found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(ids, expected, "{query}");
    }
    assert_eq!(api.get("/v1/customers?listStatus=BLACKLIST").await.paths(), ["listStatus"]);
    // Longer than any text of ours, and too long a pattern for SQLite.
    for list in ["customers", "entries"] {
        let part = "ä".repeat(1000);
        assert_eq!(api.get(&format!("/v1/{list}?query={part}")).await.expect(200)["items"], json!([]));
        assert_eq!(api.get(&format!("/v1/{list}?query={part}b")).await.paths(), ["query"], "{list}");
        let huge = "x".repeat(60_000);
        assert_eq!(api.get(&format!("/v1/{list}?query={huge}")).await.paths(), ["query"], "{list}");
        assert_eq!(api.get(&format!("/v1/{list}?query=%00")).await.paths(), ["query"]);
    }
}

#[tokio::test]
async fn a_browser_sees_exactly_id_name_and_created_at() {
    let shop = Shop::open().await;
    let id = shop.secret().customer(full()).await;
    let expected = json!({"id": id, "name": "Ada Obi", "createdAt": shop.clock.in_seconds(0)});
    for path in [format!("/customers/{id}"), format!("/v1/customers/{id}")] {
        assert_eq!(shop.publishable().get(&path).await.expect(200), expected, "{path}");
    }
}

//! `/blacklist`: Odus's shape over the block entries of kind email.

use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn it_is_the_block_entries_of_kind_email() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com"})).await;
    let allow = api.entry(json!({"list": "allow", "kind": "email", "value": "b@example.com"})).await;
    let listed = api.get("/blacklist").await.expect(200);
    let now = shop.clock.in_seconds(0);
    let shown = json!({"id": entry, "email": "a@example.com", "reason": null, "createdAt": now});
    assert_eq!(listed["data"], json!([shown]));
    assert_eq!(api.get(&format!("/blacklist/{entry}")).await.expect(200), shown);
    assert_eq!(api.get(&format!("/blacklist/{allow}")).await.refused(404), "not_found");
    assert_eq!(api.delete(&format!("/blacklist/{allow}")).await.refused(404), "not_found");
    assert_eq!(api.get(&format!("/v1/entries/{allow}")).await.status, 200, "still there");
    // And what Odus lists shows in /v1, hard and for both.
    let odus = api.post("/blacklist", json!({"email": "C@example.com", "reason": "r"})).await.expect(201);
    assert_eq!(odus["email"], "c@example.com");
    let native = api.get(&format!("/v1/entries/{}", odus["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&native["strength"], &native["scopes"]), (&json!("hard"), &json!(["cit", "mit"])));
    assert_eq!((&native["reason"], &native["expiresAt"]), (&json!("r"), &Value::Null));
}

#[tokio::test]
async fn pages_and_filters() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for number in 0..11 {
        api.post("/blacklist", json!({"email": format!("a{number}@example.com")})).await.expect(201);
        shop.clock.advance(1);
    }
    let page = api.get("/blacklist?page=2").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        page["pagination"],
        json!({"hasNextPage": false, "hasPreviousPage": true, "itemCount": 11, "page": 2, "pageCount": 2,
            "pageSize": 10})
    );
    let one = api.get("/blacklist?email[eq]=A7@example.com").await.expect(200);
    assert_eq!(
        (&one["pagination"]["itemCount"], &one["data"][0]["email"]),
        (&json!(1), &json!("a7@example.com"))
    );
    assert_eq!(api.get("/blacklist?email[eq]=x").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (body, wrong) in [
        (json!({}), "email"),
        (json!({"email": "user"}), "email"),
        (json!({"email": null}), "email"),
        (json!({"email": "a@example.com", "reason": 1}), "reason"),
        (json!({"email": "a@example.com", "reason": "x".repeat(1001)}), "reason"),
        (json!({"email": "a@example.com", "until": "x"}), "until"),
    ] {
        assert_eq!(api.post("/blacklist", body).await.paths(), [wrong]);
    }
    assert_eq!(api.delete("/blacklist/bl_x").await.refused(404), "not_found");
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

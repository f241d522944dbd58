//! `Interdict-Revision`, `Interdict-At-Least` and `Interdict-Wait`.

use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn a_mutation_says_its_revision_and_a_read_sees_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for number in 1..=3 {
        let reply = api.post("/blacklist", json!({"email": format!("a{number}@example.com")})).await;
        assert_eq!((reply.status, reply.revision()), (201, number));
        let seeing = api.with("interdict-at-least", &number.to_string());
        assert!(seeing.get("/v1/entries").await.revision() >= number);
        let decision = json!({"initiator": "customer", "email": format!("a{number}@example.com")});
        let decided = seeing.post("/v1/decisions", decision).await;
        assert_eq!(decided.expect(200)["code"], "identifier_blacklisted");
        assert!(decided.revision() >= number);
    }
}

#[tokio::test]
async fn a_revision_that_does_not_come_is_503_in_each_shape() {
    let shop = Shop::open().await;
    let api = shop.secret().with("interdict-at-least", "1");
    let id = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    for path in ["/v1/customers", "/v1/entries", "/v1/changes", "/customers", "/blacklist"] {
        assert_eq!(api.get(path).await.refused(503), "revision_unavailable", "{path}");
    }
    for path in [format!("/v1/customers/{id}/standing"), format!("/v1/customers/{id}/history")] {
        assert_eq!(api.get(&path).await.refused(503), "revision_unavailable", "{path}");
    }
    let attempt = json!({"initiator": "customer", "email": "a@example.com"});
    assert_eq!(api.post("/v1/decisions", attempt).await.refused(503), "revision_unavailable");
    let batch = api.post("/v1/decisions/batch", json!({"decisions": []})).await;
    assert_eq!(batch.refused(503), "revision_unavailable");
    let idenza = api.get("/customer/get?subscriber_id=1&list=BLACKLIST").await.expect(503);
    assert_eq!(idenza, json!({"error": "Parties service unavailable"}));
    for bad in ["x", "-1", "1.5", ""] {
        let reply = shop.secret().with("interdict-at-least", bad).get("/v1/customers").await;
        assert_eq!(reply.refused(400), "bad_request", "{bad}");
    }
}

#[tokio::test]
async fn a_read_waits_for_its_revision() {
    let shop = Shop::open().await;
    // The next change may come at any time within the limit: ask until the answer has it.
    let reading = tokio::spawn({
        let api = shop.secret().with("interdict-at-least", "1");
        async move {
            loop {
                let reply = api.get("/v1/customers").await;
                if reply.status == 200 {
                    return reply;
                }
                assert_eq!(reply.refused(503), "revision_unavailable");
            }
        }
    });
    shop.secret().customer(json!({})).await;
    let seen = reading.await.unwrap();
    assert_eq!(seen.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn waiting_for_the_cluster_answers_as_usual() {
    let shop = Shop::open().await;
    let api = shop.secret().with("interdict-wait", "cluster");
    let reply = api.post("/v1/customers", json!({})).await;
    assert_eq!((reply.status, reply.revision()), (201, 1));
    let bad = shop.secret().with("interdict-wait", "forever").post("/v1/customers", json!({})).await;
    assert_eq!(bad.refused(400), "bad_request");
    assert_eq!(shop.revision().await, 1, "nothing changed");
}

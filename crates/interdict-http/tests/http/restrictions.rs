//! Restrictions, on Odus's path and on the native one: two flags and a reason.

use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn both_paths_set_the_same_flags() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let native = format!("/v1/customers/{id}/restrictions");
    let odus = format!("/customers/{id}/restrictions");
    let body = json!({"customer": id, "restrictCit": true, "restrictReason": "review"});
    let customer = api.post(&native, body).await.expect(200);
    assert_eq!((&customer["isRestricted"], &customer["merchantRef"]), (&json!(true), &Value::Null));
    let customer = api.post(&odus, json!({"restrictMit": true})).await.expect(200);
    assert_eq!((&customer["restrictCit"], &customer["restrictMit"]), (&json!(true), &json!(true)));
    assert_eq!((&customer["restrictReason"], &customer["phoneNumber"]), (&json!("review"), &Value::Null));
    assert_eq!(api.post(&odus, json!({})).await.expect(200)["restrictReason"], "review");
    assert_eq!(
        api.post(&odus, json!({"restrictReason": null})).await.expect(200)["restrictReason"],
        Value::Null
    );
    let lifted =
        json!({"restrictCit": false, "restrictMit": false, "restrictReason": "cleared with the flags"});
    let customer = api.post(&native, lifted).await.expect(200);
    assert_eq!((&customer["isRestricted"], &customer["restrictReason"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn the_flags_are_independent() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    for (cit, mit) in [(true, false), (false, true), (true, true), (false, false)] {
        let body = json!({"restrictCit": cit, "restrictMit": mit});
        api.post(&format!("/customers/{id}/restrictions"), body).await.expect(200);
        for (initiator, blocked) in [("customer", cit), ("merchant", mit)] {
            let decision = api.decide(json!({"initiator": initiator, "customer": id})).await;
            assert_eq!(decision["outcome"], if blocked { "block" } else { "allow" }, "{initiator}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_restriction_is_named() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let other = api.customer(json!({})).await;
    for path in [format!("/v1/customers/{id}/restrictions"), format!("/customers/{id}/restrictions")] {
        for (body, wrong) in [
            (json!({"customer": other, "restrictCit": true}), "customer"),
            (json!({"customer": 1}), "customer"),
            (json!({"restrictCit": "true"}), "restrictCit"),
            (json!({"restrictCit": null}), "restrictCit"),
            (json!({"restrictMit": 1}), "restrictMit"),
            (json!({"restrictReason": ["x"]}), "restrictReason"),
            (json!({"reason": "x"}), "reason"),
        ] {
            let revision = shop.revision().await;
            assert_eq!(api.post(&path, body).await.paths(), [wrong]);
            assert_eq!(shop.revision().await, revision, "nothing changed");
        }
    }
}

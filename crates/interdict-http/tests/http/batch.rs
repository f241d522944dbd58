//! `POST /v1/decisions/batch`: in order, bad items in their places.

use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn results_come_in_order_with_bad_items_in_place() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let entry =
        api.entry(json!({"list": "block", "kind": "email", "value": "bad@example.com", "reason": "r"})).await;
    let reply = api
        .post(
            "/v1/decisions/batch",
            json!({"decisions": [
                {"initiator": "customer", "email": "good@example.com"},
                {"initiator": "merchant", "email": "bad@example.com"},
                {"initiator": "customer", "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV"},
                {"initiator": "customer", "email": "x", "colour": "red"},
                {"initiator": "customer"},
                5,
                {"initiator": "customer", "email": "bad@example.com"},
            ]}),
        )
        .await;
    let batch = reply.expect(200);
    assert!(batch["id"].as_str().unwrap().starts_with("dec_"));
    assert_eq!((&batch["revision"], &batch["degraded"]), (&json!(1), &json!(false)));
    assert_eq!(batch["decidedAt"], shop.clock.in_seconds(0).as_str());
    let results = batch["results"].as_array().unwrap();
    assert_eq!(results.len(), 7);
    assert_eq!(results[0], json!({"outcome": "allow", "code": "default"}));
    for place in [1, 6] {
        assert_eq!(
            (&results[place]["outcome"], &results[place]["code"]),
            (&json!("block"), &json!("identifier_blacklisted"))
        );
        assert_eq!(results[place]["reasons"][0]["entry"], entry.as_str());
    }
    let error = |place: usize| &results[place]["error"];
    assert_eq!(error(2)["code"], "not_found");
    assert_eq!(error(3)["code"], "validation_error");
    let paths: Vec<&Value> =
        error(3)["details"].as_array().unwrap().iter().map(|detail| &detail["path"]).collect();
    assert!(paths.contains(&&json!("decisions.3.colour")), "{paths:?}");
    assert_eq!(error(4)["details"][0]["path"], "decisions.4");
    assert_eq!(error(5)["details"][0]["path"], "decisions.5");
}

#[tokio::test]
async fn a_bad_email_is_named_by_its_dotted_path() {
    let shop = Shop::open().await;
    let good = json!({"initiator": "customer", "email": "a@example.com"});
    let bad = json!({"initiator": "customer", "email": "nobody"});
    let body = json!({"decisions": [good, good, good, bad]});
    let batch = shop.secret().post("/v1/decisions/batch", body).await.expect(200);
    let error = &batch["results"][3]["error"];
    assert_eq!(error["code"], "validation_error");
    assert_eq!(error["details"][0]["path"], "decisions.3.email");
    assert!(error["message"].is_string());
}

#[tokio::test]
async fn a_batch_has_up_to_ten_thousand() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let item = json!({"initiator": "customer", "email": "a@example.com"});
    let full =
        api.post("/v1/decisions/batch", json!({"decisions": vec![item.clone(); 10_000]})).await.expect(200);
    assert_eq!(full["results"].as_array().unwrap().len(), 10_000);
    let over = api.post("/v1/decisions/batch", json!({"decisions": vec![item.clone(); 10_001]})).await;
    assert_eq!(over.paths(), ["decisions"]);
    assert_eq!(api.post("/v1/decisions/batch", json!({})).await.paths(), ["decisions"]);
    assert_eq!(api.post_empty("/v1/decisions/batch").await.paths(), ["decisions"]);
    let odd = api.post("/v1/decisions/batch", json!({"decisions": [item], "explain": true})).await;
    assert_eq!(odd.paths(), ["explain"]);
    let empty = api.post("/v1/decisions/batch", json!({"decisions": []})).await.expect(200);
    assert_eq!(empty["results"], json!([]));
}

#[tokio::test]
async fn an_item_that_no_reader_takes_is_bad_by_itself() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let good = r#"{"initiator":"customer","email":"a@example.com"}"#;
    let deep = format!(r#"{{"initiator":"customer","email":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for (item, path) in [
        (r#"{"initiator":"customer","email":"a@example.com","email":"b@example.com"}"#, "decisions.1.email"),
        (r#"{"initiator":"customer","email":"\ud800"}"#, "decisions.1.email"),
        (r#"{"initiator":"customer","email":"a@example.com","amount":1e999}"#, "decisions.1.amount"),
        (deep.as_str(), "decisions.1.email.0"),
        ("null", "decisions.1"),
    ] {
        let body = format!(r#"{{"decisions":[{good},{item},{good}]}}"#);
        let batch = api.post_text("/v1/decisions/batch", &body).await.expect(200);
        let results = batch["results"].as_array().unwrap();
        assert_eq!(results.len(), 3, "{item}");
        assert_eq!(
            (&results[0]["code"], &results[2]["code"]),
            (&json!("default"), &json!("default")),
            "{item}"
        );
        let named = results[1]["error"]["details"][0]["path"].as_str().unwrap();
        assert!(named.starts_with(path), "{item}: {named}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_batch_itself_refuses_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let good = r#"{"initiator":"customer","email":"a@example.com"}"#;
    for (body, paths) in [
        (format!("[[{good}]]"), vec!["", "decisions"]),
        (format!(r#"{{"decisions":[{good}],"decisions":[]}}"#), vec!["decisions"]),
        (r#"{"decisions":null}"#.to_owned(), vec!["decisions"]),
    ] {
        assert_eq!(api.post_text("/v1/decisions/batch", &body).await.paths(), paths, "{body}");
    }
    for body in [format!(r#"{{"decisions":[{good},]}}"#), format!(r#"{{"decisions":[{good}]}}x"#)] {
        assert_eq!(api.post_text("/v1/decisions/batch", &body).await.refused(400), "bad_request", "{body}");
    }
}

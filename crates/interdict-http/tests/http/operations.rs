//! What operators and tools ask, and what paths say that are asked wrongly.

use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn health_readiness_metrics_and_docs_want_no_credential() {
    let shop = Shop::open().await;
    let api = shop.anonymous();
    assert_eq!(api.get("/healthz").await.status, 200);
    let ready = api.get("/readyz").await.expect(200);
    assert_eq!(ready["status"], "ready");
    shop.secret().code_for("a@example.com").await;
    let metrics = api.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text().contains("/v1/decisions"), "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));
    let docs = api.get("/docs").await;
    assert!(docs.header("content-type").unwrap().starts_with("text/html"));
    assert!(docs.header("content-security-policy").is_some());
    assert_eq!(api.get("/docs/redoc.standalone.js").await.status, 200);
    assert_eq!(api.get("/docs/nothing.js").await.refused(404), "not_found");
    let openapi = api.get("/openapi.json").await;
    assert_eq!((openapi.status, openapi.header("content-type")), (200, Some("application/json")));
}

#[tokio::test]
async fn metrics_hold_no_input() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.get("/v1/customers/ref/very-secret-ref").await.refused(404);
    api.get("/no/such-secret-path").await.refused(404);
    api.send("BREW", "/v1/customers", None).await.refused(405);
    api.code_for("secret@example.com").await;
    let metrics = shop.anonymous().get("/metrics").await.text();
    for word in ["very-secret", "such-secret", "secret@", "BREW"] {
        assert!(!metrics.contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_404_in_each_shape() {
    let shop = Shop::open().await;
    for path in ["/", "/v1", "/v1/customers/", "/v2/customers", "/customers/a/b/c", "/blacklist/", "/%ff"] {
        assert_eq!(shop.anonymous().get(path).await.refused(404), "not_found", "{path}");
    }
    for path in ["/customer/put", "/risk", "/risk/bin"] {
        let reply = shop.anonymous().get(path).await.expect(404);
        assert!(reply["error"].is_string(), "{path}: {reply}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_405_with_allow() {
    let shop = Shop::open().await;
    for (method, path, allow) in [
        ("PUT", "/v1/customers", "GET, HEAD, POST"),
        ("POST", "/v1/customers/x", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/v1/customers/x/blacklist", "DELETE, POST"),
        ("GET", "/v1/customers/x/restrictions", "POST"),
        ("PUT", "/v1/decisions", "GET, HEAD, POST"),
        ("GET", "/v1/decisions/batch", "POST"),
        ("HEAD", "/v1/decisions/batch", "POST"),
        ("DELETE", "/v1/decisions/x", "GET, HEAD"),
        ("PUT", "/v1/entries/x", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", "/v1/changes", "GET, HEAD"),
        ("GET", "/v1/oauth/token", "POST"),
        ("DELETE", "/customers/x", "GET, HEAD, POST"),
        ("PATCH", "/blacklist/x", "DELETE, GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("GET", "/customer/add", "POST"),
        ("POST", "/customer/get", "GET, HEAD"),
        ("GET", "/risk/bin/score", "POST"),
    ] {
        let reply = shop.secret().send(method, path, None).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        let mut allowed: Vec<&str> = reply.header("allow").unwrap().split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(", "), allow, "{method} {path}");
        if method == "HEAD" {
            continue;
        }
        let error = &reply.json()["error"];
        let is_idenza = path.starts_with("/customer/") || path.starts_with("/risk/");
        assert_eq!(error.is_string(), is_idenza, "{method} {path}: {error}");
        assert_eq!(error["code"] == "method_not_allowed", !is_idenza, "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_415_in_each_shape() {
    let shop = Shop::open().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"] {
        let api = shop.secret().with("content-type", content_type);
        for path in ["/v1/customers", "/v1/decisions", "/v1/decisions/batch", "/customers", "/blacklist"] {
            let reply = api.post(path, json!({"email": "a@example.com"})).await;
            assert_eq!(reply.refused(415), "unsupported_media_type", "{path}");
        }
        for path in ["/customer/add", "/risk/bin/score"] {
            let reply = api.post(path, json!({"subscriber_id": 1})).await.expect(415);
            assert!(reply["error"].is_string(), "{path}: {reply}");
        }
    }
    assert_eq!(shop.revision().await, 0, "nothing changed");
    let api = shop.secret().with("content-type", "application/merge-patch+json; charset=utf-8");
    api.post("/v1/customers", json!({})).await.expect(201);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    for path in ["/v1/customers", &format!("/v1/customers/{id}"), "/customers", "/blacklist", "/healthz"] {
        let (get, head) = (api.get(path).await, api.send("HEAD", path, None).await);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for header in ["content-type", "content-length", "interdict-revision"] {
            assert_eq!(head.header(header), get.header(header), "{path}: {header}");
        }
    }
    assert_eq!(shop.anonymous().send("HEAD", "/v1/customers", None).await.status, 401);
}

//! The shapes of refusals, in each dialect.

use super::*;

fn body(error: &ApiError, dialect: Dialect) -> (u16, Value) {
    let response: Response<Bytes> = error.respond(dialect);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[test]
fn a_validation_error_has_details_and_others_have_none() {
    let error = ApiError::invalid("reason", "must be a text");
    let (status, answer) = body(&error, Dialect::Native);
    assert_eq!(status, 422);
    assert_eq!(answer["error"]["code"], "validation_error");
    assert_eq!(answer["error"]["details"], json!([{"path": "reason", "issue": "must be a text"}]));
    let (status, answer) = body(&ApiError::not_found("customer"), Dialect::Odus);
    assert_eq!((status, answer["error"].get("details")), (404, None));
}

#[test]
fn idenza_keeps_its_own_shapes() {
    let details =
        vec![Detail::new("email", crate::json::MISSING), Detail::new("odd", "is not a documented field")];
    assert_eq!(
        body(&ApiError::validation(details), Dialect::Idenza),
        (
            400,
            json!({"error": "email is required; odd is not a documented field", "missing_fields": ["email"]})
        )
    );
    assert_eq!(body(&ApiError::unauthorized(), Dialect::Idenza), (401, json!({"error": "Invalid API key"})));
    assert_eq!(
        body(&ApiError::unavailable(), Dialect::Idenza),
        (503, json!({"error": "Parties service unavailable"}))
    );
    assert_eq!(body(&ApiError::internal(), Dialect::Idenza).1["error"], "Failed to upsert user");
    assert_eq!(body(&ApiError::bad_request(), Dialect::Idenza).0, 400);
}

#[test]
fn headers_belong_to_the_refusal() {
    let response: Response<Bytes> =
        ApiError::method_not_allowed(HeaderValue::from_static("GET, POST")).respond(Dialect::Native);
    assert_eq!(response.headers()[ALLOW], "GET, POST");
    let response: Response<Bytes> = ApiError::rate_limited(7).respond(Dialect::Idenza);
    assert_eq!((response.status().as_u16(), &response.headers()[RETRY_AFTER]), (429, &HeaderValue::from(7)));
    let response: Response<Bytes> = ApiError::cluster_wait_timeout(42).respond(Dialect::Native);
    assert_eq!(response.headers()["interdict-revision"], "42");
    assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap()["error"]["revision"], 42);
}

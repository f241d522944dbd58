//! The API's document, OpenAPI 3.1, made from the code.

/// The document as JSON text.
pub fn openapi_json() -> String {
    String::new()
}

//! What operations share: refusals in the dialect of their path, and the headers of Interdict.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    Components, ContentBuilder, Header, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::dialect::Dialect;
use crate::schemas;

/// How an operation goes, which settles what it can refuse.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Without a credential and without a body.
    Open,
    /// Credentials in the body.
    Token,
    Read,
    Decision,
    Mutation,
    /// A file that comes in as a job.
    Job,
    /// A payer, whose credential is in the path.
    Payer,
    /// A provider, whose credential is a signature.
    Webhook,
}

impl Way {
    fn of(method: &str, path: &str) -> Self {
        match path {
            "/v1/oauth/token" => Self::Token,
            "/healthz" | "/readyz" | "/metrics" | "/openapi.json" | "/docs" | "/docs/{name}" => Self::Open,
            "/v1/decisions"
            | "/v1/decisions/batch"
            | "/v1/decisions/replay"
            | "/v1/lookup"
            | "/v1/entries/preview" => Self::Decision,
            _ if path.starts_with("/webhooks/") => Self::Webhook,
            _ if path.starts_with("/checkout/") => Self::Payer,
            _ if method == "get" => Self::Read,
            "/v1/imports" => Self::Job,
            _ => Self::Mutation,
        }
    }
}

/// One refusal: status, name of the component, description, and whether it says when to come again.
struct Refusal(u16, &'static str, &'static str, bool);

const REFUSALS: [Refusal; 12] = [
    Refusal(400, "BadRequest", "`bad_request`: the body is no JSON text, or a header cannot be read.", false),
    Refusal(
        401,
        "Unauthorized",
        "`unauthorized`: the credential is missing, wrong, expired or revoked.",
        false,
    ),
    Refusal(403, "Forbidden", "`forbidden`: the credential may not make this call.", false),
    Refusal(404, "NotFound", "`not_found`: there is no such thing in this merchant and mode.", false),
    Refusal(
        409,
        "Conflict",
        "`conflict`: against the present state; `idempotency_conflict`, `idempotency_in_progress` or \
         `secret_already_shown`: the Idempotency-Key was used before.",
        false,
    ),
    Refusal(408, "RequestTimeout", "`request_timeout`: the body did not arrive in time.", false),
    Refusal(
        413,
        "PayloadTooLarge",
        "`payload_too_large`: the body is larger than 1 MiB (a batch: 16 MiB, a file to import: 1 GiB).",
        false,
    ),
    Refusal(
        415,
        "UnsupportedMediaType",
        "`unsupported_media_type`: the body is of another type than JSON (a file to import: CSV or NDJSON).",
        false,
    ),
    Refusal(
        422,
        "ValidationError",
        "`validation_error`: `details` names every problem, undocumented fields included.",
        false,
    ),
    Refusal(429, "RateLimited", "`rate_limited`: too many failed credentials, or too many calls.", true),
    Refusal(
        500,
        "InternalError",
        "`internal_error`: our fault. A try with the same Idempotency-Key is safe.",
        false,
    ),
    Refusal(
        503,
        "Unavailable",
        "`unavailable`, `index_loading`, `index_stale`, `revision_unavailable` or `cluster_wait_timeout`.",
        true,
    ),
];

/// What can be sent to the API and be nobody's, without standing in the path.
const NAMES_IN_BODY: [(&str, &str); 5] = [
    ("post", "/v1/decisions"),
    ("post", "/payments"),
    ("post", "/v1/subscriptions"),
    ("post", "/v1/checkout/sessions"),
    ("post", "/v1/test-clock/advance"),
];

/// Whether an operation can refuse so.
fn applies(status: u16, way: Way, method: &str, path: &str) -> bool {
    let has_body = match way {
        Way::Token | Way::Decision | Way::Mutation | Way::Job | Way::Webhook => true,
        Way::Payer => method == "post",
        Way::Open | Way::Read => false,
    };
    let is_idenza = Dialect::of_path(path) == Dialect::Idenza;
    match status {
        401 => !matches!(way, Way::Payer | Way::Webhook),
        403 => !matches!(way, Way::Token | Way::Webhook),
        404 => !is_idenza && (path.contains('{') || NAMES_IN_BODY.contains(&(method, path))),
        409 => matches!(way, Way::Mutation | Way::Job) || (way == Way::Payer && has_body),
        408 | 413 | 415 => has_body,
        // Idenza knows 400 only; Odus's queries fall back silently.
        422 => !is_idenza && (has_body || (method == "get" && path.starts_with("/v1"))),
        _ => true,
    }
}

/// Adds it all to the document.
pub(super) fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    add_components(components);
    for (path, item) in &mut document.paths.paths {
        let methods = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                complete(operation, method, path);
            }
        }
    }
}

fn complete(operation: &mut Operation, method: &str, path: &str) {
    let way = Way::of(method, path);
    if way == Way::Open {
        return;
    }
    for (status, response) in &mut operation.responses.responses {
        if let (RefOr::T(response), true) = (response, status.starts_with('2') && way != Way::Token) {
            add_headers(response, way);
        }
    }
    body_may_be_empty(operation);
    let prefix = if Dialect::of_path(path) == Dialect::Idenza { "Idenza" } else { "" };
    for Refusal(status, name, ..) in REFUSALS {
        if applies(status, way, method, path) {
            let reference = Ref::new(format!("#/components/responses/{prefix}{name}"));
            operation.responses.responses.insert(status.to_string(), RefOr::Ref(reference));
        }
    }
    let headers: &[&str] = match way {
        Way::Read | Way::Decision => &["InterdictAtLeast"],
        Way::Mutation => &["IdempotencyKey", "InterdictWait"],
        Way::Job => &["IdempotencyKey"],
        Way::Payer if method == "post" => &["IdempotencyKey"],
        Way::Open | Way::Token | Way::Payer | Way::Webhook => &[],
    };
    let parameters = operation.parameters.get_or_insert_default();
    for name in headers {
        parameters.push(RefOr::Ref(Ref::new(format!("#/components/parameters/{name}"))));
    }
}

/// An optional body is one that may be left out, not one that may be `null`.
fn body_may_be_empty(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema {
            content.schema = one_of.items.first().cloned();
            body.required = Some(Required::False);
        }
    }
}

fn add_headers(response: &mut Response, way: Way) {
    let mut add = |name: &str, component: &str| {
        let reference = Ref::new(format!("#/components/headers/{component}"));
        response.headers.insert(name.to_owned(), RefOr::Ref(reference));
    };
    add("Interdict-Revision", "InterdictRevision");
    if matches!(way, Way::Mutation | Way::Job) {
        add("Idempotency-Replayed", "IdempotencyReplayed");
    }
}

fn add_components(components: &mut Components) {
    for (name, header, description, schema) in [
        (
            "IdempotencyKey",
            "Idempotency-Key",
            "1 to 255 visible ASCII characters. The same key with the same body replays the first answer \
             for 24 hours; with another body it is 409 `idempotency_conflict`.",
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)),
        ),
        (
            "InterdictAtLeast",
            "Interdict-At-Least",
            "A revision that the answer must have seen. It waits for it, at most a second, else it is 503 \
             `revision_unavailable`.",
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)),
        ),
        (
            "InterdictWait",
            "Interdict-Wait",
            "Answer only once every node has applied the change; after 5 seconds 503 \
             `cluster_wait_timeout`, with the revision: it is committed.",
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["cluster"])),
        ),
    ] {
        let parameter = ParameterBuilder::new()
            .name(header)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema.build()));
        components.parameters.insert(name.to_owned(), RefOr::T(parameter.build()));
    }
    for (name, description, schema) in [
        (
            "InterdictRevision",
            "The newest change that the answer has seen; of a mutation, its own.",
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)),
        ),
        (
            "IdempotencyReplayed",
            "There, when the answer is a replay.",
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true"])),
        ),
        (
            "RetryAfter",
            "Seconds to wait before the next try.",
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
        ),
    ] {
        components.headers.insert(name.to_owned(), RefOr::T(header(description, schema)));
    }
    add_schema::<schemas::Error>(components);
    add_schema::<schemas::IdenzaError>(components);
    for refusal in &REFUSALS {
        for (prefix, schema) in [("", "Error"), ("Idenza", "IdenzaError")] {
            let Refusal(status, name, ..) = refusal;
            if !(prefix == "Idenza" && matches!(status, 404 | 422)) {
                let name = format!("{prefix}{name}");
                components.responses.insert(name, RefOr::T(response(refusal, schema)));
            }
        }
    }
}

fn header(description: &str, schema: ObjectBuilder) -> Header {
    HeaderBuilder::new().description(Some(description)).schema(Some(schema.build())).build()
}

fn response(&Refusal(status, _, description, says_when): &Refusal, schema: &str) -> Response {
    let description = match (schema, status) {
        ("IdenzaError", 400) => {
            "Missing required fields or conflict (e.g., trying to set both Whitelist and Blacklist)."
        }
        ("IdenzaError", 401) => "Missing or invalid API Key.",
        ("IdenzaError", 500) => "Failure to process the database update.",
        ("IdenzaError", 503) => "The internal parties service is unavailable.",
        _ => description,
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    let mut response =
        ResponseBuilder::new().description(description).content("application/json", content).build();
    if says_when {
        let reference = Ref::new("#/components/headers/RetryAfter");
        response.headers.insert("Retry-After".to_owned(), RefOr::Ref(reference));
    }
    response
}

/// A schema that no operation names by itself, with those that it names.
fn add_schema<T: ToSchema + PartialSchema>(components: &mut Components) {
    let mut others: Vec<(String, RefOr<Schema>)> = Vec::new();
    T::schemas(&mut others);
    components.schemas.extend(others);
    components.schemas.insert(T::name().into_owned(), T::schema());
}

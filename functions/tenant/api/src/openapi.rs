use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::{Api, Problem};

const ABOUT: &str = "\
Turns signups into live tenants, changes them, and takes them away again without a trace.

What takes time is accepted (202) and done by an operation, which the `Location` of the answer leads to. A request that \
changes something can carry an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): sent again within 24 hours, \
it takes effect once and is answered as it was the first time. Errors are problem details (RFC 9457).

What is read has an `ETag`, and is not sent again to who names it in `If-None-Match`. Whatever takes a token to be read can be \
watched: with `Accept: text/event-stream` it is answered once it is another than `Last-Event-ID` says, as one server-sent event \
whose id is the `ETag` and whose data is the JSON; after 20 seconds in any case, then with a comment for want of an event. \
After either, ask again. What is only counted until now (`wall_ms`, `exported_at`) makes no difference.";

const TAGS: [(&str, &str); 12] = [
    ("people", "Who asks"),
    ("signup", "Open to who signs up"),
    ("tenants", "Tenants, from their making to their end"),
    ("operations", "What is being done to a tenant, and was"),
    ("domains", "Domains of a tenant's own"),
    ("approval", "What somebody has to approve"),
    ("catalogue", "Plans, themes and blueprints"),
    ("billing", "What is paid for, and what billers say"),
    ("repair", "What would not go"),
    ("orphans", "What providers hold and no ledger does"),
    ("webhooks", "Who is told what happens"),
    ("audit", "Who did what, and why"),
];

/// The API's document, OpenAPI 3.1: what the routes say of themselves, and what is true of all of them.
pub(crate) fn document(routes: &utoipa::openapi::OpenApi) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(routes)?;
    document["info"] = json!({
        "title": "Tenantry", "version": "1", "description": ABOUT,
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/" }]);
    document["tags"] =
        TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect();
    document["components"]["securitySchemes"]["token"] = json!({
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "Of the deployment's issuer. The roles that may ask for an operation are listed with it.",
    });
    document["components"]["responses"] = responses();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                complete(path, method, operation);
            }
        }
    }
    count(&mut document);
    Ok(document)
}

/// `int32` has a sign, and what is counted here has none: it goes twice as far.
fn count(value: &mut Value) {
    if value["format"] == "int32" && value["minimum"] == 0 {
        let most = value["maximum"].as_u64().unwrap_or(u64::from(u32::MAX));
        value["maximum"] = most.into();
        value.as_object_mut().map(|schema| schema.remove("format"));
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(count),
        Value::Array(values) => values.iter_mut().for_each(count),
        _ => {}
    }
}

/// What may come of every operation of that kind.
fn complete(path: &str, method: &str, operation: &mut Value) {
    operation["operationId"] = name(path, method).into();
    let secured = operation["security"].is_array();
    let changes = method != "get";
    let asks = |place: &str| {
        operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == place)
    };
    let (query, headers) = (asks("query"), asks("header"));
    let mut may: Vec<&str> = vec!["429", "500", "503"];
    if secured {
        may.extend(["401", "403"]);
    }
    if path.contains('{') {
        may.push("404");
    }
    if changes || query || headers {
        may.push("400");
    }
    if query {
        may.push("422");
    }
    if changes {
        may.extend(["404", "409", "412", "413", "415", "422"]);
        let key = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Names this request, so that it takes effect once however often it is sent",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-\"$-~]([ -\"$-~]*[!-\"$-~])?$" },
        });
        match operation.get_mut("parameters").and_then(Value::as_array_mut) {
            Some(parameters) => parameters.push(key),
            None => operation["parameters"] = json!([key]),
        }
    }
    settle(operation);
    for status in may {
        let known = &mut operation["responses"][status];
        if known.is_null() {
            *known = json!({ "$ref": format!("#/components/responses/{status}") });
        }
    }
}

/// What an operation is called where it needs a name: not as its function, for each module has a `list`, and clients that
/// are made of the document would take them for one.
fn name(path: &str, method: &str) -> String {
    let words =
        path.trim_start_matches("/v1").split(['/', '-', '.']).map(|word| word.trim_matches(['{', '}']));
    std::iter::once(method).chain(words.filter(|word| !word.is_empty())).collect::<Vec<_>>().join("_")
}

/// Here what may be left out has a value when it is there: `null` is none.
fn settle(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        present(&mut parameter["schema"]);
    }
    if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
        present(schema);
    }
}

fn present(schema: &mut Value) {
    if let Some(types) = schema["type"].as_array() {
        let kept: Vec<&Value> = types.iter().filter(|kind| *kind != "null").collect();
        if let [only] = kept[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(all) = schema["oneOf"].as_array() {
        let kept: Vec<&Value> = all.iter().filter(|one| one["type"] != "null").collect();
        if let [only] = kept[..] {
            *schema = only.clone();
        }
    }
}

fn responses() -> Value {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let ours = |description: &str| json!({ "description": description, "content": { "application/problem+json": problem } });
    let words = json!({ "schema": { "type": "object", "properties": { "message": { "type": "string" } } } });
    let later = json!({ "Retry-After": { "description": "In how many seconds to come again", "schema": { "type": "integer", "minimum": 1 } } });
    let mut too_many = ours("Too many requests");
    too_many["headers"] = later.clone();
    // The gateway's own.
    too_many["content"]["application/json"] = words.clone();
    let mut unavailable = ours("Temporarily unavailable");
    unavailable["headers"] = later;
    unavailable["content"]["application/json"] = words.clone();
    json!({
        "400": ours("The request is not what the format asks for"),
        "401": {
            "description": "There is no token, or none that is valid", "content": { "application/json": words },
            "headers": { "WWW-Authenticate": { "schema": { "type": "string" } } },
        },
        "403": ours("The caller's roles do not permit it"),
        "404": ours("There is no such thing, or none that the caller may know of"),
        "409": ours("It cannot be done now"),
        "412": ours("It was changed since it was read"),
        "413": ours("The body is too long"),
        "415": ours("The body is not JSON"),
        "422": ours("Fields are well-formed, and wrong"),
        "429": too_many,
        "500": ours("A mistake of ours"),
        "503": unavailable,
    })
}

/// Shows this document
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "signup",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
pub(crate) async fn show(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.document.to_string()).into_response()
}

/// Shows this document to people
#[utoipa::path(
    get, path = "/v1/docs", tag = "signup",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub(crate) async fn docs(State(api): State<Api>) -> Result<Response, Problem> {
    crate::docs::page(&api.document)
}

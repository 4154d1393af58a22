//! The document says what is so.

use super::*;

pub(super) fn document() -> Value {
    openapi::document(routes().get_openapi()).expect("a document")
}

/// The committed document is what the code says: `UPDATE=1 cargo test -p tenant-api` writes it.
#[test]
fn the_committed_document_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/openapi.json");
    let now = document();
    if aws::variable("UPDATE").is_ok() {
        std::fs::write(file, format!("{now:#}\n")).expect("written");
    }
    // The order of fields, which says nothing, is another when the whole workspace is built.
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        serde_json::from_str::<Value>(&committed).ok() == Some(now),
        "docs/openapi.json is stale: UPDATE=1 cargo test -p tenant-api"
    );
}

#[test]
fn every_operation_says_what_it_is_for_and_may_come_to() {
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let what = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{what}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{what}");
            for status in ["429", "500", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{what} {status}");
            }
            let body = operation["requestBody"]["content"]["application/json"]["schema"].is_object();
            assert_eq!(body, operation["requestBody"].is_object(), "{what}");
        }
    }
}

/// Every reference leads somewhere, and no two types share a name.
#[test]
fn references_lead_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_open_to_anybody() {
    let api = api().await;
    let nobody = Person::default();
    let shown = body(send_as(&nobody, &api, "GET", "/v1/openapi.json", None, "").await).await;
    assert_eq!(shown["openapi"], "3.1.0");
    let page = send_as(&nobody, &api, "GET", "/v1/docs", None, "").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(
        page.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("ASCII")
            .starts_with("default-src 'none'")
    );
    let page = to_bytes(page.into_body(), usize::MAX).await.expect("a body");
    let page = String::from_utf8(page.to_vec()).expect("text").replace("&#x2f;", "/");
    for path in document()["paths"].as_object().expect("paths").keys() {
        assert!(page.contains(path.as_str()), "{path} is not on the page");
    }
    assert!(!page.contains("<script"));
}

/// Each example of a body is taken for what it is: refused, if at all, for what it names and not for its shape.
#[tokio::test]
async fn the_examples_are_requests() {
    let api = api().await;
    let (tenant, operation) = signed_up(&api).await;
    let document = document();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, asked) in item.as_object().expect("operations") {
            let schema = &asked["requestBody"]["content"]["application/json"]["schema"];
            let Some(reference) = schema["$ref"].as_str() else { continue };
            let Some(shape) = document.pointer(reference.trim_start_matches('#')) else { continue };
            let example = &shape["example"];
            if example.is_null() {
                continue;
            }
            let id = tenant.trim_start_matches("/v1/tenants/");
            let path =
                path.replace("/v1/tenants/{id}/operations/{operation}", &operation).replace("{id}", id);
            let path = path.replace("{hostname}", "shop.example.com").replace("{name}", "merchant-workspace");
            let response = send(&api, &method.to_uppercase(), &path, None, &example.to_string()).await;
            let status = response.status();
            assert_ne!(status, StatusCode::BAD_REQUEST, "{method} {path}: {}", body(response).await);
            assert!(!status.is_server_error(), "{method} {path}: {status}");
            tried += 1;
        }
    }
    assert!(tried > 15, "{tried} examples");
}

/// Clients that are made of the document take operations of one name for one.
#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let items = document["paths"].as_object().expect("paths").values().filter_map(Value::as_object);
    let operations = items.flat_map(|item| item.values());
    let names: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert!(names.len() > 50, "{}", names.len());
    assert_eq!(distinct.len(), names.len());
}

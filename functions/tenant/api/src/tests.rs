use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use store::{Catalogue, Database};
use tower::ServiceExt as _;

use super::*;

async fn api() -> Router {
    let db = Database::memory();
    let catalogue = Catalogue::new(db.clone());
    let from = |value: Value| value;
    let plan = from(json!({
        "id": "starter", "name": "Starter", "description": "d", "price_cents": 2999, "currency": "USD",
        "billing_cycle": "month", "trial_days": 14, "popular": false, "active": true, "features": [],
        "limits": { "products": 100 },
    }));
    let blueprint = from(json!({
        "name": "merchant-workspace", "version": 1, "description": "d", "active": true,
        "plans": ["starter"], "themes": [], "categories": ["electronics"], "integrations": ["stripe"],
        "workflow": { "step": "merchant-create-group" },
    }));
    catalogue.put_plan(&serde_json::from_value(plan).expect("a plan")).await.expect("stored");
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("stored");
    Api::new(db).router()
}

fn signup(subdomain: &str) -> Value {
    json!({ "name": "Acme", "subdomain": subdomain, "email": "o@example.com", "blueprint": "merchant-workspace" })
}

async fn send(api: &Router, method: &str, path: &str, key: Option<&str>, body: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    api.clone()
        .oneshot(request.body(Body::from(body.to_owned())).expect("a request"))
        .await
        .expect("an answer")
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.expect("a body")).expect("JSON")
}

#[tokio::test]
async fn a_signup_is_accepted_and_can_be_watched() {
    let api = api().await;
    let response = send(&api, "POST", "/v1/tenants", None, &signup("acme").to_string()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let accepted = body(response).await;
    assert_eq!(accepted["tenant"]["status"], "provisioning");

    let status = body(send(&api, "GET", &location, None, "").await).await;
    assert_eq!(status["id"], accepted["operation"]);
    assert_eq!(status["state"], "accepted");
    assert_eq!(status["percent"], 0);
    assert_eq!(
        status["steps"],
        json!([{ "name": "merchant-create-group", "state": "waiting", "attempts": 0, "busy_ms": 0 }])
    );
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_one_tenant() {
    let api = api().await;
    let first = body(send(&api, "POST", "/v1/tenants", Some("k"), &signup("acme").to_string()).await).await;
    let reordered =
        r#"{"blueprint":"merchant-workspace","email":"o@example.com","subdomain":"acme","name":"Acme"}"#;
    let second = send(&api, "POST", "/v1/tenants", Some("k"), reordered).await;
    assert_eq!(second.status(), StatusCode::ACCEPTED);
    assert_eq!(body(second).await, first);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let api = api().await;
    send(&api, "POST", "/v1/tenants", Some("k"), &signup("acme").to_string()).await;
    let second = send(&api, "POST", "/v1/tenants", Some("k"), &signup("other").to_string()).await;
    assert_eq!(second.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(second.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(body(second).await["type"], "/problems/idempotency-key-reused");
}

#[tokio::test]
async fn a_taken_subdomain_is_a_conflict_that_names_the_field() {
    let api = api().await;
    send(&api, "POST", "/v1/tenants", Some("a"), &signup("acme").to_string()).await;
    let second = send(&api, "POST", "/v1/tenants", Some("b"), &signup("ACME").to_string()).await;
    assert_eq!(second.status(), StatusCode::CONFLICT);
    assert_eq!(body(second).await["violations"][0]["field"], "subdomain");
}

#[tokio::test]
async fn everything_wrong_with_a_signup_is_said_at_once() {
    let api = api().await;
    let wrong = json!({
        "name": " ", "subdomain": "www", "email": "nobody", "blueprint": "merchant-workspace", "plan": "gold",
        "theme": "dark", "category": "weapons", "integrations": ["fax"],
    });
    let response = send(&api, "POST", "/v1/tenants", None, &wrong.to_string()).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem = body(response).await;
    let fields: Vec<&str> = problem["violations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| v["field"].as_str())
        .collect();
    assert_eq!(fields, ["name", "subdomain", "email", "plan", "theme", "category", "integrations"]);
}

#[tokio::test]
async fn bodies_that_are_not_signups_are_malformed() {
    let api = api().await;
    let mut unknown = signup("acme");
    unknown["nmae"] = json!("x");
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(20_000));
    for bad in ["", "{", "[]", "{}", &unknown.to_string(), &long] {
        let response = send(&api, "POST", "/v1/tenants", None, bad).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{bad:.40}");
        assert_eq!(body(response).await["type"], "/problems/malformed-request");
    }
}

#[tokio::test]
async fn a_tenant_with_an_operation_under_way_takes_no_other() {
    let api = api().await;
    let accepted = body(send(&api, "POST", "/v1/tenants", None, &signup("acme").to_string()).await).await;
    let path = format!("/v1/tenants/{}", accepted["tenant"]["id"].as_str().expect("an id"));
    for (method, path) in [("DELETE", path.clone()), ("POST", format!("{path}/retry"))] {
        let response = send(&api, method, &path, None, "").await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(body(response).await["type"], "/problems/operation-under-way");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let api = api().await;
    for path in [
        "/",
        "/v1/tenants/acme-000000",
        "/v1/tenants/nonsense",
        "/v1/tenants/acme-000000/operations/x",
        "/v1/blueprints/x",
    ] {
        let response = send(&api, "GET", path, None, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    assert_eq!(send(&api, "PUT", "/v1/plans", None, "").await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn plans_are_listed_by_price() {
    let plans = body(send(&api().await, "GET", "/v1/plans", None, "").await).await;
    assert_eq!(plans["plans"][0]["limits"], json!({ "products": 100 }));
}

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use rstest::rstest;
use serde_json::{Value, json};

use crate::stub::{Mode, Stub};
use crate::{serve, stderr, stdout, tenantry};

/// An API that has nothing but this to say.
fn refusing(status: u16) -> String {
    let status = StatusCode::from_u16(status).expect("a status");
    let problem = json!({
        "type": "/problems/locked", "title": "No", "status": status.as_u16(), "detail": "not like this",
        "violations": [{ "field": "plan", "problem": "is not sold", "allowed": "starter" }],
    });
    let headers = [("apigw-requestid", "aXc1="), ("retry-after", "7")];
    serve(
        Router::new().route(
            "/v1/tenants",
            get(move || async move { (status, headers, Json(problem)).into_response() }),
        ),
    )
}

#[rstest]
#[case(401, 3)]
#[case(403, 3)]
#[case(404, 4)]
#[case(409, 5)]
#[case(422, 5)]
#[case(429, 6)]
#[case(500, 6)]
#[case(503, 6)]
fn the_exit_code_says_what_kind_of_failure_it_was(#[case] status: u16, #[case] exit: i32) {
    assert_eq!(tenantry(&refusing(status), &["list"]).status.code(), Some(exit));
}

#[test]
fn an_error_comes_with_everything_needed_to_act_on_it() {
    let output = tenantry(&refusing(409), &["list"]);
    assert_eq!(stdout(&output), "");
    assert_eq!(
        stderr(&output),
        "\
error: No (409): not like this
  plan: is not sold; allowed: starter
  hint: tenantry unlock <tenant> --reason … takes the lock off
  request aXc1=
  ask again in 7 s
"
    );
}

#[test]
fn programs_are_told_of_an_error_in_json() {
    let output = tenantry(&refusing(500), &["list", "--json"]);
    assert_eq!(stdout(&output), "");
    let told: Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    let wanted = json!({
        "error": "No (500): not like this", "exit_code": 6, "status": 500, "type": "/problems/locked", "actor": "us",
        "violations": [{ "field": "plan", "problem": "is not sold", "allowed": "starter" }],
        "hint": "tenantry unlock <tenant> --reason … takes the lock off", "request_id": "aXc1=", "retry_after": 7,
    });
    assert_eq!(told, wanted);
}

#[test]
fn a_command_that_is_not_understood_is_the_callers_mistake() {
    let output = tenantry("http://127.0.0.1:1", &["retry", "acme-000000", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told: Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    assert_eq!(told["exit_code"], 2);
    assert!(told["error"].as_str().is_some_and(|error| error.contains("--reason")), "{told}");
}

#[test]
fn an_api_that_is_not_there_may_be_there_later() {
    let output = tenantry("http://127.0.0.1:1", &["list", "--json"]);
    assert_eq!(output.status.code(), Some(6));
    let told: Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("TENANTRY_API")), "{told}");
}

#[test]
fn a_demo_is_for_people() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["demo", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stub.keys().is_empty());
}

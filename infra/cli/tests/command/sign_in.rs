use axum::extract::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::{serve, stderr, tenantry_in};

/// The API and the issuer of its tokens: one machine, and one token.
fn url() -> String {
    let authorization = |headers: &HeaderMap| {
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let tenants = move |headers: HeaderMap| async move {
        match authorization(&headers).as_str() {
            "Bearer issued" => Ok(Json(json!({ "tenants": [] }))),
            _ => Err((StatusCode::UNAUTHORIZED, Json(json!({ "message": "Unauthorized" })))),
        }
    };
    let token = move |headers: HeaderMap, Form(form): Form<Value>| async move {
        // crane:lifts
        let wanted = json!({ "grant_type": "client_credentials", "scope": "tenantry/machine" });
        match authorization(&headers).as_str() {
            "Basic Y3JhbmU6bGlmdHM=" if form == wanted => Ok(Json(json!({ "access_token": "issued" }))),
            _ => Err((StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })))),
        }
    };
    serve(Router::new().route("/v1/tenants", get(tenants)).route("/oauth2/token", post(token)))
}

#[test]
fn a_machine_gets_a_token_for_itself() {
    let url = url();
    let issuer = format!("{url}/oauth2/token");
    let machine = |secret| {
        let credentials = [
            ("TENANTRY_API", url.as_str()),
            ("TENANTRY_CLIENT_ID", "crane"),
            ("TENANTRY_CLIENT_SECRET", secret),
            ("TENANTRY_TOKEN_URL", &issuer),
        ];
        tenantry_in(&credentials, &["list"])
    };
    let output = machine("lifts");
    assert!(output.status.success(), "{}", stderr(&output));
    let refused = machine("guessed");
    assert_eq!(refused.status.code(), Some(3));
    assert!(!stderr(&refused).contains("guessed"), "{}", stderr(&refused));
}

#[test]
fn who_has_no_token_is_told_how_to_get_one() {
    let output = tenantry_in(&[("TENANTRY_TOKEN", "expired"), ("TENANTRY_API", &url())], &["list"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("sign in: set TENANTRY_TOKEN"), "{}", stderr(&output));
}

//! What is asked of API and issuer, and what is made of their answers. That the API does answer so, `tests/sagas` holds against the
//! real one.

use fault::Kind;
use openapi::Script;
use serde_json::{Value, json};
use tenancy::TenantId;

use super::*;

const OPERATION: &str = "01M7YJQ2C0H3W8S7K5N4X9TDEB";

fn platform(script: &Script) -> Platform {
    let credentials =
        json!({ "client_id": "c", "client_secret": "s", "token_url": "https://issuer.example/token" });
    let credentials = serde_json::from_value(credentials).expect("credentials");
    Platform::new(script.http(), "https://tenantry.example", credentials).expect("an address")
}

/// The API, and the issuer that it is asked of first.
fn script() -> Script {
    let script = Script::new(Vec::new()).besides(&["GET ", "POST ", "DELETE "]);
    script.answer(200, &json!({ "access_token": "t", "expires_in": 3600 }))
}

fn tenant(status: &str) -> Value {
    json!({
        "id": "canary-shop-7f3a9c", "name": "Canary shop", "subdomain": "canary-shop", "email": "o@example.com",
        "plan": "starter", "blueprint": { "name": "shop", "version": 1 }, "status": status,
        "created_at": "2026-11-21T08:00:00Z",
    })
}

fn id() -> TenantId {
    "canary-shop-7f3a9c".parse().expect("an id")
}

fn refusal(problem: &str) -> Value {
    json!({ "type": format!("/problems/{problem}"), "title": "No", "status": 409, "detail": "because" })
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_when_it_is_not_taken() {
    let script = script()
        .answer(200, &tenant("active"))
        .answer(401, &json!({ "message": "Unauthorized" }))
        .answer(200, &json!({ "access_token": "another", "expires_in": 3600 }))
        .answer(200, &tenant("active"));
    let platform = platform(&script);
    platform.tenant(&id()).await.expect("an answer").expect("a tenant");
    assert_eq!(platform.tenant(&id()).await.expect_err("not let in").kind, Kind::Transient);
    platform.tenant(&id()).await.expect("an answer").expect("a tenant");
    let looks = "GET /v1/tenants/canary-shop-7f3a9c";
    assert_eq!(script.lines(), ["POST /token", looks, looks, "POST /token", looks]);
    let bearer = |n: usize| script.asked()[n].headers["authorization"].to_str().expect("ASCII").to_owned();
    assert_eq!(
        (bearer(0), bearer(1), bearer(4)),
        ("Basic Yzpz".into(), "Bearer t".into(), "Bearer another".into())
    );
}

#[tokio::test]
async fn credentials_that_are_refused_are_told_without_the_secret() {
    let script =
        Script::new(Vec::new()).besides(&["POST "]).answer(400, &json!({ "error": "invalid_client" }));
    let fault = platform(&script).tenant(&id()).await.expect_err("refused");
    assert_eq!((fault.kind, fault.cause.contains("invalid_client")), (Kind::Terminal, true), "{fault:?}");
}

#[tokio::test]
async fn a_signup_is_for_a_synthetic_tenant_under_its_key() {
    let script = script().answer(202, &json!({ "tenant": tenant("provisioning"), "operation": "o" }));
    let wanted = SignUp::of("shop").expect("a blueprint");
    let signed_up = platform(&script).sign_up(&wanted, "run-1").await.expect("an answer");
    assert!(matches!(signed_up, SignedUp::Tenant(tenant) if tenant.id == id()));
    let asked = &script.asked()[1];
    assert_eq!(asked.line, "POST /v1/tenants");
    assert_eq!(asked.headers["idempotency-key"], "run-1");
    assert_eq!((&asked.body["subdomain"], &asked.body["synthetic"]), (&json!("canary-shop"), &json!(true)));
}

#[tokio::test]
async fn a_refusal_is_an_outcome_where_it_can_be_acted_on() {
    let script = script()
        .answer(409, &refusal("subdomain-taken"))
        .answer(409, &refusal("request-in-progress"))
        .answer(409, &refusal("held"));
    let (platform, wanted) = (platform(&script), SignUp::of("shop").expect("a blueprint"));
    assert!(matches!(platform.sign_up(&wanted, "run-1").await, Ok(SignedUp::Taken)));
    for kind in [Kind::Transient, Kind::Terminal] {
        let fault = platform.sign_up(&wanted, "run-1").await.expect_err("refused");
        assert_eq!((fault.kind, fault.cause.as_str()), (kind, "the API refused: because"));
    }
}

#[tokio::test]
async fn a_deletion_begins_or_has_to_wait() {
    let script = script()
        .answer(202, &json!({ "tenant": tenant("deleting"), "operation": OPERATION }))
        .answer(409, &refusal("operation-under-way"))
        .answer(202, &json!({ "id": OPERATION, "tenant": "canary-shop-7f3a9c" }));
    let platform = platform(&script);
    for outcome in [Deletion::Begun, Deletion::Busy("because".to_owned()), Deletion::Waits] {
        assert_eq!(platform.delete(&id(), "seen enough").await.expect("an answer"), outcome);
    }
}

#[tokio::test]
async fn only_who_has_the_very_name_has_it() {
    let mut other = tenant("active");
    other["subdomain"] = "acme".into();
    let script = script()
        .answer(200, &json!({ "tenants": [tenant("active")] }))
        .answer(200, &json!({ "tenants": [other] }));
    let (platform, wanted) = (platform(&script), SignUp::of("shop").expect("a blueprint"));
    assert_eq!(platform.holder(&wanted.subdomain).await.expect("an answer").map(|it| it.id), Some(id()));
    assert_eq!(platform.holder(&wanted.subdomain).await.expect("an answer"), None);
    assert_eq!(script.lines()[1], "GET /v1/tenants?text=canary-shop&limit=1");
}

#[tokio::test]
async fn a_visitor_follows_redirects_to_their_end_and_not_for_ever() {
    let away = |script: Script, to: &str| script.answer_with(308, &[("location", to)], "");
    let script = Script::new(Vec::new()).besides(&["GET "]);
    let script =
        away(away(script, "/dashboard/acme/"), "https://tenantry.example/sign-in").answer_with(200, &[], "");
    let status = visit(&script.http(), "https://tenantry.example/dashboard/acme").await.expect("an answer");
    assert_eq!(status, 200);
    assert_eq!(script.lines(), ["GET /dashboard/acme", "GET /dashboard/acme/", "GET /sign-in"]);

    let script = (0..6).fold(Script::new(Vec::new()).besides(&["GET "]), |script, _| away(script, "/again"));
    let status = visit(&script.http(), "https://tenantry.example/").await.expect("an answer");
    assert!(status.is_redirection(), "{status}");
}

use fault::Kind;
use openapi::Script;
use serde_json::{Value, json};

use super::*;

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

async fn run(script: &Script) -> Result<Output, Fault> {
    let input = json!({
        "blueprint": "shop", "tenant": { "id": "canary-shop-7f3a9c" },
        "endpoints": { "site": "https://acme.example/" },
    });
    let probe = ProbeAbsence { platform: platform(script), http: script.http() };
    probe.run(serde_json::from_value(input).expect("an input")).await
}

fn left(status: &str, steps: &[&str]) -> Value {
    let mut tenant = tenant(status);
    tenant["resources"] =
        steps.iter().map(|step| json!({ "step": step, "state": "stuck", "handle": {} })).collect();
    tenant
}

/// Whether a signup of the same name would be taken.
fn preview(violations: &Value) -> Value {
    json!({ "valid": violations == &json!([]), "violations": violations })
}

#[tokio::test]
async fn a_tenant_is_absent_when_nothing_is_left_nothing_answers_and_its_name_is_free() {
    let script = script()
        .answer(200, &left("deleted", &[]))
        .answer_with(404, &[], "")
        .answer(200, &preview(&json!([])));
    run(&script).await.expect("it is absent");
    assert_eq!(script.lines()[2..], ["GET /", "POST /v1/tenants?dry_run=validate"]);
}

#[tokio::test]
async fn as_long_as_anything_of_it_is_seen_it_is_looked_for_again() {
    let deleted = || script().answer(200, &left("deleted", &[]));
    let taken = preview(&json!([{ "field": "subdomain", "problem": "taken", "allowed": "another" }]));
    for (seen, why) in [
        (script().answer(200, &left("deleting", &[])), "is deleting"),
        (deleted().answer_with(200, &[], "<html>"), "its site answers 200"),
        (deleted().answer_with(404, &[], "").answer(200, &taken), "subdomain: taken"),
    ] {
        let fault = run(&seen).await.expect_err(why);
        assert_eq!((fault.kind, fault.cause.contains(why)), (Kind::NotReady, true), "{fault:?}");
    }
}

#[tokio::test]
async fn what_would_not_go_is_told_by_its_step() {
    let leftover = script().answer(200, &left("deleted", &["publish-website"]));
    let fault = json!({ "step": "publish-website", "fault": Fault::terminal("s3 refused") });
    let operations = json!({ "operations": [{ "id": "01M7YJMCAGDF8N7ZT7RZ80SAD4", "state": "stuck" }] });
    let operation = json!({ "fault": fault });
    let stuck = script()
        .answer(200, &left("stuck", &["publish-website"]))
        .answer(200, &operations)
        .answer(200, &operation);
    for (seen, why) in
        [(leftover, "of it is left: publish-website"), (stuck, "at publish-website: s3 refused")]
    {
        let fault = run(&seen).await.expect_err(why);
        assert_eq!((fault.kind, fault.cause.contains(why)), (Kind::Terminal, true), "{fault:?}");
    }
}

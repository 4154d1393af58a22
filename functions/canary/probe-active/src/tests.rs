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
    let tenant = Named { id: "canary-shop-7f3a9c".parse().expect("an id") };
    ProbeActive { platform: platform(script) }.run(Input { tenant }).await
}

#[tokio::test]
async fn an_active_tenant_says_where_it_answers_and_since_when() {
    let mut active = tenant("active");
    active["activated_at"] = json!("2026-11-21T08:00:07Z");
    active["endpoints"] = json!({ "site": "https://acme.example/" });
    let output = run(&script().answer(200, &active)).await.expect("it is active");
    assert_eq!(output.at, "2026-11-21T08:00:07Z".parse().expect("a time"));
    assert_eq!(output.endpoints["site"], "https://acme.example/");
}

#[tokio::test]
async fn one_that_is_being_made_is_looked_at_again() {
    let fault = run(&script().answer(200, &tenant("provisioning"))).await.expect_err("not yet");
    assert_eq!(fault.kind, Kind::NotReady);
}

#[tokio::test]
async fn one_that_will_not_be_active_says_why() {
    let fault = json!({ "step": "publish-website", "fault": Fault::terminal("s3 refused") });
    let operations = json!({ "operations": [{ "id": "01M7YJMCAGDF8N7ZT7RZ80SAD4", "state": "failed" }] });
    let operation = json!({ "fault": fault });
    let failed =
        run(&script().answer(200, &tenant("failed")).answer(200, &operations).answer(200, &operation)).await;
    let failed = failed.expect_err("it failed");
    assert_eq!(
        (failed.kind, failed.cause.as_str()),
        (Kind::Terminal, "canary-shop-7f3a9c is failed at publish-website: s3 refused")
    );
    let waits = run(&script().answer(200, &tenant("pending_approval"))).await.expect_err("it waits");
    assert_eq!((waits.kind, waits.hint.is_some()), (Kind::Terminal, true));
    let gone = run(&script().answer(404, &json!({ "type": "about:blank", "detail": "none" }))).await;
    assert_eq!(gone.expect_err("there is none").kind, Kind::Terminal);
}

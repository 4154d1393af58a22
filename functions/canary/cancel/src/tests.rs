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
    Cancel { platform: platform(script) }.run(Input { tenant }).await
}

#[tokio::test]
async fn a_tenant_is_deleted_without_a_day_of_grace() {
    let accepted = json!({ "tenant": tenant("deleting"), "operation": "01M7YJQ2C0H3W8S7K5N4X9TDEB" });
    let script = script().answer(200, &tenant("active")).answer(202, &accepted);
    run(&script).await.expect("accepted");
    let asked = &script.asked()[2];
    assert_eq!(asked.line, "DELETE /v1/tenants/canary-shop-7f3a9c");
    assert!(asked.body["reason"].is_string() && asked.body.get("grace_days").is_none(), "{}", asked.body);
}

#[tokio::test]
async fn one_that_goes_already_is_not_asked_to_again() {
    for status in ["deleting", "deleted"] {
        run(&script().answer(200, &tenant(status))).await.expect("it goes");
    }
    run(&script().answer(404, &json!({}))).await.expect("there is none");
}

#[tokio::test]
async fn what_is_under_way_is_waited_for_and_what_needs_a_person_is_not() {
    let busy = json!({ "type": "/problems/operation-under-way", "detail": "operation o is under way" });
    let script_of =
        |status: u16, said: &Value| script().answer(200, &tenant("provisioning")).answer(status, said);
    assert_eq!(run(&script_of(409, &busy)).await.expect_err("busy").kind, Kind::NotReady);
    let waits = json!({ "id": "01M7YJQ2C0H3W8S7K5N4X9TDEB", "state": "pending" });
    assert_eq!(run(&script_of(202, &waits)).await.expect_err("somebody approves it").kind, Kind::Terminal);
    let locked = json!({ "type": "/problems/locked", "detail": "locked" });
    assert_eq!(run(&script_of(409, &locked)).await.expect_err("locked").kind, Kind::Terminal);
}

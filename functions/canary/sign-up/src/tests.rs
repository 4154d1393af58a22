use fault::Kind;
use jiff::ToSpan;
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

fn tenant(created_at: Timestamp) -> Value {
    json!({
        "id": "canary-shop-7f3a9c", "name": "Canary shop", "subdomain": "canary-shop", "email": "o@example.com",
        "plan": "starter", "blueprint": { "name": "shop", "version": 1 }, "status": "active",
        "created_at": created_at, "endpoints": { "site": "https://acme.example/" },
    })
}

fn subject() -> Named {
    Named { id: "canary-shop-7f3a9c".parse().expect("an id") }
}

async fn run(script: &Script, cleared: bool) -> Result<Output, Fault> {
    let (blueprint, run) = ("shop".to_owned(), "run-1".to_owned());
    SignUp { platform: platform(script) }.run(Input { blueprint, run, cleared }).await
}

/// The name is taken by a tenant that was made so many minutes ago.
fn taken(minutes: i64) -> Script {
    let refusal = json!({ "type": "/problems/subdomain-taken", "detail": "taken" });
    let holder = tenant(clock::now() - minutes.minutes());
    script().answer(409, &refusal).answer(200, &json!({ "tenants": [holder] }))
}

#[tokio::test]
async fn who_gets_the_name_runs() {
    let at = clock::now();
    let script = script().answer(202, &json!({ "tenant": tenant(at), "operation": "o" }));
    assert_eq!(run(&script, false).await, Ok(Output::SignedUp { tenant: subject(), at }));
}

#[tokio::test]
async fn while_a_run_may_have_the_name_no_other_begins() {
    assert_eq!(run(&taken(54), false).await, Ok(Output::AnotherRuns { tenant: subject() }));
    assert_eq!(run(&taken(1), true).await, Ok(Output::AnotherRuns { tenant: subject() }));
}

#[tokio::test]
async fn what_is_older_than_a_run_can_be_is_left_over_and_goes_once() {
    let endpoints = [("site".to_owned(), "https://acme.example/".to_owned())].into();
    assert_eq!(run(&taken(56), false).await, Ok(Output::LeftOver { tenant: subject(), endpoints }));
    assert_eq!(run(&taken(56), true).await.expect_err("it has gone").kind, Kind::Terminal);
}

#[tokio::test]
async fn a_name_that_was_given_back_meanwhile_is_asked_for_again() {
    let refusal = json!({ "type": "/problems/subdomain-taken", "detail": "taken" });
    let script = script().answer(409, &refusal).answer(200, &json!({ "tenants": [] }));
    assert_eq!(run(&script, false).await.expect_err("nobody has it").kind, Kind::Transient);
}

#[test]
fn a_run_takes_no_longer_than_its_machine_lets_it() {
    let machine: Value =
        serde_json::from_str(include_str!("../../../../statemachine/canary.asl.json")).expect("JSON");
    assert_eq!(machine["TimeoutSeconds"], LONGEST_RUN.as_secs());
}

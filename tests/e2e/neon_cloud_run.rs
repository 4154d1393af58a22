//! The blueprint neon-cloud-run: a store lives, is suspended, changes its plan, has a domain of its own, and goes.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::api::signup;
use tests::{Fault, Operation, Stack};

const BLUEPRINT: &str = "neon-cloud-run";

/// What a live store consists of in the clouds.
const WHOLE: [&str; 4] = ["branch", "secret", "secret", "service"];

fn kinds(things: &[String]) -> Vec<&str> {
    things.iter().filter_map(|thing| thing.split(' ').next()).collect()
}

async fn live(stack: &Stack) -> (Operation, String) {
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!((&status["state"], &status["percent"]), (&json!("succeeded"), &json!(100)), "{status:#}");
    let tenant = stack.api.tenant(&operation.tenant).await;
    assert_eq!(tenant["status"], "active");
    (operation, tenant["endpoints"]["api"].as_str().expect("an address").to_owned())
}

async fn health(stack: &Stack, store: &str) -> StatusCode {
    stack.http().get(format!("{store}/health")).send().await.expect("an answer").status()
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_store_lives_through_every_change_and_leaves_nothing() {
    let stack = Stack::from_env().await;
    let (operation, store) = live(&stack).await;
    let id = operation.tenant.as_str();
    let path = format!("/v1/tenants/{id}");
    let whole = stack.in_the_clouds(id).await;
    assert_eq!(kinds(&whole), WHOLE);
    assert_eq!(health(&stack, &store).await, StatusCode::OK);

    let suspension = stack.api.act(&format!("{path}/suspend")).await;
    assert_eq!(stack.api.ended(&suspension).await["state"], "succeeded");
    assert_eq!(stack.api.tenant(id).await["status"], "suspended");
    assert_eq!(health(&stack, &store).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stack.in_the_clouds(id).await, whole, "its data is kept");
    assert_eq!(awake(&stack, id).await, [""; 0], "nothing of it computes");

    let resumption = stack.api.act(&format!("{path}/resume")).await;
    assert_eq!(stack.api.ended(&resumption).await["state"], "succeeded");
    assert_eq!(health(&stack, &store).await, StatusCode::OK);

    let wanted = json!({ "plan": "professional", "reason": "it grows" });
    let change = stack.api.send(Method::POST, &format!("{path}/change-plan"), &wanted).await;
    let operation = change["operation"].as_str().expect("an id");
    let ended = |status: &Value| status["state"] == "succeeded";
    stack.api.when(&format!("{path}/operations/{operation}"), ended).await;
    assert_eq!(stack.api.tenant(id).await["plan"], "professional");
    assert_eq!(health(&stack, &store).await, StatusCode::OK);

    stack.api.succeeded(&stack.api.delete(id).await).await;
    assert_eq!(stack.in_the_clouds(id).await, [""; 0]);
    assert_eq!(health(&stack, &store).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_store_that_is_read_only_shows_all_and_takes_no_changes() {
    let stack = Stack::from_env().await;
    let (operation, store) = live(&stack).await;
    let path = format!("/v1/tenants/{}", operation.tenant);
    // Whoever may change nothing is told so before they are asked who they are.
    let refused = async || {
        let request = stack.http().delete(format!("{store}/store/carts/none"));
        request.send().await.expect("an answer").text().await.expect("text")
    };
    assert!(!refused().await.contains("read-only"));
    for (access, refuses) in [("read_only", true), ("full", false)] {
        let wish = json!({ "access": access, "reason": "a test asks for it" });
        let change = stack.api.send(Method::POST, &format!("{path}/access"), &wish).await;
        let id = change["operation"].as_str().expect("an id");
        let ended = stack.api.when(&format!("{path}/operations/{id}"), |it| it["ended_at"].is_string()).await;
        assert_eq!(ended["state"], "succeeded", "{ended:#}");
        let tenant = stack.api.tenant(&operation.tenant).await;
        assert_eq!((&tenant["access"], &tenant["status"]), (&json!(access), &json!("active")));
        assert_eq!(refused().await.contains("read-only"), refuses, "{access}");
        assert_eq!(health(&stack, &store).await, StatusCode::OK);
    }
    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
}

/// What of a tenant computes though nobody uses it.
async fn awake(stack: &Stack, tenant: &str) -> Vec<String> {
    let things = stack.things(tenant).await;
    let awake = things.iter().filter(|thing| thing["awake"] == true);
    let mut kinds: Vec<String> =
        awake.filter_map(|thing| thing["kind"].as_str()).map(str::to_owned).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_store_that_nobody_uses_sleeps_and_wakes_with_its_visitors() {
    let stack = Stack::from_env().await;
    let mut signup = signup(BLUEPRINT);
    signup["plan"] = json!("professional");
    signup["overrides"] = json!({ "min_instances": "1" });
    let operation = stack.api.sign_up(&signup).await;
    stack.api.succeeded(&operation).await;
    let id = operation.tenant.as_str();
    let (path, whole) = (format!("/v1/tenants/{id}"), stack.in_the_clouds(id).await);
    let store = stack.api.tenant(id).await["endpoints"]["api"].as_str().expect("an address").to_owned();
    assert_eq!(awake(&stack, id).await, ["branch", "service"], "by its plan an instance stands ready");

    stack.api.succeeded(&stack.api.act(&format!("{path}/hibernate")).await).await;
    assert_eq!(stack.api.tenant(id).await["status"], "hibernating");
    assert_eq!(awake(&stack, id).await, [""; 0]);
    assert_eq!(stack.in_the_clouds(id).await, whole, "its data is kept");

    // Whoever comes finds it open, before anybody knows of it here.
    assert_eq!(health(&stack, &store).await, StatusCode::OK);
    stack.http().get(format!("{store}/store/products")).send().await.expect("an answer");
    assert_eq!(awake(&stack, id).await, ["branch"]);
    let used = stack.api.request(Method::PUT, &format!("{path}/activity")).send().await.expect("an answer");
    let used: Value = used.json().await.expect("JSON");
    let wakes = used["operation"].as_str().expect("it is woken");
    stack.api.when(&format!("{path}/operations/{wakes}"), |it| it["state"] == "succeeded").await;
    assert_eq!(stack.api.tenant(id).await["status"], "active");
    assert_eq!(awake(&stack, id).await, ["branch", "service"]);
    stack.api.succeeded(&stack.api.delete(id).await).await;
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_store_that_does_not_open_leaves_nothing_and_can_be_tried_again() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let contains = signup["name"].as_str();
    let function = Some("google-deploy-service");
    let acts: &[&str] = &["create"];
    let fault = Fault { function, acts, contains, kind: "deny", ..Fault::default() };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    assert!(stack.hits(fault).await > 0, "it was never refused");
    stack.lift(fault).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("failed"), &json!(0)), "{status:#}");
    assert_eq!(status["fault"]["step"], "google-deploy-service", "{status:#}");
    assert_eq!(stack.in_the_clouds(&operation.tenant).await, [""; 0]);

    stack.api.succeeded(&stack.api.retry(&operation.tenant).await).await;
    assert_eq!(kinds(&stack.in_the_clouds(&operation.tenant).await), WHOLE);
    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_domain_of_its_own_leads_to_a_store_once_its_record_is_published() {
    let stack = Stack::from_env().await;
    let (operation, _) = live(&stack).await;
    let id = operation.tenant.as_str();
    let hostname = format!("shop.{}.com", id.replace("tenant", "t"));
    let path = format!("/v1/tenants/{id}/domains");
    let asked = stack.api.send(Method::POST, &path, &json!({ "hostname": hostname })).await;
    let target = asked["records"][0]["value"].as_str().expect("a target").to_owned();
    let waits = |domain: &Value| domain["state"] == "pending" && domain["looks"].as_u64() > Some(0);
    stack.api.when(&format!("{path}/{hostname}"), waits).await;
    let email = stack.api.tenant(id).await["email"].as_str().expect("text").to_owned();
    let told = async |what: &str| stack.mails_to(&email).await.iter().any(|mail| mail.contains(what));
    stack.point(&hostname, &target).await;
    let domain = stack.api.when(&format!("{path}/{hostname}"), |domain| domain["state"] == "active").await;
    assert_eq!(domain["certificate"]["state"], "right", "{domain:#}");
    assert_eq!(stack.api.tenant(id).await["endpoints"]["domain"], format!("https://{hostname}"));
    assert!(told(&target).await, "which record to publish");

    let gone = stack.api.send(Method::DELETE, &format!("{path}/{hostname}"), &Value::Null).await;
    let removal = gone["operation"].as_str().expect("an id");
    stack.api.when(&format!("/v1/tenants/{id}/operations/{removal}"), |it| it["state"] == "succeeded").await;
    assert_eq!(kinds(&stack.in_the_clouds(id).await), WHOLE);
    stack.api.succeeded(&stack.api.delete(id).await).await;
    assert_eq!(stack.in_the_clouds(id).await, [""; 0]);
}

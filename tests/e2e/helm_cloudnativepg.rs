//! The blueprint helm-cloudnativepg: a workshop lives, sleeps, grows, has a domain of its own, and goes; and one whose system does not come up leaves nothing.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::api::signup;
use tests::{Fault, Stack};

const BLUEPRINT: &str = "helm-cloudnativepg";

/// What each address of a workshop's answers.
async fn visit(stack: &Stack, id: &str) -> [StatusCode; 2] {
    let endpoints = stack.api.tenant(id).await["endpoints"].clone();
    let at = |name: &str| format!("{}/health", endpoints[name].as_str().expect("an address"));
    let get = async |url: String| stack.http().get(url).send().await.expect("an answer").status();
    [get(at("app")).await, get(at("api")).await]
}

/// How many of each kind there are of a workshop's, of those that tell one plan from another.
async fn counts(stack: &Stack, id: &str) -> Vec<(&'static str, usize)> {
    let things = stack.things(id).await;
    let count = |kind: &'static str| (kind, things.iter().filter(|thing| thing["kind"] == kind).count());
    ["Namespace", "HelmRelease", "Deployment", "Cluster", "policy"].map(count).to_vec()
}

fn workshop(plan: &str) -> Value {
    let mut signup = signup(BLUEPRINT);
    signup["plan"] = json!(plan);
    signup
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workshop_lives_through_every_change_and_leaves_nothing() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&workshop("workshop-free")).await;
    stack.api.succeeded(&operation).await;
    let id = operation.tenant;
    let path = format!("/v1/tenants/{id}");
    let of = |policies| {
        vec![("Namespace", 1), ("HelmRelease", 1), ("Deployment", 2), ("Cluster", 1), ("policy", policies)]
    };
    assert_eq!(counts(&stack, &id).await, of(0), "no backups");
    assert_eq!(visit(&stack, &id).await, [StatusCode::OK; 2]);

    stack.api.succeeded(&stack.api.act(&format!("{path}/hibernate")).await).await;
    assert_eq!(visit(&stack, &id).await, [StatusCode::SERVICE_UNAVAILABLE; 2]);
    assert_eq!(counts(&stack, &id).await, of(0), "its data stays");
    stack.api.succeeded(&stack.api.act(&format!("{path}/wake")).await).await;
    assert_eq!(visit(&stack, &id).await, [StatusCode::OK; 2]);

    let wanted = json!({ "plan": "workshop-enterprise", "reason": "it grows" });
    let change = stack.api.changed(&format!("{path}/change-plan"), &wanted).await;
    stack.api.succeeded(&change).await;
    assert_eq!(counts(&stack, &id).await, of(1), "and backups");
    assert_eq!(visit(&stack, &id).await, [StatusCode::OK; 2]);

    stack.api.succeeded(&stack.api.delete(&id).await).await;
    assert_eq!(stack.in_the_clouds(&id).await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workshop_that_is_not_installed_leaves_nothing_and_can_be_tried_again() {
    let stack = Stack::from_env().await;
    let signup = workshop("workshop-professional");
    let contains = signup["name"].as_str();
    let function = Some("helm-install-release");
    let acts: &[&str] = &["create"];
    let fault = stack.inject(&Fault { function, acts, contains, kind: "deny", ..Fault::default() }).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("failed"), &json!(0)), "{status:#}");
    assert_eq!(status["fault"]["step"], "helm-install-release", "{status:#}");
    assert_eq!(stack.in_the_clouds(&operation.tenant).await, [""; 0]);
    stack.api.succeeded(&stack.api.retry(&operation.tenant).await).await;
    assert_eq!(visit(&stack, &operation.tenant).await, [StatusCode::OK; 2]);
    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
    assert_eq!(stack.in_the_clouds(&operation.tenant).await, [""; 0]);
}

/// The versions that a workshop's deployments are of.
async fn versions(stack: &Stack, id: &str) -> BTreeSet<String> {
    let deployed = |thing: &Value| {
        let labels = thing["owner"].as_str().filter(|_| thing["kind"] == "Deployment")?.to_owned();
        let version = labels.split(',').find_map(|label| label.strip_prefix("app.kubernetes.io/version="));
        version.map(str::to_owned)
    };
    stack.things(id).await.iter().filter_map(deployed).collect()
}

/// Makes a version of the blueprint that runs another version of the workshop, and then one that is as the blueprint was.
async fn release(stack: &Stack, runs: &str) -> Value {
    let path = format!("/v1/blueprints/{BLUEPRINT}");
    let settings = stack.api.read(&path).await["settings"].clone();
    let mut released = settings.clone();
    released["version"] = json!(runs);
    let version = async |settings: Value| {
        let update = json!({ "settings": settings, "reason": "a test asks for it" });
        stack.api.ask(Method::PATCH, &path, &update).await["version"].clone()
    };
    let released = version(released).await;
    version(settings).await;
    released
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workshop_is_moved_to_another_version_and_back_to_the_one_before() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&workshop("workshop-free")).await;
    stack.api.succeeded(&operation).await;
    let id = operation.tenant;
    let path = format!("/v1/tenants/{id}");
    let made_of = stack.api.tenant(&id).await["blueprint"]["version"].clone();
    let ran = versions(&stack, &id).await;
    let released = release(&stack, "1.5.0").await;
    assert!(stack.api.tenant(&id).await["newer_version"].as_u64() > released.as_u64());
    assert_eq!(versions(&stack, &id).await, ran, "nobody has moved it");

    for (version, runs) in [(released, BTreeSet::from(["1.5.0".to_owned()])), (made_of, ran)] {
        let wanted = json!({ "version": version, "reason": "a test asks for it" });
        let upgrade = stack.api.send(Method::POST, &format!("{path}/upgrade"), &wanted).await;
        let operation = upgrade["operation"].as_str().expect("an id");
        let over = |it: &Value| it["ended_at"].is_string();
        let ended = stack.api.when(&format!("{path}/operations/{operation}"), over).await;
        assert_eq!((&ended["kind"], &ended["state"]), (&json!("upgrade"), &json!("succeeded")), "{ended:#}");
        assert_eq!(stack.api.tenant(&id).await["blueprint"]["version"], version);
        assert_eq!(versions(&stack, &id).await, runs);
        assert_eq!(visit(&stack, &id).await, [StatusCode::OK; 2]);
    }
    stack.api.succeeded(&stack.api.delete(&id).await).await;
    assert_eq!(stack.in_the_clouds(&id).await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_domain_of_its_own_leads_to_a_workshop_once_its_record_is_published() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&workshop("workshop-free")).await;
    stack.api.succeeded(&operation).await;
    let id = operation.tenant.as_str();
    let hostname = format!("shop.{}.com", id.replace("tenant", "t"));
    let path = format!("/v1/tenants/{id}/domains");
    let asked = stack.api.send(Method::POST, &path, &json!({ "hostname": hostname })).await;
    let target = asked["records"][0]["value"].as_str().expect("a target").to_owned();
    let waits = |domain: &Value| domain["state"] == "pending" && domain["looks"].as_u64() > Some(0);
    stack.api.when(&format!("{path}/{hostname}"), waits).await;
    assert_eq!(of_domain(&stack, id, &hostname).await, ["Ingress"], "no certificate is asked for yet");
    stack.point(&hostname, &target).await;
    let domain = stack.api.when(&format!("{path}/{hostname}"), |domain| domain["state"] == "active").await;
    assert_eq!(domain["certificate"]["state"], "right", "{domain:#}");
    assert_eq!(stack.api.tenant(id).await["endpoints"]["domain"], format!("https://{hostname}"));
    assert_eq!(of_domain(&stack, id, &hostname).await, ["Certificate", "Ingress"]);

    let gone = stack.api.send(Method::DELETE, &format!("{path}/{hostname}"), &Value::Null).await;
    let removal = gone["operation"].as_str().expect("an id");
    stack.api.when(&format!("/v1/tenants/{id}/operations/{removal}"), |it| it["state"] == "succeeded").await;
    assert_eq!(of_domain(&stack, id, &hostname).await, [""; 0]);
    stack.api.succeeded(&stack.api.delete(id).await).await;
    assert_eq!(stack.in_the_clouds(id).await, [""; 0]);
}

/// What makes a domain of a workshop's be served.
async fn of_domain(stack: &Stack, id: &str, hostname: &str) -> Vec<String> {
    let there = stack.in_the_clouds(id).await;
    let kinds = there.iter().filter_map(|thing| thing.strip_suffix(hostname)?.split(' ').next());
    kinds.filter(|kind| ["Certificate", "Ingress"].contains(kind)).map(str::to_owned).collect()
}

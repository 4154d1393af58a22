//! What is made from backups: a copy of a workshop, and one that is there again after it was gone.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::Stack;
use tests::api::signup;

const BLUEPRINT: &str = "helm-cloudnativepg";

fn workshop() -> Value {
    let mut signup = signup(BLUEPRINT);
    signup["plan"] = json!("workshop-professional");
    signup
}

/// Whether a workshop's database began with what was backed up elsewhere: then it is said where that is.
async fn is_recovered(stack: &Stack, id: &str) -> bool {
    let things = stack.in_the_clouds(id).await;
    things.iter().any(|thing| thing.starts_with("ObjectStore ") && thing.ends_with("/origin"))
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_workshop_is_copied_and_one_that_was_gone_comes_back_with_its_data() {
    let stack = Stack::from_env().await;
    let first = stack.api.sign_up(&workshop()).await;
    stack.api.succeeded(&first).await;
    let first = first.tenant;
    assert!(!is_recovered(&stack, &first).await);

    let mut wanted = workshop();
    wanted["origin"] = json!({ "tenant": "nobody-000000" });
    let (status, problem) = stack.api.post_signup(&wanted, None).await;
    assert_eq!(
        (status, &problem["violations"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("origin"))
    );
    wanted["origin"] = json!({ "tenant": first });
    let copy = stack.api.sign_up(&wanted).await;
    stack.api.succeeded(&copy).await;
    assert!(is_recovered(&stack, &copy.tenant).await);
    stack.api.succeeded(&stack.api.delete(&copy.tenant).await).await;
    assert_eq!(stack.in_the_clouds(&copy.tenant).await, [""; 0]);

    // It leaves, and its backups stay.
    let leaves = json!({ "grace_days": 1, "reason": "a test asks for it" });
    let left = stack.api.send(Method::DELETE, &format!("/v1/tenants/{first}"), &leaves).await;
    let path = format!("/v1/tenants/{first}/operations/{}", left["operation"].as_str().expect("an id"));
    let over = stack.api.when(&path, |it| it["ended_at"].is_string()).await;
    assert_eq!(over["state"], "succeeded", "{over:#}");
    assert_eq!(stack.in_the_clouds(&first).await, [""; 0]);
    let back = stack.api.act(&format!("/v1/tenants/{first}/restore")).await;
    stack.api.succeeded(&back).await;
    assert!(is_recovered(&stack, &first).await);
    stack.api.succeeded(&stack.api.delete(&first).await).await;
}

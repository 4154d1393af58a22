//! The operator's ways out, and the janitor's: whatever is under way, broken or dead can be brought to an end.

use serde_json::{Value, json};
use tests::api::signup;
use tests::world::{inventory, kinds};
use tests::{Fault, Operation, Stack};

const BLUEPRINT: &str = "merchant-workspace";
const PUBLISH: &str = "merchant-publish-website";

/// A tenant whose website takes its time: so there is a middle to do something in.
async fn in_the_middle(stack: &Stack) -> (Operation, u64) {
    let signup = signup(BLUEPRINT);
    let aim = signup["name"].as_str();
    let fault =
        Fault { function: Some(PUBLISH), acts: &["create"], contains: aim, kind: "slow", ..Fault::default() };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    while stack.hits(fault).await == 0 {
        assert_ne!(stack.api.operation(&operation).await["state"], "succeeded");
    }
    (operation, fault)
}

/// A tenant that failed at its website, or could not get rid of it.
async fn denied(stack: &Stack, aim: &str, act: &'static str) -> u64 {
    let (function, acts) = (Some(PUBLISH), &[act][..]);
    stack.inject(&Fault { function, acts, contains: Some(aim), kind: "deny", ..Fault::default() }).await
}

fn ended(status: &Value, state: &str, left: u64) {
    assert_eq!((&status["state"], &status["resources_left"]), (&json!(state), &json!(left)), "{status:#}");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_cancelled_signup_leaves_nothing_and_says_who_stopped_it() {
    let stack = Stack::from_env().await;
    let (operation, fault) = in_the_middle(&stack).await;
    stack.api.cancel(&operation).await;
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    ended(&status, "failed", 0);
    assert_eq!(status["fault"]["fault"]["cause"], "cancelled by admin: a test asks for it");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
    let audit = stack.api.read(&format!("/v1/tenants/{}/audit", operation.tenant)).await;
    assert_eq!(audit["audit"][0]["action"], "cancel", "{audit:#}");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_tenant_is_deleted_by_force_while_it_is_being_made() {
    let stack = Stack::from_env().await;
    let (operation, fault) = in_the_middle(&stack).await;
    let deletion = stack.api.force_delete(&operation.tenant).await;
    ended(&stack.api.ended(&deletion).await, "succeeded", 0);
    stack.lift(fault).await;
    assert_eq!(stack.api.operation(&operation).await["state"], "failed");
    assert_eq!(stack.api.tenant(&operation.tenant).await["status"], "deleted");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_a_forced_deletion_could_not_take_along_stays_a_repair_task_until_it_is_gone() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let id = operation.tenant.as_str();
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    let fault = denied(&stack, id, "destroy").await;
    let deletion = stack.api.force_delete(id).await;
    ended(&stack.api.ended(&deletion).await, "stuck", 1);
    let tenant = stack.api.tenant(id).await;
    assert_eq!((&tenant["status"], &tenant["resources"][0]["step"]), (&json!("deleted"), &json!(PUBLISH)));
    let tasks = stack.api.repair_tasks(id).await;
    assert_eq!((tasks.len(), &tasks[0]["step"]), (1, &json!(PUBLISH)), "{tasks:#?}");
    stack.lift(fault).await;

    let task = tasks[0]["id"].as_str().expect("an id");
    let repair = stack.api.act(&format!("/v1/repair-tasks/{task}/retry")).await;
    ended(&stack.api.ended(&repair).await, "succeeded", 0);
    assert_eq!(stack.api.repair_tasks(id).await, [] as [Value; 0]);
    assert_eq!(stack.api.tenant(id).await["status"], "deleted");
    assert_eq!(inventory(&stack, id).await, [].into());
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_is_held_is_kept_and_a_retry_goes_on_from_it() {
    let stack = Stack::from_env().await;
    let mut signup = signup(BLUEPRINT);
    signup["on_failure"] = json!("hold");
    let fault = denied(&stack, signup["name"].as_str().expect("a name"), "create").await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    assert_eq!(
        (&status["state"], &status["fault"]["step"]),
        (&json!("failed"), &json!(PUBLISH)),
        "{status:#}"
    );
    let tenant = stack.api.tenant(&operation.tenant).await;
    assert_eq!(tenant["status"], "failed");
    let kept = tenant["resources"].as_array().expect("what is kept");
    assert!(kept.iter().any(|kept| kept["state"] == "live"), "{tenant:#}");
    let held = inventory(&stack, &operation.tenant).await;
    assert!(kinds(&held).contains(&("group", 1)), "{held:?}");

    let retry = stack.api.retry(&operation.tenant).await;
    assert_eq!(stack.api.ended(&retry).await["state"], "succeeded");
    let whole = inventory(&stack, &operation.tenant).await;
    let same = held.iter().filter(|line| line.starts_with("group") || line.starts_with("secret"));
    assert!(same.clone().count() > 0 && same.clone().all(|line| whole.contains(line)), "{held:?} {whole:?}");
    let deletion = stack.api.delete(&operation.tenant).await;
    ended(&stack.api.ended(&deletion).await, "succeeded", 0);
}

/// The owner's address is one that the provider will not have, now or later: only another address helps.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_signup_that_its_input_fails_is_held_and_goes_on_with_another() {
    let stack = Stack::from_env().await;
    let mut signup = signup(BLUEPRINT);
    let name = signup["name"].as_str().expect("a name").to_owned();
    let (refused, right) = (format!("refused-{name}"), format!("right-{name}"));
    signup["on_failure"] = json!("hold");
    signup["email"] = json!(format!("{refused}@example.com"));
    let (function, contains) = (Some("merchant-create-owner"), Some(refused.as_str()));
    let fault = Fault { function, acts: &["create"], contains, kind: "deny", ..Fault::default() };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    let id = operation.tenant.as_str();
    let status = stack.api.ended(&operation).await;
    assert_eq!(status["fault"]["step"], "merchant-create-owner", "{status:#}");
    let held = inventory(&stack, id).await;
    assert!(kinds(&held).contains(&("group", 1)), "{held:?}");

    let retry = stack.api.retry(id).await;
    assert_eq!(stack.api.ended(&retry).await["state"], "failed", "it is the same input");
    let email = format!("{right}@example.com");
    let retry = stack.api.retry_with(id, json!({ "email": email, "subdomain": right })).await;
    assert_eq!(stack.api.ended(&retry).await["state"], "succeeded");
    stack.lift(fault).await;

    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&stack.aws);
    let user = cognito.admin_get_user().user_pool_id(stack.output("UserPoolId")).username(id).send();
    let user = user.await.expect("the owner's account");
    let address = user.user_attributes().iter().find(|attribute| attribute.name() == "email");
    assert_eq!(address.and_then(|attribute| attribute.value()), Some(email.as_str()));
    let whole = inventory(&stack, id).await;
    let same = held.iter().filter(|line| line.starts_with("group") || line.starts_with("secret"));
    assert!(same.clone().count() > 0 && same.clone().all(|line| whole.contains(line)), "{held:?} {whole:?}");
    let site = |subdomain: &str| format!("/sites/{subdomain}/");
    assert!(stack.api.get(&site(&right)).await.status().is_success());
    assert_eq!(stack.api.get(&site(&name)).await.status(), 404, "its old name is nobody's");
    let audit = stack.api.read(&format!("/v1/tenants/{id}/audit")).await;
    let entry = &audit["audit"][1];
    assert_eq!(
        (&entry["before"]["email"], &entry["after"]["email"]),
        (&signup["email"], &json!(email)),
        "{audit:#}"
    );
    let deletion = stack.api.delete(id).await;
    ended(&stack.api.ended(&deletion).await, "succeeded", 0);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn an_execution_that_is_killed_in_the_middle_leaves_nothing() {
    let stack = Stack::from_env().await;
    let (operation, fault) = in_the_middle(&stack).await;
    let status = stack.api.operation(&operation).await;
    let sfn = aws_sdk_sfn::Client::new(&stack.aws);
    let execution = status["execution"].as_str().expect("an execution");
    sfn.stop_execution().execution_arn(execution).send().await.expect("stopped");
    for minutes in [2, 10] {
        stack.janitor(&operation.tenant, minutes).await;
    }
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    ended(&status, "failed", 0);
    assert_eq!(stack.api.tenant(&operation.tenant).await["status"], "failed");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_janitor_finishes_a_deletion_that_got_stuck() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let id = operation.tenant.as_str();
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    let fault = denied(&stack, id, "destroy").await;
    let deletion = stack.api.delete(id).await;
    ended(&stack.api.ended(&deletion).await, "stuck", 1);
    stack.lift(fault).await;
    stack.janitor(id, 1).await;
    assert_eq!(stack.api.tenant(id).await["status"], "stuck", "it is not due");
    stack.janitor(id, 10).await;
    let newest = &stack.api.read(&format!("/v1/tenants/{id}/operations")).await["operations"][0]["id"];
    let again = Operation { id: newest.as_str().expect("an id").to_owned(), ..deletion };
    ended(&stack.api.ended(&again).await, "succeeded", 0);
    assert_eq!(stack.api.tenant(id).await["status"], "deleted");
    assert_eq!(stack.api.repair_tasks(id).await, [] as [Value; 0]);
    assert_eq!(inventory(&stack, id).await, [].into());
}

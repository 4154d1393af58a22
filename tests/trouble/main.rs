//! A sample of the fault matrix with real Lambdas: workers killed in mid-call, functions that time out.
//!
//! The simulation has every case; these show that the real machinery behaves as it does there. Slow by nature: a
//! killed worker's lease lasts until its Lambda would have ended.

use rstest::rstest;
use serde_json::json;
use tests::api::signup;
use tests::merchant_workspace::{BLUEPRINT, WHOLE, live};
use tests::worker::kill_workers;
use tests::world::{inventory, kinds};
use tests::{Fault, Stack};

#[rstest]
#[case::between_its_calls("merchant-create-owner")]
#[case::in_the_middle_of_many("merchant-publish-website")]
#[case::before_it_can_say_what_it_made("vault-store-password")]
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_worker_killed_while_it_makes_something_makes_it_once(#[case] step: &str) {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let fault = Fault {
        function: Some(step),
        acts: &["create"],
        contains: signup["name"].as_str(),
        kind: "hang",
        ..Fault::default()
    };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    stack.hit(fault).await;
    assert!(kill_workers(&format!("{}-{step}", stack.deployment)) > 0);
    stack.lift(fault).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_worker_killed_while_it_destroys_leaves_nothing() {
    let stack = Stack::from_env().await;
    let operation = live(&stack).await;
    let step = "merchant-seed-data";
    let contains = Some(operation.tenant.as_str());
    let fault =
        Fault { function: Some(step), acts: &["destroy"], contains, kind: "hang", ..Fault::default() };
    let fault = stack.inject(&fault).await;
    let deletion = stack.api.delete(&operation.tenant).await;
    stack.hit(fault).await;
    assert!(kill_workers(&format!("{}-{step}", stack.deployment)) > 0);
    stack.lift(fault).await;
    let status = stack.api.ended(&deletion).await;
    assert_eq!((&status["state"], &status["resources_left"]), (&json!("succeeded"), &json!(0)), "{status:#}");
    assert_eq!(inventory(&stack, &operation.tenant).await, [].into());
}

/// The first call outlasts its Lambda and is cut off in the middle; the next finds what it left.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_function_that_times_out_is_called_again_and_goes_on() {
    let stack = Stack::from_env().await;
    let signup = signup(BLUEPRINT);
    let fault = Fault {
        function: Some("merchant-publish-website"),
        service: Some("s3"),
        contains: signup["name"].as_str(),
        kind: "slow",
        ms: Some(6_000),
        times: Some(7),
        ..Fault::default()
    };
    let fault = stack.inject(&fault).await;
    let operation = stack.api.sign_up(&signup).await;
    let status = stack.api.ended(&operation).await;
    stack.lift(fault).await;
    assert_eq!(status["state"], "succeeded", "{status:#}");
    let steps = status["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["name"] == "merchant-publish-website").expect("the step");
    assert!(step["attempts"].as_u64() > Some(1), "it was in time: {step}");
    assert_eq!(kinds(&inventory(&stack, &operation.tenant).await), WHOLE);
}

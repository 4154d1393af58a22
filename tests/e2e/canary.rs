//! The canary, as its schedule would start it: over the front door, with a token of its own.

use std::time::Instant;

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use tests::api::pause;
use tests::merchant_workspace::BLUEPRINT;
use tests::{Fault, Stack};

/// Starts a run, and gives how it ended and what it said.
async fn run(stack: &Stack) -> (ExecutionStatus, String) {
    let sfn = aws_sdk_sfn::Client::new(&stack.aws);
    let start = sfn.start_execution().state_machine_arn(stack.output("CanaryMachine"));
    let started = start.input(json!({ "blueprint": BLUEPRINT }).to_string()).send().await.expect("started");
    let begun = Instant::now();
    loop {
        let execution = sfn.describe_execution().execution_arn(started.execution_arn()).send().await;
        let execution = execution.expect("an execution");
        if *execution.status() != ExecutionStatus::Running {
            let said = execution.cause().or(execution.output()).unwrap_or_default().to_owned();
            return (execution.status().clone(), said);
        }
        assert!(begun.elapsed().as_secs() < 300, "the canary does not end");
        pause().await;
    }
}

/// The metrics of `canary-report`, in the order of their coming. No other function of that log writes any.
async fn told(stack: &Stack) -> Vec<Value> {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&stack.aws);
    let group = format!("/tenantry/{}/canary", stack.deployment);
    let mut pages = logs.filter_log_events().log_group_name(group).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let lines = page.expect("the log").events.unwrap_or_default().into_iter();
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line.message()?.trim()).ok());
        found.extend(lines.filter(|line| line["_aws"].is_object()));
    }
    found
}

/// One name, so one test: two of them would wait for one another.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_canary_sees_a_tenant_live_and_go_and_says_when_it_does_not() {
    let stack = Stack::from_env().await;
    let (status, said) = run(&stack).await;
    assert_eq!(status, ExecutionStatus::Succeeded, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["failed"], false, "{said}");

    // Its name is free, and nobody but it may have it.
    let taken = stack.api.anonymous().read(&format!("/v1/subdomains/canary-{BLUEPRINT}")).await;
    assert!(taken["problem"].as_str().is_some_and(|why| why.ends_with("is reserved")), "{taken}");
    let listed = stack.api.read("/v1/tenants?text=canary").await;
    assert_eq!(listed["tenants"], json!([]), "{listed:#}");

    let fault = Fault {
        function: Some("merchant-publish-website"),
        acts: &["create"],
        contains: Some("canary"),
        kind: "deny",
        ..Fault::default()
    };
    let fault = stack.inject(&fault).await;
    let (status, said) = run(&stack).await;
    assert!(stack.hits(fault).await > 0, "nothing was refused");
    stack.lift(fault).await;
    assert_eq!(status, ExecutionStatus::Failed, "{said}");
    assert!(said.starts_with("active: ") && said.contains("merchant-publish-website"), "{said}");

    // The failure left nothing: the next one gets the name.
    let (status, said) = run(&stack).await;
    assert_eq!(status, ExecutionStatus::Succeeded, "{said}");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["failed"], false, "{said}");

    let told = told(&stack).await;
    let failed: Vec<&Value> = told.iter().filter_map(|line| line.get("CanaryFailed")).collect();
    assert_eq!(failed, [&json!(0), &json!(1), &json!(0)], "{told:#?}");
    for phase in ["signup-to-active", "use", "cancel-to-absent"] {
        let took = told.iter().filter(|line| line["phase"] == phase && line["CanaryDuration"].is_u64());
        assert!(took.count() >= 2, "{phase}: {told:#?}");
    }
}

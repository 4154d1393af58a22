//! The machines of the product, in the simulation and on the local stack: the same states, the same calls, and
//! outputs of the same shape.

use std::collections::BTreeMap;

use sagas::asl::transcript::{self, Entry, Event};
use sagas::asl::{Failure, Outcome};
use sagas::case::Case;
use serde_json::Value;
use tests::api::signup;
use tests::merchant_workspace::BLUEPRINT;
use tests::{Fault, Operation, Stack};

use crate::emulator::history;
use crate::line::{seen, text};

/// The machines whose executions make an operation, in the order in which they begin.
const PROVISION: [&str; 2] = ["provision-tenant", BLUEPRINT];
const TEARDOWN: [&str; 1] = ["teardown-tenant"];

#[test]
#[ignore = "needs the local stack: make test"]
fn a_tenants_life_is_the_same_in_both() {
    let wanted = simulated(BLUEPRINT, &[PROVISION.as_slice(), &TEARDOWN].concat());
    let came = on_the_stack(async |stack| {
        let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
        assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
        let mut came = executions(stack, &operation, &PROVISION).await;
        let deletion = stack.api.delete(&operation.tenant).await;
        assert_eq!(stack.api.ended(&deletion).await["state"], "succeeded");
        came.extend(executions(stack, &deletion, &TEARDOWN).await);
        came
    });
    for (machine, came) in came {
        let wanted = &wanted[&machine];
        assert_eq!(way(&came), way(wanted), "{machine}");
        if TEARDOWN.contains(&machine.as_str()) {
            // In which wave something goes is a matter of when it was made.
            assert_eq!(destroyed(&came), destroyed(wanted));
        } else {
            assert_eq!(shown(&came), shown(wanted), "{machine}");
        }
    }
}

/// What the deviations of the emulator touch is left out: the calls of branches that should have been stopped, and
/// what a parent is told of a failed child (`parallel-stops` and `child-fails` say so).
#[test]
#[ignore = "needs the local stack: make test"]
fn a_step_that_is_refused_leads_through_the_same_states() {
    let step = "merchant-create-group";
    let machines = [PROVISION.as_slice(), &TEARDOWN].concat();
    let wanted =
        simulated(&format!("{BLUEPRINT} {step}.apply/cognito:CreateGroup#1=Refused*ever"), &machines);
    let came = on_the_stack(async |stack| {
        let signup = signup(BLUEPRINT);
        let (function, contains) = (Some(step), signup["name"].as_str());
        let fault = Fault { function, acts: &["create"], contains, kind: "deny", ..Fault::default() };
        let fault = stack.inject(&fault).await;
        let operation = stack.api.sign_up(&signup).await;
        assert_eq!(stack.api.ended(&operation).await["state"], "failed");
        stack.lift(fault).await;
        executions(stack, &operation, &machines).await
    });
    for (machine, came) in came {
        assert_eq!(way(&came), way(&wanted[&machine]), "{machine}");
    }
}

/// The first execution of each machine in the simulation.
fn simulated(case: &str, machines: &[&str]) -> BTreeMap<String, Vec<Entry>> {
    let (_, entries) = transcript::of(|| case.parse::<Case>().expect("a case").run());
    let mut first: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let machine = entry.execution.rsplit(':').nth(1).expect("an ARN").to_owned();
        let execution = first.entry(machine).or_default();
        if execution.first().is_none_or(|begin| begin.execution == entry.execution) {
            execution.push(entry);
        }
    }
    assert!(machines.iter().all(|machine| first.contains_key(*machine)), "{:?}", first.keys());
    first
}

fn on_the_stack<T>(run: impl AsyncFnOnce(&Stack) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { run(&Stack::from_env().await).await })
}

/// The executions of an operation, by machine, when all of them have ended.
async fn executions(stack: &Stack, operation: &Operation, machines: &[&str]) -> BTreeMap<String, Vec<Entry>> {
    let sfn = aws_sdk_sfn::Client::new(&stack.aws);
    let mut found = BTreeMap::new();
    for machine in machines {
        let arn =
            format!("arn:aws:states:us-east-1:000000000000:stateMachine:{}-{machine}", stack.deployment);
        let mut pages = sfn.list_executions().state_machine_arn(arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            for execution in page.expect("executions").executions() {
                let execution = execution.execution_arn();
                let about = sfn.describe_execution().execution_arn(execution).send().await;
                if about.expect("an execution").input().is_some_and(|input| input.contains(&operation.id)) {
                    found.insert((*machine).to_owned(), ended(&sfn, execution).await);
                }
            }
        }
        assert!(found.contains_key(*machine), "no execution of {machine}");
    }
    found
}

async fn ended(sfn: &aws_sdk_sfn::Client, execution: &str) -> Vec<Entry> {
    loop {
        let entries = history(sfn, execution, &str::to_owned).await;
        if matches!(entries.last().map(|entry| &entry.event), Some(Event::Ended(_))) {
            return entries;
        }
        crate::bench::sleep(1).await;
    }
}

/// The states and calls of an execution with the shapes of what they put out. How often something was not ready
/// yet is a matter of time.
fn shown(entries: &[Entry]) -> String {
    let not_ready =
        |entry: &&Entry| !matches!(&entry.event, Event::Called(Err(failure)) if failure.error == "NotReady");
    let shaped = |entry: &Entry| Entry {
        event: match &entry.event {
            Event::Entered => Event::Entered,
            Event::Called(outcome) => Event::Called(shape_of(outcome)),
            Event::Left(output) => Event::Left(shape(output)),
            Event::Ended(outcome) => Event::Ended(shape_of(outcome)),
        },
        ..entry.clone()
    };
    let shaped: Vec<Entry> = entries.iter().filter(not_ready).map(shaped).collect();
    text(&seen(&shaped))
}

fn shape_of(outcome: &Outcome) -> Outcome {
    outcome.as_ref().map(shape).map_err(|failure| Failure::new(&failure.error, ""))
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "attempts");
            fields.map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        other => other.clone(),
    }
}

/// How many resources went.
fn destroyed(entries: &[Entry]) -> usize {
    let went = |entry: &&Entry| entry.state.contains('/') && matches!(entry.event, Event::Called(Ok(_)));
    entries.iter().filter(went).count()
}

/// The states of an execution in the order in which it first came to them, and how it ended. How many waves a
/// teardown has is a matter of what the other branches had made.
fn way(entries: &[Entry]) -> Vec<String> {
    let of = |entry: &Entry| match &entry.event {
        Event::Entered if !entry.state.contains('/') => Some(entry.state.clone()),
        Event::Ended(Ok(_)) => Some("succeeded".to_owned()),
        Event::Ended(Err(failure)) => Some(failure.error.clone()),
        _ => None,
    };
    let mut way = Vec::new();
    for place in entries.iter().filter_map(of) {
        if !way.contains(&place) {
            way.push(place);
        }
    }
    way
}

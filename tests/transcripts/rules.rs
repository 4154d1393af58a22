//! Rules of the Amazon States Language and of AWS's Step Functions guide, one by one.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use sagas::asl::{Failure, Outcome, Refused, Status};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bench::{Bench, Call, simulated, sleep};

/// Runs a machine of these states, from `Begin` on.
fn run(states: &Value, input: Value) -> (Status, Outcome) {
    let (_, status, outcome) =
        simulated(Bench::default().run(&json!({ "StartAt": "Begin", "States": states }), "test", input, 1));
    (status, outcome)
}

/// The calls of a machine of these states, and how long after the first each began.
fn calls(states: &Value, seed: u64) -> Vec<(Call, Duration)> {
    let bench = Bench::default();
    let machine = json!({ "StartAt": "Begin", "States": states });
    let _ = simulated(bench.run(&machine, "test", Value::Null, seed));
    let calls = bench.calls();
    let begun = calls[0].begun;
    calls.into_iter().map(|call| (call.clone(), call.begun - begun)).collect()
}

/// A task with more fields than its payload.
#[allow(clippy::needless_pass_by_value)] // `json!` makes values.
fn task(payload: Value, more: Value) -> Value {
    let mut task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": "stub", "Payload": payload }, "End": true,
    });
    task.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    task
}

fn error(outcome: Outcome) -> String {
    outcome.expect_err("it fails").error
}

#[rstest]
#[case::any_name("States.ALL", "Custom", true)]
#[case::a_timeout("States.ALL", "States.Timeout", true)]
#[case::an_expression("States.ALL", "States.QueryEvaluationError", true)]
#[case::not_what_is_too_large("States.ALL", "States.DataLimitExceeded", false)]
#[case::which_has_to_be_named("States.DataLimitExceeded", "States.DataLimitExceeded", true)]
#[case::not_the_runtime("States.ALL", "States.Runtime", false)]
#[case::by_no_name_at_all("States.Runtime", "States.Runtime", false)]
#[case::a_failed_task("States.TaskFailed", "Custom", true)]
#[case::but_not_a_late_one("States.TaskFailed", "States.Timeout", false)]
#[case::a_silent_one_is_late("States.Timeout", "States.HeartbeatTimeout", true)]
#[case::the_same_name("Custom", "Custom", true)]
#[case::another_name("Custom", "Customs", false)]
#[case::in_other_letters("custom", "Custom", false)]
fn what_an_error_equals(#[case] named: &str, #[case] error: &str, #[case] is: bool) {
    assert_eq!(Failure::new(error, "").is_one_of(&json!(["Unlikely", named])), is);
}

#[test]
fn a_retry_backs_off_up_to_its_maximum() {
    let retry = json!({ "Retry": [{
        "ErrorEquals": ["NotReady"], "IntervalSeconds": 2, "BackoffRate": 1.5, "MaxDelaySeconds": 4, "MaxAttempts": 4,
    }] });
    let at: Vec<_> = calls(&json!({ "Begin": task(json!({ "fail": "NotReady" }), retry) }), 1)
        .into_iter()
        .map(|(_, at)| at.as_secs_f64())
        .collect();
    assert_eq!(at, [0.0, 2.0, 5.0, 9.0, 13.0]);
}

#[test]
fn a_retry_that_says_nothing_more_is_three_at_one_two_and_four_seconds() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"] }] });
    let at: Vec<_> = calls(&json!({ "Begin": task(json!({ "fail": "Custom" }), retry) }), 1)
        .into_iter()
        .map(|(_, at)| at.as_secs())
        .collect();
    assert_eq!(at, [0, 1, 3, 7]);
}

#[test]
fn full_jitter_is_anything_up_to_the_delay_and_the_same_for_a_seed() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 8, "BackoffRate": 1,
                                    "MaxAttempts": 50, "JitterStrategy": "FULL" }] });
    let states = json!({ "Begin": task(json!({ "fail": "Custom" }), retry) });
    let at = |seed| calls(&states, seed).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
    let delays: Vec<_> = at(7).windows(2).map(|two| two[1] - two[0]).collect();
    assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(8)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < Duration::from_secs(2)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay > Duration::from_secs(6)), "{delays:?}");
    assert_eq!(at(7), at(7));
    assert_ne!(at(7), at(8));
}

#[test]
fn retriers_count_each_for_itself() {
    // The guide's own example, with a function that fails with A, B, C and B.
    let errors = "{% ['A', 'B', 'C', 'B'][$states.context.State.RetryCount] %}";
    let retry = json!({
        "Retry": [{ "ErrorEquals": ["A", "B"], "MaxAttempts": 2 }, { "ErrorEquals": ["C"], "IntervalSeconds": 5 }],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Told" }],
    });
    let states =
        json!({ "Begin": task(json!({ "fail": errors }), retry), "Told": { "Type": "Pass", "End": true } });
    let at: Vec<_> = calls(&states, 1).into_iter().map(|(_, at)| at.as_secs()).collect();
    assert_eq!(at, [0, 1, 3, 8]);
    assert_eq!(run(&states, Value::Null).1.expect("it is caught")["Error"], "B");
}

#[test]
fn a_wait_ends_at_its_time() {
    let states = json!({
        "Begin": { "Type": "Wait", "Timestamp": "{% $states.input.until %}", "Next": "After" },
        "After": { "Type": "Pass", "Output": "{% $states.context.State.EnteredTime %}", "End": true },
    });
    let at = |until: &str| run(&states, json!({ "until": until })).1;
    assert_eq!(at("2027-01-03T12:00:00Z"), Ok(json!("2027-01-03T12:00:00.000Z")));
    assert_eq!(at("2027-01-01T01:00:00+01:00"), Ok(json!("2027-01-01T00:00:00.000Z")));
    assert_eq!(error(at("soon")), "States.QueryEvaluationError");
}

#[rstest]
#[case(json!("{% 'two' %}"))]
#[case(json!("{% 0.5 %}"))]
#[case(json!("{% -1 %}"))]
fn seconds_are_whole_and_not_negative(#[case] seconds: Value) {
    let states = json!({ "Begin": { "Type": "Wait", "Seconds": seconds, "End": true } });
    assert_eq!(error(run(&states, Value::Null).1), "States.QueryEvaluationError");
}

#[test]
fn a_machine_has_its_time_and_nothing_in_it_catches_that() {
    let machine = json!({ "TimeoutSeconds": 10, "StartAt": "Begin", "States": {
        "Begin": task(json!({ "takes": 60 }), json!({
            "Retry": [{ "ErrorEquals": ["States.ALL"] }],
            "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "Caught" }],
        })),
        "Caught": { "Type": "Succeed" },
    } });
    let bench = Bench::default();
    let (took, (_, status, outcome)) = simulated(async {
        let begun = Instant::now();
        let ended = bench.run(&machine, "test", Value::Null, 1).await;
        (begun.elapsed(), ended)
    });
    assert_eq!((took.as_secs(), status, error(outcome)), (10, Status::TimedOut, "States.Timeout".to_owned()));
    assert!(bench.calls()[0].ended.is_some(), "nobody stops a function");
}

#[test]
fn a_task_that_is_late_is_no_machine_that_is_late() {
    let states = json!({ "Begin": task(json!({ "takes": 60 }), json!({ "TimeoutSeconds": 5 })) });
    let (status, outcome) = run(&states, Value::Null);
    assert_eq!((status, error(outcome)), (Status::Failed, "States.Timeout".to_owned()));
}

#[test]
fn the_calls_of_an_aborted_branch_run_on_and_no_other_begins() {
    let failing = json!({ "StartAt": "Fail", "States": { "Fail": task(json!({ "takes": 1, "fail": "No" }), json!({})) } });
    let going_on = json!({ "StartAt": "Slow", "States": {
        "Slow": task(json!({ "takes": 9, "say": "slow" }), json!({ "Next": "Next" })),
        "Next": task(json!({ "say": "next" }), json!({})),
    } });
    let states = json!({ "Begin": { "Type": "Parallel", "Branches": [failing, going_on], "End": true } });
    let made = calls(&states, 1);
    let said: Vec<_> = made.iter().map(|(call, _)| call.payload["say"].clone()).collect();
    assert_eq!(said, [Value::Null, json!("slow")]);
    let slow = &made[1].0;
    assert_eq!(slow.ended.map(|ended| (ended - slow.begun).as_secs()), Some(9));
}

#[test]
fn a_map_runs_no_more_at_once_than_it_may() {
    let item = json!({ "StartAt": "Call", "States": { "Call": task(json!({ "takes": 10 }), json!({})) } });
    let states = json!({ "Begin": {
        "Type": "Map", "Items": [1, 2, 3, 4, 5], "MaxConcurrency": "{% 1 + 1 %}", "ItemProcessor": item, "End": true,
    } });
    let at: Vec<_> = calls(&states, 1).into_iter().map(|(_, at)| at.as_secs()).collect();
    assert_eq!(at, [0, 0, 10, 10, 20]);
}

#[test]
fn an_item_is_known_to_the_selector_alone() {
    let map = |selector: Value, within: &str| {
        let item = json!({ "StartAt": "See", "States": { "See": { "Type": "Pass", "Output": within, "End": true } } });
        let states = json!({ "Begin": {
            "Type": "Map", "Items": ["a"], "ItemSelector": selector, "ItemProcessor": item, "End": true,
        } });
        run(&states, Value::Null).1
    };
    let index = "{% $states.context.Map.Item.Index %}";
    assert_eq!(map(json!({ "at": index }), "{% $states.input.at %}"), Ok(json!([0])));
    assert_eq!(error(map(json!({ "at": 1 }), index)), "States.QueryEvaluationError");
}

#[test]
fn a_token_is_good_for_one_answer_of_one_attempt() {
    let asked = |payload: Value, more: Value| {
        let mut task = task(payload, more);
        task["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
        json!({ "StartAt": "Begin", "States": { "Begin": task } })
    };
    let token = "{% $states.context.Task.Token %}";
    let machine = asked(
        json!({ "token": token }),
        json!({ "TimeoutSeconds": 5, "Retry": [{ "ErrorEquals": ["States.Timeout"], "MaxAttempts": 1 }] }),
    );
    let bench = Bench::default();
    let tokens = sagas::asl::Host::tokens(&bench).clone();
    simulated(async {
        let running = tokio::task::spawn_local({
            let (bench, machine) = (bench.clone(), machine.clone());
            async move { bench.run(&machine, "test", Value::Null, 1).await }
        });
        sleep(8).await;
        let given: Vec<_> = bench
            .calls()
            .iter()
            .map(|call| call.payload["token"].as_str().expect("a token").to_owned())
            .collect();
        assert_ne!(given[0], given[1]);
        assert_eq!(tokens.success(&given[0], Value::Null), Err(Refused::TaskTimedOut));
        assert_eq!(tokens.heartbeat("another"), Err(Refused::InvalidToken));
        assert_eq!(tokens.success(&given[1], json!("yes")), Ok(()));
        assert_eq!(tokens.success(&given[1], json!("yes")), Err(Refused::TaskTimedOut));
        assert_eq!(running.await.expect("it ends").2, Ok(json!("yes")));
    });
    let beating = asked(
        json!({ "token": token, "beats": 8, "then": { "output": "alive" } }),
        json!({ "HeartbeatSeconds": 10 }),
    );
    assert_eq!(simulated(bench.run(&beating, "test", Value::Null, 1)).2, Ok(json!("alive")));
    let silent = asked(json!({ "token": token, "takes": 60 }), json!({ "HeartbeatSeconds": 10 }));
    assert_eq!(error(simulated(bench.run(&silent, "test", Value::Null, 1)).2), "States.HeartbeatTimeout");
}

#[test]
fn what_is_too_large_ends_the_execution_unless_it_is_named() {
    let large = |size: usize, named: &str| {
        let states = json!({
            "Begin": task(json!({ "large": size }), json!({ "Catch": [{ "ErrorEquals": [named], "Next": "Told" }] })),
            "Told": { "Type": "Pass", "Output": "{% $states.input.Error %}", "End": true },
        });
        run(&states, Value::Null).1
    };
    let around = json!({ "Payload": "", "StatusCode": 200 }).to_string().len();
    assert!(large(256 * 1024 - around, "States.ALL").is_ok());
    assert_eq!(error(large(256 * 1024 - around + 1, "States.ALL")), "States.DataLimitExceeded");
    assert_eq!(large(300_000, "States.DataLimitExceeded"), Ok(json!("States.DataLimitExceeded")));
}

#[test]
fn an_output_that_fails_is_caught_and_its_result_is_gone() {
    let states = json!({
        "Begin": task(json!({ "say": 1 }), json!({
            "Output": "{% $states.result.Nothing %}", "Assign": { "made": true },
            "Catch": [{
                "ErrorEquals": ["States.QueryEvaluationError"], "Next": "Told",
                "Output": { "result": "{% $exists($states.result) %}", "assigned": "{% $exists($made) %}" },
            }],
        })),
        "Told": { "Type": "Pass", "End": true },
    });
    assert_eq!(run(&states, Value::Null).1, Ok(json!({ "result": false, "assigned": false })));
}

#[test]
fn a_condition_is_true_or_false() {
    let states = json!({
        "Begin": { "Type": "Choice", "Choices": [{ "Condition": "{% 1 %}", "Next": "After" }], "Default": "After" },
        "After": { "Type": "Succeed" },
    });
    assert_eq!(error(run(&states, Value::Null).1), "States.QueryEvaluationError");
}

#[test]
fn what_a_parent_is_told_has_the_childs_status() {
    let late = json!({ "TimeoutSeconds": 1, "StartAt": "Begin", "States": {
        "Begin": { "Type": "Wait", "Seconds": 5, "End": true },
    } });
    let bench = Bench::of(BTreeMap::from([("late".to_owned(), late.to_string())]));
    let parent = json!({ "StartAt": "Begin", "States": { "Begin": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": { "StateMachineArn": "late", "Input": {} }, "End": true,
    } } });
    let (_, status, outcome) = simulated(bench.run(&parent, "test", Value::Null, 1));
    let failure = outcome.expect_err("its child failed");
    let cause: Value = serde_json::from_str(&failure.cause).expect("a description");
    assert_eq!((status, failure.error.as_str()), (Status::Failed, "States.TaskFailed"));
    assert_eq!((&cause["Status"], &cause["Error"]), (&json!("TIMED_OUT"), &json!("States.Timeout")));
}

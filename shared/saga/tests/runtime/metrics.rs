use fault::Fault;
use jiff::ToSpan;
use saga::Effort;
use serde_json::{Value, json};
use tenancy::{OPERATOR, OnFailure, Operation, State, StepFault};

use crate::lab::{Lab, caller, die_after, doomed_caller};
use crate::provider::Trouble;
use crate::turns::run;

/// The lines that have a value of this metric.
fn of<'a>(heard: &'a [Value], metric: &str) -> Vec<&'a Value> {
    heard.iter().filter(|line| line.get(metric).is_some()).collect()
}

/// What the calls were that others were begun after.
fn retried_after(heard: &[Value]) -> Vec<&str> {
    of(heard, "StepRetried").into_iter().map(|line| line["after"].as_str().expect("a label")).collect()
}

#[test]
fn what_is_begun_again_is_counted_by_how_it_had_ended() {
    let lab = Lab::new().troubled([Trouble::Unavailable, Trouble::Pending]);
    telemetry::listen();
    lab.made(1).expect_err("unavailable");
    lab.made(1).expect_err("not ready");
    lab.made(1).expect("made");
    let heard = telemetry::heard();
    assert_eq!(retried_after(&heard), ["Transient", "NotReady"]);
    let [elapsed] = of(&heard, "StepElapsed")[..] else { panic!("{heard:?}") };
    assert_eq!(elapsed["step"], "fake-make-thing");
    assert_eq!(of(&heard, "LeaseHeld").len(), 3);
    assert_eq!(lab.row().fault, None, "what was passed on is not kept");
}

#[test]
fn a_call_that_died_was_lost() {
    let lab = Lab::new().troubled([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.apply(1), &doomed_caller("the first"))));
    telemetry::listen();
    lab.made(1).expect("gone on with");
    assert_eq!(retried_after(&telemetry::heard()), ["Lost"]);
}

#[test]
fn what_was_done_before_is_not_done_again() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    telemetry::listen();
    lab.made(1).expect("remembered");
    assert_eq!(telemetry::heard(), Vec::<Value>::new());
}

#[test]
fn another_operation_does_not_begin_again() {
    let mut lab = Lab::new().troubled([Trouble::Unavailable]);
    lab.made(1).expect_err("unavailable");
    lab.next_operation();
    telemetry::listen();
    lab.made(1).expect("made");
    assert_eq!(retried_after(&telemetry::heard()), Vec::<&str>::new());
}

#[test]
fn who_finds_a_resource_held_says_for_how_long_at_most() {
    let lab = Lab::new().troubled([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.apply(1), &caller("the first"))));
    telemetry::listen();
    lab.made(1).expect_err("in flight");
    let heard = telemetry::heard();
    let [awaited] = of(&heard, "LeaseAwaited")[..] else { panic!("{heard:?}") };
    let left = awaited["LeaseAwaited"].as_u64().expect("a number");
    assert!((50_000..=60_000).contains(&left), "{left}");
}

#[test]
fn a_destroy_that_is_begun_again_is_counted_too() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.provider.troubles([Trouble::Unavailable]);
    telemetry::listen();
    lab.destroyed().expect_err("unavailable");
    lab.destroyed().expect("gone");
    assert_eq!(retried_after(&telemetry::heard()), ["Transient"]);
}

#[test]
fn an_operation_is_counted_once_by_how_it_ended() {
    let lab = Lab::new();
    let (record, tenant) = run(async {
        let record =
            lab.tenants.operation(&lab.tenant, lab.operation).await.expect("read").expect("there").value;
        (record, lab.tenants.get(&lab.tenant).await.expect("read").expect("there").value)
    });
    let now = record.accepted_at + 61.seconds();
    let counted = |before: &Operation, state| {
        telemetry::listen();
        saga::ended(before, state, &Effort::default(), &tenant, now);
        telemetry::heard()
    };
    let rates = |heard: &[Value]| {
        heard
            .iter()
            .map(|line| (line["OperationFailed"].clone(), line["OperationRolledBack"].clone()))
            .collect::<Vec<_>>()
    };
    let one = |failed: Value, rolled_back: Value| vec![(failed, rolled_back)];

    let heard = counted(&record, State::Succeeded);
    assert_eq!((rates(&heard), &heard[0]["OperationDuration"]), (one(json!(0), json!(0)), &json!(61_000)));
    assert_eq!(rates(&counted(&record, State::Failed)), one(json!(1), json!(1)));
    assert_eq!(
        rates(&counted(&record, State::Stuck)),
        one(json!(1), json!(0)),
        "what is left was not undone"
    );

    let held = Operation { on_failure: OnFailure::Hold, ..record.clone() };
    assert_eq!(rates(&counted(&held, State::Failed)), one(json!(1), json!(0)), "nothing was undone");
    let stopped = StepFault { step: OPERATOR.to_owned(), fault: Fault::terminal("enough") };
    let stopped = Operation { fault: Some(stopped), ..record.clone() };
    assert_eq!(rates(&counted(&stopped, State::Failed)), one(Value::Null, Value::Null), "nobody's failure");
    let over = Operation { state: State::Failed, ..record };
    assert_eq!(counted(&over, State::Failed), Vec::<Value>::new(), "said before");
}

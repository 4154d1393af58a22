use serde_json::{Value, json};

use super::*;

fn run(change: &[(&str, Value)]) -> Output {
    let mut input = json!({
        "blueprint": "shop", "run": "run-1", "tenant": { "id": "canary-shop-7f3a9c" }, "left_over": false,
        "reached": {
            "signed_up_at": "2026-11-21T08:00:00Z", "active_at": "2026-11-21T08:00:07Z", "visit_ms": 120,
            "cancelled_at": "2026-11-21T08:00:08Z", "absent_at": "2026-11-21T08:00:10.5Z",
        },
        "failed": { "sign_up": null, "active": null, "visit": null, "cancel": null, "absence": null },
    });
    for (pointer, value) in change {
        *input.pointer_mut(pointer).expect("a field") = value.clone();
    }
    Report.run(serde_json::from_value(input).expect("an input"))
}

fn caught(cause: &str) -> Value {
    json!({ "Error": "Terminal", "Cause": cause })
}

#[test]
fn a_run_that_saw_its_tenant_live_and_go_has_not_failed() {
    assert_eq!(run(&[]), Output { failed: false, phase: None, cause: None });
}

#[test]
fn the_first_phase_that_failed_is_told() {
    let output = run(&[("/failed/visit", caught("no answer")), ("/failed/cancel", caught("busy"))]);
    assert_eq!(
        (output.failed, output.phase, output.cause),
        (true, Some("use"), Some("Terminal: no answer".to_owned()))
    );
    let output = run(&[("/tenant", Value::Null), ("/failed/sign_up", caught("no"))]);
    assert_eq!((output.failed, output.phase), (true, Some("sign-up")));
}

#[test]
fn what_another_run_left_behind_is_told_apart() {
    let output = run(&[("/left_over", true.into()), ("/failed/absence", caught("stuck"))]);
    assert_eq!((output.failed, output.phase), (true, Some("clear")));
}

#[test]
fn a_phase_is_told_once_it_ended() {
    let at = |time: &str| Some(time.parse().expect("a time"));
    let mut reached = Reached {
        signed_up_at: at("2026-11-21T08:00:00Z"),
        active_at: at("2026-11-21T08:00:07Z"),
        visit_ms: Some(120),
        cancelled_at: at("2026-11-21T08:00:08Z"),
        absent_at: at("2026-11-21T08:00:10.5Z"),
    };
    let ms = Duration::from_millis;
    let all = [("signup-to-active", ms(7_000)), ("use", ms(120)), ("cancel-to-absent", ms(2_500))];
    assert_eq!(reached.phases(), all);
    reached.visit_ms = None;
    reached.absent_at = None;
    assert_eq!(reached.phases(), [all[0]]);
}

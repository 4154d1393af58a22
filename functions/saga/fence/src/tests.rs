use serde_json::json;

use super::*;

fn record() -> Operation {
    serde_json::from_value(json!({
        "id": "01M7YJMCAGDF8N7ZT7RZ80SAD4", "tenant": "acme-000000", "kind": "provision", "state": "running",
        "blueprint": { "name": "b", "version": 1 }, "workflow": { "step": "a" }, "optional": ["nice-to-have"],
        "accepted_at": "2026-01-01T00:00:00Z",
    }))
    .expect("an operation")
}

/// What a step was seen to fail of, so many seconds after the operation began.
fn report(record: &Operation, step: &str, second: i64, fault: Fault) -> Report {
    let at = record.accepted_at + jiff::SignedDuration::from_secs(second);
    Report {
        tenant: record.tenant.clone(),
        operation: record.id,
        step: step.to_owned(),
        attempts: 1,
        begun_at: at,
        changed_at: at,
        busy_ms: 1,
        fault: Some(fault),
        seen: None,
    }
}

fn caught() -> Caught {
    Caught { error: "States.TaskFailed".to_owned(), cause: Some("a child".to_owned()) }
}

#[test]
fn the_reason_is_what_failed_for_good_and_first() {
    let record = record();
    let reports = vec![
        report(&record, "slow", 1, Fault::transient("throttled")),
        report(&record, "second", 3, Fault::terminal("because of the first")),
        report(&record, "first", 2, Fault::terminal("denied")),
    ];
    let reason = reason(&record, Vec::new(), reports, &caught());
    assert_eq!((reason.step.as_str(), reason.fault.cause.as_str()), ("first", "denied"));
}

/// Invariant 11.
#[test]
fn what_is_nice_to_have_is_never_the_reason() {
    let record = record();
    let optional = report(&record, "nice-to-have", 1, Fault::terminal("nobody needs it"));
    let needed = report(&record, "needed", 2, Fault::transient("out of tries"));
    let both = reason(&record, Vec::new(), vec![optional.clone(), needed], &caught());
    assert_eq!(both.step, "needed");
    let alone = reason(&record, Vec::new(), vec![optional], &caught());
    assert_eq!(
        (alone.step.as_str(), alone.fault.cause.as_str()),
        ("provision-tenant", "States.TaskFailed: a child")
    );
}

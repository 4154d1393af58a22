use fault::{Actor, Kind};
use saga::ResourceState;
use serde_json::{Value, json};

use crate::lab::{Lab, caller, die_after, doomed_caller};
use crate::provider::Trouble;
use crate::turns::{in_every_order, run};

#[test]
fn a_first_call_makes_the_thing_and_records_it() {
    let lab = Lab::new();
    let output = lab.made(3).expect("made");
    assert_eq!(output, json!({ "id": format!("id-of-{}", lab.name()), "size": 3 }));
    assert_eq!(lab.thing(), lab.ours(3, 1));
    let row = lab.row();
    assert_eq!((row.state, row.output.as_ref()), (ResourceState::Live, Some(&output)));
    assert_eq!((row.made_by, row.operation, row.attempts), (lab.operation, lab.operation, 1));
    assert_eq!((row.handle, row.destroyer.as_str()), (json!({ "name": lab.name() }), "arn:of:the:step"));
    assert_eq!((row.lease, row.fault), (None, None));
    assert!(row.live_at.expect("live") >= row.intended_at);
}

/// Invariant 1.
#[test]
fn whatever_exists_is_already_in_the_ledger() {
    let finished = (0..).any(|polls| {
        let lab = Lab::new();
        let ended = die_after(polls, lab.make.run(lab.apply(1), &caller("a call")));
        if lab.thing().is_some() {
            assert_eq!(lab.row().handle, json!({ "name": lab.name() }), "after {polls} polls");
        }
        ended
    });
    assert!(finished);
}

#[test]
fn a_call_again_gives_the_same_answer_without_a_second_effect() {
    let lab = Lab::new();
    let first = lab.made(3).expect("made");
    let (thing, row) = (lab.thing(), lab.row());
    lab.provider.troubles([Trouble::Refused]);
    assert_eq!(lab.made(3).expect("remembered, without asking the provider"), first);
    assert_eq!((lab.thing(), lab.row()), (thing, row));
}

/// Two spellings of one object are one input.
#[test]
fn the_order_of_the_fields_is_no_change_of_input() {
    let lab = Lab::new();
    lab.made(3).expect("made");
    let snapshot = serde_json::to_string(&lab.snapshot).expect("text");
    let Value::Object(fields) = serde_json::from_str(&snapshot).expect("an object") else { unreachable!() };
    let backwards: Vec<String> =
        fields.iter().rev().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let mut payload = lab.apply(3);
    payload["tenant"] =
        serde_json::from_str(&format!("{{{}}}", backwards.join(","))).expect("the same object");
    lab.provider.troubles([Trouble::Refused]);
    run(lab.make.run(payload, &caller("a call"))).expect("remembered, without asking the provider");
}

/// Invariant 3.
#[test]
fn a_changed_input_changes_the_thing() {
    let lab = Lab::new();
    lab.made(3).expect("made");
    let before = lab.row();
    let output = lab.made(5).expect("changed");
    assert_eq!(output["size"], 5);
    assert_eq!(lab.thing(), lab.ours(5, 2));
    let after = lab.row();
    assert_eq!((after.state, after.output), (ResourceState::Live, Some(output)));
    assert_eq!(
        (after.made_by, after.intended_at, after.live_at),
        (before.made_by, before.intended_at, before.live_at)
    );
}

/// The machine's variables may stay as they are while an operator moves the tenant to another plan.
#[test]
fn a_changed_tenant_is_a_changed_input() {
    let mut lab = Lab::new();
    lab.made(3).expect("made");
    lab.snapshot.name = "Acme & Sons".to_owned();
    lab.provider.troubles([Trouble::Refused]);
    assert_eq!(lab.made(3).expect_err("the provider is asked").kind, Kind::Terminal);
}

#[test]
fn what_failed_is_gone_on_with() {
    let lab = Lab::new().troubled([Trouble::Unavailable, Trouble::Unavailable]);
    let fault = lab.made(1).expect_err("unavailable");
    assert_eq!((fault.kind, fault.kind.name()), (Kind::Transient, "Transient"));
    let row = lab.row();
    assert_eq!((row.state, row.lease.as_ref(), row.attempts), (ResourceState::Intended, None, 1));
    assert_eq!(row.fault, Some(fault));
    lab.made(1).expect_err("unavailable again");
    lab.made(1).expect("made at last");
    let row = lab.row();
    assert_eq!((row.state, row.attempts, row.fault), (ResourceState::Live, 3, None));
    assert_eq!(lab.thing(), lab.ours(1, 1));
}

/// Invariant 2.
#[test]
fn a_thing_whose_answer_was_lost_is_found_again() {
    let lab = Lab::new().troubled([Trouble::LostAnswer]);
    assert_eq!(lab.made(1).expect_err("lost").kind, Kind::Transient);
    assert_eq!(lab.thing(), lab.ours(1, 1));
    lab.made(1).expect("found");
    assert_eq!(lab.thing(), lab.ours(1, 1));
    assert_eq!(lab.state(), ResourceState::Live);
}

#[test]
fn a_thing_under_way_is_waited_for_and_made_once() {
    let lab = Lab::new().troubled([Trouble::Pending, Trouble::Pending]);
    for attempt in 1..=2 {
        let fault = lab.made(1).expect_err("not ready");
        assert_eq!((fault.kind.name(), lab.row().attempts), ("NotReady", attempt));
    }
    lab.made(1).expect("ready");
    assert_eq!(lab.thing(), lab.ours(1, 1));
}

#[test]
fn a_refusal_is_told_as_the_provider_said_it() {
    let lab = Lab::new().troubled([Trouble::Refused]);
    let fault = lab.made(1).expect_err("refused");
    assert_eq!((fault.kind.name(), fault.hint.as_deref()), ("Terminal", Some("Ask for less.")));
    assert_eq!(lab.row().fault, Some(fault));
    assert_eq!(lab.thing(), None);
}

/// Invariant 2.
#[test]
fn what_belongs_to_somebody_else_is_not_changed() {
    let lab = Lab::new();
    lab.provider.put(&lab.name(), "somebody/else");
    let before = lab.provider.things();
    let fault = lab.made(7).expect_err("foreign");
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Customer));
    assert_eq!(lab.provider.things(), before);
}

/// A crash leaves its lease behind; when that is over, the next call goes on, whatever had happened.
#[test]
fn a_crash_at_any_moment_is_gone_on_from() {
    let finished = (0..).any(|polls| {
        let lab = Lab::new();
        let ended = die_after(polls, lab.make.run(lab.apply(1), &doomed_caller("the dead")));
        lab.made(1).expect("made, or found");
        assert_eq!(lab.thing(), lab.ours(1, 1), "after {polls} polls");
        assert_eq!(lab.state(), ResourceState::Live);
        ended
    });
    assert!(finished);
}

#[test]
fn a_call_in_flight_keeps_others_out_until_its_time_is_over() {
    let lab = Lab::new().troubled([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.apply(1), &caller("the first"))));
    let row = lab.row();
    let fault = lab.made(1).expect_err("in flight");
    assert_eq!(fault.kind, Kind::NotReady);
    assert!(fault.cause.contains(&row.lease.as_ref().expect("leased").until.to_string()), "{fault}");
    assert_eq!(lab.row(), row);
}

/// The SDK sends a write again when its answer was lost: the second time meets the first.
#[test]
fn a_call_is_not_kept_out_by_its_own_lease() {
    let lab = Lab::new().troubled([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.apply(1), &caller("the same"))));
    run(lab.make.run(lab.apply(1), &caller("the same"))).expect("made, or found");
    assert_eq!(lab.thing(), lab.ours(1, 1));
}

#[test]
fn two_calls_at_once_have_one_effect() {
    in_every_order(|turns| {
        let lab = Lab::new();
        let (one, two) = (caller("one"), caller("two"));
        let (one, two) = turns.race(lab.make.run(lab.apply(1), &one), lab.make.run(lab.apply(1), &two));
        assert!(one.is_ok() || two.is_ok(), "{turns:?}");
        for fault in [one, two].into_iter().filter_map(Result::err) {
            assert_eq!(fault.kind, Kind::NotReady, "{turns:?}: {fault}");
        }
        assert_eq!(lab.thing(), lab.ours(1, 1), "{turns:?}");
        assert_eq!(lab.state(), ResourceState::Live, "{turns:?}");
    });
}

#[test]
fn a_later_operation_takes_what_is_live_as_it_is() {
    let mut lab = Lab::new();
    let first = lab.operation;
    let output = lab.made(1).expect("made");
    lab.next_operation();
    lab.provider.troubles([Trouble::Refused]);
    assert_eq!(lab.made(1).expect("remembered, without asking the provider"), output);
    let row = lab.row();
    assert_eq!((row.made_by, row.operation, row.attempts), (first, lab.operation, 0));
    assert_eq!((row.state, row.busy_ms), (ResourceState::Live, 0));
}

#[test]
fn a_later_operation_counts_its_own_attempts() {
    let mut lab = Lab::new().troubled([Trouble::Unavailable, Trouble::Unavailable]);
    let first = lab.operation;
    lab.made(1).expect_err("unavailable");
    lab.made(1).expect_err("unavailable");
    lab.next_operation();
    lab.made(1).expect("made");
    let row = lab.row();
    assert_eq!((row.made_by, row.operation, row.attempts), (first, lab.operation, 1));
}

/// A resource made by an older version keeps its name (the ledger's handle decides).
#[test]
fn the_name_a_resource_was_made_under_stands() {
    let lab = Lab::new().troubled([Trouble::Unavailable]);
    lab.made(1).expect_err("unavailable");
    let mut row = lab.row();
    row.handle = json!({ "name": "the-old-name" });
    run(saga::Ledger::release(&lab.ledger, row, &fault::Fault::transient("of the older version")))
        .expect("kept");
    lab.made(1).expect("made");
    assert_eq!(lab.provider.things().into_keys().collect::<Vec<_>>(), ["the-old-name"]);
}

#[test]
fn a_payload_that_does_not_decode_is_terminal_and_touches_nothing() {
    let lab = Lab::new();
    let good = lab.apply(1);
    let without = |field: &str| {
        let mut payload = good.clone();
        payload.as_object_mut().expect("an object").remove(field);
        payload
    };
    let with = |field: &str, value: Value| {
        let mut payload = good.clone();
        payload[field] = value;
        payload
    };
    for bad in [
        Value::Null,
        json!("apply"),
        without("action"),
        without("operation"),
        without("tenant"),
        without("params"),
        with("action", json!("explode")),
        with("operation", json!("not-a-ulid")),
        with("tenant", json!({ "id": lab.tenant })),
        with("params", json!({ "size": "large" })),
    ] {
        let fault = run(lab.make.run(bad.clone(), &caller("a call"))).expect_err("does not decode");
        assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us), "{bad}: {fault}");
        assert!(fault.hint.is_some(), "{bad}");
    }
    assert!(lab.provider.things().is_empty());
    assert!(run(lab.rows()).is_empty());
}

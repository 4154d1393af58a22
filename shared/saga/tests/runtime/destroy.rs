use fault::Kind;
use saga::{Ledger, ResourceState};
use serde_json::{Value, json};

use crate::lab::{Lab, caller, die_after, doomed_caller};
use crate::provider::Trouble;
use crate::turns::{in_every_order, run};

#[test]
fn what_was_made_is_gone_and_the_ledger_says_so() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    assert_eq!(lab.destroyed().expect("gone"), Value::Null);
    assert_eq!(lab.thing(), None);
    let row = lab.row();
    assert_eq!((row.state, row.output, row.lease, row.fault), (ResourceState::Destroyed, None, None, None));
}

#[test]
fn destroying_again_changes_nothing() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.destroyed().expect("gone");
    let row = lab.row();
    lab.provider.put(&lab.name(), &lab.mark());
    lab.destroyed().expect("gone already");
    assert_eq!(lab.row(), row);
    assert!(lab.thing().is_some(), "what is not in the ledger any more is not looked for");
}

/// A call that began long after its machine had given up: the row may be a later operation's by then.
#[test]
fn an_undo_that_begins_when_its_operation_has_ended_touches_nothing() {
    let mut lab = Lab::new();
    lab.made(1).expect("made");
    let late = lab.destroy();
    lab.next_operation();
    lab.made(1).expect("still there");
    let before = lab.row();
    let fault = run(lab.call("fake-make-thing", late, &caller("late"))).expect_err("too late");
    assert_eq!(fault.kind, Kind::Fenced);
    assert!(lab.thing().is_some());
    let after = lab.row();
    assert_eq!(after, saga::Resource { version: after.version, ..before });
}

#[test]
fn what_was_never_asked_for_is_gone() {
    let lab = Lab::new();
    lab.destroyed().expect("nothing to destroy");
    assert!(run(lab.rows()).is_empty());
}

#[test]
fn an_intent_that_never_became_real_ends_as_destroyed() {
    let lab = Lab::new().troubled([Trouble::Unavailable]);
    lab.made(1).expect_err("unavailable");
    lab.destroyed().expect("missing is success");
    assert_eq!(lab.state(), ResourceState::Destroyed);
}

/// Invariant 2: the handle alone finds what nobody heard of.
#[test]
fn a_thing_whose_answer_was_lost_is_destroyed_too() {
    let lab = Lab::new().troubled([Trouble::LostAnswer]);
    lab.made(1).expect_err("lost");
    assert!(lab.thing().is_some());
    lab.destroyed().expect("gone");
    assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed));
}

/// Invariant 4.
#[test]
fn destroyed_is_written_only_after_absence_was_observed() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.provider.troubles([Trouble::Pending, Trouble::Pending]);
    for attempt in 1..=2 {
        let fault = lab.destroyed().expect_err("still there");
        assert_eq!(fault.kind.name(), "NotReady");
        let row = lab.row();
        assert_eq!((row.state, row.attempts, row.lease), (ResourceState::Destroying, attempt, None));
        assert_eq!(row.fault, Some(fault));
        assert!(lab.thing().is_some());
    }
    lab.destroyed().expect("gone");
    assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed));
}

#[test]
fn a_destroy_that_fails_is_gone_on_with() {
    for trouble in [Trouble::Unavailable, Trouble::LostAnswer, Trouble::Refused] {
        let lab = Lab::new();
        lab.made(1).expect("made");
        lab.provider.troubles([trouble]);
        let fault = lab.destroyed().expect_err("fails");
        let row = lab.row();
        assert_eq!((row.state, row.fault), (ResourceState::Destroying, Some(fault)), "{trouble:?}");
        lab.destroyed().expect("gone");
        assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed), "{trouble:?}");
    }
}

/// Invariant 2.
#[test]
fn what_belongs_to_somebody_else_is_left_alone() {
    let lab = Lab::new();
    lab.provider.put(&lab.name(), "somebody/else");
    lab.made(1).expect_err("foreign");
    let before = lab.provider.things();
    lab.destroyed().expect("ours is not there");
    assert_eq!(lab.provider.things(), before);
    assert_eq!(lab.state(), ResourceState::Destroyed);
}

#[test]
fn a_destroy_waits_for_a_call_in_flight() {
    let lab = Lab::new().troubled([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.apply(1), &caller("in flight"))));
    let row = lab.row();
    assert_eq!(lab.destroyed().expect_err("in flight").kind, Kind::NotReady);
    assert_eq!(lab.row(), row);
    assert!(lab.thing().is_some());
}

#[test]
fn an_apply_waits_for_a_destroy_in_flight() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.provider.troubles([Trouble::Crash]);
    assert!(!die_after(99, lab.make.run(lab.destroy(), &caller("in flight"))));
    assert_eq!(lab.made(1).expect_err("in flight").kind, Kind::NotReady);
    assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroying));
}

#[test]
fn a_crash_at_any_moment_of_a_destroy_is_gone_on_from() {
    let finished = (0..).any(|polls| {
        let lab = Lab::new();
        lab.made(1).expect("made");
        let ended = die_after(polls, lab.make.run(lab.destroy(), &doomed_caller("the dead")));
        lab.destroyed().expect("gone");
        assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed), "after {polls} polls");
        ended
    });
    assert!(finished);
}

#[test]
fn an_apply_and_a_destroy_at_once_agree_with_the_ledger() {
    in_every_order(|turns| {
        let lab = Lab::new();
        let (one, two) = (caller("one"), caller("two"));
        let apply = lab.make.run(lab.apply(1), &one);
        let destroy = lab.make.run(lab.destroy(), &two);
        let outcomes = turns.race(apply, destroy);
        let state = run(lab.rows()).first().map(|row| row.state);
        let exists = lab.thing().is_some();
        assert_eq!(exists, state == Some(ResourceState::Live), "{turns:?}: {outcomes:?} left {state:?}");
    });
}

#[test]
fn what_was_destroyed_can_be_made_anew() {
    let mut lab = Lab::new();
    lab.made(1).expect("made");
    lab.destroyed().expect("gone");
    let before = lab.row();
    lab.next_operation();
    lab.made(1).expect("made anew");
    assert_eq!(lab.thing(), lab.ours(1, 1));
    let row = lab.row();
    assert_eq!((row.state, row.made_by, row.attempts), (ResourceState::Live, lab.operation, 1));
    assert!(row.intended_at > before.intended_at, "a new life");
}

/// A repair task: what the step said last is kept, and a later teardown tries again.
#[test]
fn what_was_given_up_keeps_its_reason_and_can_be_tried_again() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.provider.troubles([Trouble::Refused]);
    let said = lab.destroyed().expect_err("refused");
    let machine = fault::Fault::terminal("States.TaskFailed");
    let mark = || lab.ledger.mark_stuck(&lab.tenant, "fake-make-thing", lab.operation, machine.clone());
    run(mark()).expect("marked");
    run(mark()).expect("again");
    let row = lab.row();
    assert_eq!((row.state, row.fault), (ResourceState::Stuck, Some(said)));
    lab.destroyed().expect("gone");
    run(mark()).expect("nothing to give up");
    assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed));
}

/// The older call's Lambda outlived its lease by a hair: what it says then must not undo the newer one's word.
#[test]
fn a_late_word_does_not_overwrite_a_newer_one() {
    let lab = Lab::new().troubled([Trouble::Unavailable]);
    lab.made(1).expect_err("unavailable");
    let old = lab.row();
    lab.made(1).expect("made");
    let row = lab.row();
    run(lab.ledger.release(old.clone(), &fault::Fault::terminal("late"))).expect("nothing to say");
    assert_eq!(lab.row(), row);
    let fault = run(lab.ledger.destroyed(old.clone())).expect_err("the row changed");
    assert_eq!(fault.kind, Kind::Transient);
    let fault = run(lab.ledger.commit(old, &json!({ "size": 9 }))).expect_err("the row changed");
    assert_eq!(fault.kind, Kind::Transient);
    assert_eq!(lab.row(), row);
}

#[test]
fn a_payload_that_does_not_decode_is_terminal_and_destroys_nothing() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    let row = lab.row();
    let operation = lab.operation;
    for bad in [
        json!({ "action": "destroy", "operation": operation }),
        json!({ "action": "destroy", "operation": operation, "tenant": {} }),
        json!({ "action": "destroy", "operation": operation, "tenant": { "id": "../acme" } }),
        json!({ "action": "destroy", "tenant": { "id": lab.tenant } }),
    ] {
        let fault = run(lab.make.run(bad.clone(), &caller("a call"))).expect_err("does not decode");
        assert_eq!(fault.kind, Kind::Terminal, "{bad}");
    }
    assert_eq!((lab.thing(), lab.row()), (lab.ours(1, 1), row));
}

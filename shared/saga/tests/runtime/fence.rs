use std::collections::BTreeSet;
use std::pin::pin;

use fault::Kind;
use saga::ResourceState;

use crate::lab::{Lab, caller, die_after, doomed_caller, poll_until};
use crate::provider::Trouble;
use crate::turns::{in_every_order, run};

#[test]
fn nothing_begins_behind_a_fence() {
    let lab = Lab::new();
    run(lab.fence());
    let fault = lab.made(1).expect_err("fenced");
    assert_eq!((fault.kind, fault.kind.name()), (Kind::Fenced, "Fenced"));
    assert!(lab.provider.things().is_empty());
    assert!(run(lab.rows()).iter().all(|row| !row.is_left()), "nothing to compensate");
}

#[test]
fn an_operation_that_is_over_begins_nothing() {
    let lab = Lab::new();
    lab.settle();
    assert_eq!(lab.made(1).expect_err("over").kind, Kind::Fenced);
    assert!(lab.provider.things().is_empty());
}

#[test]
fn an_operation_nobody_knows_begins_nothing() {
    let mut lab = Lab::new();
    lab.operation = tenancy::OperationId::new(1, 1);
    assert_eq!(lab.made(1).expect_err("unknown").kind, Kind::Fenced);
    assert!(lab.provider.things().is_empty());
}

/// The call that finds the fence leaves the row as it found it, whatever that was.
#[test]
fn a_call_that_finds_the_fence_leaves_the_row_as_it_was() {
    let unchanged = |lab: &Lab, size| {
        let before = lab.row();
        assert_eq!(lab.made(size).expect_err("fenced").kind, Kind::Fenced);
        let after = lab.row();
        assert_eq!(saga::Resource { version: before.version, ..after }, before);
    };
    let live = Lab::new();
    live.made(1).expect("made");
    run(live.fence());
    unchanged(&live, 2);
    assert_eq!(live.thing(), live.ours(1, 1));

    let half_made = Lab::new().troubled([Trouble::LostAnswer]);
    half_made.made(1).expect_err("lost");
    run(half_made.fence());
    unchanged(&half_made, 1);

    let destroyed = Lab::new();
    destroyed.made(1).expect("made");
    run(destroyed.fence());
    destroyed.destroyed().expect("gone");
    unchanged(&destroyed, 1);
}

/// Invariant 5.
#[test]
fn a_fence_during_the_effect_undoes_what_this_operation_made() {
    let lab = Lab::new();
    let caller = caller("a call");
    let mut call = pin!(lab.make.run(lab.apply(1), &caller));
    poll_until(call.as_mut(), || lab.thing().is_some());
    run(lab.fence());
    assert_eq!(run(call).expect_err("fenced").kind, Kind::Fenced);
    assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed));
}

#[test]
fn a_fence_during_the_effect_leaves_what_an_earlier_operation_made() {
    let mut lab = Lab::new();
    lab.made(1).expect("made");
    lab.next_operation();
    let caller = caller("a call");
    let mut call = pin!(lab.make.run(lab.apply(2), &caller));
    poll_until(call.as_mut(), || lab.thing() == lab.ours(2, 2));
    run(lab.fence());
    assert_eq!(run(call).expect_err("fenced").kind, Kind::Fenced);
    assert_eq!(lab.thing(), lab.ours(2, 2));
    let row = lab.row();
    assert_eq!((row.state, row.lease), (ResourceState::Intended, None), "not known to be whole");
    assert_eq!(row.fault.map(|fault| fault.kind), Some(Kind::Fenced));
}

#[test]
fn a_call_and_a_fence_at_once_agree_with_the_ledger() {
    in_every_order(|turns| {
        let lab = Lab::new();
        let call = caller("a call");
        let (outcome, ()) = turns.race(lab.make.run(lab.apply(1), &call), lab.fence());
        match outcome {
            Ok(_) => {
                assert_eq!((lab.thing(), lab.state()), (lab.ours(1, 1), ResourceState::Live), "{turns:?}");
            }
            Err(fault) => {
                assert_eq!(fault.kind, Kind::Fenced, "{turns:?}");
                assert_eq!((lab.thing(), lab.state()), (None, ResourceState::Destroyed), "{turns:?}");
            }
        }
    });
}

#[test]
fn a_change_and_a_fence_at_once_never_take_the_living_tenants_thing() {
    in_every_order(|turns| {
        let mut lab = Lab::new();
        lab.made(1).expect("made");
        lab.next_operation();
        let call = caller("a call");
        let (outcome, ()) = turns.race(lab.make.run(lab.apply(2), &call), lab.fence());
        assert!(
            outcome.as_ref().err().is_none_or(|fault| fault.kind == Kind::Fenced),
            "{turns:?}: {outcome:?}"
        );
        let thing = lab.thing().expect("the living tenant's");
        assert_eq!(thing.owner, lab.mark());
        assert!(lab.row().is_left() && lab.row().lease.is_none(), "{turns:?}");
    });
}

/// The undo behind a fence may fail: then the row still names what compensation has to destroy.
#[test]
fn what_could_not_be_undone_behind_the_fence_is_left_to_compensation() {
    for trouble in [Trouble::Unavailable, Trouble::Pending, Trouble::Refused] {
        in_every_order(|turns| {
            let lab = Lab::new();
            let (call, fenced) = (caller("a call"), async {
                lab.fence().await;
                lab.provider.troubles([trouble]);
            });
            let _ = turns.race(lab.make.run(lab.apply(1), &call), fenced);
            assert!(lab.thing().is_none() || lab.row().is_left(), "{trouble:?}, {turns:?}");
        });
    }
}

/// Invariant 5, the argument of the ledger: whichever order the call's writes and the fence's take, one of the
/// two sees the other. What the drained ledger lists is all there is, and all that ever will be.
#[test]
fn after_fence_and_drain_the_list_is_complete() {
    for trouble in [None, Some(Trouble::LostAnswer)] {
        in_every_order(|turns| {
            let lab = Lab::new().troubled(trouble);
            let call = caller("a call");
            let (_, listed) = turns.race(lab.make.run(lab.apply(1), &call), lab.compensate());
            let listed: BTreeSet<String> = listed.into_iter().map(|row| row.step).collect();
            for row in run(lab.rows()) {
                assert!(!row.is_left(), "{turns:?}: {} is left; listed: {listed:?}", row.step);
            }
            assert!(lab.provider.things().is_empty(), "{turns:?}: listed: {listed:?}");
        });
    }
}

/// The same with two branches of a Parallel: the one fails, the other runs on while compensation begins.
#[test]
fn a_branch_that_runs_on_leaves_nothing_behind() {
    in_every_order(|turns| {
        let lab = Lab::new().troubled([Trouble::Refused]);
        lab.made(1).expect_err("the one branch fails");
        let call = caller("the other branch");
        let (_, _) = turns.race(lab.other.run(lab.apply(1), &call), lab.compensate());
        assert!(run(lab.rows()).iter().all(|row| !row.is_left()), "{turns:?}");
        assert!(lab.provider.things().is_empty(), "{turns:?}");
    });
}

#[test]
fn a_crash_at_any_moment_leaves_nothing_that_compensation_does_not_find() {
    for trouble in [None, Some(Trouble::LostAnswer)] {
        let finished = (0..).any(|polls| {
            let lab = Lab::new().troubled(trouble);
            let ended = die_after(polls, lab.make.run(lab.apply(1), &doomed_caller("the dead")));
            run(lab.compensate());
            assert!(run(lab.rows()).iter().all(|row| !row.is_left()), "after {polls} polls");
            assert!(lab.provider.things().is_empty(), "after {polls} polls");
            ended
        });
        assert!(finished);
    }
}

/// A machine that lost its race with the fence may ask once more.
#[test]
fn a_call_after_compensation_makes_nothing() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    run(lab.compensate());
    assert_eq!(lab.made(1).expect_err("fenced").kind, Kind::Fenced);
    assert!(lab.provider.things().is_empty());
    assert_eq!(lab.state(), ResourceState::Destroyed);
}

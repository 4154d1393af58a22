use jiff::ToSpan;
use proptest::prelude::*;
use serde_json::json;
use tenancy::Workflow;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn operation_id(n: u64) -> OperationId {
    OperationId::new(n, 0)
}

fn tenant_id() -> TenantId {
    TenantId::new("acme", [1, 2, 3])
}

/// A resource that was intended at one second and live at another, if it ever was.
fn resource(step: &str, intended: i64, live: Option<i64>) -> Resource {
    Resource {
        tenant: tenant_id(),
        step: step.to_owned(),
        state: if live.is_some() { ResourceState::Live } else { ResourceState::Intended },
        made_by: operation_id(1),
        operation: operation_id(1),
        handle: json!({}),
        output: None,
        input: String::new(),
        destroyer: "arn".to_owned(),
        lease: None,
        attempts: 1,
        busy_ms: 0,
        intended_at: at(intended),
        live_at: live.map(at),
        begun_at: at(intended),
        changed_at: at(intended),
        fault: None,
        version: 1,
    }
}

fn stuck(by: u64, resource: Resource) -> Resource {
    Resource { state: ResourceState::Stuck, operation: operation_id(by), ..resource }
}

fn operation(id: u64, kind: Kind) -> Operation {
    Operation {
        id: operation_id(id),
        tenant: tenant_id(),
        kind,
        state: tenancy::State::Running,
        blueprint: tenancy::BlueprintRef { name: "b".to_owned(), version: 1 },
        workflow: Workflow::Sequence(Vec::new()),
        usual_ms: std::collections::BTreeMap::new(),
        accepted_at: at(0),
        started_at: None,
        ended_at: None,
        fenced_at: Some(at(0)),
        reached: None,
        fault: None,
        execution: None,
        teardown: None,
        on_failure: tenancy::OnFailure::Compensate,
        former: None,
        offboarding: None,
        looks_at: None,
        back: false,
        forced: false,
        optional: std::collections::BTreeSet::new(),
        skipped: std::collections::BTreeSet::new(),
        steps: Vec::new(),
    }
}

fn tenant(activated_at: Option<Timestamp>) -> Tenant {
    serde_json::from_value(json!({
        "id": tenant_id(), "name": "Acme", "subdomain": "acme", "email": "owner@example.com", "plan": "starter",
        "blueprint": { "name": "b", "version": 1 }, "status": "provisioning", "created_at": at(0),
        "activated_at": activated_at,
    }))
    .expect("a tenant")
}

fn names(resources: &[Resource]) -> Vec<&str> {
    resources.iter().map(|resource| resource.step.as_str()).collect()
}

/// The waves of one teardown by operation 9, in which all that is asked to go goes.
fn waves(mut left: Vec<Resource>) -> Vec<Vec<String>> {
    let mut waves = Vec::new();
    loop {
        let wave: Vec<String> =
            next_wave(operation_id(9), left.clone(), None).into_iter().map(|r| r.step).collect();
        if wave.is_empty() {
            return waves;
        }
        left.retain(|resource| !wave.contains(&resource.step));
        waves.push(wave);
    }
}

#[test]
fn a_diamond_goes_in_the_order_it_was_not_made() {
    let made = vec![
        resource("base", 0, Some(1)),
        resource("left", 2, Some(5)),
        resource("right", 2, Some(3)),
        resource("top", 6, Some(7)),
    ];
    assert_eq!(waves(made), [vec!["top"], vec!["left", "right"], vec!["base"]]);
}

#[test]
fn branches_of_different_lengths_go_side_by_side() {
    let made =
        vec![resource("slow", 0, Some(10)), resource("quick", 0, Some(1)), resource("on-quick", 2, Some(3))];
    assert_eq!(waves(made), [vec!["slow", "on-quick"], vec!["quick"]]);
}

/// Nothing can stand on what never was live; it may stand on everything before it.
#[test]
fn what_never_was_live_goes_first() {
    let made = vec![resource("base", 0, Some(1)), resource("half-made", 2, None), resource("early", 0, None)];
    assert_eq!(waves(made), [vec!["half-made", "early"], vec!["base"]]);
}

#[test]
fn one_that_was_given_up_does_not_keep_the_rest() {
    let made = vec![resource("base", 0, Some(1)), stuck(9, resource("top", 2, Some(3)))];
    assert_eq!(waves(made), [vec!["base"]]);
}

/// What it stood in may have taken it along.
#[test]
fn one_that_was_given_up_is_tried_again_once_the_rest_is_gone() {
    let top = || vec![stuck(9, Resource { changed_at: at(5), ..resource("top", 2, Some(3)) })];
    let gone = |second| Resource {
        state: ResourceState::Destroyed,
        operation: operation_id(9),
        changed_at: at(second),
        ..resource("base", 0, Some(1))
    };
    let wave = |gone: Resource| next_wave(operation_id(9), top(), last_gone(operation_id(9), &[gone]));
    assert_eq!(names(&wave(gone(6))), ["top"]);
    assert!(wave(gone(4)).is_empty(), "nothing went since");
    let by_another = Resource { operation: operation_id(8), ..gone(6) };
    assert!(wave(by_another).is_empty());
}

#[test]
fn one_that_an_earlier_operation_gave_up_is_tried_again() {
    let made = vec![resource("base", 0, Some(1)), stuck(8, resource("top", 2, Some(3)))];
    assert_eq!(waves(made), [vec!["top"], vec!["base"]]);
}

#[test]
fn clocks_that_make_a_circle_do_not_stop_a_teardown() {
    let made = vec![resource("a", 5, Some(1)), resource("b", 5, Some(1)), resource("top", 6, Some(7))];
    assert_eq!(waves(made), [vec!["top"], vec!["a", "b"]]);
}

#[test]
fn a_deletion_and_a_first_failure_doom_all_that_is_left() {
    let gone = Resource { state: ResourceState::Destroyed, ..resource("gone", 0, None) };
    let made = vec![resource("earlier", 0, Some(1)), gone];
    for (kind, activated_at) in [(Kind::Delete, Some(at(5))), (Kind::Delete, None), (Kind::Provision, None)] {
        let doomed = doomed(&operation(9, kind), &tenant(activated_at), made.clone());
        assert_eq!(names(&doomed), ["earlier"], "{kind:?}");
    }
}

#[test]
fn a_failure_of_a_tenant_that_was_alive_dooms_only_what_it_made_itself() {
    let own =
        Resource { made_by: operation_id(9), operation: operation_id(9), ..resource("own", 8, Some(9)) };
    let touched = Resource { operation: operation_id(9), ..resource("touched", 0, Some(1)) };
    let doomed = doomed(&operation(9, Kind::Provision), &tenant(Some(at(5))), vec![touched, own]);
    assert_eq!(names(&doomed), ["own"]);
}

/// A retry goes on from what is held; but what an earlier teardown began, it is to end.
#[test]
fn where_what_was_made_is_held_only_what_was_going_goes_on_going() {
    let made = vec![
        resource("live", 0, Some(1)),
        resource("half-made", 2, None),
        stuck(8, resource("stuck", 0, None)),
    ];
    let hold = Operation { on_failure: tenancy::OnFailure::Hold, ..operation(1, Kind::Provision) };
    assert_eq!(names(&doomed(&hold, &tenant(None), made.clone())), ["stuck"]);
    let cancelled = Operation { on_failure: tenancy::OnFailure::Compensate, ..hold };
    assert_eq!(names(&doomed(&cancelled, &tenant(None), made)), ["live", "half-made", "stuck"]);
}

#[test]
fn a_repair_destroys_what_was_going_and_of_a_deleted_tenant_all_that_is_left() {
    let made = vec![resource("live", 0, Some(1)), stuck(8, resource("stuck", 0, None))];
    let repair = operation(9, Kind::Repair);
    let stuck = Tenant { status: Status::Stuck, ..tenant(None) };
    assert_eq!(names(&doomed(&repair, &stuck, made.clone())), ["stuck"]);
    let deleted = Tenant { status: Status::Deleted, ..stuck };
    assert_eq!(names(&doomed(&repair, &deleted, made)), ["live", "stuck"]);
}

/// A tenant whose deletion got stuck may be provisioned again. When that fails, nothing may be left.
#[test]
fn what_an_earlier_teardown_could_not_finish_is_doomed_too() {
    let going = Resource { state: ResourceState::Destroying, ..resource("going", 0, Some(1)) };
    let made = vec![resource("whole", 0, Some(1)), going, stuck(8, resource("stuck", 0, Some(1)))];
    let doomed = doomed(&operation(9, Kind::Provision), &tenant(Some(at(5))), made);
    assert_eq!(names(&doomed), ["going", "stuck"]);
}

/// What an earlier teardown could not take away is made again on top of what was made since, not below it.
#[test]
fn what_was_stuck_and_is_made_again_counts_from_now() {
    let intent = |operation| Intent {
        tenant: tenant_id(),
        step: "top",
        operation: operation_id(operation),
        handle: json!({ "name": "new" }),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: "call".to_owned(), until: at(100) },
    };
    let found = Resource { handle: json!({ "name": "old" }), ..stuck(8, resource("top", 2, Some(3))) };
    let row = taken(&found, fresh(&intent(9), at(50)));
    assert_eq!((row.intended_at, row.live_at, row.made_by), (at(50), None, operation_id(9)));
    assert_eq!(row.handle, found.handle);
    let remade = Resource { state: ResourceState::Live, live_at: Some(at(51)), ..row };
    assert_eq!(waves(vec![resource("base", 40, Some(41)), remade]), [vec!["top"], vec!["base"]]);
}

/// Rows as sane clocks leave them: live, if ever, after they were intended.
fn ledgers() -> impl Strategy<Value = Vec<Resource>> {
    let row = (0..30i64, prop::option::of(1..10i64), 0..4u8);
    prop::collection::vec(row, 0..12).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(n, (intended, took, state))| {
            let row = resource(&format!("step-{n}"), intended, took.map(|took| intended + took));
            match state {
                0 => stuck(8, row),
                1 => Resource { state: ResourceState::Destroying, ..row },
                _ => row,
            }
        })
        .collect()
    })
}

proptest! {
    #[test]
    fn waves_empty_every_ledger_and_never_take_what_something_may_stand_on(ledger in ledgers()) {
        let mut left = ledger.clone();
        for wave in waves(ledger) {
            for going in left.iter().filter(|r| wave.contains(&r.step)) {
                let stands_on_it = |other: &Resource| {
                    other.step != going.step && going.live_at.is_some_and(|live| other.intended_at >= live)
                };
                prop_assert!(!left.iter().any(stands_on_it), "{} goes in {:?}", going.step, wave);
            }
            left.retain(|r| !wave.contains(&r.step));
        }
        prop_assert!(left.is_empty(), "left: {:?}", names(&left));
    }

    #[test]
    fn waves_empty_a_ledger_whatever_the_clocks_said(times in prop::collection::vec((0..9i64, 0..9i64), 0..8)) {
        let ledger: Vec<Resource> = times.iter().enumerate()
            .map(|(n, (intended, live))| resource(&format!("step-{n}"), *intended, Some(*live)))
            .collect();
        prop_assert_eq!(waves(ledger).concat().len(), times.len());
    }
}

#[test]
fn a_lease_is_over_at_its_end() {
    let lease = Lease { holder: "call".to_owned(), until: at(10) };
    let row = Resource { lease: Some(lease), ..resource("a", 0, None) };
    assert!(row.in_flight(at(10) - 1.nanosecond()));
    assert!(!row.in_flight(at(10)));
}

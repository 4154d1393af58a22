use fault::Fault;
use governor::Haste;
use saga::{Resource, ResourceState, Swept};
use serde_json::{Value, json};

use crate::lab::{Lab, caller, die_after, doomed_caller};
use crate::provider::Trouble;
use crate::turns::run;

/// What the machine sends, and sends again with the answer until that has no `next`.
fn swept(lab: &Lab) -> Swept {
    let mut swept = Value::Null;
    loop {
        let payload = json!({ "action": "sweep", "swept": swept });
        // No time for a second part: every call looks at one.
        swept = run(lab.make.run(payload, &doomed_caller("a sweep"))).expect("swept");
        if swept.get("next").is_none() {
            return serde_json::from_value(swept).expect("how far it came");
        }
    }
}

fn tenants(swept: &Swept) -> Vec<String> {
    swept.orphans.iter().map(|orphan| orphan.tenant.to_string()).collect()
}

#[test]
fn a_sweep_asks_at_leisure_and_nothing_else_does() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.destroyed().expect("gone");
    assert_eq!(lab.provider.hastes(), [Haste::Now; 3], "made, destroyed, looked for");
    lab.provider.put(&lab.name(), &lab.mark());
    assert_eq!(swept(&lab).count, 1);
    assert_eq!(lab.provider.hastes(), [Haste::AtLeisure; 2], "listed, looked for");
}

#[test]
fn what_the_ledger_holds_is_no_orphan() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    let swept = swept(&lab);
    assert_eq!((swept.count, swept.orphans), (0, vec![]));
    assert_eq!((swept.step.as_str(), swept.destroyer.as_str()), ("fake-make-thing", "arn:of:the:step"));
}

#[test]
fn what_came_to_life_after_it_was_destroyed_is_an_orphan() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.destroyed().expect("gone");
    lab.provider.put(&lab.name(), &lab.mark());
    let row = lab.row();
    let swept = swept(&lab);
    assert_eq!((swept.count, tenants(&swept)), (1, vec![lab.tenant.to_string()]));
    assert_eq!(swept.orphans[0].handle, json!({ "name": lab.name() }));
    assert_eq!(lab.row(), row, "a sweep changes nothing");
    assert!(lab.thing().is_some(), "nor does it destroy");
}

/// "lab" is not "lab-2", nor is a mark something that looks like one.
#[test]
fn what_carries_another_mark_is_never_returned() {
    let lab = Lab::new();
    for (n, owner) in ["lab-2/acme-010203", "la/acme-010203", "LAB/acme-010203", "lab", "", "lab/", "lab/x"]
        .iter()
        .enumerate()
    {
        lab.provider.put(&format!("thing-{n}"), owner);
    }
    assert_eq!(swept(&lab).count, 0);
    lab.provider.put("thing-of-ours", "lab/acme-010203");
    assert_eq!(tenants(&swept(&lab)), ["acme-010203"]);
}

/// Invariant 1 is what makes it safe to list first and ask the ledger afterwards.
#[test]
fn what_is_half_made_is_no_orphan() {
    for trouble in [Trouble::LostAnswer, Trouble::Crash] {
        let lab = Lab::new().troubled([trouble]);
        assert!(!die_after(50, lab.make.run(lab.apply(1), &caller("a call"))) || lab.thing().is_some());
        assert!(lab.thing().is_some());
        assert_eq!(swept(&lab).count, 0, "{trouble:?}");
    }
}

#[test]
fn what_an_operator_took_off_our_hands_is_theirs() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    let stuck =
        lab.ledger.mark_stuck(&lab.tenant, "fake-make-thing", lab.operation, Fault::terminal("denied"));
    run(stuck).expect("marked");
    lab.settle();
    let task = store::TaskId { tenant: lab.tenant.clone(), step: "fake-make-thing".to_owned() };
    let by = store::By { who: "me".to_owned(), why: "ours to keep".to_owned() };
    run(lab.tenants.resolve(&task, by, None, jiff::Timestamp::now())).expect("resolved");
    assert_eq!(lab.state(), ResourceState::Resolved);
    assert_eq!((swept(&lab).count, lab.thing().is_some()), (0, true));
}

#[test]
fn another_one_in_place_of_ours_is_found() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    lab.provider.put("thing-by-another-name", &lab.mark());
    let swept = swept(&lab);
    assert_eq!(swept.orphans[0].handle, json!({ "name": "thing-by-another-name" }));
    assert!(Resource::is_left(&lab.row()));
}

#[test]
fn of_many_all_are_counted_and_the_first_are_listed() {
    let lab = Lab::new();
    for n in 0..30 {
        lab.provider.put(&format!("thing-{n:02}"), &format!("lab/acme-0000{n:02}"));
    }
    let swept = swept(&lab);
    assert_eq!((swept.count, swept.orphans.len()), (30, 20));
    assert_eq!(swept.orphans[0].tenant.as_str(), "acme-000000");
}

#[test]
fn with_time_left_one_call_looks_at_everything() {
    let lab = Lab::new();
    for n in 0..5 {
        lab.provider.put(&format!("thing-{n}"), &format!("lab/acme-00000{n}"));
    }
    let answer = run(lab.make.run(json!({ "action": "sweep" }), &caller("a sweep"))).expect("swept");
    assert_eq!((&answer["count"], answer.get("next")), (&json!(5), None));
}

#[test]
fn a_probe_holds_nothing() {
    let lab = Lab::new();
    lab.provider.put(&lab.name(), &lab.mark());
    let answer = run(lab.probe.run(json!({ "action": "sweep", "swept": null }), &caller("a sweep")));
    assert_eq!(answer.expect("swept")["count"], 0);
}

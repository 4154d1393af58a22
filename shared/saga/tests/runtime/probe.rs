use fault::Kind;
use saga::Report;
use serde_json::{Value, json};

use crate::lab::{Lab, caller};
use crate::turns::run;

fn look(lab: &Lab, size: u32) -> Result<Value, fault::Fault> {
    run(lab.probe.run(lab.apply(size), &caller("a look")))
}

fn reports(lab: &Lab) -> Vec<Report> {
    run(lab.ledger.reports(&lab.tenant, lab.operation)).expect("read")
}

#[test]
fn a_look_gives_what_was_seen_and_makes_no_row() {
    let lab = Lab::new();
    lab.made(2).expect("made");
    let rows = run(lab.rows());
    assert_eq!(look(&lab, 2).expect("seen"), json!({ "id": lab.name(), "size": 2 }));
    assert_eq!(run(lab.rows()), rows);
}

#[test]
fn looks_are_counted_and_the_last_one_is_kept() {
    let lab = Lab::new();
    for expected in ["there is no thing yet", "the thing is too small yet"] {
        let fault = look(&lab, 2).expect_err("not yet");
        assert_eq!((fault.kind.name(), fault.cause.as_str()), ("NotReady", expected));
        assert_eq!(reports(&lab)[0].fault, Some(fault));
        lab.made(1).expect("made");
    }
    let first = reports(&lab).remove(0);
    lab.made(2).expect("grown");
    look(&lab, 2).expect("seen");
    let [report] = &reports(&lab)[..] else { panic!("one report per probe and operation") };
    assert_eq!((report.step.as_str(), report.attempts, report.fault.as_ref()), ("fake-probe-thing", 3, None));
    assert_eq!((report.operation, report.begun_at), (lab.operation, first.begun_at));
    assert!(report.changed_at > first.changed_at);
}

#[test]
fn each_operation_has_reports_of_its_own() {
    let mut lab = Lab::new();
    look(&lab, 1).expect_err("not yet");
    lab.next_operation();
    assert!(reports(&lab).is_empty());
    look(&lab, 1).expect_err("not yet");
    assert_eq!(reports(&lab)[0].attempts, 1);
}

#[test]
fn nothing_is_looked_at_behind_a_fence() {
    let lab = Lab::new();
    lab.made(1).expect("made");
    run(lab.fence());
    assert_eq!(look(&lab, 1).expect_err("fenced").kind, Kind::Fenced);
    assert!(reports(&lab).is_empty());
}

#[test]
fn a_payload_that_does_not_decode_is_terminal_and_leaves_no_report() {
    let lab = Lab::new();
    for bad in [json!({}), lab.destroy(), json!({ "action": "apply", "operation": lab.operation })] {
        let fault = run(lab.probe.run(bad.clone(), &caller("a look"))).expect_err("does not decode");
        assert_eq!(fault.kind, Kind::Terminal, "{bad}");
    }
    assert!(reports(&lab).is_empty());
}

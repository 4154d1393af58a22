use fault::{Fault, Kind};
use saga::{Context, Probe, ProbeRunner, Report};
use serde_json::{Value, json};

use crate::lab::{Lab, caller};
use crate::turns::run;

/// Sees a text of so many letters.
struct ProbeText(usize);

impl Probe for ProbeText {
    const NAME: &'static str = "fake-probe-text";
    type Params = Value;
    type Output = String;

    async fn look(&self, _: &Context, _: &Value) -> Result<String, Fault> {
        Ok("a".repeat(self.0))
    }
}

fn look(lab: &Lab, size: u32) -> Result<Value, Fault> {
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
fn what_was_seen_is_kept_and_not_what_was_missed() {
    let lab = Lab::new();
    look(&lab, 2).expect_err("not yet");
    assert_eq!(reports(&lab)[0].seen, None);
    lab.made(2).expect("made");
    let seen = look(&lab, 2).expect("seen");
    assert_eq!(reports(&lab)[0].seen, Some(seen.clone()));
    look(&lab, 3).expect_err("a twin of the call that saw it");
    assert_eq!(reports(&lab)[0].seen, Some(seen));
}

/// The operation's record has to have room for what all of its probes saw.
#[test]
fn what_is_too_large_to_be_kept_is_left_out_and_given_all_the_same() {
    for (letters, kept) in [(8_000, true), (9_000, false)] {
        let lab = Lab::new();
        let probe = ProbeRunner::new(ProbeText(letters), lab.ledger.clone(), "lab");
        let seen = run(probe.run(lab.apply(1), &caller("a look"))).expect("seen");
        assert_eq!(seen.as_str().map(str::len), Some(letters));
        assert_eq!(reports(&lab)[0].seen.is_some(), kept, "{letters}");
    }
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

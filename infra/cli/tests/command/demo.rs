use std::process::Output;

use serde_json::json;

use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

fn fail(stub: &Stub, step: &str) -> Output {
    tenantry(&stub.url, &["demo", "--fail", step, "--sandbox", &stub.url])
}

#[test]
fn a_demo_leaves_one_tenant_that_answers_and_says_how_fast_it_was() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["demo"]);
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    let told = stdout(&output);
    let told: Vec<&str> = told.lines().collect();
    let [.., succeeded, dashboard, site, tenant, wall, signups, deleted] = told[..] else {
        panic!("{told:?}")
    };
    assert!(succeeded.ends_with("100%  provision                    succeeded"), "{succeeded}");
    let site = site.strip_prefix("site      ").expect(site);
    assert_eq!(dashboard, format!("dashboard {site}/admin"));
    assert!(
        tenant.starts_with("tenant ") && tenant.contains(" active in ") && tenant.ends_with('s'),
        "{tenant}"
    );
    assert_eq!(wall, "wall 1.8s, critical path 0.9s, ratio 2.00");
    assert!(
        signups.starts_with("signup answers in ") && signups.ends_with(" ms at the median (10 signups)"),
        "{signups}"
    );
    assert_eq!(deleted, "10 tenants deleted, 0 resources left");
    assert_eq!((stub.tenants("active"), stub.tenants("deleted")), (1, 10));
    let mut keys = stub.keys();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 11, "every signup has a key of its own");
}

#[test]
fn a_refused_step_is_undone_in_front_of_everybody() {
    let stub = Stub::start(Mode::Healthy);
    let output = fail(&stub, "publish-website");
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    let told = stdout(&output);
    let (opening, rest) = told.split_at(told.find("   0.0s").expect("a first line"));
    assert!(
        opening.starts_with("merchant-publish-website will be refused by its provider\nsigning up "),
        "{opening}"
    );
    let (lines, end) = rest.rsplit_once("tenant ").expect("an ending");
    assert_eq!(
        lines,
        "   0.0s   0%  provision                    accepted
   0.1s   0%  provision                    running
   0.2s   0%  merchant-create-group        running
   0.5s  25%  merchant-create-group        done, 300 ms of work
   0.5s  25%  merchant-seed-data           running
   0.5s  25%  merchant-publish-website     running
   0.9s  50%  merchant-publish-website     failed: s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)
   0.9s  50%  provision                    compensating because of merchant-publish-website
   1.1s  50%  merchant-seed-data           undoing
   1.4s  50%  merchant-publish-website     undone
   1.5s  50%  merchant-seed-data           undone
   1.7s  50%  merchant-create-group        undone
   1.8s  50%  provision                    failed because of merchant-publish-website: s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)
"
    );
    assert!(end.ends_with(" failed, 0 resources left\n"), "{end}");
    let fault = json!({ "function": "merchant-publish-website", "acts": ["create"], "kind": "deny" });
    assert_eq!(stub.faults(), (vec![fault], 0));
}

#[test]
fn a_probe_is_kept_from_looking() {
    let stub = Stub::start(Mode::Healthy);
    assert!(fail(&stub, "probe-website").status.success());
    let fault = json!({ "function": "merchant-probe-website", "acts": ["create", "read"], "kind": "deny" });
    assert_eq!(stub.faults(), (vec![fault], 0));
}

#[test]
fn what_is_stuck_is_named_and_the_fault_taken_away() {
    let stub = Stub::start(Mode::Leaky);
    let output = fail(&stub, "publish-website");
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.starts_with("error: merchant-publish-website was refused, and yet tenant "), "{told}");
    assert!(told.contains(" is stuck, 1 resources left\n"), "{told}");
    assert!(
        told.contains("\n  merchant-create-group is stuck: s3 answered 403 (for us to act on;"),
        "{told}"
    );
    assert_eq!(stub.faults().1, 0);
}

#[test]
fn a_fault_without_effect_fails_the_demo() {
    let stub = Stub::start(Mode::Deaf);
    let output = fail(&stub, "publish-website");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(" is active, 0 resources left\n"), "{}", stderr(&output));
    assert_eq!(stub.faults().1, 0);
}

#[test]
fn a_tenant_that_fails_unasked_fails_the_demo() {
    let stub = Stub::start(Mode::Leaky);
    let output = tenantry(&stub.url, &["demo"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains(" is stuck, 1 resources left\n  merchant-publish-website: s3 answered 403")
    );
}

#[test]
fn a_step_nobody_knows_is_answered_with_those_there_are() {
    let stub = Stub::start(Mode::Healthy);
    let steps = "merchant-create-group, merchant-seed-data, merchant-publish-website, merchant-probe-website";
    assert_eq!(
        stderr(&fail(&stub, "paint-walls")),
        format!("error: no step is called 'paint-walls'; one of: {steps}\n")
    );
    assert_eq!(
        stderr(&fail(&stub, "website")),
        format!("error: 'website' may be any of several steps; one of: {steps}\n")
    );
    assert_eq!(stub.faults(), (vec![], 0));
}

#[test]
fn a_fault_needs_a_sandbox_to_put_it_in() {
    let output = tenantry("http://127.0.0.1:1", &["demo", "--fail", "publish-website"]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("--sandbox"), "{}", stderr(&output));
}

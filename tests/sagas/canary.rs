//! The canary, by its real machine: what it finds, what it says of that, and that it leaves nothing.

use sagas::canary::{Flown, Hours, Ran};
use tenancy::Status;

fn nothing_is_left(flown: &Flown) {
    assert!(flown.left.is_empty() && flown.broken.is_empty(), "{flown:#?}");
    assert_eq!(flown.listed, 0, "synthetic tenants are in no list");
}

fn failed_in(phase: &str, why: &str, ran: &Ran) -> bool {
    matches!(ran, Ran::Failed(cause) if cause.starts_with(&format!("{phase}: ")) && cause.contains(why))
}

#[test]
fn where_all_is_well_a_tenant_comes_and_goes_and_its_name_is_free_for_the_next() {
    let flown = Flown::of(Hours::AndAnother, &[]);
    assert_eq!(flown.runs, [Ran::Well, Ran::Well], "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted, Status::Deleted]);
    nothing_is_left(&flown);
}

#[test]
fn a_provisioning_that_fails_is_told_with_its_step_and_leaves_nothing() {
    let flown = Flown::of(Hours::One, &["merchant-publish-website.apply/s3:PutObject#1=Refused*ever"]);
    assert!(failed_in("active", "merchant-publish-website", &flown.runs[0]), "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted]);
    nothing_is_left(&flown);
}

#[test]
fn a_tenant_that_does_not_answer_is_told_of_and_cancelled() {
    let flown = Flown::of(Hours::One, &["canary-visit.run/site:Visit#1=Refused*ever"]);
    assert!(failed_in("use", "answers 400", &flown.runs[0]), "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted]);
    nothing_is_left(&flown);
}

/// The next run takes away what this one could not, and goes on.
#[test]
fn a_tenant_that_would_not_go_is_told_of_and_taken_away_by_the_next_run() {
    const STUCK: &str = "merchant-publish-website.destroy/s3:DeleteObjects#1=Refused*ever";
    let flown = Flown::of(Hours::One, &[STUCK]);
    assert!(failed_in("absence", "merchant-publish-website", &flown.runs[0]), "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Stuck]);
    assert!(!flown.left.is_empty());

    let flown = Flown::of(Hours::AndAnother, &[STUCK]);
    assert_eq!((flown.runs.len(), &flown.runs[1]), (2, &Ran::Well), "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted, Status::Deleted]);
    nothing_is_left(&flown);
}

#[test]
fn a_sign_up_whose_answer_was_lost_is_made_again_and_is_one_tenant() {
    let flown = Flown::of(Hours::One, &["canary-sign-up.run/lambda:Invoke#1=Lost*1"]);
    assert_eq!(flown.runs, [Ran::Well], "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted]);
    nothing_is_left(&flown);
}

#[test]
fn two_runs_do_not_overlap() {
    let flown = Flown::of(Hours::Twice, &[]);
    assert!(flown.runs.contains(&Ran::Well) && flown.runs.contains(&Ran::Yielded), "{flown:#?}");
    assert_eq!(flown.tenants, [Status::Deleted]);
    nothing_is_left(&flown);
}

#[test]
fn what_a_run_that_died_has_left_behind_the_next_one_takes_away() {
    let flown = Flown::of(Hours::Stopped(1), &[]);
    assert!(matches!(flown.runs[0], Ran::Died(_)), "{flown:#?}");
    assert_eq!(flown.runs[1], Ran::Well, "{flown:#?}");
    assert!(flown.tenants.iter().all(|status| *status == Status::Deleted), "{flown:#?}");
    nothing_is_left(&flown);
}

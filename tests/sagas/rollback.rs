//! The rollback table of the guide for Vendin, row by row: what failed, and that nothing of the tenant is left.
//!
//! A run judges the world itself: whatever exists of a tenant that failed is a finding. Afterwards the tenant is retried,
//! with what failed mended, and deleted.

use rstest::rstest;
use sagas::case::{Case, Run};
use tenancy::Status;

fn lives(trouble: &str) -> Run {
    format!("neon-cloud-run {trouble}").parse::<Case>().expect("a case").run()
}

#[rstest]
#[case::database("neon-create-database.apply/neon:CreateBranch#1=Refused*ever")]
#[case::service("google-reserve-service.apply/cloud-run:CreateService#1=Refused*ever")]
#[case::deployment("google-deploy-service.apply/cloud-run:UpdateService#1=Refused*ever")]
#[case::secret("google-store-connection.apply/secret-manager:CreateSecret#1=Refused*ever")]
#[case::grant("google-store-connection.apply/secret-manager:SetIamPolicy#1=Refused*ever")]
#[case::initialisation("medusa-initialize-store.apply/medusa:CreateInvite#1=Refused*ever")]
#[case::health("medusa-probe-store.apply/medusa:GetHealth#1=Refused*ever")]
fn what_fails_leaves_nothing_and_is_made_when_it_can_be(#[case] trouble: &str) {
    let run = lives(trouble);
    assert_eq!(run.findings, [].into());
    assert_eq!(run.statuses, [Status::Failed, Status::Active, Status::Deleted]);
}

#[test]
fn a_life_in_which_nothing_fails_leaves_nothing_either() {
    let run = lives("");
    assert_eq!(run.findings, [].into());
    assert_eq!(run.statuses, [Status::Active, Status::Deleted]);
    assert!(run.made.iter().any(|thing| thing.field == "service"), "{:?}", run.made);
}

#[test]
fn a_suspended_store_comes_back_as_it_was() {
    let run = lives("changed=yes");
    assert_eq!(run.findings, [].into());
    use Status::{Active, Deleted, Hibernating, Suspended};
    let (changed, slept) = ([Active; 6], [Hibernating, Active, Deleted]);
    assert_eq!(run.statuses, [&[Active, Suspended][..], &changed, &slept].concat());
}

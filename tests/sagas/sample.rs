//! A sample of the fault matrix, for every change. The whole of it is `make faults`.

use sagas::blueprints;
use sagas::case::{Case, Run};
use sagas::law::Finding;
use sagas::matrix::Matrix;
use tenancy::Status;

/// Every so many cases of a family, and always its first.
const ONE_IN: usize = 300;

/// Those whose whole matrix is found in seconds. Of the others there are cases by name.
fn small() -> impl Iterator<Item = blueprints::Blueprint> {
    blueprints::ALL.into_iter().filter(|blueprint| blueprint.most == usize::MAX)
}

fn lives(case: &str) -> Run {
    case.parse::<Case>().expect("a case").run()
}

#[test]
fn whatever_goes_wrong_a_tenant_is_active_or_gone_or_named_by_a_repair_task() {
    let mut failed = Vec::new();
    for blueprint in small() {
        for family in Matrix::of(blueprint).families(200) {
            assert!(!family.cases.is_empty(), "{}: {} has no cases", blueprint.name, family.about);
            for case in family.cases.iter().step_by(ONE_IN) {
                let findings: Vec<Finding> = case.run().findings.into_iter().collect();
                if !findings.is_empty() {
                    failed.push(format!("make faults CASE='{case}': {findings:?}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_tenant_that_nothing_happens_to_lives_and_goes() {
    let run = lives("merchant-workspace");
    assert_eq!((run.statuses, run.findings), (vec![Status::Active, Status::Deleted], [].into()));
}

#[test]
fn of_a_tenant_of_many_steps_a_few_cases_are_lived() {
    for case in [
        "kubernetes-argocd",
        "kubernetes-argocd leaves=yes",
        "kubernetes-argocd kubernetes-create-namespace.apply/kubernetes:ApplyNamespace#1=Lost*2",
        "kubernetes-argocd mysql-create-databases.apply/mysql:CreateDatabase#1=CrashAfter*1",
        "kubernetes-argocd argocd-create-application.apply/kubernetes:ApplyApplication#1=Refused*ever",
        "kubernetes-argocd argocd-create-application.destroy/kubernetes:DeleteApplication#1=Unavailable*2",
        "helm-cloudnativepg",
        "helm-cloudnativepg changed=yes",
        "helm-cloudnativepg returns=yes",
        "helm-cloudnativepg helm-install-release.apply/kubernetes:ApplyHelmRelease#1=Lost*2",
        "helm-cloudnativepg cloudnativepg-create-database.apply/kubernetes:ApplyCluster#1=CrashAfter*1",
        "helm-cloudnativepg helm-install-release.apply/kubernetes:ApplyHelmRelease#1=Refused*ever",
    ] {
        let run = lives(case);
        assert_eq!(run.findings, [].into(), "make faults CASE='{case}'");
        assert_eq!(run.statuses.last(), Some(&Status::Deleted), "{case}");
    }
}

#[test]
fn a_step_that_is_refused_is_undone_and_made_when_it_is_not_refused_any_more() {
    let run = lives("merchant-workspace merchant-create-group.apply/cognito:CreateGroup#1=Refused*ever");
    assert_eq!(run.statuses, [Status::Failed, Status::Active, Status::Deleted]);
    assert_eq!(run.findings, [].into());
}

#[test]
fn what_would_not_go_is_stuck_and_goes_when_it_can() {
    let refused = "merchant-create-owner.apply/cognito:AdminCreateUser#1=Refused*ever";
    let stays = "merchant-create-group.destroy/cognito:DeleteGroup#1=Refused*ever";
    let run = lives(&format!("merchant-workspace {refused} {stays}"));
    assert_eq!((run.statuses, run.findings), (vec![Status::Stuck, Status::Deleted], [].into()));
}

#[test]
fn what_is_held_stays_and_a_retry_with_another_input_goes_on_from_it() {
    let refused = "merchant-create-owner.apply/cognito:AdminCreateUser#1=Refused*ever";
    let run = lives(&format!("merchant-workspace on_failure=hold after=Edit {refused}"));
    assert_eq!(
        (run.statuses, run.findings),
        (vec![Status::Failed, Status::Active, Status::Deleted], [].into())
    );
    let made = run.moments.iter().filter(|(moment, _)| moment.call == "secrets-manager:CreateSecret");
    assert_eq!(made.count(), 1);
}

#[test]
fn what_a_deletion_by_force_leaves_the_janitor_clears() {
    let run = lives(
        "merchant-workspace after=ForceDelete merchant-create-group.destroy/cognito:DeleteGroup#1=Refused*ever",
    );
    use Status::{Active, Deleted, Stuck};
    assert_eq!((run.statuses, run.findings), (vec![Active, Stuck, Deleted, Deleted], [].into()));
}

/// The secret goes although the account stays, so the account has a password that nobody knows.
#[test]
fn a_stuck_tenant_comes_back_by_a_retry() {
    use Status::{Active, Deleted, Stuck};
    for stays in ["create-owner.destroy/cognito:AdminDeleteUser", "publish-website.destroy/s3:DeleteObjects"]
    {
        let run = lives(&format!("merchant-workspace after=Retry merchant-{stays}#1=Refused*ever"));
        assert_eq!(
            (run.statuses, run.findings),
            (vec![Active, Stuck, Active, Deleted], [].into()),
            "{stays}"
        );
    }
}

#[test]
fn what_was_taken_away_by_hand_and_resolved_counts_as_gone() {
    let run = lives(
        "merchant-workspace after=Resolve merchant-create-group.destroy/cognito:DeleteGroup#1=Refused*ever",
    );
    assert_eq!(
        (run.statuses, run.findings),
        (vec![Status::Active, Status::Stuck, Status::Deleted], [].into())
    );
}

/// Invariant 11.
#[test]
fn an_optional_step_that_is_refused_keeps_nobody_from_life() {
    let run = lives("merchant-workspace merchant-seed-data.apply/s3:PutObject#1=Refused*ever");
    assert_eq!((run.statuses, run.findings), (vec![Status::Active, Status::Deleted], [].into()));
}

#[test]
fn a_run_happens_again_exactly() {
    let case = "merchant-workspace seed=7 merchant-seed-data.apply/s3:PutObject#1=Lost*2 \
                tenant-admit.run/store:put-OPERATION#1=CrashAfter*1";
    assert_eq!(lives(case).moments, lives(case).moments);
}

#[test]
fn a_case_is_spelled_so_that_it_can_be_had_again() {
    for blueprint in small() {
        for case in Matrix::of(blueprint).families(50).into_iter().flat_map(|family| family.cases) {
            assert_eq!(case.to_string().parse::<Case>(), Ok(case));
        }
    }
}

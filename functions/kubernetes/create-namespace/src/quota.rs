//! What a namespace may use at most, and a container that says nothing of itself.
//! <https://kubernetes.io/docs/concepts/policy/resource-quotas/>

use std::collections::BTreeMap;

use fault::Fault;
use kubernetes::api::core::v1::{LimitRange, ResourceQuota};
use kubernetes::apimachinery::pkg::api::resource;
use kubernetes::{NamespaceQuota, manifest};
use serde_json::json;
use tenancy::Quantity;

use crate::Params;

/// Room for what runs and for what the plan asks, side by side: a pod is made before the one goes whose place it takes. A
/// quota that is smaller than what is used takes nothing away, and lets nothing in: no change to a smaller plan would ever
/// be rolled out, nor one to a larger plan that has less of something, or gives it to others.
///
/// What runs is what the quota counts. What the plan asks is the plan's quota, into which all of it fits, with the pods that are
/// there only while it is rolled out. Added to the quota that is there instead, it would grow with every try.
///
/// Nor is there ever less than before: what is counted is short for a moment of a pod that ended and is made anew, and
/// what a change that broke off was let have is used by what it left. `kubernetes-set-quota` takes away what is
/// not needed any more, once nothing of another plan runs. Of a new namespace, this is the plan's quota.
pub(crate) fn with_room(
    there: Option<&ResourceQuota>,
    plan: &NamespaceQuota,
) -> Result<BTreeMap<String, resource::Quantity>, Fault> {
    let hard = there.and_then(|there| there.spec.as_ref()?.hard.as_ref());
    // Before any of it was counted, nothing is let in.
    let used = there.and_then(|there| there.status.as_ref()?.used.as_ref());
    let room = |(what, asked): (String, resource::Quantity)| {
        let mut parts = vec![read(&what, &asked)?];
        if let Some(used) = used.and_then(|used| used.get(&what)) {
            parts.push(read(&what, used)?);
        }
        let both = Quantity::total(parts.iter().map(|amount| (1, amount)));
        let most = larger(&what, hard.and_then(|hard| hard.get(&what)), both)?;
        Ok((what, resource::Quantity(most.to_string())))
    };
    plan.hard().into_iter().map(room).collect()
}

fn larger(what: &str, there: Option<&resource::Quantity>, asked: Quantity) -> Result<Quantity, Fault> {
    let there = there.map(|there| read(what, there)).transpose()?;
    Ok(there.map_or(asked.clone(), |there| there.max(asked)))
}

fn read(what: &str, amount: &resource::Quantity) -> Result<Quantity, Fault> {
    amount.0.parse().map_err(|why| {
        Fault::terminal(format!("of {what}: {why}")).hint(
            "Plan or blueprint says so, in a setting quota_* or volume; or what is in the namespace does.",
        )
    })
}

/// What a namespace's LimitRange is called.
pub(crate) const LIMITS: &str = "tenant-limits";

const VOLUME: &str = "PersistentVolumeClaim";

/// The least is what cert-manager's solver asks for, which proves a name from within the tenant's namespace: a higher one would
/// keep it from its certificate. The most is for new pods. But a volume is looked at whenever something of its claim is written
/// down, and never shrinks: what it may have never shrinks either, or its operator could do nothing with it any more.
pub(crate) fn limits(
    namespace: &str,
    there: Option<&LimitRange>,
    params: &Params,
) -> Result<LimitRange, Fault> {
    let limits = there.and_then(|there| there.spec.as_ref()).into_iter().flat_map(|spec| &spec.limits);
    let mut volumes = limits.filter(|limit| limit.type_ == VOLUME);
    let there = volumes.find_map(|limit| limit.max.as_ref()?.get("storage"));
    let asked = resource::Quantity(params.volume.clone());
    let volume = larger(VOLUME, there, read(VOLUME, &asked)?)?;
    manifest(json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": { "name": LIMITS, "namespace": namespace },
        "spec": { "limits": [
            {
                "type": "Container",
                "max": { "cpu": params.container_cpu, "memory": params.container_memory },
                "min": { "cpu": "10m", "memory": "32Mi" },
                "default": { "cpu": "500m", "memory": "512Mi" },
                "defaultRequest": { "cpu": "100m", "memory": "128Mi" },
            },
            { "type": VOLUME, "max": { "storage": volume }, "min": { "storage": "1Gi" } },
        ] },
    }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A plan with so much of what pods may have; all else is of one size.
    fn plan(cpu_limit: &str, pods: &str) -> NamespaceQuota {
        serde_json::from_value(json!({
            "cpu": "1", "cpu_limit": cpu_limit, "memory": "2Gi", "memory_limit": "4Gi", "storage": "20Gi",
            "volumes": "10", "load_balancers": "0", "pods": pods, "deployments": "10", "stateful_sets": "0",
        }))
        .expect("a plan")
    }

    /// The quota that is there, of which so much is used.
    fn there(hard: BTreeMap<String, resource::Quantity>, used: &[(&str, &str)]) -> ResourceQuota {
        let used =
            used.iter().map(|(what, amount)| ((*what).to_owned(), resource::Quantity((*amount).to_owned())));
        let mut quota = NamespaceQuota::object("mb-acme-7f3a9c", hard);
        quota.status.get_or_insert_default().used = Some(used.collect());
        quota
    }

    fn most(hard: &BTreeMap<String, resource::Quantity>) -> [&str; 2] {
        ["limits.cpu", "pods"].map(|what| hard[what].0.as_str())
    }

    #[test]
    fn a_new_namespace_may_use_what_its_plan_says() {
        let plan = plan("12", "24");
        let hard = with_room(None, &plan).expect("a quota");
        assert_eq!(hard, plan.hard());
        // Nothing was counted yet when it is made again.
        let uncounted = NamespaceQuota::object("mb-acme-7f3a9c", hard);
        assert_eq!(with_room(Some(&uncounted), &plan).expect("a quota"), plan.hard());
    }

    #[rstest]
    // What runs, and beside it all that the new plan asks: more than either plan allows, if need be.
    #[case::a_smaller_plan(("12", "24"), &[("limits.cpu", "11500m"), ("pods", "4")], ("2", "16"), ["13500m", "24"])]
    #[case::a_larger_plan(("2", "16"), &[("limits.cpu", "1250m"), ("pods", "3")], ("12", "24"), ["13250m", "27"])]
    #[case::less_of_one_and_more_of_another(("12", "4"), &[("limits.cpu", "2"), ("pods", "4")], ("2", "16"), ["12", "20"])]
    #[case::the_same_plan(("4", "16"), &[("limits.cpu", "3"), ("pods", "6")], ("4", "16"), ["7", "22"])]
    #[case::nothing_runs(("12", "24"), &[("limits.cpu", "0"), ("pods", "0")], ("2", "16"), ["12", "24"])]
    fn what_runs_and_what_the_plan_asks_fit_in_beside_each_other(
        #[case] from: (&str, &str),
        #[case] used: &[(&str, &str)],
        #[case] to: (&str, &str),
        #[case] expected: [&str; 2],
    ) {
        let (from, to) = (plan(from.0, from.1), plan(to.0, to.1));
        let before = there(from.hard(), used);
        assert_eq!(most(&with_room(Some(&before), &to).expect("a quota")), expected);
    }

    /// Invariant 3. It is asked again after a crash, and by the change that leads back.
    #[test]
    fn asked_again_it_has_as_much_room_and_no_less_once_some_of_it_is_used() {
        let (large, small) = (plan("12", "24"), plan("2", "16"));
        let used = [("limits.cpu", "11"), ("pods", "4")];
        let first = with_room(Some(&there(large.hard(), &used)), &small).expect("a quota");
        assert_eq!(with_room(Some(&there(first.clone(), &used)), &small).expect("a quota"), first);
        // It broke off when all of the new plan ran beside the old.
        let used = [("limits.cpu", "13"), ("pods", "9")];
        let back = with_room(Some(&there(first, &used)), &large).expect("a quota");
        assert_eq!(most(&back), ["25", "33"]);
        // Nor is less counted for less room.
        let fewer = with_room(Some(&there(back, &[("pods", "1")])), &small).expect("a quota");
        assert_eq!(most(&fewer), ["25", "33"]);
    }

    #[test]
    fn amounts_are_compared_and_not_their_spelling() {
        let mut hard = plan("2", "16").hard();
        hard.insert("limits.cpu".to_owned(), resource::Quantity("2500m".to_owned()));
        let quota = with_room(Some(&there(hard, &[("requests.memory", "2048Mi")])), &plan("2", "16"));
        let quota = quota.expect("a quota");
        assert_eq!([&quota["limits.cpu"].0, &quota["requests.memory"].0], ["2500m", "4Gi"]);
    }

    #[rstest]
    #[case::a_smaller_plan("100Gi", "10Gi", "100Gi")]
    #[case::a_larger_plan("10Gi", "500Gi", "500Gi")]
    #[case::the_same_plan("10240Mi", "10Gi", "10Gi")]
    fn a_volume_that_was_let_be_is_let_be(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
        let params = |volume: &str| -> Params {
            let quota = json!({
                "cpu": "1", "cpu_limit": "1", "memory": "1Gi", "memory_limit": "1Gi", "storage": "1Gi",
                "volumes": "1", "load_balancers": "0", "pods": "1", "deployments": "1", "stateful_sets": "0",
            });
            let params = json!({
                "region": "eu-west", "domain": "mechanicbuddy.example", "quota": quota, "container_cpu": "4",
                "container_memory": "8Gi", "volume": volume, "visited": [], "measured": [], "operated": [],
                "shared": [],
            });
            serde_json::from_value(params).expect("params")
        };
        let there = limits("mb-acme-7f3a9c", None, &params(from)).expect("limits");
        let limits = limits("mb-acme-7f3a9c", Some(&there), &params(to)).expect("limits");
        let volume = limits.spec.expect("a spec").limits.pop().expect("of volumes").max.expect("a most");
        assert_eq!(volume["storage"].0, expected);
    }

    #[test]
    fn an_amount_that_is_none_is_told_with_what_it_is_of() {
        let fault = with_room(None, &plan("a few", "16")).expect_err("none");
        assert!(fault.cause.contains("limits.cpu") && fault.hint.is_some(), "{fault:?}");
    }
}

//! A tenant on a cluster is given a larger plan, and a smaller one again: it may use what its plan allows, and no more.
//!
//! The smaller plan's quota has no room for what the larger one has left running, nor for what takes its place.

use rstest::rstest;
use sagas::blueprints;
use sagas::world::World;
use serde_json::{Value, json};
use tenancy::Status;

/// What a tenant may use, by what the cluster was told last, with each plan that it is given.
fn quotas(blueprint: &str, plans: &[&str]) -> Vec<Value> {
    sagas::simulated(async {
        let world = World::unwatched(blueprints::named(blueprint).expect("one")).await;
        let mut quotas = Vec::new();
        let mut tenant = world.provision_as("Acme Coffee", &json!({ "plan": plans[0] })).await;
        for plan in plans {
            if tenant.plan != *plan {
                tenant = world.change_plan(&tenant, plan).await;
            }
            assert_eq!((tenant.status, tenant.plan.as_str()), (Status::Active, *plan));
            let manifests = world.manifests();
            let quota = manifests.iter().find(|manifest| manifest["kind"] == "ResourceQuota");
            quotas.push(quota.expect("a quota")["spec"]["hard"].clone());
        }
        quotas
    })
}

#[rstest]
#[case::argocd("kubernetes-argocd", "standard", "business")]
#[case::helm("helm-cloudnativepg", "workshop-demo", "workshop-professional")]
#[case::helm_and_its_backups("helm-cloudnativepg", "workshop-professional", "workshop-enterprise")]
fn a_tenant_may_use_what_its_plan_says_whichever_it_had_before(
    #[case] blueprint: &str,
    #[case] smaller: &str,
    #[case] larger: &str,
) {
    let changed = quotas(blueprint, &[smaller, larger, smaller]);
    assert_ne!(changed[0], changed[1]);
    assert_eq!(changed[1..], [quotas(blueprint, &[larger]), quotas(blueprint, &[smaller])].concat());
}

//! A tenant that is made from the backups of another, as they were at a moment.

use sagas::blueprints;
use sagas::chaos::pass;
use sagas::world::World;
use serde_json::{Value, json};
use tenancy::{Status, TenantId};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

/// What the cluster was told of this kind, for a tenant, under a name.
fn told(world: &World, kind: &str, tenant: &TenantId, name: &str) -> Option<Value> {
    world.manifests().into_iter().find(|manifest| {
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or_default();
        manifest["kind"] == kind
            && manifest["metadata"]["name"] == name
            && namespace.ends_with(tenant.as_str())
    })
}

#[test]
fn a_workshop_is_made_from_the_backups_of_another() {
    sagas::simulated(async {
        let world = World::unwatched(blueprints::named("helm-cloudnativepg").expect("one")).await;
        let plan = "workshop-professional";
        let first = world.provision_as("Acme Auto", &json!({ "plan": plan })).await;
        assert_eq!(first.status, Status::Active, "{:#?}", world.operations());
        pass(HOUR).await;
        let then = clock::now();
        pass(HOUR).await;
        let origin = json!({ "tenant": first.id, "at": then });
        let copy = world.provision_as("Acme Trial", &json!({ "plan": plan, "origin": origin })).await;
        assert_eq!(copy.status, Status::Active, "{copy:#?}");

        let spec = |tenant| told(&world, "Cluster", tenant, "postgres").expect("a database")["spec"].clone();
        let (of_first, of_copy) = (spec(&first.id), spec(&copy.id));
        let server = |spec: &Value| spec["plugins"][0]["parameters"]["serverName"].clone();
        let recovery = &of_copy["bootstrap"]["recovery"];
        assert_eq!(recovery["recoveryTarget"]["targetTime"], json!(then.to_string()));
        assert_eq!(of_copy["externalClusters"][0]["plugin"]["parameters"]["serverName"], server(&of_first));
        assert_ne!(server(&of_copy), server(&of_first));
        let store = told(&world, "ObjectStore", &copy.id, "origin").expect("where that is");
        let path = store["spec"]["configuration"]["destinationPath"].as_str().expect("a path").to_owned();
        assert!(path.ends_with(first.id.as_str()), "{path}");

        // Nothing is made from what there is no backup of.
        let none = json!({ "tenant": first.id, "at": first.created_at });
        let failed = world.provision_as("Acme Nothing", &json!({ "plan": plan, "origin": none })).await;
        assert_eq!(failed.status, Status::Failed);
        let fault = world.operations().into_iter().find(|it| it.tenant == failed.id).expect("one").fault;
        let fault = fault.expect("why");
        assert_eq!(fault.step, "object-store-keep-backups");
        assert!(fault.fault.cause.starts_with("there is no backup of"), "{fault:?}");
    });
}

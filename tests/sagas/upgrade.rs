//! A tenant is moved to the version before of its blueprint, and to the newest again: what runs is of that version.

use sagas::blueprints;
use sagas::world::World;
use tenancy::Status;

/// The version of a workshop that the cluster was told last to install.
fn installed(world: &World) -> String {
    let manifests = world.manifests();
    let last = manifests.iter().rev().find(|manifest| manifest["kind"] == "HelmRelease");
    let tag = &last.expect("something is installed")["spec"]["values"]["image"]["tag"];
    tag.as_str().expect("a version").to_owned()
}

#[test]
fn what_runs_is_of_the_version_that_the_tenant_was_moved_to() {
    let blueprint = blueprints::named("helm-cloudnativepg").expect("one");
    let (newest, (_, former)) = ("1.4.2", blueprint.former);
    sagas::simulated(async {
        let world = World::unwatched(blueprint).await;
        let mut tenant = world.provision("Better Brakes").await;
        assert_eq!(installed(&world), newest);
        for runs in [former, newest] {
            let was = tenant.blueprint.version;
            tenant = world.upgrade(&tenant).await;
            assert_eq!(tenant.status, Status::Active);
            assert_ne!(tenant.blueprint.version, was);
            assert_eq!(installed(&world), runs);
        }
    });
}

//! What a certificate must be: there for whoever was seen out, and true.

use archive::Manifest;
use saga::{Part, ResourceState};
use sha2::{Digest, Sha256};
use store::{Certified, Table};
use tenancy::{Kind, State, Status};

use crate::law::Finding;
use crate::world::World;

/// What is wrong with the certificates of a world's tenants.
pub(super) fn of(world: &World) -> Vec<Finding> {
    let rows = world.tables().table(Table::Tenants);
    let mut findings = Vec::new();
    for operation in world.operations().into_iter().filter(|operation| operation.kind == Kind::Offboard) {
        let wrong = |said: String| Finding::Undecided(format!("of {}: {said}", operation.id));
        let certified = rows.iter().find(|row| row.key.sk == format!("CERTIFICATE#{}", operation.id));
        let certified = certified.map(|row| row.decode::<Certified>().expect("a certificate"));
        match (operation.state == State::Succeeded, certified) {
            (true, Some(certified)) => {
                findings.extend(untrue(world, &certified).into_iter().map(wrong));
            }
            (true, None) => findings.push(wrong("it is done, and nothing certifies that".to_owned())),
            (false, Some(_)) => findings.push(wrong("it is certified, and was not done".to_owned())),
            (false, None) => {}
        }
    }
    findings
}

fn untrue(world: &World, Certified { certificate, .. }: &Certified) -> Vec<String> {
    let mut wrong = Vec::new();
    let tenant = world.tenants().into_iter().find(|tenant| tenant.id == certificate.tenant);
    // It may have come back since.
    let back = world.operations().iter().any(|operation| operation.kind == Kind::Restore);
    if !back && tenant.is_none_or(|tenant| tenant.status != Status::Deleted) {
        wrong.push("its tenant is not deleted".to_owned());
    }
    let gone = |step: &str| certificate.destroyed.iter().any(|gone| gone.step == step);
    let resources = world.law().resources().into_iter().filter(|it| it.tenant == certificate.tenant);
    for resource in resources.filter(|it| it.state == ResourceState::Destroyed && it.attempts > 0) {
        if !gone(&resource.step) {
            wrong.push(format!("it does not say that {} is gone", resource.step));
        }
    }
    let archive = &certificate.archive;
    let Some(manifest) = kept(world, &archive.manifest, &archive.sha256) else {
        wrong.push("its manifest is not what is archived".to_owned());
        return wrong;
    };
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("a manifest");
    for Part { step, objects, .. } in manifest.parts.iter().map(|filed| &filed.part) {
        let lost = objects.iter().filter(|object| kept(world, &object.key, &object.sha256).is_none());
        wrong.extend(lost.map(|object| format!("{} of {step} is not archived", object.path)));
    }
    if manifest.objects() != archive.objects || manifest.objects() == 0 && manifest.without.is_empty() {
        wrong.push(format!("{} objects are archived, it says {}", manifest.objects(), archive.objects));
    }
    wrong
}

/// What the archive has under a key, if it is what the checksum says.
fn kept(world: &World, key: &str, sha256: &str) -> Option<Vec<u8>> {
    let found = world.kept(key)?;
    (hex::encode(Sha256::digest(&*found)) == sha256).then(|| found.to_vec())
}

//! What a tenant's cluster is told, as it was sent in a life of one: `UPDATE=1` writes it down anew. `make manifests` has
//! it judged by Kubernetes' own schemas; those of the operators' kinds the sandbox holds each object against as it comes.

use std::path::Path;

use sagas::blueprints;
use sagas::world::World;
use serde_json::Value;
use tokio::task::LocalSet;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../contract/manifests");

/// Stands before each document of a stream.
const BETWEEN: &str = "---\n";

/// Groups that Kubernetes itself defines.
fn is_built_in(manifest: &Value) -> bool {
    let version = manifest["apiVersion"].as_str().unwrap_or_default();
    !version.contains('.') || version.split('/').next().is_some_and(|group| group.ends_with(".k8s.io"))
}

#[test]
#[allow(clippy::disallowed_methods)] // `UPDATE` is for whoever runs it.
fn what_a_cluster_is_told_is_as_it_was_written_down() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let blueprint = blueprints::ALL.into_iter().find(|it| it.name == "kubernetes-argocd").expect("one");
    let manifests = LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let world = World::unwatched(blueprint).await;
        let tenant = world.provision("Acme Coffee").await;
        assert_eq!(tenant.status, tenancy::Status::Active);
        let told = serde_json::to_string(&world.manifests()).expect("JSON");
        // Who it is, is drawn anew each time.
        let told = told.replace(tenant.id.as_str(), "acme-coffee-7f3a9c");
        serde_json::from_str::<Vec<Value>>(&told).expect("JSON")
    });
    let (built_in, others): (Vec<Value>, Vec<Value>) = manifests.into_iter().partition(is_built_in);
    assert!(built_in.len() > 15 && others.len() > 15, "{} and {}", built_in.len(), others.len());
    for (name, manifests) in [("kubernetes", built_in), ("operators", others)] {
        let file = Path::new(KEPT).join(format!("kubernetes-argocd.{name}.yaml"));
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(&file, manifests.iter().map(document).collect::<String>()).expect("written");
        }
        let kept =
            std::fs::read_to_string(&file).expect("UPDATE=1 cargo nextest run -p sagas --test manifests");
        let kept = kept.split(BETWEEN).filter(|document| !document.trim().is_empty());
        let kept: Vec<Value> = kept.map(|document| serde_json::from_str(document).expect("JSON")).collect();
        assert_eq!(manifests, kept, "{}: UPDATE=1 writes it anew", file.display());
    }
}

/// JSON is YAML.
fn document(manifest: &Value) -> String {
    format!("{BETWEEN}{}\n", serde_json::to_string_pretty(&sorted(manifest)).expect("JSON"))
}

/// With its fields in the order of their names, whoever wrote it.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        _ => value.clone(),
    }
}

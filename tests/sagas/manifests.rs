//! What a tenant's cluster is told, as it was sent in a life of one: `UPDATE=1` writes it down anew. `make manifests` has
//! it judged by Kubernetes' own schemas; those of the operators' kinds the sandbox holds each object against as it comes.

use std::path::Path;

use sagas::blueprints;
use sagas::world::World;
use sandbox::clouds::{Clouds, Credentials, End, ServiceAccount, Settings};
use serde_json::{Value, json};

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
    let blueprint = blueprints::named("kubernetes-argocd").expect("one");
    let manifests = sagas::simulated(async {
        let world = World::unwatched(blueprint).await;
        let tenant = world.provision("Acme Coffee").await;
        assert_eq!(tenant.status, tenancy::Status::Active);
        let told = serde_json::to_string(&world.manifests()).expect("JSON");
        // Who it is, is drawn anew each time.
        let told = told.replace(tenant.id.as_str(), "acme-coffee-7f3a9c");
        let told = told.replace(&tenant.id.as_str().replace('-', "_"), "acme_coffee_7f3a9c");
        let mut told: Vec<Value> = serde_json::from_str(&told).expect("JSON");
        for manifest in &mut told {
            // Which object it is, where it was there: drawn by the cluster.
            manifest["metadata"].as_object_mut().expect("fields").remove("uid");
            // A digest of what has the id in it.
            let digest = "/spec/source/kustomize/commonAnnotations/tenantry.dev~1config";
            if let Some(digest) = manifest.pointer_mut(digest) {
                *digest = json!("0123456789abcdef");
            }
        }
        told
    });
    let (built_in, others): (Vec<Value>, Vec<Value>) = manifests.into_iter().partition(is_built_in);
    assert!(built_in.len() > 15 && others.len() > 15, "{} and {}", built_in.len(), others.len());
    for (name, manifests) in [("kubernetes", built_in), ("operators", others)] {
        let file = Path::new(KEPT).join(format!("kubernetes-argocd.{name}.yaml"));
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(&file, manifests.iter().map(document).collect::<String>()).expect("written");
        }
        assert!(manifests == kept(name), "{} is stale: UPDATE=1 writes it anew", file.display());
    }
}

fn kept(name: &str) -> Vec<Value> {
    let file = Path::new(KEPT).join(format!("kubernetes-argocd.{name}.yaml"));
    let kept = std::fs::read_to_string(&file).expect("UPDATE=1 cargo nextest run -p sagas --test manifests");
    let documents = kept.split(BETWEEN).filter(|document| !document.trim().is_empty());
    documents.map(|document| serde_json::from_str(document).expect("JSON")).collect()
}

/// A cluster that was told all of it.
fn cluster() -> Clouds {
    const TOKEN: &str = "k8s_manifests";
    let public_key_pem = include_str!("../../infra/local/sandbox/tests/clouds/keys/public.pem").to_owned();
    let google = ServiceAccount { client_email: "a@example.com".to_owned(), public_key_pem };
    let credentials = Credentials { google, kubernetes_token: TOKEN.to_owned(), ..Credentials::default() };
    let mut clouds = Clouds::new(&Settings::default(), &credentials).expect("a key");
    let start: jiff::Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
    // The namespace is the first.
    for manifest in kept("kubernetes").into_iter().chain(kept("operators")) {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (version, kind) = (text(&manifest["apiVersion"]), text(&manifest["kind"]).to_lowercase());
        let plural = match kind.as_str() {
            "ingress" => "ingresses".to_owned(),
            "networkpolicy" => "networkpolicies".to_owned(),
            kind => format!("{kind}s"),
        };
        let root = if version.contains('/') { "apis" } else { "api" };
        let place = manifest["metadata"]["namespace"].as_str().map(|it| format!("namespaces/{it}/"));
        let name = text(&manifest["metadata"]["name"]);
        let path = format!("{root}/{version}/{}{plural}/{name}", place.unwrap_or_default());
        let request =
            http::Request::patch(format!("https://kubernetes.example/{path}?fieldManager=tenantry"))
                .header("authorization", format!("Bearer {TOKEN}"))
                .header("content-type", "application/apply-patch+yaml")
                .body(bytes::Bytes::from(manifest.to_string()));
        let answer = clouds.answer(start, &request.expect("a request"));
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    }
    // Time for Argo CD, which is seen to when somebody asks.
    let ask = http::Request::get("https://kubernetes.example/version");
    let ask = ask.header("authorization", format!("Bearer {TOKEN}")).body(bytes::Bytes::new());
    clouds.answer(start + std::time::Duration::from_secs(60), &ask.expect("a request"));
    clouds
}

#[test]
fn a_tenant_is_kept_apart_and_reaches_what_it_needs() {
    const NAMESPACE: &str = "e-commerce-acme-coffee-7f3a9c";
    let clouds = cluster();
    let own = |label: &str, value: &str| End::pod(NAMESPACE, json!({ label: value }));
    let of = |namespace: &str| End::pod(namespace, json!({}));
    let (gateway, orders) = (own("app", "api-gateway"), own("app", "orders-service"));
    let solver = own("acme.cert-manager.io/http01-solver", "true");
    let (nginx, prometheus) = (of("ingress-nginx"), of("e-commerce-monitoring"));
    let (dns, shared, neighbour) = (of("kube-system"), of("e-commerce-shared"), of("default"));
    for (from, to, protocol, port, passes) in [
        (&nginx, &gateway, "TCP", 8100, true),
        (&nginx, &orders, "TCP", 8100, false),
        (&nginx, &solver, "TCP", 8089, true),
        (&prometheus, &orders, "TCP", 8100, true),
        (&gateway, &orders, "TCP", 8100, true),
        (&orders, &dns, "UDP", 53, true),
        (&orders, &dns, "TCP", 53, true),
        (&orders, &shared, "TCP", 3306, true),
        (&orders, &shared, "TCP", 5672, true),
        (&orders, &shared, "TCP", 9000, true),
        (&orders, &shared, "TCP", 22, false),
        (&orders, &End::Internet, "TCP", 443, true),
        (&orders, &End::Internet, "TCP", 25, false),
        (&orders, &neighbour, "TCP", 8100, false),
        (&neighbour, &orders, "TCP", 8100, false),
        (&neighbour, &gateway, "TCP", 8100, false),
        (&End::Internet, &gateway, "TCP", 8100, false),
    ] {
        let passed = clouds.lets_through(from, to, protocol, port);
        assert_eq!(passed, passes, "{from:?} -> {to:?} {protocol}/{port}");
    }
    let scraped = clouds.scraped(NAMESPACE);
    assert_eq!(scraped.len(), 13, "every service is measured: {scraped:?}");
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

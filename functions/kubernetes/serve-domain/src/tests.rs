//! The step against the sandbox's cluster, in this process.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::Namespace;
use kubernetes::manifest;
use sandbox::clouds::{Clouds, Credentials, ServiceAccount, Settings};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::OperationId;

use super::*;

const ACME: &str = "acme-7f3a9c";
const OTHER: &str = "other-000001";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// A cluster on whose clock no time passes.
#[derive(Debug)]
struct World(Mutex<Clouds>);

impl Answers for World {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.0.lock().expect("no panic while it is held").answer(clock::now(), &plain);
        Box::pin(async move { answer.into() })
    }
}

impl World {
    /// One with two tenants, each reached at the platform's name.
    async fn new() -> Arc<Self> {
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let kubernetes_token = "k8s_test".to_owned();
        let credentials = Credentials { google, kubernetes_token, ..Credentials::default() };
        let clouds = Clouds::new(&Settings::default(), &credentials).expect("a key");
        let world = Arc::new(Self(Mutex::new(clouds)));
        for tenant in [ACME, OTHER] {
            let [namespace, ingress, certificate] = tenants_own(tenant);
            world.apply_for::<Namespace>(tenant, namespace).await;
            world.apply_for::<Ingress>(tenant, ingress).await;
            world.apply_for::<Certificate>(tenant, certificate).await;
        }
        world
    }

    async fn apply_for<K: Object>(self: &Arc<Self>, tenant: &str, object: Value) {
        let object: K = serde_json::from_value(object).expect("an object");
        self.cluster().apply(&object, &mark(tenant).to_string()).await.expect("made");
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, "https://kubernetes.example", SecretString::from("k8s_test")).expect("an address")
    }

    fn step(self: &Arc<Self>) -> ServeDomain {
        ServeDomain { cluster: self.cluster(), deployment: "demo".to_owned(), prefix: "mb".to_owned() }
    }

    async fn serve(
        self: &Arc<Self>,
        tenant: &str,
        domains: &[&str],
        proven: Option<&str>,
    ) -> Result<Output, Fault> {
        let (step, cx) = (self.step(), context(tenant, domains));
        let params = serde_json::from_value(json!({ "proven": proven })).expect("params");
        step.apply(&cx, &params, &step.handle(&cx.mark)).await
    }

    async fn destroy(self: &Arc<Self>, tenant: &str) -> Presence {
        let (step, mark) = (self.step(), mark(tenant));
        let handle = step.handle(&mark);
        step.destroy(&mark, &handle).await.expect("destroyed");
        step.observe(&mark, &handle).await.expect("observed")
    }

    async fn ingress(self: &Arc<Self>, tenant: &str, name: &str) -> Option<Ingress> {
        self.cluster().find(Some(&format!("mb-{tenant}")), name).await.expect("an answer")
    }

    /// The names that lead to a tenant, and those that it has certificates for.
    async fn there(self: &Arc<Self>, tenant: &str) -> (Vec<String>, Vec<String>) {
        let namespace = format!("mb-{tenant}");
        let ingresses = self.cluster().list::<Ingress>(Some(&namespace), "", None).await.expect("listed");
        let hosts = |it: Ingress| it.spec.and_then(|spec| spec.rules).into_iter().flatten();
        let mut hosts: Vec<String> =
            ingresses.items.into_iter().flat_map(hosts).filter_map(|rule| rule.host).collect();
        let certificates = self.cluster().list::<Certificate>(Some(&namespace), "", None).await;
        let certificates = certificates.expect("listed").items.into_iter();
        let mut names: Vec<String> = certificates.flat_map(|it| it.spec.dns_names).collect();
        let ours = format!("{tenant}.mechanicbuddy.example");
        hosts.retain(|host| *host != ours);
        names.retain(|name| *name != ours);
        hosts.sort();
        names.sort();
        (hosts, names)
    }
}

/// What a tenant has before it has a domain of its own.
fn tenants_own(tenant: &str) -> [Value; 3] {
    let (namespace, host) = (format!("mb-{tenant}"), format!("{tenant}.mechanicbuddy.example"));
    let path = |path: &str, service: &str| {
        let backend = json!({ "service": { "name": service, "port": { "name": "http" } } });
        json!({ "path": path, "pathType": "Prefix", "backend": backend })
    };
    let paths = [path("/", "web"), path("/api", "api")];
    let limit = json!({ "nginx.ingress.kubernetes.io/limit-rps": "50" });
    [
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": { "name": TenantIngress::NAME, "namespace": namespace, "annotations": limit },
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{ "hosts": [host], "secretName": TenantIngress::CERTIFICATE }],
                "rules": [{ "host": host, "http": { "paths": paths } }],
            },
        }),
        json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": { "name": TenantIngress::CERTIFICATE, "namespace": namespace },
            "spec": {
                "secretName": TenantIngress::CERTIFICATE, "dnsNames": [host],
                "issuerRef": { "name": "letsencrypt-prod", "kind": "ClusterIssuer" },
            },
        }),
    ]
}

fn mark(tenant: &str) -> Mark {
    format!("demo/{tenant}").parse().expect("a mark")
}

fn context(tenant: &str, domains: &[&str]) -> Context {
    let snapshot = json!({
        "id": tenant, "name": "Acme Auto", "subdomain": "acme", "email": "o@example.com", "domains": domains,
        "blueprint": { "name": "helm-cloudnativepg", "version": 1 },
        "plan": { "id": "professional", "name": "P", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    });
    let snapshot = serde_json::from_value(snapshot).expect("a snapshot");
    Context { operation: OperationId::new(1, 1), tenant: snapshot, mark: mark(tenant) }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

const SHOP: &str = "shop.example.com";

/// Invariants 3 and 4.
#[tokio::test]
async fn twice_is_once_and_what_is_destroyed_is_gone() {
    let world = World::new().await;
    for _ in 0..2 {
        world.serve(ACME, &[SHOP], Some(SHOP)).await.expect("served");
        assert_eq!(world.there(ACME).await, (names(&[SHOP]), names(&[SHOP])));
    }
    for _ in 0..2 {
        assert_eq!(world.destroy(ACME).await, Presence::Absent);
        assert_eq!(world.there(ACME).await, (Vec::new(), Vec::new()));
    }
    assert!(
        world.ingress(ACME, TenantIngress::NAME).await.is_some(),
        "the platform's name is another step's"
    );
}

/// An authority counts what it is asked for in vain.
#[tokio::test]
async fn a_certificate_is_asked_for_only_once_the_domain_leads_here_and_kept_from_then_on() {
    let world = World::new().await;
    world.serve(ACME, &[SHOP], None).await.expect("served");
    assert_eq!(world.there(ACME).await, (names(&[SHOP]), Vec::new()));
    let plain = world.ingress(ACME, SHOP).await.expect("there").spec.expect("a spec");
    assert_eq!(plain.tls, None);
    world.serve(ACME, &[SHOP], Some(SHOP)).await.expect("served");
    assert_eq!(world.there(ACME).await, (names(&[SHOP]), names(&[SHOP])));
    // Another is to take its place, and is not proven: what serves is left as it is.
    world.serve(ACME, &[SHOP, "new.example.com"], None).await.expect("served");
    assert_eq!(world.there(ACME).await, (names(&["new.example.com", SHOP]), names(&[SHOP])));
    let tls = world.ingress(ACME, SHOP).await.expect("there").spec.and_then(|spec| spec.tls);
    assert_eq!(tls.map(|tls| tls.len()), Some(1));
}

#[tokio::test]
async fn a_domain_leads_where_the_platforms_name_leads_by_the_same_limits_and_issuer() {
    let world = World::new().await;
    world.serve(ACME, &[SHOP], Some(SHOP)).await.expect("served");
    let (ours, own) = (world.ingress(ACME, TenantIngress::NAME).await, world.ingress(ACME, SHOP).await);
    let paths = |ingress: &Option<Ingress>| {
        let spec = ingress.as_ref().and_then(|it| it.spec.clone()).expect("a spec");
        spec.rules.into_iter().flatten().next().and_then(|rule| rule.http).expect("paths").paths
    };
    assert_eq!(paths(&own), paths(&ours));
    let annotations = own.and_then(|it| it.metadata.annotations).expect("annotations");
    assert_eq!(annotations["nginx.ingress.kubernetes.io/limit-rps"], "50");
    assert_eq!(annotations["nginx.ingress.kubernetes.io/force-ssl-redirect"], "true");
    assert!(
        !annotations.keys().any(|name| name.starts_with("cert-manager.io/")),
        "one certificate is enough"
    );
    let there: Option<Certificate> =
        world.cluster().find(Some("mb-acme-7f3a9c"), SHOP).await.expect("an answer");
    assert_eq!(there.expect("a certificate").spec.issuer_ref.name, "letsencrypt-prod");
}

#[tokio::test]
async fn what_is_not_wanted_any_more_goes_and_the_rest_stays() {
    let world = World::new().await;
    world.serve(OTHER, &["other.example.com"], None).await.expect("served");
    world.serve(ACME, &["old.example.com"], Some("old.example.com")).await.expect("served");
    world
        .serve(ACME, &["old.example.com", "new.example.com"], Some("new.example.com"))
        .await
        .expect("served");
    world.serve(ACME, &["new.example.com"], None).await.expect("served");
    assert_eq!(world.there(ACME).await, (names(&["new.example.com"]), names(&["new.example.com"])));
    world.serve(ACME, &[], None).await.expect("nothing to serve");
    assert_eq!(world.there(ACME).await, (Vec::new(), Vec::new()));
    assert_eq!(world.there(OTHER).await.0, names(&["other.example.com"]));
}

/// Invariant 2.
#[tokio::test]
async fn what_another_tenant_has_stays_theirs() {
    let world = World::new().await;
    world.serve(OTHER, &[SHOP], Some(SHOP)).await.expect("served");
    let fault = world.serve(ACME, &[SHOP], Some(SHOP)).await.expect_err("another's");
    assert_eq!(fault.kind, Kind::Terminal, "{fault:?}");
    assert_eq!(world.destroy(ACME).await, Presence::Absent);
    assert_eq!(world.there(ACME).await, (Vec::new(), Vec::new()), "no certificate was asked for");
    assert_eq!(world.there(OTHER).await, (names(&[SHOP]), names(&[SHOP])));
}

/// Invariant 2: somebody's own, in the tenant's namespace.
#[tokio::test]
async fn what_does_not_carry_our_mark_is_neither_taken_nor_touched() {
    let world = World::new().await;
    let theirs: Ingress = manifest(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": SHOP, "namespace": "mb-acme-7f3a9c" },
        "spec": { "ingressClassName": "nginx", "rules": [{ "host": SHOP }] },
    }))
    .expect("an ingress");
    world.cluster().apply(&theirs, "somebody/else").await.expect("made");
    let fault = world.serve(ACME, &[SHOP], None).await.expect_err("theirs");
    assert_eq!(fault.kind, Kind::Terminal);
    assert_eq!(world.destroy(ACME).await, Presence::Absent);
    assert!(world.ingress(ACME, SHOP).await.is_some());
}

#[tokio::test]
async fn a_tenants_domains_are_listed_as_the_one_thing_they_are() {
    let world = World::new().await;
    world.serve(ACME, &["a.example.com", "b.example.com"], None).await.expect("served");
    world.serve(OTHER, &["c.example.com"], None).await.expect("served");
    let part = world.step().inventory(None).await.expect("listed");
    let held: Vec<(String, String)> =
        part.held.into_iter().map(|held| (held.owner, held.handle.served_in)).collect();
    let expected = [ACME, OTHER].map(|tenant| (format!("demo/{tenant}"), format!("mb-{tenant}")));
    assert_eq!((held, part.next), (expected.to_vec(), None));
    let other = ServeDomain { deployment: "demo-2".to_owned(), ..world.step() };
    assert!(other.inventory(None).await.expect("listed").held.is_empty());
}

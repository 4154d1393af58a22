//! The probe against the sandbox's cluster and resolver, in this process.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::Namespace;
use kubernetes::{Object, manifest};
use openapi::Script;
use reach::Reach;
use resolver::Resolver;
use sandbox::clouds::{Clouds, Credentials, ServiceAccount, Settings};
use secrets::SecretString;
use serde_json::{Value, json};
use store::{Database, Tenants};

use super::*;

const NAMESPACE: &str = "mb-acme-7f3a9c";
const OWNER: &str = "demo/acme-7f3a9c";
const SHOP: &str = "shop.example.com";
const TARGET: &str = "workshops.mechanicbuddy.example";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// A cluster, and the public's DNS.
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
    /// One with a tenant's namespace, in which a domain is served, or not.
    async fn new(class: Option<&str>) -> Arc<Self> {
        at("2026-11-21T12:00:00Z");
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let kubernetes_token = "k8s_test".to_owned();
        let credentials = Credentials { google, kubernetes_token, ..Credentials::default() };
        let clouds = Clouds::new(&Settings::default(), &credentials).expect("a key");
        let world = Arc::new(Self(Mutex::new(clouds)));
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        world.apply::<Namespace>(namespace).await;
        if let Some(class) = class {
            let backend = json!({ "service": { "name": "web", "port": { "name": "http" } } });
            let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
            world
                .apply::<Ingress>(json!({
                    "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                    "metadata": { "name": SHOP, "namespace": NAMESPACE },
                    "spec": {
                        "ingressClassName": class, "rules": [{ "host": SHOP, "http": { "paths": [path] } }],
                    },
                }))
                .await;
        }
        world
    }

    async fn certify(self: &Arc<Self>, issuer: &str) {
        let certificate = json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": { "name": SHOP, "namespace": NAMESPACE },
            "spec": {
                "secretName": SHOP, "dnsNames": [SHOP],
                "issuerRef": { "name": issuer, "kind": "ClusterIssuer" },
            },
        });
        self.apply::<Certificate>(certificate).await;
    }

    async fn apply<K: Object>(self: &Arc<Self>, object: Value) {
        self.cluster().apply(&manifest::<K>(object).expect("an object"), OWNER).await.expect("made");
    }

    fn points(&self, target: &str) {
        self.0.lock().expect("no panic while it is held").point(clock::now(), SHOP, Some(target));
    }

    fn http(self: &Arc<Self>) -> Http {
        Http::InProcess(Arc::clone(self) as Arc<dyn Answers>)
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        Cluster::new(self.http(), "https://kubernetes.example", SecretString::from("k8s_test"))
            .expect("an address")
    }

    async fn look(self: &Arc<Self>, reach: Option<Reach>) -> Result<Seen, Fault> {
        let watch = Watch {
            resolver: Resolver::new(self.http(), resolver::URL).expect("an address"),
            reach,
            target: TARGET.to_owned(),
            tenants: Tenants::new(Database::memory()),
        };
        let probe = ProbeDomain {
            cluster: self.cluster(),
            deployment: "demo".to_owned(),
            prefix: "mb".to_owned(),
            watch,
        };
        let aspect = json!({ "state": "waiting", "since": "2026-01-01T00:00:00Z" });
        let domain = serde_json::from_value(json!({
            "hostname": SHOP, "state": "pending", "requested_at": "2026-01-01T00:00:00Z",
            "name": aspect, "dns": aspect, "certificate": aspect,
        }));
        let tenant = "acme-7f3a9c".parse().expect("an id");
        probe.look(&tenant, &domain.expect("a domain")).await
    }
}

fn at(time: &str) {
    clock::simulate(time.parse().expect("a time"));
}

fn states(seen: &Seen) -> [AspectState; 3] {
    [seen.name.0, seen.dns.0, seen.certificate.0]
}

/// Each of the three for itself.
#[tokio::test]
async fn a_look_tells_name_dns_and_certificate_apart() {
    let world = World::new(Some("nginx")).await;
    let seen = world.look(None).await.expect("seen");
    assert_eq!(states(&seen), [Right, Waiting, Waiting], "{seen:?}");
    assert_eq!(seen.certificate.1, "waits for the domain to lead here");
    world.points("old.example.net");
    let seen = world.look(None).await.expect("seen");
    assert_eq!(seen.dns.1, format!("leads to old.example.net, not to {TARGET}"));
    world.points(TARGET);
    let seen = world.look(None).await.expect("seen");
    assert_eq!(states(&seen), [Right, Right, Waiting], "{seen:?}");
    world.certify("letsencrypt-prod").await;
    let seen = world.look(None).await.expect("seen");
    assert_eq!(states(&seen), [Right, Right, Waiting], "{seen:?}");
    assert!(seen.certificate.1.contains("DoesNotExist"), "cert-manager says why: {seen:?}");
    at("2026-11-21T12:10:00Z");
    let seen = world.look(None).await.expect("seen");
    assert_eq!(states(&seen), [Right, Right, Right], "{seen:?}");
}

#[tokio::test]
async fn an_ingress_that_no_controller_takes_up_is_waited_for() {
    let world = World::new(Some("somebody-elses")).await;
    let seen = world.look(None).await.expect("seen");
    assert_eq!(seen.name, (Waiting, "Pending: no controller has taken it up yet".to_owned()));
}

#[tokio::test]
async fn what_is_not_there_is_looked_at_again() {
    let world = World::new(None).await;
    assert_eq!(world.look(None).await.expect_err("nothing").kind, fault::Kind::Transient);
}

/// Invariant 10: any answer will do, since it came over TLS.
#[tokio::test]
async fn what_seems_live_is_visited_and_what_does_not_is_not() {
    let world = World::new(Some("nginx")).await;
    world.points(TARGET);
    world.certify("letsencrypt-prod").await;
    let script = || Script::new(Vec::new()).besides(&["GET /"]).answer(404, &json!({}));
    let (before, after) = (script(), script());
    world.look(Some(Reach::in_process(Arc::new(before.clone())))).await.expect("seen");
    assert_eq!(before.lines(), [""; 0]);
    at("2026-11-21T12:10:00Z");
    world.look(Some(Reach::in_process(Arc::new(after.clone())))).await.expect("seen");
    assert_eq!(after.lines(), ["GET /"]);
}

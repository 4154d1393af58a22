//! The probe against the sandbox's cluster, in this process.

#![expect(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::{Object, manifest};
use sandbox::clouds::{self, Clouds, Credentials, ServiceAccount, Settings};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::OperationId;

use super::*;

const NAMESPACE: &str = "mb-acme-7f3a9c";
const OWNER: &str = "demo/acme-7f3a9c";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// A cluster on the clock of the test, where whatever is called `crash` does.
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
    /// One with the tenant's namespace.
    async fn new() -> Arc<Self> {
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let kubernetes_token = "k8s_test".to_owned();
        let credentials = Credentials { google, kubernetes_token, ..Credentials::default() };
        let cluster = clouds::Cluster { broken: vec!["crash".to_owned()], ..clouds::Cluster::default() };
        let clouds = Clouds::new(&Settings { cluster, ..Settings::default() }, &credentials).expect("a key");
        let world = Arc::new(Self(Mutex::new(clouds)));
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        world.apply::<Namespace>(namespace).await;
        world
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, "https://kubernetes.example", SecretString::from("k8s_test")).expect("an address")
    }

    async fn apply<K: Object>(self: &Arc<Self>, object: Value) -> K {
        self.cluster().apply(&manifest::<K>(object).expect("an object"), OWNER).await.expect("made")
    }

    async fn serve(self: &Arc<Self>, service: &str, replicas: u32, image: &str) {
        let labels = json!({ "app": service });
        self.apply::<Deployment>(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": service, "namespace": NAMESPACE, "labels": { "tenant": "acme-7f3a9c" } },
            "spec": {
                "replicas": replicas, "selector": { "matchLabels": labels },
                "template": {
                    "metadata": { "labels": labels },
                    "spec": { "containers": [{ "name": service, "image": image }] },
                },
            },
        }))
        .await;
    }

    async fn look(self: &Arc<Self>, services: &str) -> Result<Output, Fault> {
        let params = Params { namespace: NAMESPACE.to_owned(), deployments: vec![services.to_owned()] };
        ProbeWorkloads { cluster: self.cluster() }.look(&context(), &params).await
    }
}

async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn context() -> Context {
    let tenant = json!({
        "id": "acme-7f3a9c", "name": "Acme Auto", "subdomain": "acme", "email": "o@example.com",
        "blueprint": { "name": "helm-cloudnativepg", "version": 1 },
        "plan": { "id": "professional", "name": "P", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    });
    let tenant = serde_json::from_value(tenant).expect("a snapshot");
    Context { operation: OperationId::new(1, 1), tenant, mark: OWNER.parse().expect("a mark") }
}

#[tokio::test(start_paused = true)]
async fn each_service_is_told_with_its_own_pods_and_conditions() {
    let world = World::new().await;
    world.serve("api", 2, "api:1").await;
    world.serve("web", 1, "web:1").await;
    assert_eq!(world.look("api web").await.expect_err("not yet").kind, Kind::NotReady);
    later(60).await;
    let seen = world.look("api web").await.expect("well").services;
    let serving: Vec<(&str, i32, i32)> =
        seen.iter().map(|it| (it.name.as_str(), it.serving, it.wanted)).collect();
    assert_eq!(serving, [("api", 2, 2), ("web", 1, 1)]);
    for service in &seen {
        assert_eq!(i32::try_from(service.pods.len()), Ok(service.wanted));
        for pod in &service.pods {
            assert!(pod.pod.starts_with(&format!("{}-", service.name)), "{pod:?}");
            assert_eq!(
                (pod.containers, pod.restarts, pod.ready, &pod.reason),
                (1, 0, true, &None),
                "{pod:?}"
            );
        }
        assert_eq!(service.conditions["Available"], "True");
    }
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_pod_is_named() {
    let world = World::new().await;
    world.serve("api", 1, "crash:1").await;
    later(60).await;
    let fault = world.look("api").await.expect_err("it crashes");
    assert!(fault.cause.contains("CrashLoopBackOff: pod api-"), "{fault:?}");
}

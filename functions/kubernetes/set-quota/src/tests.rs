//! The set-up against the sandbox's cluster, in this process.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::{Namespace, Pod, ResourceQuota};
use kubernetes::{Object, manifest};
use sandbox::clouds::{Clouds, Credentials, ServiceAccount, Settings};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::OperationId;

use super::*;

const NAMESPACE: &str = "mb-acme-7f3a9c";
const OWNER: &str = "demo/acme-7f3a9c";
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
    /// One with the tenant's namespace.
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
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        world.apply::<Namespace>(namespace, OWNER).await.expect("made");
        world
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, "https://kubernetes.example", SecretString::from("k8s_test")).expect("an address")
    }

    async fn apply<K: Object>(self: &Arc<Self>, object: Value, owner: &str) -> Result<K, Fault> {
        self.cluster().apply(&manifest::<K>(object).expect("an object"), owner).await
    }

    async fn pod(self: &Arc<Self>, name: &str) -> Result<Pod, Fault> {
        let each = json!({ "cpu": "1", "memory": "1Gi" });
        let container =
            json!({ "name": "it", "image": "nginx", "resources": { "requests": each, "limits": each } });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": NAMESPACE },
            "spec": { "containers": [container] },
        });
        self.apply(pod, OWNER).await
    }

    async fn set(self: &Arc<Self>, params: &Params) -> Result<Output, Fault> {
        SetQuota { cluster: self.cluster() }.set_up(&context(), params).await
    }

    async fn quota(self: &Arc<Self>) -> ResourceQuota {
        let there = self.cluster().find(Some(NAMESPACE), NamespaceQuota::NAME).await;
        there.expect("an answer").expect("there")
    }
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

/// A plan of so many pods with a CPU each.
fn plan(pods: &str) -> Params {
    let params = json!({ "namespace": NAMESPACE, "quota": {
        "cpu": pods, "cpu_limit": pods, "memory": "16Gi", "memory_limit": "16Gi", "storage": "10Gi",
        "volumes": "10", "load_balancers": "0", "pods": pods, "deployments": "10", "stateful_sets": "0",
    } });
    serde_json::from_value(params).expect("params")
}

#[tokio::test]
async fn a_namespace_may_use_what_its_plan_says_and_not_what_there_was_room_for() {
    let world = World::new().await;
    world.set(&plan("4")).await.expect("set");
    for name in ["a", "b", "c"] {
        world.pod(name).await.expect("room");
    }
    // Twice is once.
    for _ in 0..2 {
        world.set(&plan("2")).await.expect("set, whatever is used");
        let quota = world.quota().await;
        assert_eq!(quota.spec.expect("a spec").hard, Some(plan("2").quota.hard()));
    }
    let fault = world.pod("d").await.expect_err("no room");
    assert!(fault.cause.contains("exceeded quota: tenant-quota"), "{fault:?}");
    let pods = world.cluster().list::<Pod>(Some(NAMESPACE), "", None).await.expect("a list").items;
    assert_eq!(pods.len(), 3, "what runs is left alone");
}

#[tokio::test]
async fn somebody_elses_quota_is_left_alone() {
    let world = World::new().await;
    let theirs = NamespaceQuota::object(NAMESPACE, plan("4").quota.hard());
    world.cluster().apply(&theirs, "demo/other").await.expect("made");
    let fault = world.set(&plan("2")).await.expect_err("theirs");
    assert_eq!(fault.kind, Kind::Terminal);
    assert_eq!(world.quota().await.spec, theirs.spec);
}

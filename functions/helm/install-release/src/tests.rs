//! The step against the sandbox's cluster, with Flux and K3s in it, in this process.

#![expect(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

mod rollouts;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::{Namespace, Pod, Secret};
use kubernetes::manifest;
use sandbox::clouds::{self, Clouds, Credentials, ServiceAccount, Settings, Takes};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::{OperationId, Snapshot};

use super::*;

const TOKEN: &str = "k8s_test";
const NAMESPACE: &str = "mb-acme-7f3a9c";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// A cluster on the clock of the test. It may be told to answer only so many more requests.
#[derive(Debug)]
struct World {
    clouds: Mutex<Clouds>,
    left: Mutex<Option<u32>>,
}

impl Answers for World {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        if self.is_cut() {
            let broken = http::Response::builder().status(503).body(Bytes::new()).expect("an answer");
            return Box::pin(async move { broken.into() });
        }
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.clouds.lock().expect("no panic while it is held").answer(clock::now(), &plain);
        let watches = request.url().query_pairs().any(|(name, _)| name == "watch");
        let waited = answer.extensions().get().filter(|_| watches).map_or(Duration::ZERO, |Takes(it)| *it);
        Box::pin(async move {
            tokio::time::sleep(waited).await;
            answer.into()
        })
    }
}

impl World {
    /// One with the tenant's namespace, and the secrets that others make.
    async fn new(cluster: clouds::Cluster) -> Arc<Self> {
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let credentials =
            Credentials { google, kubernetes_token: TOKEN.to_owned(), ..Credentials::default() };
        let clouds = Clouds::new(&Settings { cluster, ..Settings::default() }, &credentials).expect("a key");
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let world = Arc::new(Self { clouds: Mutex::new(clouds), left: Mutex::new(None) });
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        let namespace: Namespace = manifest(namespace).expect("a namespace");
        world.cluster().apply(&namespace, OWNER).await.expect("made");
        for (name, key) in [("postgres-app", "uri"), ("owner-credentials", "ADMIN_PASSWORD")] {
            let secret: Secret = manifest(json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": NAMESPACE },
                "stringData": { key: "x" },
            }))
            .expect("a secret");
            world.cluster().apply(&secret, OWNER).await.expect("made");
        }
        world
    }

    /// Whether this request is one too many.
    fn is_cut(&self) -> bool {
        let mut left = self.left.lock().expect("no panic while it is held");
        let is_over = *left == Some(0);
        *left = left.map(|left| left.saturating_sub(1));
        is_over
    }

    fn cut_after(&self, requests: Option<u32>) {
        *self.left.lock().expect("no panic while it is held") = requests;
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, "https://kubernetes.example", SecretString::from(TOKEN)).expect("an address")
    }

    fn step(self: &Arc<Self>) -> InstallRelease {
        InstallRelease {
            cluster: self.cluster(),
            deployment: "demo".to_owned(),
            prefix: "mb".to_owned(),
            welcome_url: "https://tenantry.example/welcome".to_owned(),
        }
    }

    /// Asks until it is there, or lost; or for ten minutes.
    async fn install(self: &Arc<Self>, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let step = self.step();
        let mut last = None;
        for _ in 0..120 {
            match step.apply(cx, params, &step.handle(&cx.mark)).await {
                Err(fault) if fault.kind == Kind::NotReady => last = Some(fault),
                other => return other,
            }
            later(5).await;
        }
        Err(last.expect("a fault"))
    }

    async fn once(self: &Arc<Self>, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let step = self.step();
        step.apply(cx, params, &step.handle(&cx.mark)).await
    }

    async fn gone(self: &Arc<Self>) -> bool {
        let (step, mark) = (self.step(), mark());
        let handle = step.handle(&mark);
        for _ in 0..20 {
            step.destroy(&mark, &handle).await.expect("going");
            later(5).await;
        }
        step.observe(&mark, &handle).await.expect("an answer") == Presence::Absent
    }

    async fn pods(self: &Arc<Self>) -> Vec<Option<String>> {
        let pods = self.cluster().list::<Pod>(Some(NAMESPACE), "tenant=acme-7f3a9c", None).await;
        pods.expect("pods").items.into_iter().map(|pod| pod.metadata.name).collect()
    }

    async fn found(self: &Arc<Self>, name: &str) -> Option<Deployment> {
        self.cluster().find(Some(NAMESPACE), name).await.expect("an answer")
    }

    /// The image of a deployment, and how many pods serve.
    async fn serves(self: &Arc<Self>, name: &str) -> (String, i32) {
        let deployment = self.found(name).await.expect("a deployment");
        let pod = deployment.spec.expect("a spec").template.spec.expect("a pod");
        let ready = deployment.status.and_then(|status| status.ready_replicas);
        (pod.containers[0].image.clone().expect("an image"), ready.unwrap_or_default())
    }
}

async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

const OWNER: &str = "demo/acme-7f3a9c";

fn mark() -> Mark {
    OWNER.parse().expect("a mark")
}

/// Of an operation, with what is special about the tenant.
fn context(operation: u64, special: &Value) -> Context {
    let mut tenant = json!({
        "id": "acme-7f3a9c", "name": "Acme Auto", "subdomain": "acme", "email": "o@example.com",
        "blueprint": { "name": "helm-cloudnativepg", "version": 1 },
        "plan": { "id": "professional", "name": "P", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    });
    for (name, value) in special.as_object().expect("fields") {
        tenant[name] = value.clone();
    }
    let tenant: Snapshot = serde_json::from_value(tenant).expect("a snapshot");
    Context { operation: OperationId::new(operation, 1), tenant, mark: mark() }
}

fn first() -> Context {
    context(1, &json!({}))
}

fn params(special: &Value) -> Params {
    let size = json!({
        "replicas": "2", "deadline_seconds": "60", "cpu_request": "250m", "cpu_limit": "1", "memory_request": "512Mi",
        "memory_limit": "1Gi",
    });
    let mut params = json!({
        "namespace": NAMESPACE, "by": "flux", "source": "flux-system/mechanicbuddy",
        "repository": "https://charts.mechanicbuddy.example", "chart": "mechanicbuddy-tenant", "chart_version": "1.0.0",
        "domain": "mechanicbuddy.example", "registry": "ghcr.io/mechanicbuddy", "version": "1.4.2",
        "rollout": "rolling", "soak_seconds": "60",
        "database_secret": "postgres-app", "secret_store": "aws-secrets-manager", "password": "demo/tenants/acme-7f3a9c/owner", "mechanics": "20",
        "api": size, "web": size,
    });
    for (name, value) in special.as_object().expect("fields") {
        params[name] = value.clone();
    }
    serde_json::from_value(params).expect("params")
}

fn by(by: &str) -> Params {
    params(&json!({ "by": by }))
}

/// Invariants 3 and 4.
#[tokio::test(start_paused = true)]
async fn either_controller_installs_what_serves_and_takes_it_away() {
    for name in ["flux", "k3s"] {
        let world = World::new(clouds::Cluster::default()).await;
        let output = world.install(&first(), &by(name)).await.expect(name);
        assert_eq!((output.version.as_str(), output.release.as_str()), ("1.4.2", "workshop"));
        assert_eq!(world.serves("api").await, ("ghcr.io/mechanicbuddy/api:1.4.2".to_owned(), 2), "{name}");
        let generation = world.found("api").await.expect("there").metadata.generation;
        world.once(&first(), &by(name)).await.expect("as it is");
        assert_eq!(world.found("api").await.expect("there").metadata.generation, generation, "{name}");
        // Another operation that asks for the same replaces no pod.
        let pods = world.pods().await;
        world.install(&context(2, &json!({})), &by(name)).await.expect(name);
        assert_eq!((world.pods().await, pods.len()), (pods, 4), "{name}");
        let held = world.step().inventory(None).await.expect("a part");
        let part = world.step().inventory(held.next.as_deref()).await.expect("a part");
        let all: Vec<&str> = held.held.iter().chain(&part.held).map(|it| it.owner.as_str()).collect();
        assert_eq!((all, part.next), (vec![OWNER], None), "{name}");
        assert!(world.gone().await, "{name}");
        assert!(world.found("api").await.is_none() && world.found("web").await.is_none(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_served_runs_nothing() {
    let world = World::new(clouds::Cluster::default()).await;
    world.install(&first(), &by("flux")).await.expect("installed");
    for (operation, special, access) in [
        (2, json!({ "suspended": true }), "suspended"),
        (3, json!({ "hibernating": true }), "full"),
        (4, json!({ "hibernating": true, "access": "read_only" }), "read_only"),
    ] {
        world.install(&context(operation, &special), &by("flux")).await.expect("told");
        later(5).await;
        assert_eq!(world.serves("web").await.1, 0, "{special}");
        let map: Option<kubernetes::api::core::v1::ConfigMap> =
            world.cluster().find(Some(NAMESPACE), "api-config").await.expect("an answer");
        assert_eq!(map.expect("a map").data.expect("data")["ACCESS"], access, "{special}");
        assert_eq!(world.pods().await.len(), 0, "{special}");
    }
    world.install(&context(5, &json!({})), &by("flux")).await.expect("woken");
    assert_eq!(world.serves("web").await.1, 2);
}

#[tokio::test(start_paused = true)]
async fn as_long_as_a_pod_waits_it_is_named_with_what_it_waits_for() {
    let world = World::new(clouds::Cluster::default()).await;
    let late = params(&json!({ "database_secret": "postgres-2-app" }));
    for _ in 0..2 {
        let fault = world.once(&first(), &late).await.expect_err("no database");
        assert_eq!(fault.kind, Kind::NotReady, "{fault:?}");
        if fault.cause.contains("postgres-2-app") {
            assert!(
                fault.cause.starts_with("the api is not ready: CreateContainerConfigError: pod api-"),
                "{fault:?}"
            );
            return;
        }
        later(5).await;
    }
    panic!("nobody said what is missing");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_up_in_its_time_is_named_with_its_pod_and_why() {
    // The API's does not come as far as its own container.
    for (name, what) in [("flux", "api"), ("flux", "web"), ("k3s", "api"), ("k3s", "web")] {
        let broken = clouds::Cluster { broken: vec![format!("{what}:")], ..clouds::Cluster::default() };
        let world = World::new(broken).await;
        let fault = world.install(&first(), &by(name)).await.expect_err("it crashes");
        assert_eq!(fault.kind, Kind::Terminal, "{name}: {fault:?}");
        let told = format!("the {what} failed: CrashLoopBackOff: pod {what}-");
        assert!(fault.cause.starts_with(&told), "{name}: {fault:?}");
        assert!(world.gone().await, "{name}");
    }
}

/// An operation that begins later is not told what an earlier one was.
#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_by_the_next_operation() {
    for name in ["flux", "k3s"] {
        let world = World::new(clouds::Cluster::default()).await;
        let bad = |by: &str| params(&json!({ "by": by, "domain": "Not A Domain" }));
        let fault = world.install(&first(), &bad(name)).await.expect_err("a wrong value");
        assert_eq!(fault.kind, Kind::Terminal, "{name}: {fault:?}");
        let told = if name == "flux" { "does not match pattern" } else { "job helm-install-workshop failed" };
        assert!(fault.cause.contains(told), "{name}: {fault:?}");
        let again = context(2, &json!({}));
        world.once(&again, &bad(name)).await.expect_err("as wrong as before");
        world.install(&context(3, &json!({})), &by(name)).await.expect(name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_fails_is_taken_back_and_the_cause_is_told() {
    let broken = clouds::Cluster { broken: vec!["api:1.5.0".to_owned()], ..clouds::Cluster::default() };
    let world = World::new(broken).await;
    world.install(&first(), &by("flux")).await.expect("installed");
    let worse = params(&json!({ "version": "1.5.0" }));
    let fault = world.install(&context(2, &json!({})), &worse).await.expect_err("it crashes");
    assert_eq!(fault.kind, Kind::Terminal, "{fault:?}");
    assert!(fault.cause.contains("UpgradeFailed") && fault.cause.contains("/api not ready"), "{fault:?}");
    assert_eq!(world.serves("api").await, ("ghcr.io/mechanicbuddy/api:1.4.2".to_owned(), 2));
    // The operation that leads back finds it so.
    world.install(&context(3, &json!({})), &by("flux")).await.expect("led back");
}

#[tokio::test(start_paused = true)]
async fn one_controller_gives_up_before_the_other_begins() {
    let world = World::new(clouds::Cluster::default()).await;
    world.install(&first(), &by("flux")).await.expect("by Flux");
    world.install(&context(2, &json!({})), &by("k3s")).await.expect("by K3s");
    let release: Option<HelmRelease> =
        world.cluster().find(Some(NAMESPACE), RELEASE).await.expect("an answer");
    assert!(release.is_none());
    world.install(&context(3, &json!({})), &by("flux")).await.expect("by Flux");
    let chart: Option<HelmChart> = world.cluster().find(Some(NAMESPACE), RELEASE).await.expect("an answer");
    assert!(chart.is_none());
    assert_eq!(world.serves("api").await.1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_is_no_number_is_told_by_its_name() {
    let world = World::new(clouds::Cluster::default()).await;
    for (special, setting) in
        [(json!({ "mechanics": "many" }), "mechanics"), (json!({ "source": "mechanicbuddy" }), "source")]
    {
        let fault = world.once(&first(), &params(&special)).await.expect_err("a wrong setting");
        assert!(fault.kind == Kind::Terminal && fault.cause.contains(setting), "{fault:?}");
        assert!(fault.hint.is_some());
    }
}

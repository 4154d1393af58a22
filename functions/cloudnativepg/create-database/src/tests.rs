//! The set-up against the sandbox's cluster, with CloudNativePG in it, in this process.

#![expect(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::{Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Secret};
use kubernetes::{Object, manifest};
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings, Takes, Thing};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::OperationId;

use super::*;
use kubernetes::cnpg::Bootstrap;

const NAMESPACE: &str = "mb-acme-7f3a9c";
const OWNER: &str = "demo/acme-7f3a9c";
const IMAGE: &str = "ghcr.io/cloudnative-pg/postgresql:17.6";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// A cluster on the clock of the test, with the image of one Postgres.
#[derive(Debug)]
struct World(Mutex<Clouds>);

impl Answers for World {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.world().answer(clock::now(), &plain);
        let watches = request.url().query_pairs().any(|(name, _)| name == "watch");
        let waited = answer.extensions().get().filter(|_| watches).map_or(Duration::ZERO, |Takes(it)| *it);
        Box::pin(async move {
            tokio::time::sleep(waited).await;
            answer.into()
        })
    }
}

impl World {
    /// One with the tenant's namespace, a bucket for backups and whose key opens it.
    async fn new() -> Arc<Self> {
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let minio = Account { user: "minioadmin".to_owned(), password: "minioadmin-secret".to_owned() };
        let kubernetes_token = "k8s_test".to_owned();
        let credentials = Credentials { google, minio, kubernetes_token, ..Credentials::default() };
        let images = Some(vec![IMAGE.to_owned()]);
        let clouds = Clouds::new(&Settings { images, ..Settings::default() }, &credentials).expect("a key");
        let world = Arc::new(Self(Mutex::new(clouds)));
        let bucket =
            Thing { provider: "minio", kind: "bucket", name: "backups".to_owned(), owner: None, awake: None };
        assert!(world.world().plant(clock::now(), "", &bucket));
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        world.apply::<Namespace>(namespace).await;
        world.let_in("minioadmin-secret").await;
        world
    }

    fn world(&self) -> MutexGuard<'_, Clouds> {
        self.0.lock().expect("no panic while it is held")
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, "https://kubernetes.example", SecretString::from("k8s_test")).expect("an address")
    }

    async fn apply<K: Object>(self: &Arc<Self>, object: Value) -> K {
        self.cluster().apply(&manifest::<K>(object).expect("an object"), OWNER).await.expect("made")
    }

    /// The key of the object store is this from now on.
    async fn let_in(self: &Arc<Self>, secret: &str) {
        let login = json!({ "ACCESS_KEY_ID": "minioadmin", "SECRET_ACCESS_KEY": secret });
        self.apply::<Secret>(json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": login,
            "metadata": { "name": "backup-credentials", "namespace": NAMESPACE },
        }))
        .await;
    }

    async fn all<K: Object>(self: &Arc<Self>) -> Vec<K> {
        self.cluster().list::<K>(Some(NAMESPACE), "", None).await.expect("a list").items
    }

    async fn once(self: &Arc<Self>, special: &Value, params: &Params) -> Result<Output, Fault> {
        CreateDatabase { cluster: self.cluster() }.set_up(&context(special), params).await
    }

    /// Asks until it is there, or lost; or for half an hour.
    async fn create(self: &Arc<Self>, special: &Value, params: &Params) -> Result<Output, Fault> {
        let mut last = None;
        for _ in 0..120 {
            match self.once(special, params).await {
                Err(fault) if fault.kind == Kind::NotReady => last = Some(fault),
                other => return other,
            }
            later(15).await;
        }
        Err(last.expect("a fault"))
    }

    async fn postgres(self: &Arc<Self>) -> Postgres {
        self.cluster().find(Some(NAMESPACE), "postgres").await.expect("an answer").expect("there")
    }
}

async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn context(special: &Value) -> Context {
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
    let tenant = serde_json::from_value(tenant).expect("a snapshot");
    Context { operation: OperationId::new(1, 1), tenant, mark: OWNER.parse().expect("a mark") }
}

fn params(special: &Value) -> Params {
    let mut params = json!({
        "namespace": NAMESPACE, "cluster": "postgres", "image": IMAGE, "instances": "1", "storage": "10Gi",
        "storage_class": "", "cpu_request": "250m", "memory_request": "512Mi", "cpu_limit": "1",
        "memory_limit": "1Gi", "deadline_seconds": "120", "backup": "true", "schedule": "0 0 2 * * *",
        "keep_days": "7", "path": "s3://backups/acme-7f3a9c", "origin_path": "", "origin_server": "",
        "endpoint": "http://minio.e-commerce-shared.svc.cluster.local:9000",
        "user": "minioadmin", "logins": "demo/tenants/acme-7f3a9c/logins", "secret_store": "aws-secrets-manager",
        "backup_cpu": "100m", "backup_memory": "256Mi",
    });
    for (name, value) in special.as_object().expect("fields") {
        params[name] = value.clone();
    }
    serde_json::from_value(params).expect("params")
}

#[tokio::test(start_paused = true)]
async fn a_database_is_made_and_backed_up_and_made_once() {
    let world = World::new().await;
    let params = params(&json!({}));
    let output = world.create(&json!({}), &params).await.expect("a database");
    assert_eq!((output.secret.as_str(), output.instances), ("postgres-app", 1));
    let made = world.postgres().await;
    world.once(&json!({}), &params).await.expect("as it is");
    assert_eq!(world.postgres().await.metadata.generation, made.metadata.generation);
    assert!(
        world.cluster().find::<Secret>(Some(NAMESPACE), "postgres-app").await.expect("an answer").is_some()
    );
    later(30).await;
    let bases = |world: &Arc<World>| {
        let objects = world.world().objects(clock::now(), "backups", "acme-7f3a9c/postgres-");
        objects.iter().filter(|(key, _)| key.ends_with("backup.info")).count()
    };
    assert_eq!(bases(&world), 1, "one at once");
    later(24 * 3600).await;
    assert_eq!(bases(&world), 2, "and one at night");
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_failed_is_ordered_again_by_the_next_operation() {
    let world = World::new().await;
    world.let_in("wrong").await;
    world.create(&json!({}), &params(&json!({}))).await.expect("a database");
    later(60).await;
    world.create(&json!({}), &params(&json!({}))).await.expect("as it is");
    let failed = world.cluster().last_backup(NAMESPACE, "postgres").await.expect("an answer").expect("one");
    assert!(failed.failure().is_some(), "{failed:?}");
    world.let_in("minioadmin-secret").await;
    let next = Context { operation: OperationId::new(2, 2), ..context(&json!({})) };
    for _ in 0..2 {
        let step = CreateDatabase { cluster: world.cluster() };
        step.set_up(&next, &params(&json!({}))).await.expect("as it is");
        later(120).await;
    }
    let taken = world.cluster().last_backup(NAMESPACE, "postgres").await.expect("an answer").expect("one");
    assert!(taken.failure().is_none(), "{taken:?}");
    let all = world.all::<kubernetes::cnpg::Backup>().await;
    let again = all.iter().filter(|it| it.metadata.name.as_ref().is_some_and(|it| it.starts_with("retry-")));
    assert_eq!(again.count(), 2, "one by each operation, and none that is not needed: {all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_database_begins_as_its_origin_was_and_archives_beside_it() {
    let world = World::new().await;
    world.create(&json!({}), &params(&json!({}))).await.expect("the first");
    later(3600).await;
    let first = world.postgres().await;
    let plugin = |postgres: &Postgres| postgres.spec.plugins[0].parameters.clone();
    let (at, server) = (clock::now(), plugin(&first).server_name);
    later(3600).await;
    world
        .cluster()
        .delete::<Postgres>(Some(NAMESPACE), "postgres", OWNER, Propagation::Foreground)
        .await
        .expect("gone");
    later(60).await;
    let origin = json!({ "origin": { "tenant": "acme-7f3a9c", "at": at.to_string() } });
    let from = params(&json!({ "origin_path": "s3://backups/acme-7f3a9c", "origin_server": server }));
    let context = Context { operation: OperationId::new(2, 2), ..context(&origin) };
    let step = CreateDatabase { cluster: world.cluster() };
    for _ in 0..120 {
        if step.set_up(&context, &from).await.is_ok() {
            break;
        }
        later(15).await;
    }
    let second = world.postgres().await;
    let Some(Bootstrap::Recovery(recovery)) = &second.spec.bootstrap else { panic!("it began empty") };
    assert_eq!(recovery.recovery_target.as_ref().expect("a moment").target_time, at.to_string());
    let claims = world.all::<PersistentVolumeClaim>().await;
    let noted = claims[0].metadata.annotations.clone().unwrap_or_default();
    assert!(noted.values().any(|it| it.starts_with(&format!("acme-7f3a9c/{server}/base/"))), "{noted:?}");
    assert_ne!(plugin(&second).server_name, server, "no database archives where another has");
    // Later operations know nothing of its origin, and change nothing about it.
    let later_on = world.create(&json!({}), &params(&json!({}))).await;
    later_on.expect("as it is");
    assert_eq!(world.postgres().await.spec.bootstrap, second.spec.bootstrap);
    assert_eq!(plugin(&world.postgres().await), plugin(&second));
}

#[tokio::test(start_paused = true)]
async fn another_plan_has_more_of_everything_or_less_of_what_may_be_less() {
    let world = World::new().await;
    world.create(&json!({}), &params(&json!({ "backup": "false" }))).await.expect("a database");
    let bigger = json!({ "instances": "3", "storage": "50Gi", "cpu_request": "1" });
    let output = world.create(&json!({}), &params(&bigger)).await.expect("a bigger one");
    assert_eq!(output.instances, 3);
    let pods = world.all::<Pod>().await;
    assert_eq!(pods.len(), 3);
    let asked = |pod: &Pod| {
        let containers = &pod.spec.as_ref().expect("a spec").containers;
        containers[0].resources.clone().expect("sizes").requests.expect("requests")["cpu"].0.clone()
    };
    assert!(pods.iter().all(|pod| asked(pod) == "1"), "all of them");
    let claims = world.all::<PersistentVolumeClaim>().await;
    let size = |it: &PersistentVolumeClaim| it.status.clone()?.capacity?.get("storage").cloned();
    assert!(claims.iter().all(|it| size(it).is_some_and(|size| size.0 == "50Gi")), "{claims:?}");
    assert_eq!(world.all::<ScheduledBackup>().await.len(), 1);
    let smaller = json!({ "storage": "50Gi", "backup": "false" });
    world.create(&json!({}), &params(&smaller)).await.expect("a smaller one");
    later(10).await;
    assert_eq!(world.all::<Pod>().await.len(), 1);
    assert!(world.all::<ScheduledBackup>().await.is_empty() && world.all::<ObjectStore>().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_larger_than_the_plan_has_it_stays() {
    let world = World::new().await;
    world.create(&json!({}), &params(&json!({ "storage": "50Gi" }))).await.expect("a database");
    let output = world.create(&json!({}), &params(&json!({ "storage": "10Gi" }))).await.expect("as it is");
    assert_eq!(output.storage, "50Gi");
    assert_eq!(world.postgres().await.spec.storage.size, "50Gi");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_pod_is_told_until_it_has_taken_too_long() {
    let world = World::new().await;
    let wrong = params(&json!({ "image": "postgresql:none" }));
    let fault = world.once(&json!({}), &wrong).await.expect_err("no image");
    assert_eq!(fault.kind, Kind::NotReady, "{fault:?}");
    assert!(
        fault
            .cause
            .starts_with("the database postgres is not ready: ImagePullBackOff: pod postgres-1-initdb-")
    );
    let fault = world.create(&json!({}), &wrong).await.expect_err("no image");
    assert_eq!(fault.kind, Kind::Terminal, "{fault:?}");
    assert!(
        fault
            .cause
            .starts_with("the database postgres is not ready after 120 seconds: ImagePullBackOff: pod")
    );
    assert!(fault.cause.contains("postgresql:none") && fault.hint.is_some(), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_mended_is_not_lost_by_what_was_before() {
    let world = World::new().await;
    world.create(&json!({}), &params(&json!({}))).await.expect("a database");
    let wrong = params(&json!({ "image": "postgresql:none" }));
    assert_eq!(world.create(&json!({}), &wrong).await.expect_err("no image").kind, Kind::Terminal);
    later(3600).await;
    let fault = world.once(&json!({}), &params(&json!({}))).await;
    assert!(fault.as_ref().err().is_none_or(|fault| fault.kind == Kind::NotReady), "{fault:?}");
    world.create(&json!({}), &params(&json!({}))).await.expect("mended");
}

#[tokio::test(start_paused = true)]
async fn what_the_namespace_has_no_room_for_is_told() {
    let world = World::new().await;
    let quota = |cpu: &str, storage: &str| {
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "plan", "namespace": NAMESPACE },
            "spec": { "hard": { "requests.storage": storage, "requests.cpu": cpu } },
        })
    };
    world.apply::<ResourceQuota>(quota("2", "5Gi")).await;
    let fault = world.create(&json!({}), &params(&json!({}))).await.expect_err("no room");
    assert!(fault.kind == Kind::Terminal && fault.cause.contains("exceeded quota: plan"), "{fault:?}");
    world.apply::<ResourceQuota>(quota("2", "50Gi")).await;
    world.create(&json!({}), &params(&json!({}))).await.expect("room");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_served_has_a_database_that_sleeps() {
    let world = World::new().await;
    world.create(&json!({}), &params(&json!({}))).await.expect("a database");
    for special in [json!({ "suspended": true }), json!({ "hibernating": true })] {
        world.create(&special, &params(&json!({}))).await.expect("asleep");
        assert!(world.all::<Pod>().await.is_empty(), "{special}");
        assert_eq!(world.all::<PersistentVolumeClaim>().await.len(), 1, "{special}");
        let schedule = world.all::<ScheduledBackup>().await.remove(0);
        assert!(schedule.spec.suspend, "nothing is backed up that sleeps");
        world.create(&json!({}), &params(&json!({}))).await.expect("awake");
        assert_eq!(world.all::<Pod>().await.len(), 1);
        assert!(!world.all::<ScheduledBackup>().await.remove(0).spec.suspend);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_database_is_left_alone() {
    let world = World::new().await;
    let two = params(&json!({ "instances": "2" }));
    let birth = Birth::of(None, &context(&json!({})), &two);
    let theirs = two.postgres("10Gi", birth).expect("a cluster");
    world.cluster().apply(&theirs, "demo/other").await.expect("made");
    let fault = world.once(&json!({}), &params(&json!({}))).await.expect_err("theirs");
    assert_eq!(fault.kind, Kind::Terminal);
    assert_eq!(world.postgres().await.spec.instances, 2);
}

#[test]
fn a_setting_that_is_none_is_told_by_its_name() {
    for (name, value) in [("instances", "many"), ("backup", "yes")] {
        let params = params(&json!({ name: value }));
        let birth = Birth::of(None, &context(&json!({})), &params);
        let fault = params.postgres("10Gi", birth).expect_err("no value");
        assert!(fault.kind == Kind::Terminal && fault.cause.contains(name), "{fault:?}");
    }
    assert!(larger("10Gi", "a lot").expect_err("no amount").hint.is_some());
    assert_eq!(larger("1Gi", "2048Mi").expect("amounts"), "2048Mi");
}

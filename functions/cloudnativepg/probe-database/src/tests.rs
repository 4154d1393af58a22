//! The probe against the sandbox's cluster, with CloudNativePG in it, in this process.

#![expect(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use kubernetes::api::core::v1::{Namespace, Secret};
use kubernetes::cnpg::{
    ClusterSpec, Method, Named, ObjectStore, Plugin, ScheduledBackup, ScheduledBackupSpec, Storage,
};
use kubernetes::{Custom, Object, manifest};
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings, Takes, Thing};
use secrets::SecretString;
use serde_json::{Value, json};
use tenancy::OperationId;

use super::*;

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

    /// The database, its object store and its schedule, as they are to be.
    async fn database(self: &Arc<Self>, instances: u32, asleep: bool, image: &str) {
        let of = |key: &str| json!({ "name": "backup-credentials", "key": key });
        let store: ObjectStore = self
            .apply(json!({
                "apiVersion": "barmancloud.cnpg.io/v1", "kind": "ObjectStore",
                "metadata": { "name": "backups", "namespace": NAMESPACE },
                "spec": { "retentionPolicy": "7d", "configuration": {
                    "destinationPath": "s3://backups/acme-7f3a9c/1",
                    "endpointURL": "http://minio.e-commerce-shared.svc.cluster.local:9000",
                    "s3Credentials": {
                        "accessKeyId": of("ACCESS_KEY_ID"), "secretAccessKey": of("SECRET_ACCESS_KEY"),
                    },
                    "wal": { "compression": "gzip" }, "data": { "compression": "gzip" },
                } },
            }))
            .await;
        assert_eq!(store.spec.retention_policy.as_deref(), Some("7d"));
        let spec = ClusterSpec {
            instances,
            image_name: Some(image.to_owned()),
            storage: Storage { size: "1Gi".to_owned(), storage_class: None },
            plugins: vec![Plugin::of("backups", "postgres").archiving()],
            ..ClusterSpec::default()
        };
        let postgres: Postgres = Custom::new(NAMESPACE, "postgres", spec).asleep(asleep);
        self.cluster().apply(&postgres, OWNER).await.expect("a cluster");
        let spec = ScheduledBackupSpec {
            cluster: Named { name: "postgres".to_owned() },
            schedule: "0 0 2 * * *".to_owned(),
            immediate: true,
            suspend: asleep,
            backup_owner_reference: "self".to_owned(),
            method: Method::default(),
        };
        let schedule: ScheduledBackup = Custom::new(NAMESPACE, "nightly", spec);
        self.cluster().apply(&schedule, OWNER).await.expect("a schedule");
    }

    async fn look(self: &Arc<Self>, special: &Value, instances: &str) -> Result<Output, Fault> {
        let params = json!({
            "namespace": NAMESPACE, "cluster": "postgres", "instances": instances, "backup": "true",
        });
        let params = serde_json::from_value(params).expect("params");
        ProbeDatabase { cluster: self.cluster() }.look(&context(special), &params).await
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

#[tokio::test(start_paused = true)]
async fn a_database_is_well_when_all_of_it_serves_and_is_backed_up() {
    let world = World::new().await;
    assert_eq!(world.look(&json!({}), "2").await.expect_err("nothing").kind, Kind::Terminal);
    world.database(2, false, IMAGE).await;
    let fault = world.look(&json!({}), "2").await.expect_err("not yet");
    assert_eq!(fault.kind, Kind::NotReady);
    assert!(fault.cause.contains("Setting up primary"), "{fault:?}");
    later(90).await;
    let seen = world.look(&json!({}), "2").await.expect("well");
    assert_eq!(
        (seen.phase.as_str(), seen.primary.as_deref()),
        ("Cluster in healthy state", Some("postgres-1"))
    );
    let pods: Vec<(&str, usize, i32, bool)> =
        seen.pods.iter().map(|it| (it.pod.as_str(), it.containers, it.restarts, it.ready)).collect();
    assert_eq!(pods, [("postgres-1", 1, 0, true), ("postgres-2", 1, 0, true)]);
    assert_eq!(seen.conditions["ContinuousArchiving"], "True");
    let last = seen.last_backup.expect("a backup");
    assert!(last.phase == "completed" && last.at.is_some(), "{last:?}");
    let fault = world.look(&json!({}), "3").await.expect_err("too few");
    assert!(fault.kind == Kind::NotReady && fault.cause.contains("2 of 3 instances"), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_pod_is_named() {
    let world = World::new().await;
    world.database(1, false, "postgresql:none").await;
    later(60).await;
    let fault = world.look(&json!({}), "1").await.expect_err("no image");
    assert_eq!(fault.kind, Kind::NotReady);
    assert!(fault.cause.contains("ImagePullBackOff: pod postgres-1-initdb-"), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_backed_up_is_not_well() {
    let world = World::new().await;
    world.let_in("another-secret").await;
    world.database(1, false, IMAGE).await;
    later(60).await;
    let fault = world.look(&json!({}), "1").await.expect_err("not backed up");
    assert!(fault.kind == Kind::NotReady && fault.cause.contains("does not archive"), "{fault:?}");
    world.let_in("minioadmin-secret").await;
    let fault = world.look(&json!({}), "1").await.expect_err("the backup at once failed");
    assert_eq!(fault.kind, Kind::Terminal);
    assert!(fault.cause.contains("SignatureDoesNotMatch") && fault.hint.is_some(), "{fault:?}");
    later(24 * 3600).await;
    world.look(&json!({}), "1").await.expect("the one of the night did not");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_to_sleep_is_well_when_it_does() {
    let world = World::new().await;
    world.database(1, false, IMAGE).await;
    later(60).await;
    let asleep = json!({ "hibernating": true });
    let fault = world.look(&asleep, "1").await.expect_err("awake");
    assert!(fault.kind == Kind::NotReady && fault.cause.contains("is not asked to sleep"), "{fault:?}");
    world.database(1, true, IMAGE).await;
    later(10).await;
    let seen = world.look(&asleep, "1").await.expect("asleep");
    assert!(seen.asleep && seen.primary.is_none() && seen.pods.is_empty());
    assert!(world.look(&json!({}), "1").await.is_err(), "and not well if it is to serve");
}

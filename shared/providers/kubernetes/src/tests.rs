//! What we ask of a cluster, and what becomes of it there: against the sandbox's, which holds every object to the
//! schema that its kind is published with.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fault::{Kind, Kind::*};
use http_client::{Answers, Request, Response};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota, Secret};
use rstest::rstest;
use sandbox::clouds::{self, Clouds, Credentials, Settings, Takes};
use serde_json::{Value, json};

use super::*;
use crate::argocd::{
    Application, ApplicationSpec, Automated, Destination, FINALIZER, IN_CLUSTER, Kustomize, Replicas, Source,
    SyncPolicy,
};
use crate::cert_manager::{Certificate, CertificateSpec, IssuerRef};
use crate::cnpg::{
    Backup, BackupSpec, Bootstrap, ClusterSpec, Compressed, Configuration, ExternalCluster, InitDb, Method,
    Named, ObjectStore, ObjectStoreSpec, OfSecret, Plugin, Postgres, Recovery, RecoveryTarget, S3Credentials,
    ScheduledBackup, ScheduledBackupSpec, Sidecar, Storage,
};
use crate::external_secrets::{
    Data, DataFrom, ExternalSecret, ExternalSecretSpec, RemoteRef, SecretStoreRef, Target,
};
use crate::helm::{
    Attempts, ChartSpec, ChartTemplate, HelmChart, HelmChartSpec, HelmRelease, HelmReleaseSpec, Remediation,
    SourceRef,
};
use crate::monitoring::{
    Alert, Endpoint, Group, PrometheusRule, PrometheusRuleSpec, Selector, ServiceMonitor, ServiceMonitorSpec,
};

const OURS: &str = "demo/acme-7f3a9c";
const URL: &str = "https://kubernetes.example";
const TOKEN: &str = "k8s_test";

/// A cluster in this process, on a clock that goes when it is told to, and while somebody watches.
#[derive(Debug)]
struct World(Mutex<(Clouds, Timestamp)>);

impl Answers for World {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let mut asked = http::Request::builder().method(request.method()).uri(request.url().as_str());
        for (name, value) in request.headers() {
            asked = asked.header(name, value);
        }
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let asked = asked.body(bytes::Bytes::copy_from_slice(body)).expect("a request");
        let mut world = self.world();
        let now = world.1;
        let answer = world.0.answer(now, &asked);
        let watches = request.url().query_pairs().any(|(name, _)| name == "watch");
        if let Some(Takes(waited)) = answer.extensions().get().filter(|_| watches) {
            world.1 = now.checked_add(*waited).expect("a time");
        }
        Box::pin(async move { answer.into() })
    }
}

impl World {
    fn new(cluster: clouds::Cluster, images: Option<Vec<String>>) -> Arc<Self> {
        let public_key_pem =
            include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem").to_owned();
        let google = clouds::ServiceAccount { client_email: "a@example.com".to_owned(), public_key_pem };
        let credentials =
            Credentials { google, kubernetes_token: TOKEN.to_owned(), ..Credentials::default() };
        let clouds = Clouds::new(&Settings { cluster, images, ..Settings::default() }, &credentials);
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        Arc::new(Self(Mutex::new((clouds.expect("a key"), now))))
    }

    fn world(&self) -> MutexGuard<'_, (Clouds, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn later(&self, seconds: u64) {
        let mut world = self.world();
        world.1 = world.1.checked_add(Duration::from_secs(seconds)).expect("a time");
    }

    fn cluster(self: &Arc<Self>) -> Cluster {
        self.with(TOKEN)
    }

    fn with(self: &Arc<Self>, token: &str) -> Cluster {
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        Cluster::new(http, URL, SecretString::from(token)).expect("an address")
    }

    /// Somebody changes something by hand.
    fn edit(&self, path: &str, patch: &Value) {
        let asked = http::Request::patch(format!("{URL}{path}?fieldManager=kubectl-edit"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/merge-patch+json")
            .body(bytes::Bytes::from(patch.to_string()))
            .expect("a request");
        let mut world = self.world();
        let now = world.1;
        let answer = world.0.answer(now, &asked);
        assert!(answer.status().is_success(), "{answer:?}");
    }

    fn plant(&self, kind: &'static str, place: &str, name: &str, owner: Option<&str>) {
        let owner = owner.map(|owner| format!("{OWNER}={owner}"));
        let thing = clouds::Thing { provider: "kubernetes", kind, name: name.to_owned(), owner, awake: None };
        let mut world = self.world();
        let now = world.1;
        assert!(world.0.plant(now, place, &thing), "{kind} {name} in {place}");
    }
}

/// A world with a namespace of ours.
async fn world() -> (Arc<World>, Cluster) {
    of(clouds::Cluster::default(), None).await
}

async fn of(settings: clouds::Cluster, images: Option<Vec<String>>) -> (Arc<World>, Cluster) {
    let world = World::new(settings, images);
    let cluster = world.cluster();
    cluster.apply(&namespace(), OURS).await.expect("a namespace");
    (world, cluster)
}

fn typed<K: Object>(value: Value) -> K {
    serde_json::from_value(value).expect("an object")
}

fn namespace() -> Namespace {
    typed(json!({ "metadata": { "name": "acme" } }))
}

fn map(data: &Value) -> ConfigMap {
    typed(json!({ "metadata": { "name": "tenant-config", "namespace": "acme" }, "data": data }))
}

fn web(image: &str) -> Deployment {
    let container = json!({ "name": "web", "image": image });
    typed(json!({
        "metadata": { "name": "web", "namespace": "acme" },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": { "app": "web" } },
            "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [container] } },
        },
    }))
}

fn migration(image: &str) -> Job {
    let container = json!({ "name": "migrate", "image": image });
    typed(json!({
        "metadata": { "name": "migrate", "namespace": "acme" },
        "spec": { "backoffLimit": 0, "template": { "spec": { "restartPolicy": "Never", "containers": [container] } } },
    }))
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn application() -> Application {
    let spec = ApplicationSpec {
        project: "tenants".to_owned(),
        source: Source {
            repo_url: "https://github.com/company/e-commerce-manifests".to_owned(),
            path: "tenant".to_owned(),
            target_revision: "main".to_owned(),
            kustomize: Some(Kustomize {
                images: vec!["ecommerce/api-gateway:v1.2.4".to_owned()],
                common_labels: texts(&[("tenant", "acme")]),
                common_annotations: texts(&[("domain", "acme.example.com")]),
                replicas: vec![Replicas { name: "api-gateway".to_owned(), count: 2 }],
            }),
        },
        destination: Destination { server: IN_CLUSTER.to_owned(), namespace: "acme".to_owned() },
        sync_policy: Some(SyncPolicy {
            automated: Some(Automated { prune: true, self_heal: true }),
            sync_options: vec!["ServerSideApply=true".to_owned()],
        }),
    };
    let mut application = Custom::new("argocd", "tenant-acme", spec);
    application.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
    application
}

fn external(key: &str) -> ExternalSecret {
    let remote =
        |property: Option<&str>| RemoteRef { key: key.to_owned(), property: property.map(str::to_owned) };
    let spec = ExternalSecretSpec {
        secret_store_ref: SecretStoreRef {
            name: "aws-secrets-manager".to_owned(),
            kind: "ClusterSecretStore".to_owned(),
        },
        refresh_interval: "1h".to_owned(),
        target: Target { name: "auth".to_owned(), creation_policy: "Owner".to_owned(), template: None },
        data: vec![Data { secret_key: "DB_HOST".to_owned(), remote_ref: remote(Some("host")) }],
        data_from: vec![DataFrom { extract: remote(None) }],
    };
    Custom::new("acme", "auth", spec)
}

#[tokio::test]
async fn an_object_is_made_with_its_marks_and_found_by_them() {
    let (_, cluster) = world().await;
    cluster.apply(&map(&json!({ "a": "1" })), OURS).await.expect("made");
    let found: ConfigMap =
        cluster.find_own(Some("acme"), "tenant-config", OURS).await.expect("an answer").expect("there");
    let labels = found.metadata.labels.as_ref().expect("labels");
    assert_eq!((labels[OWNER].as_str(), labels[DEPLOYMENT].as_str()), ("demo_acme-7f3a9c", "demo"));
    assert_eq!(Cluster::owner(&found).expect("a mark").0, OURS);
    let other: Option<ConfigMap> =
        cluster.find_own(Some("acme"), "tenant-config", "demo/other").await.expect("an answer");
    assert!(other.is_none());
    let marked = cluster.marked::<ConfigMap>(None, "demo", None).await.expect("a list");
    assert_eq!((marked.items.len(), marked.next), (1, None));
    assert!(cluster.marked::<ConfigMap>(None, "dem", None).await.expect("a list").items.is_empty());
}

#[tokio::test]
async fn applying_twice_is_applying_once_and_what_is_left_out_goes() {
    let (_, cluster) = world().await;
    let once = cluster.apply(&map(&json!({ "a": "1", "b": "2" })), OURS).await.expect("made");
    let twice = cluster.apply(&map(&json!({ "a": "1", "b": "2" })), OURS).await.expect("the same");
    assert_eq!(once, twice);
    let less = cluster.apply(&map(&json!({ "b": "3" })), OURS).await.expect("changed");
    assert_eq!(less.data.expect("data"), texts(&[("b", "3")]));
}

#[tokio::test]
async fn what_is_somebody_elses_is_neither_changed_nor_deleted() {
    let (world, cluster) = world().await;
    for owner in [None, Some("demo/other")] {
        world.plant("ConfigMap", "namespaces/acme", "tenant-config", owner);
        for force in [false, true] {
            let refused = match force {
                false => cluster.apply(&map(&json!({ "a": "1" })), OURS).await,
                true => cluster.adopt(&map(&json!({ "a": "1" })), OURS).await,
            };
            let fault = refused.expect_err("foreign");
            assert!(fault.kind == Terminal && fault.hint.is_some(), "{fault:?}");
        }
        cluster
            .delete::<ConfigMap>(Some("acme"), "tenant-config", OURS, Propagation::Background)
            .await
            .expect("left");
        let there: ConfigMap =
            cluster.find(Some("acme"), "tenant-config").await.expect("an answer").expect("there");
        assert_eq!(there.data, None);
        world.world().0.remove("kubernetes", "ConfigMap", "acme/tenant-config");
    }
}

#[tokio::test]
async fn a_field_that_somebody_else_has_set_is_theirs_until_it_is_adopted() {
    let (world, cluster) = world().await;
    cluster.apply(&web("web:1"), OURS).await.expect("made");
    world.edit("/apis/apps/v1/namespaces/acme/deployments/web", &json!({ "spec": { "replicas": 3 } }));
    let fault = cluster.apply(&web("web:1"), OURS).await.expect_err("theirs");
    assert_eq!(fault.kind, Terminal);
    assert_eq!(
        fault.cause,
        "somebody else has set .spec.replicas (conflict with \"kubectl-edit\" using apps/v1)"
    );
    let adopted = cluster.adopt(&web("web:1"), OURS).await.expect("ours");
    assert_eq!(adopted.spec.expect("a spec").replicas, Some(1));
}

#[tokio::test]
async fn deleting_takes_along_what_is_owned_and_is_done_when_it_is_gone() {
    let (world, cluster) = world().await;
    cluster.apply(&migration("migrate:1"), OURS).await.expect("made");
    world.later(5);
    let pods = |cluster: Cluster| async move {
        cluster.list::<Pod>(Some("acme"), "job-name=migrate", None).await.expect("a list").items.len()
    };
    assert_eq!(pods(cluster.clone()).await, 1);
    for _ in 0..2 {
        cluster.delete::<Job>(Some("acme"), "migrate", OURS, Propagation::Foreground).await.expect("going");
    }
    let going = cluster.find_own::<Job>(Some("acme"), "migrate", OURS).await.expect("an answer");
    assert!(going.is_some(), "its pod goes first");
    assert_eq!(cluster.apply(&migration("migrate:2"), OURS).await.expect_err("not yet").kind, NotReady);
    world.later(5);
    assert!(cluster.find_own::<Job>(Some("acme"), "migrate", OURS).await.expect("an answer").is_none());
    assert_eq!(pods(cluster.clone()).await, 0);
    cluster.delete::<Job>(Some("acme"), "migrate", OURS, Propagation::Foreground).await.expect("gone");
}

#[tokio::test]
async fn a_deployment_that_is_late_is_lost_only_while_something_keeps_its_pods() {
    let (world, cluster) = world().await;
    let mut late = serde_json::to_value(web("web:1")).expect("JSON");
    late["spec"]["progressDeadlineSeconds"] = json!(30);
    late["spec"]["template"]["spec"]["containers"][0]["envFrom"] =
        json!([{ "secretRef": { "name": "web" } }]);
    cluster.apply(&typed::<Deployment>(late), OURS).await.expect("made");
    let state = async || {
        let web = cluster.find_own::<Deployment>(Some("acme"), "web", OURS).await.expect("an answer");
        cluster.state(&web.expect("made")).await.expect("an answer")
    };
    world.later(10);
    assert!(matches!(state().await, State::Waiting { reason, .. } if reason == "CreateContainerConfigError"));
    world.later(30);
    assert!(matches!(state().await, State::Failed { reason, .. } if reason == "CreateContainerConfigError"));
    let secret = json!({ "metadata": { "name": "web", "namespace": "acme" }, "stringData": { "a": "b" } });
    cluster.apply(&typed::<Secret>(secret), OURS).await.expect("made");
    assert!(matches!(state().await, State::Waiting { reason, .. } if reason == "ProgressDeadlineExceeded"));
    world.later(5);
    assert_eq!(state().await, State::Ready);
}

#[tokio::test]
async fn a_pod_that_has_to_be_started_again_is_told_once_its_deployment_was_rolled_out() {
    let leaking = vec![("web:2".to_owned(), Duration::from_secs(60))];
    let (world, cluster) = of(clouds::Cluster { leaking, ..clouds::Cluster::default() }, None).await;
    let there = async || {
        let web = cluster.find_own::<Deployment>(Some("acme"), "web", OURS).await.expect("an answer");
        web.expect("made")
    };
    cluster.apply(&web("web:1"), OURS).await.expect("made");
    assert_eq!(rolled_out(&there().await), None);
    world.later(10);
    let first = rolled_out(&there().await).expect("it serves");
    world.later(10);
    cluster.apply(&web("web:2"), OURS).await.expect("changed");
    world.later(20);
    let since = rolled_out(&there().await).expect("it serves");
    assert!(since > first);
    assert_eq!(cluster.steady(&there().await, since).await.expect("an answer"), State::Ready);
    world.later(60);
    let deployment = there().await;
    assert_eq!((deployment.progress(), rolled_out(&deployment)), (State::Ready, Some(since)));
    let state = cluster.steady(&deployment, since).await.expect("an answer");
    let State::Failed { reason, message } = state else { panic!("{state:?}") };
    assert!(reason == "OOMKilled" && message.starts_with("pod web-"), "{reason}: {message}");
    // What it went through before is nothing to whoever asks of later.
    world.later(10);
    let later = since + SignedDuration::from_secs(100);
    assert_eq!(cluster.steady(&there().await, later).await.expect("an answer"), State::Ready);
}

#[tokio::test]
async fn a_namespace_that_goes_is_waited_for() {
    let (world, cluster) = world().await;
    cluster.apply(&web("web:1"), OURS).await.expect("made");
    world.later(10);
    cluster.delete::<Namespace>(None, "acme", OURS, Propagation::Background).await.expect("going");
    let fault = cluster.apply(&map(&json!({})), OURS).await.expect_err("closed");
    assert!(fault.kind == NotReady && fault.hint.is_some(), "{fault:?}");
    assert_eq!(cluster.apply(&namespace(), OURS).await.expect_err("not yet").kind, NotReady);
    world.later(20);
    assert!(cluster.find::<Namespace>(None, "acme").await.expect("an answer").is_none());
    let made = cluster.apply(&namespace(), OURS).await.expect("anew");
    assert_eq!(made.progress(), State::Ready);
}

#[tokio::test]
async fn what_kubernetes_does_not_take_is_told_field_by_field() {
    let (_, cluster) = world().await;
    let quota: ResourceQuota = typed(json!({
        "metadata": { "name": "plan", "namespace": "acme" }, "spec": { "hard": { "deployments.apps": "20" } },
    }));
    let fault = cluster.apply(&quota, OURS).await.expect_err("no key");
    assert!(fault.kind == Terminal && fault.cause.contains("spec.hard[deployments.apps]"), "{fault:?}");
    cluster.apply(&migration("migrate:1"), OURS).await.expect("made");
    let fault = cluster.apply(&migration("migrate:2"), OURS).await.expect_err("settled");
    assert!(fault.kind == Terminal && fault.cause.contains("field is immutable"), "{fault:?}");
    assert!(fault.hint.expect("a hint").contains("made anew"));
}

#[tokio::test]
async fn whoever_is_not_known_can_do_nothing_about_it_by_trying_again() {
    let (world, _) = world().await;
    let fault = world.with("hunter2").find::<Namespace>(None, "acme").await.expect_err("a stranger");
    assert!(fault.kind == Terminal && fault.hint.is_some(), "{fault:?}");
    let shown = format!("{fault:?} {:?}", world.with("hunter2"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Beta {}

impl Definition for Beta {
    const GROUP: &'static str = "external-secrets.io";
    const VERSION: &'static str = "v1beta1";
    const KIND: &'static str = "ExternalSecret";
    const PLURAL: &'static str = "externalsecrets";
    type Status = Value;
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_no_absence() {
    let (_, cluster) = world().await;
    let fault = cluster.find::<Custom<Beta>>(Some("acme"), "auth").await.expect_err("no address");
    assert!(fault.kind == Terminal && fault.hint.is_some(), "{fault:?}");
    let fault = cluster.delete::<Custom<Beta>>(Some("acme"), "auth", OURS, Propagation::Background).await;
    assert_eq!(fault.expect_err("who knows").kind, Terminal);
    // Unless it is asked for as one that may not be: of such a kind there is nothing.
    let fault = cluster.marked::<Custom<Beta>>(Some("acme"), "demo", None).await;
    assert_eq!(fault.expect_err("no address").kind, Terminal);
    let none = cluster.marked_if_served::<Custom<Beta>>(Some("acme"), "demo", None).await.expect("none");
    assert!(none.items.is_empty() && none.next.is_none());
}

#[rstest]
#[case("")]
#[case("..")]
#[tokio::test]
async fn a_name_cannot_lead_elsewhere(#[case] name: &str) {
    let (_, cluster) = world().await;
    let fault = cluster.delete::<Namespace>(None, name, OURS, Propagation::Background).await;
    assert_eq!(fault.expect_err("no name").kind, Terminal);
}

#[tokio::test]
async fn a_cluster_that_has_had_enough_is_asked_again_later() {
    let (_, cluster) = of(clouds::Cluster { calls_per_second: 2, ..clouds::Cluster::default() }, None).await;
    let fault = cluster.find::<Namespace>(None, "acme").await.expect_err("too much");
    assert!(fault.kind == Transient && fault.retry_at.is_some(), "{fault:?}");
}

#[tokio::test]
async fn a_rollout_is_ready_or_names_the_pod_that_keeps_it() {
    let images = ["web:1", "crash:1"].map(str::to_owned).to_vec();
    let broken = vec!["crash".to_owned()];
    let (world, cluster) = of(clouds::Cluster { broken, ..clouds::Cluster::default() }, Some(images)).await;
    let look = |cluster: Cluster| async move {
        let web: Deployment = cluster.find(Some("acme"), "web").await.expect("an answer").expect("there");
        cluster.state(&web).await.expect("an answer")
    };
    cluster.apply(&web("web:1"), OURS).await.expect("made");
    assert!(matches!(look(cluster.clone()).await, State::Waiting { .. }));
    world.later(5);
    assert_eq!(look(cluster.clone()).await, State::Ready);
    for (image, expected) in [("web:2", "ImagePullBackOff"), ("crash:1", "CrashLoopBackOff")] {
        let changed = cluster.apply(&web(image), OURS).await.expect("changed");
        assert!(
            matches!(changed.progress(), State::Waiting { .. }),
            "the old one's status says nothing of it"
        );
        world.later(10);
        let State::Waiting { reason, message } = look(cluster.clone()).await else {
            panic!("{image} is ready")
        };
        assert!(reason == expected && message.starts_with("pod web-"), "{reason}: {message}");
    }
    world.later(600);
    let state = look(cluster.clone()).await;
    assert!(matches!(&state, State::Failed { reason, .. } if reason == "CrashLoopBackOff"), "{state:?}");
    let fault = state.demand("web").expect_err("it failed");
    assert_eq!(fault.kind, Terminal);
}

#[tokio::test]
async fn a_pod_tells_its_restarts_and_what_keeps_it() {
    let broken = vec!["crash".to_owned()];
    let (world, cluster) = of(clouds::Cluster { broken, ..clouds::Cluster::default() }, None).await;
    for (image, restarts, reason) in [("web:1", 0, None), ("crash:1", 1, Some("CrashLoopBackOff"))] {
        let web = cluster.apply(&web(image), OURS).await.expect("made");
        world.later(60);
        let pods = cluster.pods_of(&web).await.expect("listed");
        let pods: Vec<PodHealth> = pods.iter().map(PodHealth::of).collect();
        let of_it = |pod: &&PodHealth| pod.ready == reason.is_none();
        let pod = pods.iter().find(of_it).unwrap_or_else(|| panic!("{image}: {pods:?}"));
        assert!(pod.pod.starts_with("web-"), "{pod:?}");
        assert_eq!((pod.containers, pod.restarts, pod.reason.as_deref()), (1, restarts, reason), "{pod:?}");
    }
}

#[tokio::test]
async fn a_rollout_without_room_says_which_quota_it_does_not_fit() {
    let (world, cluster) = world().await;
    let quota: ResourceQuota = typed(json!({
        "metadata": { "name": "plan", "namespace": "acme" }, "spec": { "hard": { "pods": "0" } },
    }));
    cluster.apply(&quota, OURS).await.expect("made");
    cluster.apply(&web("web:1"), OURS).await.expect("made");
    world.later(5);
    let web: Deployment = cluster.find(Some("acme"), "web").await.expect("an answer").expect("there");
    let fault = cluster.state(&web).await.expect("an answer").demand("web").expect_err("no room");
    assert!(fault.kind == NotReady && fault.cause.contains("exceeded quota: plan"), "{fault:?}");
}

#[tokio::test]
async fn a_job_is_done_or_given_up() {
    let broken = vec!["wrong".to_owned()];
    let (world, cluster) = of(clouds::Cluster { broken, ..clouds::Cluster::default() }, None).await;
    for (image, expected) in [("migrate:1", None), ("wrong:1", Some("pod migrate-"))] {
        let job = cluster.apply(&migration(image), OURS).await.expect("made");
        assert!(matches!(job.progress(), State::Waiting { .. }));
        world.later(10);
        let job: Job = cluster.find(Some("acme"), "migrate").await.expect("an answer").expect("there");
        match (cluster.state(&job).await.expect("an answer"), expected) {
            (State::Ready, None) => {}
            (State::Failed { reason, message }, Some(begin)) => {
                assert!(reason == "Error" && message.starts_with(begin), "{reason}: {message}");
            }
            (other, _) => panic!("{image}: {other:?}"),
        }
        cluster.delete::<Job>(Some("acme"), "migrate", OURS, Propagation::Foreground).await.expect("going");
        world.later(5);
    }
}

#[tokio::test]
async fn an_application_is_ready_when_it_is_synced_and_healthy() {
    let mut settings = clouds::Cluster::default();
    for manifest in &mut settings.manifests {
        if let Some(container) = manifest.pointer_mut("/spec/template/spec/containers/0") {
            container["envFrom"] = json!([]);
        }
    }
    let (world, cluster) = of(settings, None).await;
    let find = |cluster: Cluster| async move {
        let found: Option<Application> =
            cluster.find(Some("argocd"), "tenant-acme").await.expect("an answer");
        found.expect("there").progress()
    };
    let made = cluster.apply(&application(), OURS).await.expect("made");
    assert!(matches!(made.progress(), State::Waiting { .. }));
    world.later(60);
    assert_eq!(find(cluster.clone()).await, State::Ready);
    let pods = cluster.list::<Pod>(Some("acme"), "tenant=acme", None).await.expect("a list");
    assert_eq!(pods.items.len(), 14, "one of each of thirteen, and another gateway");
    let mut other = application();
    other.spec.source.kustomize = None;
    let changed = cluster.apply(&other, OURS).await.expect("changed");
    assert!(matches!(changed.progress(), State::Waiting { .. }), "what it says is of the source before");
    other.spec.project = "nobodys".to_owned();
    cluster.apply(&other, OURS).await.expect("changed");
    world.later(5);
    assert!(
        matches!(find(cluster.clone()).await, State::Failed { reason, .. } if reason == "InvalidSpecError")
    );
    cluster
        .delete::<Application>(Some("argocd"), "tenant-acme", OURS, Propagation::Background)
        .await
        .expect("going");
    world.later(10);
    let gone = cluster.find_own::<Application>(Some("argocd"), "tenant-acme", OURS).await.expect("an answer");
    assert!(gone.is_none());
    assert!(cluster.list::<Pod>(Some("acme"), "", None).await.expect("a list").items.is_empty());
}

#[tokio::test]
async fn whoever_waits_is_told_when_something_has_changed() {
    let (world, cluster) = world().await;
    let issuer = IssuerRef { name: "letsencrypt-prod".to_owned(), kind: "ClusterIssuer".to_owned() };
    let spec = CertificateSpec {
        secret_name: "acme-tls".to_owned(),
        dns_names: vec!["acme.example.com".to_owned()],
        issuer_ref: issuer,
    };
    let mut made = [cluster.apply(&Certificate::new("acme", "acme-tls", spec), OURS).await.expect("made")];
    let begun = world.world().1;
    cluster.settle("acme", OURS, &mut made).await.expect("looked");
    assert_eq!(made.each_ref().map(Progress::progress), [State::Ready]);
    let waited = world.world().1.duration_since(begun).as_secs();
    assert!((7..=12).contains(&waited), "a certificate takes eight seconds, and was waited for for {waited}");

    // Of what somebody else has made nothing is learnt.
    made[0].metadata.generation = Some(0);
    cluster.settle("acme", "demo/somebody-000000", &mut made).await.expect("looked");
    assert_eq!(made[0].metadata.generation, Some(0));

    cluster.delete::<Namespace>(None, "acme", OURS, Propagation::Foreground).await.expect("going");
    assert!(cluster.find_own::<Namespace>(None, "acme", OURS).await.expect("an answer").is_some());
    cluster.gone::<Namespace>(None, OURS).await.expect("looked");
    assert!(cluster.find_own::<Namespace>(None, "acme", OURS).await.expect("an answer").is_none());
}

#[tokio::test]
async fn secrets_and_certificates_come_or_say_why_not() {
    let remote = BTreeMap::from([("acme/auth".to_owned(), r#"{"host":"db","port":3306}"#.to_owned())]);
    let (world, cluster) =
        of(clouds::Cluster { remote: Arc::new(remote), ..clouds::Cluster::default() }, None).await;
    let spec = CertificateSpec {
        secret_name: "acme-tls".to_owned(),
        dns_names: vec!["acme.example.com".to_owned()],
        issuer_ref: IssuerRef { name: "letsencrypt-prod".to_owned(), kind: "ClusterIssuer".to_owned() },
    };
    let certificate: Certificate = Custom::new("acme", "acme-tls", spec);
    assert!(matches!(certificate.progress(), State::Waiting { .. }));
    cluster.apply(&certificate, OURS).await.expect("made");
    cluster.apply(&external("acme/none"), OURS).await.expect("made");
    world.later(20);
    let certificate: Certificate =
        cluster.find(Some("acme"), "acme-tls").await.expect("an answer").expect("there");
    assert_eq!(certificate.progress(), State::Ready);
    let secret: ExternalSecret = cluster.find(Some("acme"), "auth").await.expect("an answer").expect("there");
    let fault = secret.progress().demand("the secret auth").expect_err("nothing to read");
    assert!(fault.kind == NotReady && fault.cause.contains("acme/none"), "{fault:?}");
    cluster.apply(&external("acme/auth"), OURS).await.expect("changed");
    let secret: ExternalSecret = cluster.find(Some("acme"), "auth").await.expect("an answer").expect("there");
    assert_eq!(secret.progress(), State::Ready);
}

#[tokio::test]
async fn every_kind_that_we_write_is_as_its_operator_published_it() {
    let (world, cluster) = world().await;
    let monitor: ServiceMonitor = Custom::new(
        "acme",
        "acme",
        ServiceMonitorSpec {
            selector: Selector { match_labels: texts(&[("tenant", "acme")]) },
            endpoints: vec![Endpoint {
                port: "http".to_owned(),
                path: "/metrics".to_owned(),
                interval: "30s".to_owned(),
            }],
        },
    );
    cluster.apply(&monitor, OURS).await.expect("a monitor");
    let alert = Alert {
        alert: "HighErrorRate".to_owned(),
        expr: "up == 0".to_owned(),
        lasting: "5m".to_owned(),
        labels: texts(&[("severity", "warning")]),
        annotations: texts(&[("summary", "It is down.")]),
    };
    let group = Group { name: "acme".to_owned(), interval: "30s".to_owned(), rules: vec![alert] };
    let rule: PrometheusRule = Custom::new("acme", "acme", PrometheusRuleSpec { groups: vec![group] });
    cluster.apply(&rule, OURS).await.expect("a rule");
    let postgres: Postgres = Custom::new(
        "acme",
        "acme",
        ClusterSpec {
            instances: 1,
            image_name: Some("ghcr.io/cloudnative-pg/postgresql:17".to_owned()),
            storage: Storage { size: "10Gi".to_owned(), storage_class: None },
            bootstrap: Some(Bootstrap::InitDb(InitDb {
                database: "app".to_owned(),
                owner: "app".to_owned(),
            })),
            ..ClusterSpec::default()
        },
    );
    cluster.apply(&postgres, OURS).await.expect("a cluster");
    cluster.apply(&workshop(values("1.4.2")), OURS).await.expect("a release");
    let chart: HelmChart = Custom::new(
        "acme",
        "app",
        HelmChartSpec {
            repo: "https://charts.mechanicbuddy.example".to_owned(),
            chart: "mechanicbuddy-tenant".to_owned(),
            version: "1.0.0".to_owned(),
            target_namespace: "acme".to_owned(),
            values_content: "{}".to_owned(),
            set: texts(&[("revision", "1")]),
            back_off_limit: Some(0),
        },
    );
    cluster.apply(&chart, OURS).await.expect("a chart");
    world.later(60);
    let postgres: Postgres = cluster.find(Some("acme"), "acme").await.expect("an answer").expect("there");
    assert_eq!(postgres.progress(), State::Ready);
    let chart: HelmChart = cluster.find(Some("acme"), "app").await.expect("an answer").expect("there");
    assert_eq!(chart.job(), Some("helm-install-app"));
}

fn values(tag: &str) -> Value {
    let resources = json!({
        "requests": { "cpu": "100m", "memory": "256Mi" }, "limits": { "cpu": "500m", "memory": "512Mi" },
    });
    let component = json!({ "replicas": 1, "deadlineSeconds": 60, "resources": resources });
    json!({
        "tenant": { "id": "acme-7f3a9c", "name": "Acme", "plan": "free" }, "url": "https://acme.example.com",
        "image": { "registry": "ghcr.io/mechanicbuddy", "tag": tag }, "database": { "secret": "postgres-app" },
        "owner": { "secret": "owner-credentials", "email": "owner@acme.example" }, "mechanics": 5, "api": component, "web": component,
    })
}

fn workshop(values: Value) -> HelmRelease {
    let again =
        Remediation { remediate_last_failure: Some(true), strategy: Some("rollback".to_owned()), retries: 0 };
    let spec = HelmReleaseSpec {
        interval: "10m".to_owned(),
        release_name: Some("workshop".to_owned()),
        timeout: Some("5m".to_owned()),
        chart: ChartTemplate {
            spec: ChartSpec {
                chart: "mechanicbuddy-tenant".to_owned(),
                version: "1.0.0".to_owned(),
                source_ref: SourceRef {
                    kind: "HelmRepository".to_owned(),
                    name: "mechanicbuddy".to_owned(),
                    namespace: Some("flux-system".to_owned()),
                },
                interval: Some("10m".to_owned()),
            },
        },
        install: Some(Attempts::default()),
        upgrade: Some(Attempts { remediation: again }),
        values,
    };
    Custom::new("acme", "workshop", spec)
}

fn credentials(name: &str, key: &str) -> Secret {
    typed(json!({ "metadata": { "name": name, "namespace": "acme" }, "stringData": { key: "x" } }))
}

#[tokio::test]
async fn a_release_is_ready_or_says_what_of_it_failed_also_when_that_was_taken_back() {
    let broken = clouds::Cluster { broken: vec!["1.5.0".to_owned()], ..clouds::Cluster::default() };
    let (world, cluster) = of(broken, None).await;
    cluster.apply(&credentials("postgres-app", "uri"), OURS).await.expect("a secret");
    cluster.apply(&credentials("owner-credentials", "ADMIN_PASSWORD"), OURS).await.expect("a secret");
    let find = async || -> HelmRelease {
        cluster.find(Some("acme"), "workshop").await.expect("an answer").expect("there")
    };
    let waits = |state: State| matches!(state, State::Waiting { .. });
    assert!(waits(cluster.apply(&workshop(values("1.4.2")), OURS).await.expect("made").progress()));
    assert!(waits(find().await.progress()));
    world.later(30);
    assert_eq!(find().await.progress(), State::Ready);

    // What was said of the generation before is said of that.
    let changed = cluster.apply(&workshop(values("1.5.0")), OURS).await.expect("changed");
    assert!(waits(changed.progress()));
    world.later(20);
    assert!(waits(find().await.progress()));
    world.later(90);
    let rolled_back = find().await;
    let history = rolled_back.status.clone().expect("a status").history;
    let statuses: Vec<&str> = history.iter().map(|it| it.status.as_str()).collect();
    assert_eq!((statuses, history[0].version), (vec!["deployed", "failed", "superseded"], 3));
    let State::Failed { reason, message } = rolled_back.progress() else { panic!("{rolled_back:?}") };
    assert_eq!(reason, "UpgradeFailed");
    assert!(message.contains("Deployment/acme/api not ready"), "{message}");

    // Something else is asked for, of which that says nothing.
    assert!(waits(cluster.apply(&workshop(values("1.4.3")), OURS).await.expect("changed").progress()));
    world.later(30);
    assert_eq!(find().await.progress(), State::Ready);
    let mut wrong = values("1.4.3");
    wrong["api"]["replicas"] = json!(-1);
    cluster.apply(&workshop(wrong), OURS).await.expect("changed");
    world.later(30);
    let fault = find().await.progress().demand("the release").expect_err("a wrong value");
    assert!(fault.kind == Terminal && fault.cause.contains("got -1, want 0"), "{fault:?}");
}

#[tokio::test]
async fn a_release_of_no_chart_waits_for_it() {
    let (world, cluster) = world().await;
    let mut release = workshop(values("1.4.2"));
    release.spec.chart.spec.version = "9.9.9".to_owned();
    cluster.apply(&release, OURS).await.expect("made");
    world.later(30);
    let release: HelmRelease =
        cluster.find(Some("acme"), "workshop").await.expect("an answer").expect("there");
    let State::Waiting { reason, message } = release.progress() else { panic!("{release:?}") };
    assert!(reason == "SourceNotReady" && message.contains("9.9.9"), "{reason}: {message}");
}

#[test]
fn the_secret_of_a_cluster_says_where_it_is_and_shows_no_token() {
    let good = SecretString::from(r#"{"server":"https://10.0.0.1:6443","token":"hunter2"}"#);
    let access = Access::read(&good).expect("access");
    assert_eq!(access.server, "https://10.0.0.1:6443");
    assert!(!format!("{access:?}").contains("hunter2"));
    let bad = Access::read(&SecretString::from(r#"{"server":"a","token":"hunter2","more":1}"#));
    let fault = bad.expect_err("a field too much");
    assert!(fault.kind == Kind::Terminal && !format!("{fault:?}").contains("hunter2"), "{fault:?}");
}

#[tokio::test]
async fn a_certificate_authority_that_is_none_is_told() {
    let access = Access {
        server: URL.to_owned(),
        token: SecretString::from("t"),
        certificate_authority: Some(
            "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    };
    assert_eq!(access.http().expect_err("no certificate").kind, Terminal);
}

fn postgres(instances: u32) -> Postgres {
    let spec = ClusterSpec {
        instances,
        storage: Storage { size: "10Gi".to_owned(), storage_class: None },
        ..ClusterSpec::default()
    };
    Custom::new("acme", "pg", spec)
}

fn store() -> ObjectStore {
    let entry = |key: &str| OfSecret { name: "backup-credentials".to_owned(), key: key.to_owned() };
    let gzip = || Compressed { compression: "gzip".to_owned() };
    let configuration = Configuration {
        destination_path: "s3://backups/acme/1".to_owned(),
        endpoint_url: Some("http://minio.e-commerce-shared.svc.cluster.local:9000".to_owned()),
        s3_credentials: S3Credentials { access_key_id: entry("ID"), secret_access_key: entry("KEY") },
        wal: gzip(),
        data: gzip(),
    };
    let spec = ObjectStoreSpec {
        configuration,
        retention_policy: Some("30d".to_owned()),
        instance_sidecar_configuration: Some(Sidecar::default()),
    };
    Custom::new("acme", "backups", spec)
}

#[tokio::test]
async fn every_kind_of_a_backup_is_as_its_operator_documents_it() {
    let (_, cluster) = world().await;
    cluster.apply(&store(), OURS).await.expect("an object store");
    let mut recovered = postgres(1);
    recovered.spec.plugins = vec![Plugin::of("backups", "pg").archiving()];
    recovered.spec.external_clusters =
        vec![ExternalCluster { name: "origin".to_owned(), plugin: Plugin::of("backups", "old") }];
    let target = RecoveryTarget { target_time: "2027-01-15T07:00:00Z".to_owned() };
    recovered.spec.bootstrap = Some(Bootstrap::Recovery(Recovery {
        database: "app".to_owned(),
        owner: "app".to_owned(),
        source: "origin".to_owned(),
        recovery_target: Some(target),
    }));
    let applied = cluster.apply(&recovered, OURS).await.expect("a cluster");
    assert_eq!(applied.spec.bootstrap, recovered.spec.bootstrap, "what is written is read again");
    let named = || Named { name: "pg".to_owned() };
    let schedule = ScheduledBackupSpec {
        cluster: named(),
        schedule: "0 0 2 * * *".to_owned(),
        immediate: true,
        suspend: false,
        backup_owner_reference: "self".to_owned(),
        method: Method::default(),
    };
    let schedule: ScheduledBackup = Custom::new("acme", "nightly", schedule);
    cluster.apply(&schedule, OURS).await.expect("a schedule");
    let schedule: ScheduledBackup =
        cluster.find(Some("acme"), "nightly").await.expect("an answer").expect("there");
    assert!(schedule.status.expect("looked at").next_schedule_time.is_some());
    let by_hand: Backup =
        Custom::new("acme", "by-hand", BackupSpec { cluster: named(), method: Method::default() });
    cluster.apply(&by_hand, OURS).await.expect("a backup");
    let backups =
        cluster.list::<Backup>(Some("acme"), "cnpg.io/cluster=pg", None).await.expect("a list").items;
    let phases: Vec<_> = backups.iter().map(|it| it.status.clone().unwrap_or_default().phase).collect();
    assert_eq!(phases, ["pending"], "the one of the schedule");
}

#[tokio::test]
async fn a_cluster_tells_what_it_goes_through_and_sleeps_when_it_is_asked_to() {
    let (world, cluster) = world().await;
    let state = async || {
        let found: Option<Postgres> = cluster.find(Some("acme"), "pg").await.expect("an answer");
        found.expect("made").progress()
    };
    let is_at = |state: State, phase: &str| matches!(state, State::Waiting { reason, .. } if reason == phase);
    cluster.apply(&postgres(1), OURS).await.expect("a cluster");
    assert!(is_at(state().await, "Setting up primary"));
    world.later(60);
    assert_eq!(state().await, State::Ready);
    cluster.apply(&postgres(2), OURS).await.expect("more");
    assert!(is_at(state().await, "Creating a new replica"));
    world.later(30);
    assert_eq!(state().await, State::Ready);
    cluster.apply(&postgres(2).asleep(true), OURS).await.expect("asleep");
    assert!(is_at(state().await, "WaitingPodsDeletion"));
    world.later(5);
    assert_eq!(state().await, State::Ready, "it sleeps");
    let asleep: Postgres = cluster.find(Some("acme"), "pg").await.expect("an answer").expect("there");
    assert!(asleep.is_asleep() && cluster.pods(&asleep).await.expect("a list").is_empty());
    cluster.apply(&postgres(2).asleep(false), OURS).await.expect("awake");
    assert!(is_at(state().await, "Waiting for the instances to become active"));
    world.later(30);
    assert_eq!(state().await, State::Ready);
}

#[rstest]
#[case("Cluster is unrecoverable and needs manual intervention", "False", true)]
#[case("Failing over", "False", false)]
fn a_cluster_that_is_lost_is_told_from_one_that_is_on_its_way(
    #[case] phase: &str,
    #[case] ready: &str,
    #[case] lost: bool,
) {
    let mut told = serde_json::to_value(postgres(1)).expect("JSON");
    let condition = json!({ "type": "Ready", "status": ready, "reason": "ClusterIsNotReady", "message": "" });
    told["status"] = json!({ "phase": phase, "phaseReason": "why", "conditions": [condition] });
    let state = typed::<Postgres>(told).progress();
    assert_eq!(matches!(state, State::Failed { .. }), lost, "{state:?}");
}

#[tokio::test]
async fn a_pod_that_was_made_before_a_change_is_known() {
    let (world, cluster) = world().await;
    cluster.apply(&postgres(1), OURS).await.expect("a cluster");
    world.later(60);
    let running: Postgres = cluster.find(Some("acme"), "pg").await.expect("an answer").expect("there");
    let pods = cluster.pods(&running).await.expect("a list");
    assert!(!pods.is_empty() && pods.iter().all(|pod| running.made(pod)));
    let mut changed = running.clone();
    changed.spec.resources =
        Some(serde_json::from_value(json!({ "requests": { "cpu": "2" } })).expect("resources"));
    assert!(!pods.iter().any(|pod| changed.made(pod)));
    changed.spec.resources = None;
    changed.spec.image_name = Some("postgres:18".to_owned());
    assert!(!pods.iter().any(|pod| changed.made(pod)));
}

/// Says the same to every request.
#[derive(Debug)]
struct Same(Value);

impl Answers for Same {
    fn answer(&self, _: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let answer = http::Response::new(self.0.to_string());
        Box::pin(async move { answer.into() })
    }
}

/// Whoever follows it would never come to its end.
#[tokio::test]
async fn a_listing_that_leads_back_to_the_same_part_is_left() {
    let part = json!({ "metadata": { "continue": "backup-1" }, "items": [] });
    let cluster = Cluster::new(Http::InProcess(Arc::new(Same(part))), URL, TOKEN.into()).expect("an address");
    let lost = cluster.last_backup("acme", "postgres").await.expect_err("who knows");
    assert_eq!(lost.kind, Transient, "{lost:?}");
}

#[test]
fn a_pod_has_as_many_restarts_as_can_be_counted() {
    let container = json!({
        "name": "web", "image": "web:1", "imageID": "", "ready": true, "restartCount": i32::MAX,
    });
    let pod = json!({ "metadata": {}, "status": { "containerStatuses": [container.clone(), container] } });
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    assert_eq!(PodHealth::of(&pod).restarts, i32::MAX);
}

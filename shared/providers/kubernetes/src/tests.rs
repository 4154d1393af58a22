//! What we ask of a cluster, and what becomes of it there: against the sandbox's, which holds every object to the
//! schema that its kind is published with.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fault::{Kind, Kind::*};
use http_client::{Answers, Request, Response};
use jiff::Timestamp;
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
use crate::cnpg::{Bootstrap, ClusterSpec, InitDb, Postgres, Storage};
use crate::external_secrets::{
    Data, DataFrom, ExternalSecret, ExternalSecretSpec, RemoteRef, SecretStoreRef, Target,
};
use crate::helm::{ChartRef, HelmChart, HelmChartSpec, HelmRelease, HelmReleaseSpec};
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
            bootstrap: Some(Bootstrap {
                initdb: InitDb { database: "app".to_owned(), owner: "app".to_owned() },
            }),
        },
    );
    cluster.apply(&postgres, OURS).await.expect("a cluster");
    let release: HelmRelease = Custom::new(
        "acme",
        "acme",
        HelmReleaseSpec {
            interval: "10m".to_owned(),
            release_name: Some("acme".to_owned()),
            timeout: Some("5m".to_owned()),
            chart_ref: ChartRef { kind: "OCIRepository".to_owned(), name: "app".to_owned(), namespace: None },
            values: json!({ "host": "acme.example.com" }),
        },
    );
    cluster.apply(&release, OURS).await.expect("a release");
    let chart: HelmChart = Custom::new(
        "acme",
        "acme",
        HelmChartSpec {
            repo: "https://charts.example.com".to_owned(),
            chart: "app".to_owned(),
            version: "1.2.3".to_owned(),
            target_namespace: "acme".to_owned(),
            values_content: "{}".to_owned(),
        },
    );
    cluster.apply(&chart, OURS).await.expect("a chart");
    world.later(60);
    let postgres: Postgres = cluster.find(Some("acme"), "acme").await.expect("an answer").expect("there");
    assert_eq!(postgres.progress(), State::Ready);
    let release: HelmRelease = cluster.find(Some("acme"), "acme").await.expect("an answer").expect("there");
    assert_eq!(release.progress(), State::Ready);
    let chart: HelmChart = cluster.find(Some("acme"), "acme").await.expect("an answer").expect("there");
    assert_eq!(chart.status.expect("a status").job_name.as_deref(), Some("helm-install-acme"));
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

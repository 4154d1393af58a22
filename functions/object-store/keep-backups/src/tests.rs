//! The step against the sandbox's MinIO, in this process: what is asserted is what the server holds and lets do.

#![expect(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Http, Request, Response};
use object_store::{Login, Object};
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings, Thing};
use serde_json::{Value, json};

use super::*;

const OWNER: &str = "demo/acme-7f3a9c";
const USER: &str = "acme-7f3a9c-backups";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");
/// In KiB, of what a key to seal with is derived through. The real ones have much more.
const MEMORY: u32 = 64;

/// A server that takes its time.
#[derive(Debug)]
struct Sky(Mutex<Clouds>, Duration);

impl Answers for Sky {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.clouds().answer(clock::now(), &plain);
        let takes = self.1;
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            answer.into()
        })
    }
}

impl Sky {
    fn new() -> Arc<Self> {
        Self::slow(Duration::from_millis(1))
    }

    /// With the bucket of all.
    fn slow(takes: Duration) -> Arc<Self> {
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let minio = Account { user: "minioadmin".to_owned(), password: "minioadmin-secret".to_owned() };
        let credentials = Credentials { google, minio, ..Credentials::default() };
        let settings = Settings { minio_memory: MEMORY, ..Settings::default() };
        let sky = Self(Mutex::new(Clouds::new(&settings, &credentials).expect("a key")), takes);
        sky.plant("bucket", "backups", None);
        Arc::new(sky)
    }

    fn clouds(&self) -> MutexGuard<'_, Clouds> {
        self.0.lock().expect("no panic while it is held")
    }

    fn plant(&self, kind: &'static str, name: &str, owner: Option<&str>) {
        let owner = owner.map(str::to_owned);
        let thing = Thing { provider: "minio", kind, name: name.to_owned(), owner, awake: None };
        assert!(self.clouds().plant(clock::now(), "", &thing));
    }

    fn sign_in(self: &Arc<Self>, access_key: &str, secret_key: &str) -> ObjectStore {
        let endpoint = "http://minio.e-commerce-shared.svc.cluster.local:9000".to_owned();
        let (access_key, secret_key) = (access_key.to_owned(), SecretString::from(secret_key));
        let login = Login { endpoint, admin_endpoint: None, access_key, secret_key };
        let http = Http::InProcess(Arc::clone(self) as Arc<dyn Answers>);
        ObjectStore::new(http, &login).expect("an address").sealing_through(MEMORY)
    }

    fn step(self: &Arc<Self>) -> KeepBackups {
        let nowhere = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .build();
        let vault = Vault::new(aws_sdk_secretsmanager::Client::from_conf(nowhere));
        KeepBackups { store: self.sign_in("minioadmin", "minioadmin-secret"), vault }
    }

    async fn keep(self: &Arc<Self>, special: &Value) -> Result<Output, Fault> {
        let step = self.step();
        let handle = step.handle(&mark());
        step.keep(&mark(), &params(special), &handle, (&SecretString::from("tenant-secret"), None)).await
    }

    /// From another's backups, of a moment.
    async fn keep_of(self: &Arc<Self>, tenant: &str, at: Option<&str>) -> Result<Output, Fault> {
        let (step, secret) = (self.step(), SecretString::from("tenant-secret"));
        let at = at.map(|at| at.parse().expect("a time"));
        let origin = Origin { tenant: tenant.parse().expect("an id"), at };
        step.keep(&mark(), &params(&json!({})), &step.handle(&mark()), (&secret, Some(&origin))).await
    }

    /// A base backup of one of a tenant's servers, as Barman puts it there.
    async fn back_up(self: &Arc<Self>, server: &str, base: &str) {
        let root = self.sign_in("minioadmin", "minioadmin-secret");
        for name in ["data.tar.gz", "backup.info"] {
            let key = format!("{server}/base/{base}/{name}");
            let object = Object { key, content_type: "text/plain".to_owned(), body: b"base".to_vec() };
            root.write("backups", &object).await.expect("written");
        }
    }

    async fn destroy(self: &Arc<Self>) -> Result<(), Fault> {
        let step = self.step();
        step.destroy(&mark(), &step.handle(&mark())).await
    }

    async fn is_there(self: &Arc<Self>) -> bool {
        let step = self.step();
        step.observe(&mark(), &step.handle(&mark())).await.expect("an answer") == Presence::Present
    }

    /// As the tenant's database, so many objects.
    async fn fill(self: &Arc<Self>, count: usize) {
        let store = self.sign_in(USER, "tenant-secret");
        for number in 0..count {
            let key = format!("acme-7f3a9c/postgres-01/wals/{number:05}");
            let object = Object { key, content_type: "text/plain".to_owned(), body: b"wal".to_vec() };
            store.write("backups", &object).await.expect("written");
        }
    }

    /// How many objects have which tag.
    fn tags(&self) -> BTreeMap<String, usize> {
        let mut tags = BTreeMap::new();
        for (_, tagged) in self.clouds().objects(clock::now(), "backups", "acme-7f3a9c/") {
            *tags.entry(tagged.get(KEEP).cloned().unwrap_or_default()).or_default() += 1;
        }
        tags
    }

    /// Users and policies, in the order of their kinds.
    fn things(&self) -> Vec<(&'static str, String)> {
        let all = self.clouds().things(clock::now()).into_iter();
        all.filter(|it| it.kind != "bucket").map(|it| (it.kind, it.name)).collect()
    }
}

fn mark() -> Mark {
    OWNER.parse().expect("a mark")
}

fn params(special: &Value) -> Params {
    let mut params = json!({
        "backup": "true", "logins": "demo/tenants/acme-7f3a9c/logins", "bucket": "backups",
        "endpoint": "http://minio.example:9000", "keep_days": "30",
    });
    for (name, value) in special.as_object().expect("fields") {
        params[name] = value.clone();
    }
    serde_json::from_value(params).expect("params")
}

/// Invariants 3 and 4.
#[tokio::test(start_paused = true)]
async fn a_database_gets_at_its_folder_and_what_it_wrote_outlives_it() {
    let sky = Sky::new();
    for _ in 0..2 {
        let output = sky.keep(&json!({})).await.expect("a place");
        assert_eq!(output.path, "s3://backups/acme-7f3a9c");
        assert_eq!((output.user.as_str(), output.endpoint.as_str()), (USER, "http://minio.example:9000"));
    }
    assert_eq!(sky.things(), [("policy", USER.to_owned()), ("user", USER.to_owned())]);
    sky.fill(40).await;
    assert!(sky.is_there().await);
    sky.destroy().await.expect("gone");
    assert!(!sky.is_there().await && sky.things().is_empty());
    assert_eq!(sky.tags(), BTreeMap::from([("30".to_owned(), 40)]), "all is there yet, for so long");
    assert!(sky.sign_in(USER, "tenant-secret").folder("backups", "acme-7f3a9c", None).await.is_err());
    sky.destroy().await.expect("gone before");
}

#[tokio::test(start_paused = true)]
async fn much_is_tagged_in_as_many_calls_as_it_takes() {
    let sky = Sky::slow(Duration::from_secs(1));
    sky.keep(&json!({ "keep_days": "90" })).await.expect("a place");
    sky.fill(600).await;
    let mut calls = 0;
    while let Err(fault) = sky.destroy().await {
        assert_eq!(fault.kind, Kind::NotReady, "{fault:?}");
        assert!(sky.is_there().await, "as long as it says what is left");
        let users = sky.things().into_iter().filter(|(kind, _)| *kind == "user").count();
        assert_eq!(users, 0, "nobody writes any more");
        calls += 1;
        assert!(calls < 10, "each goes on where the last ended: {:?}", sky.tags());
    }
    assert!(calls > 1, "it took more than one");
    assert_eq!(sky.tags(), BTreeMap::from([("90".to_owned(), 600)]));
    assert!(!sky.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn what_was_tagged_once_is_tagged_again_and_what_came_since() {
    let sky = Sky::new();
    sky.keep(&json!({})).await.expect("a place");
    sky.fill(3).await;
    sky.destroy().await.expect("gone");
    sky.keep(&json!({ "keep_days": "90" })).await.expect("there again");
    sky.fill(5).await;
    sky.destroy().await.expect("gone");
    assert_eq!(sky.tags(), BTreeMap::from([("90".to_owned(), 5)]));
}

#[tokio::test(start_paused = true)]
async fn who_is_made_from_backups_is_told_where_they_are() {
    let sky = Sky::new();
    sky.back_up("other-9c0d1e/postgres-01", "20261001T020000").await;
    sky.back_up("other-9c0d1e/postgres-01", "20261101T020000").await;
    sky.back_up("other-9c0d1e/postgres-02", "20261115T020000").await;
    for (at, server) in [
        (None, "postgres-02"),
        (Some("2026-11-15T02:00:00Z"), "postgres-02"),
        (Some("2026-11-15T01:59:59Z"), "postgres-01"),
        (Some("2026-10-02T00:00:00Z"), "postgres-01"),
    ] {
        let output = sky.keep_of("other-9c0d1e", at).await.expect("a place");
        assert_eq!(output.origin_path, "s3://backups/other-9c0d1e");
        assert_eq!(output.origin_server, server, "at {at:?}");
        assert_eq!(output.path, "s3://backups/acme-7f3a9c", "and it keeps its own");
    }
    let store = sky.sign_in(USER, "tenant-secret");
    let lent = "other-9c0d1e/postgres-01/base/20261001T020000/backup.info";
    assert!(store.read("backups", lent).await.expect("lent").is_some());
    sky.keep(&json!({})).await.expect("made");
    assert!(store.read("backups", lent).await.is_err(), "no longer than it is needed");
    for (tenant, at) in [("other-9c0d1e", Some("2026-10-01T01:00:00Z")), ("third-1a2b3c", None)] {
        let fault = sky.keep_of(tenant, at).await.expect_err("nothing");
        assert!(fault.kind == Kind::Terminal && fault.hint.is_some(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_archive_says_where_the_backups_are() {
    let sky = Sky::new();
    let (step, handle) = (sky.step(), sky.step().handle(&mark()));
    let without = step.back_up(&mark(), &handle, "1").await.expect("an answer");
    assert!(matches!(without, Holding::OutOfReach(_)), "{without:?}");
    sky.keep(&json!({})).await.expect("a place");
    assert_eq!(step.back_up(&mark(), &handle, "1").await.expect_err("none yet").kind, Kind::NotReady);
    sky.back_up("acme-7f3a9c/postgres-01", "20261101T020000").await;
    let Holding::Copies(copies) = step.back_up(&mark(), &handle, "1").await.expect("a place") else {
        panic!("out of reach")
    };
    let place: Value = serde_json::from_slice(&copies[0].body).expect("JSON");
    let told = json!({ "path": "s3://backups/acme-7f3a9c", "server": "postgres-01", "keep_days": 30 });
    assert_eq!((copies.len(), place), (1, told));
}

#[tokio::test(start_paused = true)]
async fn another_plan_keeps_for_longer_or_not_at_all() {
    let sky = Sky::new();
    sky.keep(&json!({})).await.expect("a place");
    sky.fill(2).await;
    let longer = sky.keep(&json!({ "keep_days": "90", "bucket": "another" })).await.expect("for longer");
    assert_eq!(longer.path, "s3://backups/acme-7f3a9c", "where it is, it stays");
    let cx = Context {
        operation: tenancy::OperationId::new(1, 1),
        tenant: serde_json::from_value(json!({
            "id": "acme-7f3a9c", "name": "Acme Auto", "subdomain": "acme", "email": "o@example.com",
            "blueprint": { "name": "helm-cloudnativepg", "version": 1 },
            "plan": { "id": "free", "name": "F", "description": "", "price_cents": 0, "currency": "USD",
                      "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true,
                      "features": [], "limits": {} },
        }))
        .expect("a snapshot"),
        mark: mark(),
    };
    let step = sky.step();
    let other = Origin { tenant: "other-9c0d1e".parse().expect("an id"), at: None };
    let clone =
        Context { tenant: tenancy::Snapshot { origin: Some(other), ..cx.tenant.clone() }, ..cx.clone() };
    let none = params(&json!({ "backup": "false" }));
    let fault = step.apply(&clone, &none, &step.handle(&mark())).await.expect_err("no user to read by");
    assert_eq!(fault.kind, Kind::Terminal);
    for _ in 0..2 {
        let none = params(&json!({ "backup": "false" }));
        let output = step.apply(&cx, &none, &step.handle(&mark())).await.expect("nothing");
        assert!(output.path.is_empty() && output.user.is_empty());
        assert!(sky.things().is_empty() && !sky.is_there().await);
    }
    assert_eq!(sky.tags(), BTreeMap::from([("90".to_owned(), 2)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_somebody_elses_is_left_alone() {
    for (kind, owner) in [("user", None), ("policy", Some("demo/other")), ("policy", None)] {
        let sky = Sky::new();
        sky.plant(kind, USER, owner);
        let before = sky.things();
        let fault = sky.keep(&json!({})).await.expect_err("theirs");
        assert_eq!(fault.kind, Kind::Terminal, "{kind} {owner:?}");
        sky.destroy().await.expect("nothing of ours");
        assert_eq!(sky.things(), before);
        assert!(!sky.is_there().await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_refused_before_anything_is_made() {
    let sky = Sky::new();
    for special in [json!({ "bucket": "another" }), json!({ "keep_days": "0" }), json!({ "keep_days": "x" })]
    {
        let fault = sky.keep(&special).await.expect_err("refused");
        assert!(fault.kind == Kind::Terminal && fault.hint.is_some(), "{fault:?}");
    }
    assert!(params(&json!({ "backup": "yes" })).is_backed_up().is_err());
    assert!(sky.things().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_finds_who_has_a_folder() {
    let sky = Sky::new();
    sky.keep(&json!({})).await.expect("a place");
    sky.plant("policy", "acme-7f3a9c-app-user", Some(OWNER));
    let part = sky.step().inventory(None).await.expect("a part");
    let held: Vec<(&str, &str)> =
        part.held.iter().map(|it| (it.owner.as_str(), it.handle.backup_user.as_str())).collect();
    assert_eq!((held, part.next), (vec![(OWNER, USER)], None));
}

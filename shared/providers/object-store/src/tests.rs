//! The crate against the sandbox's MinIO, in this process: what is asserted is what the server holds and lets do.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    Tag,
};
use bytes::Bytes;
use fault::Kind;
use http_client::{Answers, Request, Response, StatusCode};
use jiff::{Timestamp, ToSpan};
use rstest::rstest;
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings as Sandbox, Thing};

use super::*;

const ENDPOINT: &str = "http://minio.e-commerce-shared.svc.cluster.local:9000";
const OWNER: &str = "demo/acme-7f3a9c";
const BUCKET: &str = "acme-7f3a9c-products";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

#[derive(Debug)]
struct Sky(Mutex<Clouds>);

impl Sky {
    fn new() -> Arc<Self> {
        clock::simulate("2026-11-21T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let minio = Account { user: "minioadmin".to_owned(), password: "minioadmin-secret".to_owned() };
        let credentials = Credentials { google, minio, ..Credentials::default() };
        Arc::new(Self(Mutex::new(Clouds::new(&Sandbox::default(), &credentials).expect("a key"))))
    }

    /// Signs in as its root.
    fn root(self: &Arc<Self>) -> ObjectStore {
        self.sign_in("minioadmin", "minioadmin-secret")
    }

    fn sign_in(self: &Arc<Self>, access_key: &str, secret_key: &str) -> ObjectStore {
        let (access_key, secret_key) = (access_key.to_owned(), SecretString::from(secret_key));
        let login = Login { endpoint: ENDPOINT.to_owned(), admin_endpoint: None, access_key, secret_key };
        ObjectStore::new(self.http(), &login).expect("an address")
    }

    fn http(self: &Arc<Self>) -> Http {
        Http::InProcess(Arc::clone(self) as Arc<dyn Answers>)
    }

    /// All there is, as `bucket acme-products of demo/acme`.
    fn things(&self) -> Vec<String> {
        let told = |Thing { kind, name, owner, .. }: Thing| match owner {
            Some(owner) => format!("{kind} {name} of {}", owner.trim_start_matches("tenantry_owner=")),
            None => format!("{kind} {name}"),
        };
        let clouds = self.0.lock().expect("no panic while it is held");
        clouds.things(clock::now()).into_iter().map(told).collect()
    }

    fn plant(&self, kind: &'static str, name: &str, owner: Option<&str>) {
        let owner = owner.map(str::to_owned);
        let thing = Thing { provider: "minio", kind, name: name.to_owned(), owner, awake: None };
        assert!(self.0.lock().expect("no panic while it is held").plant(clock::now(), "", &thing));
    }
}

impl Answers for Sky {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let mut plain = plain.body(Bytes::from(body)).expect("an address");
        // Behind a port of its own, as on the local stack: what is signed is the port's address.
        if plain.uri().host() == Some("127.0.0.1") {
            let host = plain.uri().authority().map(ToString::to_string).unwrap_or_default();
            plain.headers_mut().insert("host", host.parse().expect("a host"));
            *plain.uri_mut() = sandbox::clouds::unfold(plain.uri()).expect("a cloud");
        }
        let answer = self.0.lock().expect("no panic while it is held").answer(clock::now(), &plain);
        Box::pin(async move { answer.into() })
    }
}

fn object(key: &str, body: &str) -> Object {
    Object { key: key.to_owned(), content_type: "text/plain".to_owned(), body: body.as_bytes().to_vec() }
}

fn settings() -> Settings {
    Settings { keep_days: 30, public: Some("public".to_owned()) }
}

fn in_a_minute() -> Timestamp {
    clock::now() + 1.minute()
}

/// A tenant with a bucket, a policy and a user; as the user.
async fn tenant(sky: &Arc<Sky>, name: &str) -> ObjectStore {
    let (root, owner, buckets) = (sky.root(), format!("demo/{name}"), [format!("{name}-products")]);
    root.claim_bucket(&buckets[0], &owner).await.expect("a bucket");
    root.settle_bucket(&buckets[0], &settings()).await.expect("settled");
    let new = NewPolicy { name, owner: &owner, buckets: &buckets, access: Access::ReadWrite };
    root.put_policy(&new).await.expect("a policy");
    root.put_user(name, &SecretString::from("tenant-secret")).await.expect("a user");
    root.attach_policy(name, name).await.expect("attached");
    sky.sign_in(name, "tenant-secret")
}

/// What is refused, and for what.
fn is_denied<T>(outcome: Result<T, Fault>) -> bool {
    outcome.err().is_some_and(|fault| fault.kind == Kind::Terminal && fault.cause.contains("AccessDenied"))
}

#[rstest]
#[case("acme-7f3a9c", "products", true)]
#[case("acme-7f3a9c", "sav", true)]
#[case("Acme", "sav", false)]
#[case("-cme-uto", "sav", false)]
#[case("acme_corp", "sav", false)]
#[case("a-slug-of-twenty-char-7f3a9c-and-so-much-more-that-it-is-too", "products", false)]
fn a_bucket_has_a_name_that_hosts_may_have(#[case] whose: &str, #[case] purpose: &str, #[case] good: bool) {
    let name = bucket_name(whose, purpose);
    assert_eq!(name.is_ok(), good, "{name:?}");
    assert!(name.map_or_else(|fault| fault.hint.is_some(), |name| name == format!("{whose}-{purpose}")));
}

#[tokio::test]
async fn a_bucket_is_claimed_once_and_marked() {
    let sky = Sky::new();
    for _ in 0..2 {
        sky.root().claim_bucket(BUCKET, OWNER).await.expect("ours");
    }
    assert_eq!(sky.things(), [format!("bucket {BUCKET} of {OWNER}")]);
    let found = sky.root().find_bucket(BUCKET).await.expect("an answer").expect("a bucket");
    assert_eq!(found.owner.as_deref(), Some(OWNER));
    assert_eq!(sky.root().find_bucket("another").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_bucket_of_a_crash_before_its_mark_is_taken_for_ours() {
    let sky = Sky::new();
    sky.plant("bucket", BUCKET, None);
    sky.root().claim_bucket(BUCKET, OWNER).await.expect("ours");
    assert_eq!(sky.things(), [format!("bucket {BUCKET} of {OWNER}")]);
}

#[tokio::test]
async fn what_is_somebody_elses_is_neither_claimed_nor_deleted() {
    let sky = Sky::new();
    sky.plant("bucket", "marked", Some("tenantry_owner=demo/other"));
    sky.plant("bucket", "used", None);
    sky.root().write("used", &object("theirs", "x")).await.expect("written");
    let before = sky.things();
    for name in ["marked", "used"] {
        let fault = sky.root().claim_bucket(name, OWNER).await.expect_err("somebody else's");
        assert_eq!(fault.kind, Kind::Terminal);
        sky.root().delete_bucket(name, OWNER, in_a_minute()).await.expect("left alone");
    }
    assert_eq!(sky.things(), before);
    assert!(sky.root().read("used", "theirs").await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_deleted_bucket_leaves_no_version_behind() {
    let sky = Sky::new();
    let tenant = tenant(&sky, "acme").await;
    for n in 0..3 {
        tenant.write("acme-products", &object("a", &n.to_string())).await.expect("written");
    }
    tenant.delete("acme-products", "a").await.expect("hidden");
    assert!(
        tenant.objects("acme-products", None).await.expect("a part").items.is_empty(),
        "only versions are left"
    );
    for _ in 0..2 {
        sky.root().delete_bucket("acme-products", "demo/acme", in_a_minute()).await.expect("gone");
    }
    assert!(!sky.things().iter().any(|thing| thing.starts_with("bucket")), "{:?}", sky.things());
}

#[tokio::test]
async fn what_takes_longer_than_there_is_time_goes_on_later() {
    let sky = Sky::new();
    let tenant = tenant(&sky, "acme").await;
    tenant.write("acme-products", &object("a", "x")).await.expect("written");
    let fault =
        sky.root().delete_bucket("acme-products", "demo/acme", clock::now()).await.expect_err("no time");
    assert_eq!(fault.kind, Kind::NotReady);
    sky.root().delete_bucket("acme-products", "demo/acme", in_a_minute()).await.expect("gone");
    assert_eq!(sky.root().find_bucket("acme-products").await.expect("an answer"), None);
}

#[tokio::test]
async fn more_versions_than_one_call_takes_are_deleted() {
    let sky = Sky::new();
    tenant(&sky, "acme").await;
    let everybody = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-products/*",
    }] });
    let request = sky.root().s3.put_bucket_policy().bucket("acme-products").policy(everybody.to_string());
    request.send().await.expect("open to all");
    for n in 0..1001 {
        let request = http::Request::put(format!("{ENDPOINT}/acme-products/a")).body(n.to_string());
        let request = Request::try_from(request.expect("an address")).expect("an address");
        let answer = sky.http().send("minio", request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    }
    sky.root().delete_bucket("acme-products", "demo/acme", in_a_minute()).await.expect("gone");
    assert_eq!(sky.root().find_bucket("acme-products").await.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_kept_for_thirty_days_and_no_longer() {
    let sky = Sky::new();
    let tenant = tenant(&sky, "acme").await;
    tenant.write("acme-products", &object("a", "x")).await.expect("written");
    tenant.delete("acme-products", "a").await.expect("hidden");
    let left = || async {
        let listed =
            sky.root().s3.list_object_versions().bucket("acme-products").send().await.expect("a listing");
        (listed.versions().len(), listed.delete_markers().len())
    };
    assert_eq!(left().await, (1, 1));
    tokio::time::advance(Duration::from_secs(29 * 86_400)).await;
    assert_eq!(left().await, (1, 1));
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_eq!(left().await, (0, 0), "neither the version nor the mark that hid it");
}

#[tokio::test]
async fn both_kinds_of_forgetting_in_one_rule_are_refused() {
    let sky = Sky::new();
    sky.root().claim_bucket(BUCKET, OWNER).await.expect("ours");
    let both = LifecycleExpiration::builder().days(30).expired_object_delete_marker(true).build();
    let rule = LifecycleRule::builder().status(ExpirationStatus::Enabled).expiration(both);
    let rule = rule.filter(aws_sdk_s3::types::LifecycleRuleFilter::builder().prefix("").build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().expect("a rule")).build();
    let request = sky.root().s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    let refusal = request.lifecycle_configuration(rules.expect("rules")).send().await.expect_err("refused");
    assert!(says(&refusal, "MalformedXML"), "{refusal:?}");
    sky.root().settle_bucket(BUCKET, &settings()).await.expect("two rules");
    let kept = sky.root().s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await.expect("rules");
    assert_eq!(kept.rules().len(), 2);
}

#[tokio::test]
async fn tenants_reach_their_own_buckets_and_nothing_else() {
    let sky = Sky::new();
    let (acme, other) = (tenant(&sky, "acme").await, tenant(&sky, "other").await);
    let (own, theirs) = ("acme-products", "other-products");
    acme.write(own, &object("a", "mine")).await.expect("written");
    assert_eq!(acme.read(own, "a").await.expect("an answer"), Some(object("a", "mine")));
    assert_eq!(
        acme.objects(own, None).await.expect("a part").items,
        [Listed { key: "a".to_owned(), size: 4 }]
    );
    acme.delete(own, "a").await.expect("deleted");

    other.write(theirs, &object("b", "theirs")).await.expect("written");
    assert!(is_denied(acme.read(theirs, "b").await));
    assert!(is_denied(acme.write(theirs, &object("b", "mine now")).await));
    assert!(is_denied(acme.delete(theirs, "b").await));
    assert!(is_denied(acme.objects(theirs, None).await));
    assert!(is_denied(acme.delete_bucket(own, "demo/acme", in_a_minute()).await));
    assert!(is_denied(acme.claim_bucket("another", "demo/acme").await));
    assert!(is_denied(acme.find_user("other").await));
    assert!(is_denied(acme.attach_policy("acme", "consoleAdmin").await));
    assert_eq!(other.read(theirs, "b").await.expect("an answer"), Some(object("b", "theirs")));
    let seen = acme.s3.list_buckets().send().await.expect("a listing");
    assert_eq!(seen.buckets().iter().filter_map(|bucket| bucket.name()).collect::<Vec<_>>(), [own]);
}

#[tokio::test]
async fn a_user_without_a_policy_can_do_nothing() {
    let sky = Sky::new();
    sky.root().claim_bucket(BUCKET, OWNER).await.expect("ours");
    sky.root().put_user("acme", &SecretString::from("tenant-secret")).await.expect("a user");
    let user = sky.sign_in("acme", "tenant-secret");
    assert!(is_denied(user.objects(BUCKET, None).await));
    assert!(is_denied(user.write(BUCKET, &object("a", "x")).await));
    assert!(is_denied(user.buckets(None).await.map(drop)));
}

#[tokio::test]
async fn a_policy_may_be_for_reading_alone() {
    let sky = Sky::new();
    let acme = tenant(&sky, "acme").await;
    acme.write("acme-products", &object("a", "x")).await.expect("written");
    let buckets = ["acme-products".to_owned()];
    let read_only =
        NewPolicy { name: "acme", owner: "demo/acme", buckets: &buckets, access: Access::ReadOnly };
    sky.root().put_policy(&read_only).await.expect("changed");
    assert!(acme.read("acme-products", "a").await.expect("an answer").is_some());
    assert!(is_denied(acme.write("acme-products", &object("a", "y")).await));
    assert!(is_denied(acme.delete("acme-products", "a").await));
}

#[tokio::test]
async fn anybody_reads_what_is_public_and_nothing_else() {
    let sky = Sky::new();
    let acme = tenant(&sky, "acme").await;
    for key in ["public/logo", "private", "publicity"] {
        acme.write("acme-products", &object(key, "x")).await.expect("written");
    }
    let visit = |path: &'static str| {
        let http = sky.http();
        async move { http.get("minio", &format!("{ENDPOINT}/{path}")).await.expect("an answer").status() }
    };
    assert_eq!(visit("acme-products/public/logo").await, StatusCode::OK);
    for closed in
        ["acme-products/private", "acme-products/publicity", "acme-products/public/none", "acme-products", ""]
    {
        assert_eq!(visit(closed).await, StatusCode::FORBIDDEN, "{closed}");
    }
    sky.root()
        .settle_bucket("acme-products", &Settings { public: None, ..settings() })
        .await
        .expect("closed");
    assert_eq!(visit("acme-products/public/logo").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_user_may_be_made_any_number_of_times() {
    let sky = Sky::new();
    let acme = tenant(&sky, "acme").await;
    acme.write("acme-products", &object("a", "x")).await.expect("written");
    let root = sky.root();
    let user = root.find_user("acme").await.expect("an answer").expect("a user");
    assert_eq!(user, User { enabled: true, policies: vec!["acme".to_owned()] });
    root.attach_policy("acme", "acme").await.expect("attached already");
    root.put_user("acme", &SecretString::from("another-secret")).await.expect("changed");
    assert!(acme.read("acme-products", "a").await.is_err(), "the old secret is none");
    let acme = sky.sign_in("acme", "another-secret");
    assert!(acme.read("acme-products", "a").await.expect("an answer").is_some(), "its policies stay");
    root.enable_user("acme", false).await.expect("disabled");
    assert!(acme.read("acme-products", "a").await.is_err());
    root.enable_user("acme", true).await.expect("enabled");
    assert!(acme.read("acme-products", "a").await.is_ok());
}

#[tokio::test]
async fn a_user_goes_before_its_policy() {
    let sky = Sky::new();
    tenant(&sky, "acme").await;
    let root = sky.root();
    assert!(root.remove_policy("acme").await.is_err(), "it is in use");
    for _ in 0..2 {
        root.remove_user("acme").await.expect("gone");
        root.remove_policy("acme").await.expect("gone");
    }
    assert_eq!(sky.things(), ["bucket acme-products of demo/acme"]);
    assert_eq!(root.find_user("acme").await.expect("an answer"), None);
    assert_eq!(root.find_policy("acme").await.expect("an answer"), None);
}

#[tokio::test]
async fn what_there_is_is_listed_with_its_owner() {
    let sky = Sky::new();
    tenant(&sky, "acme").await;
    sky.plant("bucket", "zzz", None);
    let root = sky.root();
    let owned = |name: &str, owner: Option<&str>| (name.to_owned(), owner.map(str::to_owned));
    let part = root.buckets(None).await.expect("a part");
    assert!(part.items.iter().all(|bucket| bucket.made_at.is_some()) && part.next.is_none());
    let buckets: Vec<_> = part.items.into_iter().map(|bucket| (bucket.name, bucket.owner)).collect();
    assert_eq!(buckets, [owned("acme-products", Some("demo/acme")), owned("zzz", None)]);
    let policies = root.policies(None).await.expect("a part").items;
    let policies: Vec<_> = policies.into_iter().map(|policy| (policy.name, policy.owner)).collect();
    assert_eq!(policies[0], owned("acme", Some("demo/acme")));
    assert!(policies[1..].iter().all(|(_, owner)| owner.is_none()), "MinIO's own: {policies:?}");
}

#[tokio::test]
async fn a_long_listing_has_parts() {
    let sky = Sky::new();
    for n in 0..51 {
        sky.plant("bucket", &format!("bucket-{n:02}"), None);
    }
    let first = sky.root().buckets(None).await.expect("a part");
    assert_eq!((first.items.len(), first.next.as_deref()), (50, Some("bucket-49")));
    let second = sky.root().buckets(first.next.as_deref()).await.expect("a part");
    assert_eq!((second.items.len(), second.next), (1, None));
}

#[tokio::test]
async fn a_bucket_is_mirrored_and_restored_to_the_byte() {
    let sky = Sky::new();
    let acme = tenant(&sky, "acme").await;
    let all = [object("a", "x"), object("folder/b c+ä&", "<y>"), object("public/logo", "z")];
    for object in &all {
        acme.write("acme-products", object).await.expect("written");
    }
    acme.write("acme-products", &object("gone", "x")).await.expect("written");
    acme.delete("acme-products", "gone").await.expect("deleted");
    let root = sky.root();
    let mirrored = root.mirror("acme-products", 1000).await.expect("mirrored");
    assert_eq!(mirrored, all);
    root.delete_bucket("acme-products", "demo/acme", in_a_minute()).await.expect("gone");
    assert_eq!(root.mirror("acme-products", 1000).await.expect("nothing"), []);
    root.claim_bucket("acme-products", "demo/acme").await.expect("ours");
    root.restore("acme-products", &mirrored).await.expect("restored");
    assert_eq!(root.mirror("acme-products", 1000).await.expect("mirrored"), all);
    let fault = root.mirror("acme-products", 4).await.expect_err("too much");
    assert!(fault.kind == Kind::Terminal && fault.hint.is_some(), "{fault:?}");
}

#[tokio::test]
async fn who_signs_in_wrongly_is_told_what_to_do() {
    let sky = Sky::new();
    for (key, secret) in [("minioadmin", "hunter2-wrong"), ("nobody", "hunter2-wrong")] {
        let store = sky.sign_in(key, secret);
        for fault in [
            store.find_bucket(BUCKET).await.expect_err("refused"),
            store.find_user("acme").await.expect_err("refused"),
        ] {
            assert_eq!(fault.kind, Kind::Terminal);
            assert!(
                fault.hint.as_ref().is_some_and(|hint| hint.contains("compare the vault's")),
                "{fault:?}"
            );
            assert!(fault.request_id.is_some() && fault.provider.as_deref() == Some(SERVICE), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_server_may_be_behind_a_path() {
    let sky = Sky::new();
    let endpoint = ENDPOINT.replace("http://", "http://127.0.0.1:4570/");
    let (access_key, secret_key) = ("minioadmin".to_owned(), SecretString::from("minioadmin-secret"));
    let login = Login { endpoint, admin_endpoint: None, access_key, secret_key };
    let store = ObjectStore::new(sky.http(), &login).expect("an address");
    store.claim_bucket(BUCKET, OWNER).await.expect("ours");
    store.write(BUCKET, &object("a b+c/ä", "x")).await.expect("written");
    store.put_user("acme", &SecretString::from("tenant-secret")).await.expect("a user");
    assert_eq!(sky.things(), [format!("bucket {BUCKET} of {OWNER}"), "user acme".to_owned()]);
}

#[tokio::test]
async fn no_secret_is_shown() {
    let sky = Sky::new();
    let store = sky.sign_in("minioadmin", "hunter2-secret");
    assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
    let kept =
        SecretString::from(r#"{"endpoint": "http://x", "access_key": "a", "secret_key": ["hunter2"]}"#);
    let fault = Login::read(&kept).expect_err("no text");
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    let kept = SecretString::from(r#"{"endpoint": "http://x", "access_key": "a", "secret_key": "hunter2"}"#);
    assert!(!format!("{:?}", Login::read(&kept).expect("a login")).contains("hunter2"));
}

/// The bucket of all, with two tenants that have a folder each; as the first.
async fn folders(sky: &Arc<Sky>) -> ObjectStore {
    let root = sky.root();
    root.claim_bucket("backups", "demo/operator").await.expect("a bucket");
    for name in ["acme", "acme-two"] {
        let (owner, note) = (format!("demo/{name}"), "days=30");
        let new = FolderPolicy { name, owner: &owner, bucket: "backups", folder: name, note, lent: None };
        root.put_folder_policy(&new).await.expect("a policy");
        root.put_user(name, &SecretString::from("tenant-secret")).await.expect("a user");
        root.attach_policy(name, name).await.expect("attached");
        let store = sky.sign_in(name, "tenant-secret");
        store.write("backups", &object(&format!("{name}/1/base/x"), "data")).await.expect("written");
    }
    sky.sign_in("acme", "tenant-secret")
}

#[tokio::test]
async fn a_folder_is_all_that_its_user_gets_at() {
    let sky = Sky::new();
    let acme = folders(&sky).await;
    let below = acme.folder("backups", "acme", None).await.expect("its own");
    assert_eq!(below.items, ["acme/1/base/x"]);
    assert!(acme.read("backups", "acme/1/base/x").await.expect("its own").is_some());
    assert!(is_denied(acme.folder("backups", "acme-two", None).await));
    assert!(is_denied(acme.objects("backups", None).await), "nothing of all is listed");
    assert!(is_denied(acme.read("backups", "acme-two/1/base/x").await));
    assert!(is_denied(acme.write("backups", &object("acme-two/1/base/y", "data")).await));
    assert!(is_denied(acme.tag("backups", "acme/1/base/x", "keep", "9999").await), "nor how long it is kept");
    acme.delete("backups", "acme/1/base/x").await.expect("its own");
    let policy = sky.root().find_policy("acme").await.expect("an answer").expect("there");
    assert_eq!((policy.owner.as_deref(), policy.note.as_deref()), (Some("demo/acme"), Some("days=30")));
}

#[tokio::test]
async fn a_folder_is_lent_to_be_read_and_for_a_time() {
    let sky = Sky::new();
    let acme = folders(&sky).await;
    let until = clock::now() + 2.hours();
    let new = FolderPolicy {
        name: "acme",
        owner: "demo/acme",
        bucket: "backups",
        folder: "acme",
        note: "days=30",
        lent: Some(Lent { folder: "acme-two", until }),
    };
    sky.root().put_folder_policy(&new).await.expect("a policy");
    assert!(acme.read("backups", "acme-two/1/base/x").await.expect("lent").is_some());
    assert_eq!(acme.subfolders("backups", "acme-two/1").await.expect("lent"), ["base"]);
    assert!(is_denied(acme.write("backups", &object("acme-two/1/base/x", "data")).await));
    assert!(is_denied(acme.delete("backups", "acme-two/1/base/x").await));
    clock::simulate("2026-11-21T15:00:00Z".parse().expect("a time"));
    assert!(is_denied(acme.read("backups", "acme-two/1/base/x").await));
    assert!(is_denied(acme.subfolders("backups", "acme-two/1").await));
    assert!(acme.read("backups", "acme/1/base/x").await.expect("its own").is_some());
}

#[tokio::test]
async fn what_is_tagged_goes_by_the_rule_of_its_tag() {
    let sky = Sky::new();
    let (acme, root) = (folders(&sky).await, sky.root());
    let tag = Tag::builder().key("keep").value("30").build().expect("a tag");
    let rule = LifecycleRule::builder()
        .id("keep-30")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().tag(tag).build())
        .expiration(LifecycleExpiration::builder().days(30).build())
        .build()
        .expect("a rule");
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().expect("rules");
    let request = root.s3.put_bucket_lifecycle_configuration().bucket("backups");
    request.lifecycle_configuration(rules).send().await.expect("set");
    acme.write("backups", &object("acme/1/base/y", "data")).await.expect("written");
    root.tag("backups", "acme/1/base/x", "keep", "30").await.expect("tagged");
    root.tag("backups", "acme/1/base/never-there", "keep", "30").await.expect("nothing to tag");
    let left = async |day: i64| {
        clock::simulate("2026-11-21T12:00:00Z".parse::<Timestamp>().expect("a time") + (24 * day).hours());
        root.folder("backups", "acme", None).await.expect("a list").items
    };
    assert_eq!(left(29).await.len(), 2);
    assert_eq!(left(31).await, ["acme/1/base/y"], "what is not tagged stays");
}

#[tokio::test]
async fn a_folder_is_listed_from_behind_a_key() {
    let sky = Sky::new();
    let root = sky.root();
    root.claim_bucket("backups", "demo/operator").await.expect("a bucket");
    for number in 0..1003 {
        root.write("backups", &object(&format!("acme/{number:04}"), "")).await.expect("written");
    }
    let first = root.folder("backups", "acme", None).await.expect("a part");
    assert_eq!((first.items.len(), first.next.as_deref()), (1000, Some("acme/0999")));
    let rest = root.folder("backups", "acme", first.next.as_deref()).await.expect("the rest");
    assert_eq!((rest.items.len(), rest.next), (3, None));
}

//! The crate against the sandbox's Grafana, in this process: what the server holds afterwards, and lets be seen.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_client::{Answers, Request};
use sandbox::clouds::{Account, Clouds, Credentials, ServiceAccount, Settings, Thing};
use serde_json::json;

use super::*;

/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

#[derive(Debug)]
struct Sky(Mutex<Clouds>);

impl Sky {
    fn new() -> Arc<Self> {
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let grafana = Account { user: "admin".to_owned(), password: "hunter2".to_owned() };
        let credentials = Credentials { google, grafana, ..Credentials::default() };
        Arc::new(Self(Mutex::new(Clouds::new(&Settings::default(), &credentials).expect("a key"))))
    }

    fn http(self: &Arc<Self>) -> Http {
        Http::InProcess(Arc::clone(self) as Arc<dyn Answers>)
    }

    /// All there is, as `org Acme [demo/acme]`.
    fn things(&self) -> Vec<String> {
        let clouds = self.0.lock().expect("no panic while it is held");
        let told = |thing: Thing| format!("{} {}", thing.kind, thing.name);
        clouds.things(clock::now()).into_iter().map(told).collect()
    }
}

impl Answers for Sky {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.0.lock().expect("no panic while it is held").answer(clock::now(), &plain);
        Box::pin(async move { answer.into() })
    }
}

fn grafana(sky: &Arc<Sky>) -> Grafana {
    let admin = Admin { user: "admin".to_owned(), password: SecretString::from("hunter2") };
    Grafana::new(sky.http(), URL, admin).expect("an address")
}

/// A tenant with an organisation, what is shown there, and somebody who looks; any number of times.
async fn tenant(grafana: &Grafana, name: &str) -> (i64, User) {
    let owner = format!("demo/{name}");
    let org = match grafana.find_org(name, &owner).await.expect("an answer") {
        Some(org) => org.id,
        None => grafana.create_org(name, &owner).await.expect("an id"),
    };
    let only = Only { label: "namespace".to_owned(), value: name.to_owned() };
    let (uid, url) = ("tenant".to_owned(), "http://proxy:9091".to_owned());
    let source = DataSource { uid, name: "Metrics".to_owned(), url, only: Some(only) };
    grafana.put_data_source(org, &source).await.expect("a data source");
    assert_eq!(grafana.data_source(org, "tenant").await.expect("an answer"), Some(source));
    grafana.put_folder(org, "tenant", name).await.expect("a folder");
    let dashboard = json!({ "uid": name, "title": name, "panels": [] });
    grafana.put_dashboard(org, "tenant", &dashboard).await.expect("a dashboard");
    if grafana.find_user(name).await.expect("an answer").is_none() {
        let password = SecretString::from("correct horse");
        let email = format!("{name}@example.com");
        let new = NewUser { login: name, email: &email, name, owner: &owner, org, password: &password };
        grafana.create_user(&new).await.expect("an id");
    }
    let user = grafana.find_user(name).await.expect("an answer").expect("a user");
    grafana.confine_user(&user, org).await.expect("confined");
    (org, user)
}

/// What somebody sees of a dashboard, in their own organisation or in another.
async fn sees(sky: &Arc<Sky>, who: &str, org: Option<i64>, dashboard: &str) -> StatusCode {
    let api = Api::new(sky.http(), SERVICE, URL).expect("an address");
    let request = api.request(Method::GET, &["dashboards", "uid", dashboard]).expect("an address");
    let request = request.basic_auth(who, Some("correct horse"));
    let request = org.into_iter().fold(request, |request, org| request.header("x-grafana-org-id", org));
    api.send(request).await.expect("an answer").status()
}

#[tokio::test]
async fn a_tenants_people_see_what_is_theirs_and_nothing_else() {
    let sky = Sky::new();
    let grafana = grafana(&sky);
    let (_, other) = (tenant(&grafana, "acme").await, tenant(&grafana, "other").await);
    assert_eq!(sees(&sky, "acme", None, "acme").await, StatusCode::OK);
    assert_eq!(sees(&sky, "acme", None, "other").await, StatusCode::NOT_FOUND);
    assert_eq!(sees(&sky, "acme", Some(other.0), "other").await, StatusCode::FORBIDDEN);
    assert_eq!(sees(&sky, "acme", Some(1), "other").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn twice_is_once() {
    let sky = Sky::new();
    let grafana = grafana(&sky);
    let first = tenant(&grafana, "acme").await;
    let there = sky.things();
    assert_eq!(tenant(&grafana, "acme").await, first);
    assert_eq!(sky.things(), there);
    assert_eq!(there, ["org acme [demo/acme]", "user acme"]);
}

#[tokio::test]
async fn who_was_put_into_the_first_organisation_is_taken_out_of_it() {
    let sky = Sky::new();
    let grafana = grafana(&sky);
    let (org, user) = tenant(&grafana, "acme").await;
    let main = json!({ "loginOrEmail": "acme", "role": "Editor" });
    let request = grafana.request(Method::POST, &["orgs", "1", "users"]).expect("an address").json(&main);
    grafana.ask::<IgnoredAny>(request).await.expect("added");
    grafana.confine_user(&user, org).await.expect("confined");
    let memberships = grafana.memberships(user.id).await.expect("an answer");
    assert_eq!(memberships, Some(vec![Membership { org, role: Role::Viewer }]));
}

#[tokio::test]
async fn nothing_is_left_of_what_was_deleted() {
    let sky = Sky::new();
    let grafana = grafana(&sky);
    let (org, user) = tenant(&grafana, "acme").await;
    tenant(&grafana, "other").await;
    let owners = |orgs: Part<Org>| orgs.items.into_iter().filter_map(|org| org.owner).collect::<Vec<_>>();
    assert_eq!(owners(grafana.orgs(None).await.expect("a part")), ["demo/acme", "demo/other"]);
    for _ in 0..2 {
        grafana.delete_user(user.id).await.expect("gone");
        grafana.delete_org(org).await.expect("gone");
    }
    assert_eq!(sky.things(), ["org other [demo/other]", "user other"]);
    assert_eq!(grafana.memberships(user.id).await.expect("an answer"), None);
    let users = grafana.users(None).await.expect("a part").items;
    assert_eq!(users.into_iter().filter_map(|user| user.owner).collect::<Vec<_>>(), ["demo/other"]);
}

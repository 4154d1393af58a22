//! The probe against the sandbox's bench host and what its visitors see.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bench_host::{Done, InstalledApp, IssueCertificate, OAuth, Serve, Settings, Task};
use bytes::Bytes;
use fault::{Actor, Kind};
use http_client::{Answers, Request};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::world::{API, NAME, SITE, World, context, done, subject};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

/// The host as visitors see it, but for addresses at which something else answers.
#[derive(Debug)]
struct Front {
    world: Arc<World>,
    instead: Mutex<BTreeMap<String, (u16, &'static str)>>,
}

impl Answers for Front {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let url = request.url().to_string();
        if let Some((status, body)) = self.instead.lock().expect("no panic").get(&url) {
            let answer = http::Response::builder().status(*status).body(*body).expect("an answer");
            return Box::pin(async move { answer.into() });
        }
        let plain = http::Request::builder().method(request.method()).uri(url).body(Bytes::new());
        let (plain, world) = (plain.expect("an address"), Arc::clone(&self.world));
        Box::pin(async move { world.asked(&plain).await.into() })
    }
}

impl Front {
    /// Of a host with nothing on it.
    fn bare() -> Arc<Self> {
        Arc::new(Self { world: World::new(), instead: Mutex::default() })
    }

    /// Of a tenant that is live, without a certificate.
    async fn live() -> Arc<Self> {
        let front = Self::bare();
        front.world.make_site().await;
        front.install("erpnext").await;
        front.configure("0", false).await;
        front.serve("0", Mode::Live).await;
        front
    }

    async fn run<T: serde::de::DeserializeOwned>(&self, key: &str, task: &Task) -> T {
        done(async || self.world.bench().run(&subject(), key, task).await).await
    }

    async fn install(&self, app: &str) {
        let _: InstalledApp = self.run("0", &Task::InstallApp { app: app.to_owned() }).await;
    }

    async fn configure(&self, key: &str, suspended: bool) {
        let task = Task::ConfigureSite(Settings {
            host: API.to_owned(),
            country: None,
            time_zone: None,
            oauth: OAuth { name: "tenantry".to_owned(), base_url: "https://auth.frappe.example".to_owned() },
            suspended,
            read_only: false,
            max_file_mb: 25,
        });
        let Done {} = self.run(key, &task).await;
    }

    async fn serve(&self, key: &str, mode: Mode) {
        let _: Serve = self.run(key, &Task::Serve { site: SITE.to_owned(), api: API.to_owned(), mode }).await;
    }

    async fn certify(&self) {
        self.world.lead().await;
        let hosts = vec![SITE.to_owned(), API.to_owned()];
        let _: IssueCertificate = self.run("0", &Task::IssueCertificate { hosts }).await;
    }

    fn answers(&self, url: &str, status: u16, body: &'static str) {
        self.instead.lock().expect("no panic").insert(url.to_owned(), (status, body));
    }

    async fn look(self: &Arc<Self>, but: &Value) -> Result<Value, Fault> {
        let probe = ProbeSite {
            bench: self.world.bench(),
            visitors: Visitors::InProcess(Arc::clone(self) as Arc<dyn Answers>),
            ports: Ports { http: 80, https: 443 },
        };
        let params = json!({ "site": SITE, "api": API, "addresses": null, "apps": "erpnext" });
        let params = serde_json::from_value(params).expect("params");
        let output = probe.look(&context(9, but), &params).await?;
        Ok(serde_json::to_value(output).expect("JSON"))
    }

    async fn not_ready(self: &Arc<Self>, but: &Value) -> Fault {
        let fault = self.look(but).await.expect_err("not ready");
        assert_eq!(fault.kind, Kind::NotReady, "{fault:?}");
        fault
    }
}

/// The guide's script looks by HTTPS, before there is a certificate, and undoes everything.
#[tokio::test(start_paused = true)]
async fn a_tenant_is_live_without_a_certificate_and_then_with_one() {
    let front = Front::live().await;
    let seen = front.look(&json!({})).await.expect("live");
    let endpoints = json!({ "site": "http://acme.frappe.example", "api": "http://api.acme.frappe.example" });
    assert_eq!(seen["endpoints"], endpoints);
    assert_eq!(seen["first_sign_in"], "http://acme.frappe.example/auth/login");
    front.certify().await;
    let seen = front.look(&json!({})).await.expect("live");
    let endpoints =
        json!({ "site": "https://acme.frappe.example", "api": "https://api.acme.frappe.example" });
    assert_eq!(seen["endpoints"], endpoints);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_told_by_its_name() {
    let front = Front::bare();
    let missing = async |what: &str| {
        let fault = front.not_ready(&json!({})).await;
        assert!(fault.cause.contains(what), "{fault:?}");
    };
    missing("no site acme-7f3a9c").await;
    front.world.make_site().await;
    missing("does not have erpnext").await;
    front.install("erpnext").await;
    missing("nginx has no file").await;
    front.serve("0", Mode::Suspended).await;
    missing("as it was before").await;
    front.serve("1", Mode::Live).await;
    front.look(&json!({})).await.expect("live");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_suspended_is_served_nowhere() {
    for rests in ["suspended", "hibernating"] {
        let (front, but) = (Front::live().await, json!({ rests: true }));
        assert!(front.not_ready(&but).await.cause.contains("not suspended"));
        front.configure("1", true).await;
        assert!(front.not_ready(&but).await.cause.contains("as it was before"));
        front.serve("1", Mode::Suspended).await;
        front.look(&but).await.expect("closed");
        assert!(front.not_ready(&json!({})).await.cause.contains("still suspended"), "and opened again");
        front.answers("http://api.acme.frappe.example/api/method/ping", 200, r#"{"message":"pong"}"#);
        assert!(front.not_ready(&but).await.cause.contains("answers 200"), "{rests}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_site_of_somebody_else_is_not_this_tenant_s() {
    let front = Front::bare();
    front.world.plant("site", NAME, Some("prod/acme-7f3a9c"));
    assert!(front.not_ready(&json!({})).await.cause.contains("no site"));
}

/// A block of `/login` and `/api/method/login` alone leaves the other versions of the API open; and a setting at the wrong place leaves
/// all of them so.
#[tokio::test(start_paused = true)]
async fn a_password_is_taken_nowhere() {
    for path in ["/login", "/api/method/login", "/api/v1/method/login", "/api/v2/method/login"] {
        for status in [200, 401, 404, 502] {
            let front = Front::live().await;
            front.answers(&format!("http://{API}{path}"), status, "");
            let fault = front.not_ready(&json!({})).await;
            assert!(fault.cause.contains(&format!("{path} answers {status}")), "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_anybody_can_have_ends_it() {
    for path in ["/site_config.json", "/acme-7f3a9c/site_config.json"] {
        let front = Front::live().await;
        let before = front.world.things();
        front.answers(&format!("http://{API}{path}"), 200, r#"{"db_password":"hunter2"}"#);
        let fault = front.look(&json!({})).await.expect_err("it is in the open");
        assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("password")), "{fault:?}");
        assert!(!format!("{fault:?}").contains("hunter2"));
        assert_eq!(front.world.things(), before);
    }
}

/// The guide's failure 6.
#[tokio::test(start_paused = true)]
async fn a_backend_that_does_not_answer_is_waited_for() {
    for (url, status) in [
        (format!("http://{API}/api/method/ping"), 502),
        (format!("http://{API}/api/method/ping"), 504),
        (format!("http://{SITE}/"), 502),
    ] {
        let front = Front::live().await;
        let before = front.world.things();
        front.answers(&url, status, "");
        let fault = front.not_ready(&json!({})).await;
        assert!(fault.cause.contains(&url), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("supervisorctl status")), "{fault:?}");
        assert_eq!(front.world.things(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_must_be_frappe() {
    for body in ["", "pong", r#"{"message":"hello"}"#] {
        let front = Front::live().await;
        front.answers(&format!("http://{API}/api/method/ping"), 200, body);
        assert!(front.not_ready(&json!({})).await.cause.contains("something else than Frappe"));
    }
}

/// The guide's failure 5: nobody answers by that name.
#[tokio::test]
async fn a_name_that_nobody_answers_by_is_waited_for() {
    let nobody = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = nobody.local_addr().expect("an address").port();
    drop(nobody);
    let here = BTreeSet::from([IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let visitor = Visitors::trusting("").one([SITE, API], Some(&here)).expect("a client");
    let fault = visitor.ask(Method::GET, &format!("http://{SITE}:{port}/")).await.expect_err("no answer");
    assert_eq!(fault.kind, Kind::NotReady);
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("does the name lead")), "{fault:?}");
}

/// The port is the URL's, the address the one that was said, and the name stays the tenant's.
#[tokio::test]
async fn a_name_is_visited_where_it_is_to_lead() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a visitor");
        let mut asked = vec![0; 4096];
        let read = stream.read(&mut asked).await.expect("a request");
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.expect("an answer");
        String::from_utf8_lossy(&asked[..read]).to_lowercase()
    });
    let here = BTreeSet::from([IpAddr::from(Ipv4Addr::LOCALHOST)]);
    let visitor = Visitors::trusting(" ").one([SITE, API], Some(&here)).expect("a client");
    let url = Ports::of(&port.to_string(), "8443").expect("ports").url(API, false);
    assert_eq!(visitor.ask(Method::GET, &url).await.expect("an answer").status(), StatusCode::NO_CONTENT);
    assert!(server.await.expect("served").contains(&format!("host: {API}:{port}")));
}

#[test]
fn a_port_that_goes_without_saying_is_not_said() {
    let ports = Ports::of("80", "443").expect("ports");
    assert_eq!([ports.url(SITE, false), ports.url(SITE, true)].map(|url| url.len() - SITE.len()), [7, 8]);
    let ports = Ports::of("8080", "8443").expect("ports");
    assert_eq!(ports.url(SITE, false), "http://acme.frappe.example:8080");
    assert_eq!(ports.url(SITE, true), "https://acme.frappe.example:8443");
    let fault = Ports::of("", "443").expect_err("no port");
    assert!(fault.cause.contains("TENANT_HTTP_PORT"), "{fault:?}");
}

//! The blueprint frappe-bench against a real sshd, nginx, certbot with pebble, and MariaDB: a site lives, is suspended, goes, and
//! comes back from its archive; what is broken in the middle of an installation is gone on with.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use reqwest::{Certificate, Client, Method, StatusCode, Url};
use serde_json::{Value, json};
use tests::api::signup;
use tests::{Operation, Stack};

const BLUEPRINT: &str = "frappe-bench";

#[allow(clippy::disallowed_methods)] // The stack tells where its peers are.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start the stack with --peer bench"))
}

/// A visitor whose names lead to the stack's nginx, and who believes its authority and no other.
struct Visitor(Client);

impl Visitor {
    fn of(endpoint: &str) -> Self {
        let url: Url = endpoint.parse().expect("an address");
        let host = url.host_str().expect("a name").to_owned();
        let port = url.port_or_known_default().expect("a port");
        let ca = Certificate::from_pem(variable("TENANT_CA").as_bytes()).expect("an authority");
        let client = Client::builder()
            .tls_certs_only([ca])
            .redirect(reqwest::redirect::Policy::none())
            .resolve(&host, SocketAddr::from(([127, 0, 0, 1], port)));
        Self(client.build().expect("a client"))
    }

    async fn get(&self, url: &str) -> (StatusCode, String) {
        let answer = self.0.get(url).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("text"))
    }
}

async fn live(stack: &Stack) -> (Operation, Value) {
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let status = stack.api.ended(&operation).await;
    assert_eq!((&status["state"], &status["percent"]), (&json!("succeeded"), &json!(100)), "{status:#}");
    let tenant = stack.api.tenant(&operation.tenant).await;
    assert_eq!(tenant["status"], "active");
    (operation, tenant["endpoints"].clone())
}

fn text(value: &Value) -> &str {
    value.as_str().expect("an address")
}

/// What the bench has of a tenant.
fn on_the_host(id: &str) -> Vec<String> {
    let bench = variable("BENCH_DIRECTORY");
    let mut found = Vec::new();
    if std::path::Path::new(&format!("{bench}/sites/{id}")).exists() {
        found.push("site".to_owned());
    }
    let database = format!("_{}", id.replace('-', "_"));
    if databases().contains(&database) {
        found.push("database".to_owned());
    }
    found
}

#[allow(clippy::disallowed_methods)] // It is asked as its operator would.
fn databases() -> Vec<String> {
    let socket = variable("MARIADB_SOCKET");
    let asked = Command::new("mariadb").args(["--socket", &socket, "-N", "-e", "SHOW DATABASES"]).output();
    let asked = asked.expect("the client runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8_lossy(&asked.stdout).lines().map(str::to_owned).collect()
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_site_lives_through_every_change_and_leaves_nothing() {
    let stack = Stack::from_env().await;
    let (operation, endpoints) = live(&stack).await;
    let id = operation.tenant.as_str();
    let path = format!("/v1/tenants/{id}");
    let (site, api) = (text(&endpoints["site"]), text(&endpoints["api"]));
    assert!(site.starts_with("https://") && api.starts_with("https://"), "{endpoints}");
    assert_eq!(on_the_host(id), ["site", "database"]);
    let (people, program) = (Visitor::of(site), Visitor::of(api));
    assert_eq!(people.get(site).await.0, StatusCode::OK);
    let ping = program.get(&format!("{api}/api/method/ping")).await;
    assert!(ping.0 == StatusCode::OK && ping.1.contains("pong"), "{ping:?}");
    for closed in ["/login", "/api/method/login", "/api/v1/method/login", "/api/v2/method/login"] {
        assert_eq!(program.get(&format!("{api}{closed}")).await.0, StatusCode::FORBIDDEN, "{closed}");
    }
    for file in [format!("/{id}/site_config.json"), "/site_config.json".to_owned()] {
        assert_eq!(program.get(&format!("{api}{file}")).await.0, StatusCode::NOT_FOUND, "{file}");
    }

    stack.api.succeeded(&stack.api.act(&format!("{path}/suspend")).await).await;
    assert_eq!(people.get(site).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(on_the_host(id), ["site", "database"], "its data is kept");
    stack.api.succeeded(&stack.api.act(&format!("{path}/resume")).await).await;
    assert_eq!(people.get(site).await.0, StatusCode::OK);

    let wanted = json!({ "plan": "erp-professional", "reason": "it grows" });
    let change = stack.api.send(Method::POST, &format!("{path}/change-plan"), &wanted).await;
    let change = change["operation"].as_str().expect("an id");
    stack.api.when(&format!("{path}/operations/{change}"), |it| it["state"] == "succeeded").await;
    assert_eq!(stack.api.tenant(id).await["plan"], "erp-professional");

    stack.api.succeeded(&stack.api.delete(id).await).await;
    assert_eq!(on_the_host(id), [""; 0]);
    assert_eq!(stack.in_the_clouds(id).await, [""; 0]);
}

#[allow(clippy::disallowed_methods)] // Somebody waits here for the host to be in the middle of it.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn an_installation_outlives_the_server_it_was_asked_through() {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let jobs = format!("{}/jobs/{}/install-app.erpnext", variable("BENCH_STATE"), operation.tenant);
    let begun = || walk(&jobs).into_iter().filter(|file| file.ends_with("/request.json")).count();
    for _ in 0..600 {
        if begun() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Every connection of its, and it: whoever watches over it starts it again.
    let killed = Command::new(variable("BENCH_RESTART_SSHD")).status().expect("it is restarted");
    assert!(killed.success());
    stack.api.succeeded(&operation).await;
    assert_eq!(begun(), 1, "it was begun once");
    stack.api.succeeded(&stack.api.delete(&operation.tenant).await).await;
}

fn walk(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let inside = |entry: std::fs::DirEntry| {
        let path = entry.path().display().to_string();
        if entry.path().is_dir() { walk(&path) } else { vec![path] }
    };
    entries.flat_map(inside).collect()
}

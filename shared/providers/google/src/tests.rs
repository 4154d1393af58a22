//! What we ask of Google, and what we make of its answers; both as its own discovery documents have them, closed:
//! a field that they do not name is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use fault::Kind;
use openapi::{Closed, Document, Script};
use rstest::rstest;
use secrets::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::*;

const AT: &str = "2026-11-21T08:00:00Z";
const OPERATION: &str = "projects/vendin-store/locations/southamerica-east1/operations/0a1b";
const SERVICES: &str = "/v2/projects/vendin-store/locations/southamerica-east1/services";
const SECRET: &str = "/v1/projects/vendin-store/secrets/acme-db-url";
const ACCESSOR: &str = "roles/secretmanager.secretAccessor";
const MEMBER: &str = "serviceAccount:acme@vendin-store.iam.gserviceaccount.com";

/// A key made for these tests; it opens nothing.
pub(crate) fn key_file() -> SecretString {
    include_str!("tests/key.json").into()
}

fn unpaid() -> Script {
    Script::new(vec![
        Document::load("run.v2.json"),
        Document::load("secretmanager.v1.json"),
        Document::load("oauth2.token.json"),
    ])
}

/// A script that begins by granting a token.
fn script() -> Script {
    grant(unpaid(), "ya29.first")
}

fn grant(script: Script, token: &str) -> Script {
    script.answer(200, &json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" }))
}

fn tokens(script: &Script) -> Tokens {
    Tokens::new(script.http(), &key_file()).expect("a key")
}

fn secret_manager(script: &Script) -> SecretManager {
    let project = "vendin-store".to_owned();
    SecretManager::new(script.http(), SECRETS_URL, tokens(script), project).expect("an address")
}

fn cloud_run(script: &Script) -> CloudRun {
    let (project, region) = ("vendin-store".to_owned(), "southamerica-east1".to_owned());
    CloudRun::new(script.http(), RUN_URL, tokens(script), project, region).expect("an address")
}

fn refusal(code: u16, status: &str) -> Value {
    json!({ "error": { "code": code, "message": "no: hunter2", "status": status } })
}

fn version() -> Value {
    let name = "projects/1234/secrets/acme-db-url/versions/7";
    json!({ "name": name, "state": "ENABLED", "createTime": "2026-01-01T00:00:00.500Z" })
}

fn secret(id: &str, owner: Option<&str>) -> Value {
    let annotations = owner.map(|owner| json!({ "tenantry-owner": owner })).unwrap_or(json!({}));
    json!({
        "name": format!("projects/1234/secrets/{id}"), "createTime": AT, "annotations": annotations,
        "replication": { "automatic": {} }, "etag": "\"16\"",
    })
}

fn wanted() -> Service {
    let text = |text: &str| text.to_owned();
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (text(key), text(value))).collect()
    };
    let from = SecretVersion { secret: text("acme-db-url"), version: text("1") };
    let container = Container {
        image: text("southamerica-east1-docker.pkg.dev/vendin-store/containers/tenant@sha256:00"),
        ports: vec![Port { container_port: 3000 }],
        env: vec![
            EnvVar::Plain { name: text("NODE_ENV"), value: text("production") },
            EnvVar::Secret { name: text("DATABASE_URL"), from },
        ],
        resources: Resources {
            limits: map(&[("cpu", "1"), ("memory", "512Mi")]),
            cpu_idle: true,
            startup_cpu_boost: true,
        },
        boot: Some(Boot {
            http_get: HttpGet { path: text("/health"), port: 3000 },
            period_seconds: 10,
            timeout_seconds: 5,
            failure_threshold: 24,
        }),
    };
    let template = Template {
        labels: map(&[("tenantry", "demo")]),
        scaling: InstanceScaling { min_instance_count: 0, max_instance_count: 10 },
        max_instance_request_concurrency: 80,
        timeout: text("300s"),
        service_account: text("acme@vendin-store.iam.gserviceaccount.com"),
        containers: vec![container],
    };
    Service::owned("demo/acme-7f3a9c", "demo", template)
}

/// A service as Google gives it back: with more in it, and without what has its type's default.
fn service() -> Value {
    let mut service = serde_json::to_value(wanted()).expect("JSON");
    let fields = service.as_object_mut().expect("an object");
    fields.remove("description");
    fields.remove("invokerIamDisabled");
    fields.remove("scaling");
    service["template"]["scaling"].as_object_mut().expect("an object").remove("minInstanceCount");
    service["template"]["containers"][0]["name"] = json!("tenant-1");
    service["name"] = json!("projects/vendin-store/locations/southamerica-east1/services/acme-7f3a9c");
    service["createTime"] = json!(AT);
    service["etag"] = json!("\"CJ7\"");
    service["uri"] = json!("https://acme-7f3a9c-abc-rj.a.run.app");
    service["terminalCondition"] = json!({ "type": "Ready", "state": "CONDITION_SUCCEEDED" });
    service
}

#[tokio::test]
async fn a_token_is_bought_once_and_shown_with_each_call() {
    let script = script().answer(200, &secret("a", None)).answer(200, &secret("a", None));
    let secrets = secret_manager(&script);
    secrets.find("a").await.expect("an answer");
    secrets.clone().find("a").await.expect("an answer");
    let lines = script.lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "POST /token");
    assert_eq!(script.asked()[2].headers["authorization"], "Bearer ya29.first");
}

#[tokio::test]
async fn a_token_that_ends_within_a_minute_is_not_used_again() {
    let short = json!({ "access_token": "ya29.short", "expires_in": 60, "token_type": "Bearer" });
    let script = grant(unpaid().answer(200, &short).answer(200, &secret("a", None)), "ya29.next");
    let script = script.answer(200, &secret("a", None));
    let secrets = secret_manager(&script);
    secrets.find("a").await.expect("an answer");
    secrets.find("a").await.expect("an answer");
    assert_eq!(script.asked()[3].headers["authorization"], "Bearer ya29.next");
}

#[tokio::test]
async fn a_token_that_google_no_longer_takes_is_let_go() {
    let script = grant(script().answer(401, &refusal(401, "UNAUTHENTICATED")), "ya29.next");
    let script = script.answer(200, &secret("a", None));
    let secrets = secret_manager(&script);
    assert_eq!(secrets.find("a").await.expect_err("refused").kind, Kind::Transient);
    secrets.find("a").await.expect("an answer");
    assert_eq!(script.asked()[3].headers["authorization"], "Bearer ya29.next");
}

#[tokio::test]
async fn a_key_that_google_does_not_know_is_terminal() {
    let script = unpaid()
        .answer(400, &json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." }));
    let fault = secret_manager(&script).find("a").await.expect_err("refused");
    assert_eq!(fault.kind, Kind::Terminal);
    assert!(fault.hint.is_some() && fault.cause.contains("invalid_grant"), "{fault:?}");
}

#[tokio::test]
async fn a_secret_is_found_with_its_owner_or_not() {
    let script = script()
        .answer(200, &secret("acme-db-url", Some("demo/acme-7f3a9c")))
        .answer(200, &secret("acme-db-url", None))
        .answer(404, &refusal(404, "NOT_FOUND"));
    let secrets = secret_manager(&script);
    let found = secrets.find("acme-db-url").await.expect("an answer").expect("a secret");
    assert_eq!((found.id.as_str(), found.owner.as_deref()), ("acme-db-url", Some("demo/acme-7f3a9c")));
    assert_eq!(secrets.find("acme-db-url").await.expect("an answer").expect("a secret").owner, None);
    assert_eq!(secrets.find("acme-db-url").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_secret_is_made_with_its_owner_and_given_values() {
    let script = script()
        .answer(200, &secret("acme-db-url", Some("demo/acme-7f3a9c")))
        .answer(200, &version())
        .answer(200, &version())
        .answer(404, &refusal(404, "NOT_FOUND"));
    let secrets = secret_manager(&script);
    secrets.create("acme-db-url", "demo/acme-7f3a9c", "demo").await.expect("made");
    let at = secrets.add_version("acme-db-url", &SecretString::from("123456789")).await.expect("added");
    assert_eq!(at.to_string(), "2026-01-01T00:00:00.5Z");
    assert_eq!(secrets.changed_at("acme-db-url").await.expect("an answer"), Some(at));
    assert_eq!(secrets.changed_at("acme-db-url").await.expect("an answer"), None);
    let asked = script.asked();
    assert_eq!(asked[1].line, "POST /v1/projects/vendin-store/secrets?secretId=acme-db-url");
    assert_eq!(
        asked[1].body,
        json!({
            "replication": { "automatic": {} }, "labels": { "tenantry": "demo" },
            "annotations": { "tenantry-owner": "demo/acme-7f3a9c" },
        })
    );
    assert_eq!(asked[2].line, format!("POST {SECRET}:addVersion"));
    assert_eq!(asked[3].line, format!("GET {SECRET}/versions/latest"));
    assert_eq!(asked[2].body, json!({ "payload": { "data": "MTIzNDU2Nzg5", "dataCrc32c": "3808858755" } }));
}

#[tokio::test]
async fn what_google_says_about_a_value_is_not_repeated() {
    let script = script().answer(400, &refusal(400, "INVALID_ARGUMENT"));
    let refused = secret_manager(&script).add_version("acme-db-url", &SecretString::from("hunter2")).await;
    let fault = refused.expect_err("refused");
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
}

#[tokio::test]
async fn a_secret_that_appeared_meanwhile_is_looked_for_again() {
    let script = script().answer(409, &refusal(409, "ALREADY_EXISTS"));
    let fault = secret_manager(&script).create("a", "demo/a", "demo").await.expect_err("a twin was quicker");
    assert_eq!(fault.kind, Kind::Transient);
}

#[tokio::test]
async fn the_latest_value_is_read_as_it_was_sent() {
    let payload = |sum: &str| {
        let name = "projects/1234/secrets/acme-db-url/versions/7";
        json!({ "name": name, "payload": { "data": "MTIzNDU2Nzg5", "dataCrc32c": sum } })
    };
    let script = script()
        .answer(200, &payload("3808858755"))
        .answer(200, &payload("1"))
        .answer(404, &refusal(404, "NOT_FOUND"));
    let secrets = secret_manager(&script);
    let value = secrets.latest("acme-db-url").await.expect("an answer").expect("a value");
    assert_eq!(value.expose_secret(), "123456789");
    assert_eq!(secrets.latest("acme-db-url").await.expect_err("spoilt on the way").kind, Kind::Transient);
    assert!(secrets.latest("acme-db-url").await.expect("an answer").is_none());
    assert_eq!(script.lines()[1], format!("GET {SECRET}/versions/latest:access"));
}

#[tokio::test]
async fn secrets_are_listed_by_deployment() {
    let script =
        script().answer(200, &json!({ "secrets": [secret("a", Some("demo/a"))], "nextPageToken": "t" }));
    let part = secret_manager(&script).list("demo", Some("s")).await.expect("an answer");
    assert_eq!((part.items.len(), part.next.as_deref()), (1, Some("t")));
    let query = "filter=labels.tenantry%3Ddemo&pageSize=100&pageToken=s";
    assert_eq!(script.lines()[1], format!("GET /v1/projects/vendin-store/secrets?{query}"));
}

/// A late look may have said that the secret is still there.
#[tokio::test]
async fn a_value_for_a_secret_that_is_gone_is_tried_again() {
    let script = script().answer(404, &refusal(404, "NOT_FOUND"));
    let refused = secret_manager(&script).add_version("acme-db-url", &"top-secret".into()).await;
    let fault = refused.expect_err("there is none");
    assert_eq!((fault.kind, fault.cause.contains("top-secret")), (Kind::Transient, false));
}

#[tokio::test]
async fn deleting_what_is_gone_is_success() {
    let script = script().answer(200, &json!({})).answer(404, &refusal(404, "NOT_FOUND"));
    let secrets = secret_manager(&script);
    secrets.delete("a").await.expect("deleted");
    secrets.delete("a").await.expect("gone");
}

#[tokio::test]
async fn a_grant_is_written_with_the_etag_it_was_read_with() {
    let read =
        json!({ "version": 1, "etag": "BwX", "bindings": [{ "role": ACCESSOR, "members": ["user:a"] }] });
    let script = script().answer(200, &read).answer(200, &read);
    secret_manager(&script).grant("acme-db-url", MEMBER, ACCESSOR).await.expect("granted");
    let asked = script.asked();
    assert_eq!(asked[1].line, format!("GET {SECRET}:getIamPolicy?options.requestedPolicyVersion=3"));
    assert_eq!(asked[2].line, format!("POST {SECRET}:setIamPolicy"));
    let bindings = json!([{ "role": ACCESSOR, "members": ["user:a", MEMBER] }]);
    assert_eq!(asked[2].body, json!({ "policy": { "version": 1, "etag": "BwX", "bindings": bindings } }));
}

#[tokio::test]
async fn whoever_holds_a_role_already_is_granted_nothing() {
    let held = json!({ "etag": "BwX", "bindings": [{ "role": ACCESSOR, "members": [MEMBER] }] });
    let script = script().answer(200, &held).answer(200, &held).answer(200, &json!({ "etag": "ACAB" }));
    let secrets = secret_manager(&script);
    secrets.grant("acme-db-url", MEMBER, ACCESSOR).await.expect("granted");
    assert!(secrets.holds("acme-db-url", MEMBER, ACCESSOR).await.expect("an answer"));
    assert!(!secrets.holds("acme-db-url", MEMBER, ACCESSOR).await.expect("an answer"));
}

#[tokio::test]
async fn a_policy_that_changed_meanwhile_is_read_again() {
    let script = script().answer(200, &json!({ "etag": "BwX" })).answer(409, &refusal(409, "ABORTED"));
    let fault = secret_manager(&script).grant("a", MEMBER, ACCESSOR).await.expect_err("too late");
    assert_eq!(fault.kind, Kind::Transient);
}

#[tokio::test]
async fn revoking_what_is_not_held_writes_nothing() {
    let script = script().answer(200, &json!({ "etag": "BwX" })).answer(404, &refusal(404, "NOT_FOUND"));
    let secrets = secret_manager(&script);
    secrets.revoke("a", MEMBER, ACCESSOR).await.expect("not held");
    secrets.revoke("a", MEMBER, ACCESSOR).await.expect("gone");
}

#[tokio::test]
async fn a_service_is_made_under_the_id_that_was_looked_for() {
    let script = script().answer(200, &json!({ "name": OPERATION }));
    let operation = cloud_run(&script).create("acme-7f3a9c", &wanted()).await.expect("begun");
    assert_eq!(operation, OPERATION);
    let asked = &script.asked()[1];
    assert_eq!(asked.line, format!("POST {SERVICES}?serviceId=acme-7f3a9c"));
    assert_eq!(asked.body["annotations"], json!({ "tenantry-owner": "demo/acme-7f3a9c" }));
    assert_eq!(asked.body["scaling"], json!({ "scalingMode": "AUTOMATIC", "minInstanceCount": 0 }));
    assert_eq!(
        asked.body["template"]["containers"][0]["env"],
        json!([
            { "name": "NODE_ENV", "value": "production" },
            { "name": "DATABASE_URL", "valueSource": { "secretKeyRef": { "secret": "acme-db-url", "version": "1" } } },
        ])
    );
}

#[tokio::test]
async fn a_service_is_found_with_its_owner_and_compared_with_what_is_wanted() {
    let script = script().answer(200, &service()).answer(404, &refusal(404, "NOT_FOUND"));
    let run = cloud_run(&script);
    let found = run.find("acme-7f3a9c").await.expect("an answer").expect("a service");
    assert_eq!((found.owner.as_deref(), &found.state), (Some("demo/acme-7f3a9c"), &State::Ready));
    assert_eq!(found.uri.as_deref(), Some("https://acme-7f3a9c-abc-rj.a.run.app"));
    assert!(found.has(&wanted()));
    let mut larger = wanted();
    larger.template.scaling.max_instance_count = 20;
    assert!(!found.has(&larger));
    for other in [ServiceScaling::Manual(0), ServiceScaling::Automatic(1)] {
        assert!(!found.has(&Service { scaling: other, ..wanted() }), "{other:?}");
    }
    assert_eq!(run.find("acme-7f3a9c").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_service_is_changed_only_as_it_was_found_and_may_be_stopped() {
    let script = script()
        .answer(200, &service())
        .answer(200, &json!({ "name": OPERATION }))
        .answer(409, &refusal(409, "ABORTED"));
    let run = cloud_run(&script);
    let found = run.find("acme-7f3a9c").await.expect("an answer").expect("a service");
    let stopped = Service { scaling: ServiceScaling::Manual(0), ingress: Ingress::Nowhere, ..wanted() };
    run.update("acme-7f3a9c", &stopped, &found).await.expect("begun");
    let fault = run.update("acme-7f3a9c", &stopped, &found).await.expect_err("changed meanwhile");
    assert_eq!(fault.kind, Kind::Transient);
    let asked = &script.asked()[2];
    assert_eq!(asked.line, format!("PATCH {SERVICES}/acme-7f3a9c"));
    assert_eq!(asked.body["etag"], "\"CJ7\"");
    assert_eq!(asked.body["scaling"], json!({ "scalingMode": "MANUAL", "manualInstanceCount": 0 }));
    assert_eq!(asked.body["ingress"], "INGRESS_TRAFFIC_NONE");
}

#[tokio::test]
async fn an_operation_is_waited_for_also_when_it_is_not_seen_yet() {
    let script = script()
        .answer(404, &refusal(404, "NOT_FOUND"))
        .answer(200, &json!({ "name": OPERATION }))
        .answer(200, &json!({ "name": OPERATION, "done": true, "response": { "@type": "x" } }));
    let run = cloud_run(&script);
    for progress in [Progress::Running, Progress::Running, Progress::Done] {
        assert_eq!(run.wait(OPERATION, 8).await.expect("no failure"), progress);
    }
    let asked = script.asked();
    assert_eq!(asked[1].line, format!("POST /v2/{OPERATION}:wait"));
    assert_eq!(asked[1].body, json!({ "timeout": "8s" }));
}

#[tokio::test]
async fn a_service_that_is_gone_needs_no_deletion() {
    let script = script().answer(200, &json!({ "name": OPERATION })).answer(404, &refusal(404, "NOT_FOUND"));
    let run = cloud_run(&script);
    assert_eq!(run.delete("acme-7f3a9c").await.expect("begun").as_deref(), Some(OPERATION));
    assert_eq!(run.delete("acme-7f3a9c").await.expect("gone"), None);
}

#[tokio::test]
async fn services_of_other_deployments_are_not_listed() {
    let mut other = service();
    other["labels"]["tenantry"] = json!("demo-2");
    let script = script().answer(200, &json!({ "services": [other, service()], "nextPageToken": "" }));
    let part = cloud_run(&script).list("demo", None).await.expect("an answer");
    let listed: Vec<_> = part.items.iter().map(|item| (item.id.as_str(), item.owner.as_deref())).collect();
    assert_eq!((listed, part.next), (vec![("acme-7f3a9c", Some("demo/acme-7f3a9c"))], None));
}

#[tokio::test]
async fn everybody_may_call_a_published_service() {
    let public =
        json!({ "etag": "BwX", "bindings": [{ "role": "roles/run.invoker", "members": ["allUsers"] }] });
    let script = script()
        .answer(200, &json!({ "etag": "ACAB" }))
        .answer(200, &public)
        .answer(200, &public)
        .answer(200, &public)
        .answer(200, &json!({ "etag": "ACAB" }));
    let run = cloud_run(&script);
    run.publish("acme-7f3a9c").await.expect("published");
    assert!(run.is_public("acme-7f3a9c").await.expect("an answer"));
    run.unpublish("acme-7f3a9c").await.expect("unpublished");
    let bodies: Vec<Value> =
        script.asked().into_iter().map(|asked| asked.body).filter(|body| !body.is_null()).collect();
    let written = json!({ "policy": { "etag": "ACAB", "bindings": public["bindings"] } });
    assert_eq!(bodies, [written, json!({ "policy": { "etag": "BwX" } })]);
}

#[rstest]
#[case(403, "PERMISSION_DENIED", Kind::Terminal)]
#[case(400, "INVALID_ARGUMENT", Kind::Terminal)]
#[case(429, "RESOURCE_EXHAUSTED", Kind::Transient)]
#[case(503, "UNAVAILABLE", Kind::Transient)]
#[tokio::test]
async fn a_refused_call(#[case] code: u16, #[case] status: &str, #[case] kind: Kind) {
    let mut refused = refusal(code, status);
    refused["error"]["details"] =
        json!([{ "@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "r-1" }]);
    let script = script().answer(code, &refused);
    let fault = cloud_run(&script).create("a", &wanted()).await.expect_err("refused");
    assert_eq!((fault.kind, fault.request_id.as_deref()), (kind, Some("r-1")));
    assert_eq!(fault.provider.as_deref(), Some("cloud-run"));
    assert!(fault.cause.contains(status), "{fault:?}");
}

#[tokio::test]
async fn reads_and_changes_are_asked_for_apart() {
    let governor = || Arc::new(Closed);
    let script = grant(script(), "ya29.second");
    let (run, secrets) =
        (cloud_run(&script).governed(governor()), secret_manager(&script).governed(governor()));
    let refusals = [
        run.find("acme").await.expect_err("closed"),
        run.create("acme", &wanted()).await.expect_err("closed"),
        secrets.find("acme").await.expect_err("closed"),
        secrets.delete("acme").await.expect_err("closed"),
    ];
    assert_eq!(
        refusals.map(|fault| fault.cause),
        [
            "reads of cloud-run",
            "changes of cloud-run",
            "reads of google-secret-manager",
            "changes of google-secret-manager",
        ]
    );
    assert!(script.lines().iter().all(|line| line == "POST /token"), "nothing else was sent");
}

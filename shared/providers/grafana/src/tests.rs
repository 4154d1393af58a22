//! What we ask of Grafana, and what we make of its answers; both as its own document has them.

mod world;

use openapi::{Document, Script};
use rstest::rstest;
use serde_json::json;

use super::*;

const URL: &str = "http://grafana.e-commerce-monitoring.svc.cluster.local:3000/api";
const OWNER: &str = "demo/acme-7f3a9c";

fn script() -> Script {
    Script::new(vec![Document::load("grafana.json")])
}

fn grafana(script: &Script) -> Grafana {
    let admin = Admin { user: "admin".to_owned(), password: SecretString::from("hunter2") };
    Grafana::new(script.http(), URL, admin).expect("an address")
}

fn viewer() -> User {
    let (login, email, name) = ("acme-7f3a9c".to_owned(), "owner@acme.example".to_owned(), "Acme".to_owned());
    User { id: 7, login, email, name, owner: Some(OWNER.to_owned()) }
}

#[tokio::test]
async fn an_organisation_is_found_by_its_name_and_owner() {
    let org = json!([{ "id": 4, "name": "Acme [demo/acme-7f3a9c]" }]);
    let script = script().answer(200, &org).answer(200, &json!([]));
    let found = grafana(&script).find_org("Acme", OWNER).await.expect("an answer");
    assert_eq!(found, Some(Org { id: 4, name: "Acme".to_owned(), owner: Some(OWNER.to_owned()) }));
    assert_eq!(grafana(&script).find_org("Acme", "demo/other").await.expect("an answer"), None);
    assert_eq!(script.lines()[0], "GET /api/orgs?name=Acme+%5Bdemo%2Facme-7f3a9c%5D");
}

#[tokio::test]
async fn users_and_organisations_are_made_with_a_password_and_no_token() {
    let script = script().answer(200, &json!({ "orgId": 4, "message": "Organization created" }));
    assert_eq!(grafana(&script).create_org("Acme", OWNER).await.expect("an id"), 4);
    let asked = &script.asked()[0];
    assert_eq!(asked.body, json!({ "name": "Acme [demo/acme-7f3a9c]" }));
    assert_eq!(asked.headers["authorization"], "Basic YWRtaW46aHVudGVyMg==");
}

#[tokio::test]
async fn what_appeared_meanwhile_is_looked_for_again() {
    let taken = json!({ "message": "Organization name taken" });
    let fault = grafana(&script().answer(409, &taken)).create_org("Acme", OWNER).await.expect_err("taken");
    assert_eq!(fault.kind, Kind::Transient);
}

#[tokio::test]
async fn a_listing_goes_on_while_its_parts_are_full() {
    let full: Vec<_> = (0..100).map(|id| json!({ "id": id, "name": format!("Org {id}") })).collect();
    let script = script().answer(200, &json!(full)).answer(200, &json!([]));
    let grafana = grafana(&script);
    let first = grafana.orgs(None).await.expect("a part");
    assert_eq!((first.items.len(), first.next.as_deref()), (100, Some("1")));
    assert_eq!(grafana.orgs(first.next.as_deref()).await.expect("a part").next, None);
    assert_eq!(script.lines(), ["GET /api/orgs?page=0&perpage=100", "GET /api/orgs?page=1&perpage=100"]);
}

#[tokio::test]
async fn a_user_begins_in_its_own_organisation() {
    let script = script().answer(200, &json!({ "id": 7, "message": "User created" }));
    let password = SecretString::from("correct horse");
    let (login, email) = ("acme-7f3a9c", "owner@acme.example");
    let new = NewUser { login, email, name: "Acme", owner: OWNER, org: 4, password: &password };
    assert_eq!(grafana(&script).create_user(&new).await.expect("an id"), 7);
    let body = &script.asked()[0].body;
    assert_eq!((&body["orgId"], &body["name"]), (&json!(4), &json!("Acme [demo/acme-7f3a9c]")));
}

#[tokio::test]
async fn a_password_is_never_repeated() {
    let said = json!({ "message": "password 'correct horse' is too long" });
    let script = script().answer(400, &said).answer(412, &said);
    let password = SecretString::from("correct horse");
    let new = NewUser { login: "a", email: "b", name: "c", owner: OWNER, org: 4, password: &password };
    for kind in [Kind::Terminal, Kind::Transient] {
        let fault = grafana(&script).create_user(&new).await.expect_err("refused");
        assert_eq!(fault.kind, kind);
        assert!(!format!("{fault:?}").contains("horse"), "{fault:?}");
    }
    assert!(!format!("{new:?}{:?}", grafana(&script)).contains("hunter2"));
    let fault = Admin::read(&SecretString::from(r#"{"user": "admin", "password": ["hunter2"]}"#));
    assert!(!format!("{:?}", fault.expect_err("no text")).contains("hunter2"));
}

#[tokio::test]
async fn a_user_is_confined_to_one_organisation() {
    let done = json!({ "message": "done" });
    let script = script()
        .answer(200, &json!([{ "orgId": 1, "name": "Main Org.", "role": "Editor" }]))
        .answer(200, &done)
        .answer(404, &json!({ "message": "gone" }));
    grafana(&script).confine_user(&viewer(), 4).await.expect("confined");
    assert_eq!(
        script.lines(),
        ["GET /api/users/7/orgs", "POST /api/orgs/4/users", "DELETE /api/orgs/1/users/7"]
    );
    assert_eq!(script.asked()[1].body, json!({ "loginOrEmail": "acme-7f3a9c", "role": "Viewer" }));
}

#[rstest]
#[case::is_there_already(json!([{ "orgId": 4, "name": "Acme", "role": "Viewer" }]), &["GET /api/users/7/orgs"])]
#[case::with_too_many_rights(
    json!([{ "orgId": 4, "name": "Acme", "role": "Admin" }]),
    &["GET /api/users/7/orgs", "PATCH /api/orgs/4/users/7"]
)]
#[tokio::test]
async fn who_is_a_member_becomes_a_viewer(#[case] memberships: serde_json::Value, #[case] lines: &[&str]) {
    let script = script().answer(200, &memberships).answer(200, &json!({ "message": "done" }));
    grafana(&script).confine_user(&viewer(), 4).await.expect("confined");
    assert_eq!(script.lines(), lines);
}

#[tokio::test]
async fn who_was_added_meanwhile_becomes_a_viewer() {
    let script = script()
        .answer(200, &json!([]))
        .answer(409, &json!({ "message": "User is already member of this organization" }))
        .answer(200, &json!({ "message": "done" }));
    grafana(&script).confine_user(&viewer(), 4).await.expect("confined");
    assert_eq!(script.lines()[2], "PATCH /api/orgs/4/users/7");
}

#[tokio::test]
async fn a_login_that_is_anothers_address_of_mail_is_nobody() {
    let other = json!({ "id": 9, "login": "bob", "email": "acme-7f3a9c", "name": "Bob" });
    assert_eq!(
        grafana(&script().answer(200, &other)).find_user("acme-7f3a9c").await.expect("an answer"),
        None
    );
}

#[tokio::test]
async fn what_is_gone_can_be_deleted() {
    let gone = json!({ "message": "not found" });
    let script = script().answer(404, &gone).answer(404, &gone);
    grafana(&script).delete_user(7).await.expect("gone");
    grafana(&script).delete_org(4).await.expect("gone");
}

fn source() -> DataSource {
    let only = Only { label: "namespace".to_owned(), value: "e-commerce-acme".to_owned() };
    let (uid, name, url) = ("tenant".to_owned(), "Metrics".to_owned(), "http://proxy:9091".to_owned());
    DataSource { uid, name, url, only: Some(only) }
}

fn told(url: &str) -> serde_json::Value {
    json!({
        "uid": "tenant", "name": "Metrics", "url": url, "type": "prometheus",
        "jsonData": { "httpMethod": "POST", "customQueryParameters": "namespace=e-commerce-acme" },
    })
}

#[tokio::test]
async fn a_data_source_is_made_once_and_changed_when_it_differs() {
    let added = json!({ "id": 1, "name": "Metrics", "message": "done", "datasource": {} });
    let script = script()
        .answer(404, &json!({ "message": "none" }))
        .answer(200, &added)
        .answer(200, &told("http://proxy:9091"))
        .answer(200, &told("http://elsewhere"))
        .answer(200, &added);
    for _ in 0..3 {
        grafana(&script).put_data_source(4, &source()).await.expect("a data source");
    }
    let found = "GET /api/datasources/uid/tenant";
    assert_eq!(
        script.lines(),
        [found, "POST /api/datasources", found, found, "PUT /api/datasources/uid/tenant"]
    );
    let asked = &script.asked()[1];
    assert_eq!(asked.headers["x-grafana-org-id"], "4");
    assert_eq!(asked.body["jsonData"]["customQueryParameters"], "namespace=e-commerce-acme");
    assert_eq!(asked.body["access"], "proxy");
}

#[tokio::test]
async fn a_dashboard_is_replaced_in_its_folder() {
    let saved =
        json!({ "id": 1, "uid": "tenant", "status": "success", "title": "t", "url": "/d/t", "version": 2 });
    let script = script()
        .answer(404, &json!({ "message": "folder not found" }))
        .answer(200, &json!({ "uid": "tenant" }))
        .answer(200, &json!({ "uid": "tenant" }))
        .answer(200, &saved);
    let grafana = grafana(&script);
    for _ in 0..2 {
        grafana.put_folder(4, "tenant", "Acme").await.expect("a folder");
    }
    let dashboard = json!({ "uid": "tenant", "title": "Acme", "panels": [] });
    grafana.put_dashboard(4, "tenant", &dashboard).await.expect("a dashboard");
    let asked = script.asked();
    assert_eq!(asked[3].body, json!({ "dashboard": dashboard, "folderUid": "tenant", "overwrite": true }));
    assert!(asked.iter().all(|asked| asked.headers["x-grafana-org-id"] == "4"));
}

#[rstest]
#[case::wrong_password(401, "does not know")]
#[case::no_admin(403, "must be a Grafana server admin")]
#[tokio::test]
async fn who_may_not_is_told_what_to_do(#[case] status: u16, #[case] hint: &str) {
    let script = script().answer(status, &json!({ "message": "no" }));
    let fault = grafana(&script).orgs(None).await.expect_err("refused");
    assert_eq!(fault.kind, Kind::Terminal);
    assert!(fault.hint.is_some_and(|said| said.contains(hint)));
}

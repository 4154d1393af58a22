//! What we ask of Neon, and what we make of its answers; both as its own document has them.

use fault::{Actor, Kind};
use openapi::{Closed, Document, Script};
use secrets::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::*;

const PROJECT: &str = "shiny-wind-028834";
const BRANCH: &str = "br-noisy-sunset-458773";
const ENDPOINT: &str = "ep-small-pine-767857";
const AT: &str = "2026-11-21T08:00:00Z";
const COMPUTE: Compute = Compute { min_cu: 0.25, max_cu: 2.0 };

fn script() -> Script {
    Script::new(vec![Document::load("neon.json")])
}

fn neon(script: &Script) -> Neon {
    Neon::new(script.http(), URL, SecretString::from("napi_key"), None).expect("an address")
}

fn branch(id: &str, name: &str) -> Value {
    json!({
        "id": id, "project_id": PROJECT, "name": name, "current_state": "ready", "state_changed_at": AT,
        "creation_source": "console", "default": false, "protected": false, "cpu_used_sec": 0,
        "compute_time_seconds": 0, "active_time_seconds": 0, "written_data_bytes": 0, "data_transfer_bytes": 0,
        "created_at": AT, "updated_at": AT,
    })
}

fn annotation(id: &str, owner: &str) -> Value {
    json!({ "object": { "type": "console/branch", "id": id }, "value": { "tenantry_owner": owner } })
}

fn endpoint(kind: &str) -> Value {
    json!({
        "host": "ep-small-pine-767857.us-east-2.aws.neon.tech", "id": ENDPOINT, "project_id": PROJECT,
        "branch_id": BRANCH, "autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2,
        "region_id": "aws-us-east-2", "type": kind, "current_state": "active", "settings": {},
        "pooler_enabled": false, "pooler_mode": "transaction", "disabled": false, "passwordless_access": true,
        "creation_source": "console", "created_at": AT, "updated_at": AT, "proxy_host": "us-east-2.aws.neon.tech",
        "suspend_timeout_seconds": 0, "provisioner": "k8s-neonvm",
    })
}

fn operation(branch: &str, status: &str) -> Value {
    json!({
        "id": "2c2be371-d5ac-4db5-8b68-79f05e8bc287", "project_id": PROJECT, "branch_id": branch,
        "action": "start_compute", "status": status, "failures_count": 0, "created_at": AT, "updated_at": AT,
        "total_duration_ms": 100,
    })
}

fn project(id: &str, name: &str, created_at: &str) -> Value {
    json!({
        "id": id, "platform_id": "aws", "region_id": "aws-us-east-2", "name": name, "pg_version": 17,
        "created_at": created_at, "updated_at": created_at, "owner_id": "org-1", "creation_source": "console",
        "proxy_host": "aws-us-east-2.aws.neon.tech", "provisioner": "k8s-neonvm", "store_passwords": true,
        "history_retention_seconds": 86400, "branch_logical_size_limit": 8192,
        "branch_logical_size_limit_bytes": 8_589_934_592_u64, "consumption_period_start": AT,
        "consumption_period_end": AT, "active_time": 0, "active_time_seconds": 0, "compute_time_seconds": 0, "cpu_used_sec": 0,
        "written_data_bytes": 0, "data_transfer_bytes": 0, "data_storage_bytes_hour": 0,
    })
}

fn refusal(code: &str) -> Value {
    json!({ "request_id": "0c1d", "code": code, "message": "no" })
}

fn new() -> NewBranch<'static> {
    let (name, owner) = ("acme-7f3a9c", "demo/acme-7f3a9c");
    NewBranch { name, owner, parent: Some("br-parent"), init: Init::SchemaOnly, compute: COMPUTE }
}

#[tokio::test]
async fn a_branch_is_found_by_its_whole_name_on_any_page() {
    let script = script()
        .answer(
            200,
            &json!({
                "branches": [branch("br-1", "acme-7f3a9c-old")], "annotations": {},
                "pagination": { "next": "more", "sort_by": "created_at", "sort_order": "asc" },
            }),
        )
        .answer(
            200,
            &json!({
                "branches": [branch(BRANCH, "acme-7f3a9c")],
                "annotations": { BRANCH: annotation(BRANCH, "demo/acme-7f3a9c") },
                "pagination": { "sort_by": "created_at", "sort_order": "asc" },
            }),
        );
    let found =
        neon(&script).find_branch(PROJECT, "acme-7f3a9c").await.expect("an answer").expect("a branch");
    assert_eq!((found.id.as_str(), found.owner.as_deref()), (BRANCH, Some("demo/acme-7f3a9c")));
    let listing = format!(
        "GET /api/v2/projects/{PROJECT}/branches?limit=100&sort_by=created_at&sort_order=asc&search=acme-7f3a9c"
    );
    assert_eq!(script.lines(), [listing.clone(), format!("{listing}&cursor=more")]);
    assert_eq!(script.asked()[0].headers["authorization"], "Bearer napi_key");
}

#[tokio::test]
async fn a_branch_with_a_name_that_only_contains_ours_is_none() {
    let script =
        script().answer(200, &json!({ "branches": [branch("br-1", "acme-7f3a9c-2")], "annotations": {} }));
    assert_eq!(neon(&script).find_branch(PROJECT, "acme-7f3a9c").await.expect("an answer"), None);
}

#[tokio::test]
async fn branches_are_listed_with_their_owners() {
    let script = script().answer(
        200,
        &json!({
            "branches": [branch("br-1", "main"), branch("br-2", "a")],
            "annotations": { "br-2": annotation("br-2", "demo/a") },
        }),
    );
    let part = neon(&script).branches(PROJECT, None).await.expect("an answer");
    let owners: Vec<_> = part.items.iter().map(|branch| branch.owner.as_deref()).collect();
    assert_eq!((owners, part.next), (vec![None, Some("demo/a")], None));
}

#[tokio::test]
async fn a_branch_is_made_with_an_endpoint_and_its_owner() {
    let made = json!({
        "branch": branch(BRANCH, "acme-7f3a9c"), "endpoints": [endpoint("read_write")],
        "operations": [operation(BRANCH, "running")], "roles": [], "databases": [],
    });
    let script = script().answer(201, &made);
    let branch = neon(&script).create_branch(PROJECT, &new()).await.expect("a branch");
    assert_eq!((branch.id.as_str(), branch.owner.as_deref()), (BRANCH, Some("demo/acme-7f3a9c")));
    assert_eq!(
        script.asked()[0].body,
        json!({
            "branch": { "name": "acme-7f3a9c", "parent_id": "br-parent", "init_source": "schema-only" },
            "endpoints": [{ "type": "read_write", "autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2.0 }],
            "annotation_value": { "tenantry_owner": "demo/acme-7f3a9c" },
        })
    );
}

#[tokio::test]
async fn a_branch_that_appeared_meanwhile_is_looked_for_again() {
    let script = script().answer(409, &refusal("BRANCH_ALREADY_EXISTS"));
    let fault = neon(&script).create_branch(PROJECT, &new()).await.expect_err("a twin was quicker");
    assert_eq!(fault.kind, Kind::Transient);
}

#[tokio::test]
async fn a_project_still_at_work_is_waited_for() {
    let script = script().answer(423, &refusal("LOCKED")).answer(423, &refusal("LOCKED"));
    let made = neon(&script).create_branch(PROJECT, &new()).await.expect_err("locked");
    let deleted = neon(&script).delete_branch(PROJECT, BRANCH).await.expect_err("locked");
    assert_eq!((made.kind, deleted.kind), (Kind::NotReady, Kind::NotReady));
    assert_eq!(made.request_id.as_deref(), Some("0c1d"));
}

#[tokio::test]
async fn deleting_what_is_gone_is_success() {
    let script = script().answer_with(204, &[], "").answer(404, &refusal("NOT_FOUND"));
    neon(&script).delete_branch(PROJECT, BRANCH).await.expect("gone");
    neon(&script).delete_project(PROJECT).await.expect("gone");
}

#[tokio::test]
async fn a_key_that_neon_does_not_know_is_ours_to_mend_and_not_shown() {
    let script = script().answer(401, &refusal("UNAUTHORIZED"));
    let fault = neon(&script).branches(PROJECT, None).await.expect_err("refused");
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us));
    assert!(fault.hint.is_some());
    let shown = format!("{fault:?} {:?}", neon(&script));
    assert!(!shown.contains("napi_key"), "{shown}");
}

#[tokio::test]
async fn only_the_branchs_own_operations_count() {
    let script = script()
        .answer(
            200,
            &json!({ "operations": [operation("br-other", "running"), operation(BRANCH, "finished")],
            "pagination": { "cursor": AT } }),
        )
        .answer(
            200,
            &json!({ "operations": [operation(BRANCH, "scheduling")], "pagination": { "cursor": AT } }),
        );
    assert_eq!(neon(&script).work(PROJECT, BRANCH).await.expect("no failure"), Work::Done);
    let running = Work::Running { action: "start_compute".to_owned() };
    assert_eq!(neon(&script).work(PROJECT, BRANCH).await.expect("no failure"), running);
}

#[tokio::test]
async fn the_endpoint_is_the_one_that_writes() {
    let script =
        script().answer(200, &json!({ "endpoints": [endpoint("read_only"), endpoint("read_write")] }));
    let found = neon(&script).find_endpoint(PROJECT, BRANCH).await.expect("an answer").expect("an endpoint");
    assert_eq!((found.id.as_str(), found.compute, found.disabled), (ENDPOINT, COMPUTE, false));
    assert!(found.awake);
}

#[tokio::test]
async fn an_endpoint_that_waits_for_a_connection_sleeps() {
    let mut idle = endpoint("read_write");
    idle["current_state"] = json!("idle");
    let script = script().answer(200, &json!({ "endpoints": [idle] }));
    let found = neon(&script).find_endpoint(PROJECT, BRANCH).await.expect("an answer").expect("an endpoint");
    assert!(!found.awake);
}

#[tokio::test]
async fn an_endpoint_is_resized_disabled_and_suspended() {
    let changed = json!({ "endpoint": endpoint("read_write"), "operations": [] });
    let script = script().answer(200, &changed).answer(200, &changed).answer(200, &changed);
    let neon = neon(&script);
    neon.set_compute(PROJECT, ENDPOINT, Compute { min_cu: 1.0, max_cu: 4.0 }).await.expect("resized");
    neon.disable_endpoint(PROJECT, ENDPOINT, true).await.expect("disabled");
    neon.suspend_endpoint(PROJECT, ENDPOINT).await.expect("suspended");
    let bodies: Vec<Value> = script.asked().into_iter().map(|asked| asked.body).collect();
    let resized = json!({ "endpoint": { "autoscaling_limit_min_cu": 1.0, "autoscaling_limit_max_cu": 4.0 } });
    assert_eq!(bodies, [resized, json!({ "endpoint": { "disabled": true } }), Value::Null]);
}

#[tokio::test]
async fn a_role_and_a_database_are_looked_for_and_made() {
    let role = json!({ "branch_id": BRANCH, "name": "acme", "password": "Onf1AjayKwe0", "created_at": AT, "updated_at": AT });
    let told = json!({ "id": 1, "branch_id": BRANCH, "name": "shop", "owner_name": "acme", "created_at": AT, "updated_at": AT });
    let script = script()
        .answer(404, &refusal("ROLE_NOT_FOUND"))
        .answer(201, &json!({ "role": role, "operations": [] }))
        .answer(200, &json!({ "role": role }))
        .answer(404, &refusal("DATABASE_NOT_FOUND"))
        .answer(201, &json!({ "database": told, "operations": [] }))
        .answer(200, &json!({ "database": told }));
    let neon = neon(&script);
    let shop = Database { name: "shop".to_owned(), owner: "acme".to_owned() };
    assert!(!neon.has_role(PROJECT, BRANCH, "acme").await.expect("an answer"));
    neon.create_role(PROJECT, BRANCH, "acme").await.expect("made");
    assert!(neon.has_role(PROJECT, BRANCH, "acme").await.expect("an answer"));
    assert_eq!(neon.find_database(PROJECT, BRANCH, "shop").await.expect("an answer"), None);
    neon.create_database(PROJECT, BRANCH, &shop).await.expect("made");
    assert_eq!(neon.find_database(PROJECT, BRANCH, "shop").await.expect("an answer"), Some(shop));
}

#[tokio::test]
async fn a_connection_uri_names_its_branch_and_is_a_secret() {
    let script = script().answer(200, &json!({ "uri": "postgresql://acme:hunter2@host/shop" }));
    let uri = neon(&script).connection_uri(PROJECT, BRANCH, "shop", "acme", true).await.expect("an answer");
    assert_eq!(uri.expose_secret(), "postgresql://acme:hunter2@host/shop");
    let query = format!("branch_id={BRANCH}&database_name=shop&role_name=acme&pooled=true");
    assert_eq!(script.lines(), [format!("GET /api/v2/projects/{PROJECT}/connection_uri?{query}")]);
}

#[tokio::test]
async fn a_project_carries_its_owner_in_its_name() {
    let told = project(PROJECT, "acme-7f3a9c [demo/acme-7f3a9c]", AT);
    let made = json!({
        "project": told, "branch": branch("br-1", "main"), "endpoints": [], "roles": [], "databases": [], "operations": [],
        "connection_uris": [],
    });
    let script = script().answer(201, &made);
    let (name, owner, role, database) = ("acme-7f3a9c", "demo/acme-7f3a9c", "acme", "shop");
    let new =
        NewProject { name, owner, region: "aws-us-east-2", postgres: 17, role, database, compute: COMPUTE };
    let project = neon(&script).create_project(&new).await.expect("a project");
    assert_eq!((project.name.as_str(), project.owner.as_deref()), (name, Some(owner)));
    assert_eq!(script.asked()[0].body["project"]["name"], "acme-7f3a9c [demo/acme-7f3a9c]");
}

#[tokio::test]
async fn of_two_projects_of_a_name_the_older_is_found() {
    let ours = "acme [demo/acme]";
    let script = script()
        .answer(
            200,
            &json!({
                "projects": [project("p-2", ours, "2026-11-21T08:00:02Z"), project("p-3", "acme", AT)],
                "pagination": { "cursor": "p-3" },
            }),
        )
        .answer(
            200,
            &json!({ "projects": [project("p-1", ours, "2026-11-21T08:00:01Z")], "pagination": { "cursor": "p-1" } }),
        )
        .answer(200, &json!({ "projects": [], "pagination": { "cursor": "p-1" } }));
    let found = neon(&script).find_project("acme", "demo/acme").await.expect("an answer");
    assert_eq!(found.expect("a project").id, "p-1");
    assert_eq!(script.lines()[0], "GET /api/v2/projects?limit=100&search=acme+%5Bdemo%2Facme%5D");
}

#[tokio::test]
async fn a_listing_with_gaps_proves_no_absence() {
    let script = script().answer(200, &json!({ "projects": [], "unavailable_project_ids": ["p-1"] }));
    let fault = neon(&script).find_project("acme", "demo/acme").await.expect_err("who knows");
    assert_eq!(fault.kind, Kind::Transient);
}

/// Whoever follows it would never come to its end.
#[tokio::test]
async fn a_listing_that_leads_back_to_the_same_part_is_left() {
    let projects = json!({ "projects": [project("p-1", "another", AT)], "pagination": { "cursor": "p-1" } });
    let branches = json!({
        "branches": [branch("br-1", "main")], "annotations": {}, "pagination": { "next": "br-1" },
    });
    let circle = |part: &Value| script().answer(200, part).answer(200, part);
    let project = neon(&circle(&projects)).find_project("acme", "demo/acme").await.map(|_| ());
    let branch = neon(&circle(&branches)).find_branch(PROJECT, "acme").await.map(|_| ());
    for lost in [project, branch] {
        assert_eq!(lost.expect_err("who knows").kind, Kind::Transient);
    }
}

#[tokio::test]
async fn an_organisation_is_named_where_projects_are() {
    let script = script().answer(200, &json!({ "projects": [] }));
    let neon = Neon::new(script.http(), URL, SecretString::from("k"), Some("org-cool-1".to_owned()));
    neon.expect("an address").projects(None).await.expect("an answer");
    assert_eq!(script.lines(), ["GET /api/v2/projects?limit=100&org_id=org-cool-1"]);
}

#[tokio::test]
async fn nothing_is_sent_that_the_governor_does_not_let_through() {
    let script = script();
    let neon = neon(&script).governed(Arc::new(Closed));
    assert_eq!(neon.find_branch(PROJECT, "acme").await.expect_err("closed").cause, "calls of neon");
    assert_eq!(neon.delete_branch(PROJECT, BRANCH).await.expect_err("closed").cause, "calls of neon");
    assert!(script.lines().is_empty());
}

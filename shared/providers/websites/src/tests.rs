//! What we ask of the service, and what we make of its answers; both as its document has them.

mod world;

use openapi::{Document, Script};
use serde_json::{Value, json};

use super::*;

const URL: &str = "http://websites-service.e-commerce-shared.svc.cluster.local:8080/api/v1";
const OWNER: &str = "acme-7f3a9c";

fn script() -> Script {
    Script::new(vec![Document::load("websites.json")])
}

fn websites(script: &Script) -> Websites {
    Websites::new(script.http(), URL, SecretString::from("hunter2")).expect("an address")
}

fn website(owner: &str, status: &str) -> Value {
    json!({
        "id": 789, "name": "Acme Store", "domain": "acme.collectverything.com", "tenant_id": owner,
        "subscription_id": null, "tier": "premium", "status": status, "created_at": "2026-11-21T08:00:00Z",
        "updated_at": "2026-11-21T08:00:00Z", "deleted_at": null,
    })
}

fn listing(websites: &[Value]) -> Value {
    json!({ "data": websites, "page": 1, "per_page": 100, "total": websites.len() })
}

fn new() -> NewWebsite<'static> {
    let (name, domain) = ("Acme Store", "acme.collectverything.com");
    NewWebsite { name, domain, owner: OWNER, subscription: Some("sub_abc123"), tier: "premium" }
}

#[tokio::test]
async fn a_record_is_found_by_its_owner_alone() {
    let found = listing(&[website("acme-7f3a9c-2", "active"), website(OWNER, "active")]);
    let script = script().answer(200, &found).answer(200, &listing(&[]));
    let website = websites(&script).find(OWNER).await.expect("an answer").expect("a record");
    assert_eq!((website.id, website.owner.as_str()), (789, OWNER));
    assert_eq!(websites(&script).find(OWNER).await.expect("an answer"), None);
    assert_eq!(script.lines()[0], "GET /api/v1/websites?tenant_id=acme-7f3a9c");
    assert_eq!(script.asked()[0].headers["authorization"], "Bearer hunter2");
}

#[tokio::test]
async fn a_new_record_is_active() {
    let script = script().answer(201, &website(OWNER, "active"));
    assert_eq!(websites(&script).create(&new()).await.expect("a record").status, Status::Active);
    assert_eq!(
        script.asked()[0].body,
        json!({
            "name": "Acme Store", "domain": "acme.collectverything.com", "tenant_id": OWNER,
            "subscription_id": "sub_abc123", "tier": "premium", "status": "active",
        })
    );
}

#[tokio::test]
async fn a_duplicate_is_looked_for_again() {
    let script = script().answer(409, &json!({ "message": "The tenant has a website." }));
    let fault = websites(&script).create(&new()).await.expect_err("a duplicate");
    assert_eq!(fault.kind, Kind::Transient);
    assert!(fault.hint.is_some_and(|hint| hint.contains("acme.collectverything.com")));
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let script = script()
        .answer(200, &website(OWNER, "deprovisioning"))
        .answer(404, &json!({ "message": "There is no such website." }));
    let change = Change { status: Some(Status::Deprovisioning), ..Change::default() };
    let changed = websites(&script).change(789, &change).await.expect("an answer").expect("a record");
    assert_eq!(changed.status, Status::Deprovisioning);
    assert_eq!(script.asked()[0].body, json!({ "status": "deprovisioning" }));
    assert_eq!(websites(&script).change(789, &change).await.expect("an answer"), None);
}

#[tokio::test]
async fn what_is_gone_can_be_deleted() {
    let script =
        script().answer_with(204, &[], "").answer(404, &json!({ "message": "There is no such website." }));
    for _ in 0..2 {
        websites(&script).delete(789).await.expect("gone");
    }
}

#[tokio::test]
async fn a_listing_goes_on_while_its_parts_are_full() {
    let full: Vec<Value> = (0..100).map(|n| website(&format!("t-{n}"), "active")).collect();
    let script = script().answer(200, &listing(&full)).answer(200, &listing(&[]));
    let websites = websites(&script);
    let first = websites.list(None).await.expect("a part");
    assert_eq!(first.next.as_deref(), Some("2"));
    assert_eq!(websites.list(first.next.as_deref()).await.expect("a part").next, None);
}

#[tokio::test]
async fn a_wrong_token_is_told_without_it() {
    let script = script().answer(401, &json!({ "message": "Unauthenticated." }));
    let fault = websites(&script).find(OWNER).await.expect_err("refused");
    assert!(fault.kind == Kind::Terminal && fault.hint.is_some(), "{fault:?}");
    assert!(!format!("{fault:?}{:?}", websites(&script)).contains("hunter2"));
}

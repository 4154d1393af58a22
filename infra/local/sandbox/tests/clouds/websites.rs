use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bed::{World, request};

const URL: &str = "http://websites-service.e-commerce-shared.svc.cluster.local:8080/api/v1/websites";

fn order(tenant: &str, domain: &str) -> Value {
    json!({ "name": "Store", "domain": domain, "tenant_id": tenant, "tier": "premium", "status": "active" })
}

#[test]
fn a_tenant_has_one_website() {
    let mut world = World::new();
    let made = world.post(URL, &order("t-1", "a.example"));
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(world.post(URL, &order("t-1", "b.example")).status, StatusCode::CONFLICT);
    assert_eq!(world.post(URL, &order("t-2", "a.example")).status, StatusCode::CONFLICT);
    let found = world.get(&format!("{URL}?tenant_id=t-1"));
    assert_eq!((&found.body["total"], &found.body["data"][0]["id"]), (&json!(1), &made.body["id"]));
    assert_eq!(world.get(&format!("{URL}?tenant_id=t-2")).body["total"], 0);
}

#[test]
fn what_is_deleted_is_found_by_nobody_and_frees_its_names() {
    let mut world = World::new();
    let id = world.post(URL, &order("t-1", "a.example")).body["id"].clone();
    let one = format!("{URL}/{id}");
    let leaving = world.call(Method::PATCH, &one, &json!({ "status": "deprovisioning" }));
    assert_eq!(leaving.body["status"], "deprovisioning");
    assert_eq!(world.delete(&one).status, StatusCode::NO_CONTENT);
    assert_eq!(world.delete(&one).status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(&one).status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(&format!("{URL}?tenant_id=t-1")).body["total"], 0);
    assert!(world.clouds.things(world.now).is_empty());
    assert_eq!(world.post(URL, &order("t-1", "a.example")).status, StatusCode::CREATED);
}

#[test]
fn a_record_is_checked() {
    let mut world = World::new();
    let mut order = order("t-1", "a.example");
    order["status"] = json!("deleted");
    assert_eq!(world.post(URL, &order).status, StatusCode::UNPROCESSABLE_ENTITY);
    order.as_object_mut().unwrap().remove("status");
    assert_eq!(world.post(URL, &order).status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(world.clouds.things(world.now).is_empty());
}

#[test]
fn nobody_is_let_in_without_the_token() {
    let mut world = World::new();
    for token in [None, Some("a guess"), Some("")] {
        let answer = world.send(&request(Method::GET, URL, token, &Value::Null));
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

use http::StatusCode;
use serde_json::{Value, json};

use crate::bed::{SECRETS, World};

#[test]
fn a_secret_has_no_value_until_a_version_is_added() {
    let mut world = World::new();
    let order = json!({"replication": {"automatic": {}}, "labels": {"tenant": "t-1"}});
    let made = world.post(&format!("{SECRETS}?secretId=t-1-db"), &order);
    assert_eq!(made.status, StatusCode::OK);
    assert!(!made.body["name"].as_str().unwrap().contains("acme"), "the project is named by its number");
    let latest = format!("{SECRETS}/t-1-db/versions/latest:access");
    assert_eq!(world.get(&latest).status, StatusCode::NOT_FOUND);
    for value in ["Zmlyc3Q=", "c2Vjb25k"] {
        let added = world.post(&format!("{SECRETS}/t-1-db:addVersion"), &json!({"payload": {"data": value}}));
        assert_eq!(added.body["state"], "ENABLED");
        assert_eq!(world.get(&latest).body["payload"]["data"], value);
    }
    let versions = world.get(&format!("{SECRETS}/t-1-db/versions")).body;
    assert_eq!(versions["totalSize"], 2, "adding is not idempotent");
    world.post(&format!("{SECRETS}/t-1-db/versions/2:destroy"), &json!({}));
    assert_eq!(
        world.get(&latest).body["error"]["status"],
        "FAILED_PRECONDITION",
        "latest is the newest, not the best"
    );
}

#[test]
fn names_are_unique_and_what_is_gone_is_missing() {
    let mut world = World::new();
    let order = json!({"replication": {"automatic": {}}});
    let url = format!("{SECRETS}?secretId=t-1-db");
    world.post(&url, &order);
    let again = world.post(&url, &order);
    assert_eq!(
        (again.status, &again.body["error"]["status"]),
        (StatusCode::CONFLICT, &json!("ALREADY_EXISTS"))
    );
    assert_eq!(world.delete(&format!("{SECRETS}/t-1-db")).status, StatusCode::OK);
    let missing = world.delete(&format!("{SECRETS}/t-1-db"));
    assert_eq!(
        (missing.status, &missing.body["error"]["status"]),
        (StatusCode::NOT_FOUND, &json!("NOT_FOUND"))
    );
    let bad_name = world.post(&format!("{SECRETS}?secretId=t.1"), &order);
    assert_eq!(bad_name.status, StatusCode::BAD_REQUEST);
    let bad_label = json!({"replication": {"automatic": {}}, "labels": {"owner": "Acme/t-1"}});
    assert_eq!(world.post(&format!("{SECRETS}?secretId=t-2"), &bad_label).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_policy_is_replaced_unless_its_etag_is_stale() {
    let mut world = World::new();
    world.secret("t-1-db", "postgresql://");
    let read = world.get(&format!("{SECRETS}/t-1-db:getIamPolicy")).body;
    assert_eq!(read["bindings"].as_array().unwrap().len(), 1);
    let url = format!("{SECRETS}/t-1-db:setIamPolicy");
    let mut policy = read.clone();
    policy["bindings"] = json!([]);
    assert_eq!(world.post(&url, &json!({"policy": policy})).status, StatusCode::OK);
    let stale = world.post(&url, &json!({"policy": read}));
    assert_eq!((stale.status, &stale.body["error"]["status"]), (StatusCode::CONFLICT, &json!("ABORTED")));
    let empty = world.get(&format!("{SECRETS}/t-1-db:getIamPolicy")).body;
    assert_eq!(empty.get("bindings"), None::<&Value>);
}

#[test]
fn lists_come_in_pages() {
    let mut world = World::new();
    for name in ["a", "b", "c"] {
        let labels = json!({"tenant": name});
        world.post(
            &format!("{SECRETS}?secretId={name}"),
            &json!({"replication": {"automatic": {}}, "labels": labels}),
        );
    }
    let first = world.get(&format!("{SECRETS}?pageSize=2")).body;
    assert_eq!(first["secrets"].as_array().unwrap().len(), 2);
    let rest = world
        .get(&format!("{SECRETS}?pageSize=2&pageToken={}", first["nextPageToken"].as_str().unwrap()))
        .body;
    assert_eq!(rest["secrets"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextPageToken").is_none());
    assert_eq!(
        world.get(&format!("{SECRETS}?filter=labels.tenant=b")).body["secrets"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_value_is_held_against_the_checksum_that_comes_with_it() {
    let mut world = World::new();
    world.post(&format!("{SECRETS}?secretId=t-1"), &json!({"replication": {"automatic": {}}}));
    let mut add = |checksum: &str| {
        let payload = json!({"data": "MTIzNDU2Nzg5", "dataCrc32c": checksum});
        world.post(&format!("{SECRETS}/t-1:addVersion"), &json!({"payload": payload}))
    };
    // The check value of CRC-32C: that of "123456789".
    let right = add("3808858755");
    assert_eq!((right.status, &right.body["clientSpecifiedPayloadChecksum"]), (StatusCode::OK, &json!(true)));
    assert_eq!(add("3808858756").status, StatusCode::BAD_REQUEST);
    let told = world.get(&format!("{SECRETS}/t-1/versions/latest:access")).body;
    assert_eq!(told["payload"]["dataCrc32c"], "3808858755");
}

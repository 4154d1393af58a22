use http::{Method, StatusCode};
use sandbox::clouds::Settings;
use serde_json::{Value, json};

use crate::bed::{IMAGE, NEON, SECRETS, SERVICES, World, request, service};

/// The state of a service's `terminalCondition`, and its operation once it is done.
fn settled(world: &mut World, operation: &Value) -> (String, Value) {
    let name = operation["name"].as_str().unwrap();
    let operation = world.get(&format!("https://run.googleapis.com/v2/{name}")).body;
    let service = world.get(&format!("{SERVICES}/t-1")).body;
    (service["terminalCondition"]["state"].as_str().unwrap_or_default().to_owned(), operation)
}

#[test]
fn a_service_becomes_ready_later_and_then_serves() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let uri = world.connection_uri(&branch);
    world.secret("t-1-db", &uri);
    let created = world.post(&format!("{SERVICES}?serviceId=t-1"), &service("t-1"));
    assert!(created.body.get("done").is_none());
    let (state, operation) = settled(&mut world, &created.body);
    assert_eq!((state.as_str(), operation.get("done")), ("CONDITION_RECONCILING", None));
    assert!(world.get(&format!("{SERVICES}/t-1")).body.get("uri").is_none());
    world.later(15_000);
    let (state, operation) = settled(&mut world, &created.body);
    assert_eq!((state.as_str(), &operation["done"]), ("CONDITION_SUCCEEDED", &json!(true)));
    assert_eq!(operation["response"]["@type"], "type.googleapis.com/google.cloud.run.v2.Service");
    let shown = world.get(&format!("{SERVICES}/t-1")).body;
    assert_eq!(shown["reconciling"], false);
    assert!(shown["latestReadyRevision"].as_str().unwrap().contains("/revisions/t-1-00001-"));
    let health = format!("{}/health", shown["uri"].as_str().unwrap());
    let answer = world.send(&request(Method::GET, &health, None, &Value::Null));
    assert_eq!((answer.status, answer.response.body().as_ref()), (StatusCode::OK, &b"OK"[..]));
}

#[test]
fn a_revision_waits_for_nobody() {
    // No secret, then no right to it, then no database, then no image.
    let images = Some(vec![IMAGE.to_owned()]);
    let mut world = World::with(&Settings { images, ..Settings::default() });
    let failure = |world: &mut World, order: &Value| {
        let update = world.call(Method::PATCH, &format!("{SERVICES}/t-1?allowMissing=true"), order);
        assert_eq!(update.status, StatusCode::OK, "{update:?}");
        world.later(15_000);
        let (state, operation) = settled(world, &update.body);
        assert_eq!(state, "CONDITION_FAILED");
        operation["error"]["message"].as_str().unwrap().to_owned()
    };
    let order = service("t-1");
    assert!(failure(&mut world, &order).ends_with("/secrets/t-1-db/versions/latest was not found"));
    world.secret("t-1-db", "postgresql://nobody:x@ep-none.us-east-1.aws.neon.tech/neondb");
    assert!(failure(&mut world, &order).contains("failed to start and listen on the port"));
    world.post(&format!("{SECRETS}/t-1-db:setIamPolicy"), &json!({"policy": {}}));
    world.later(2000);
    assert!(failure(&mut world, &order).contains("Permission denied on secret: "));
    let mut order = order;
    order["template"]["containers"][0]["image"] = json!("docker.pkg.dev/acme/none");
    assert!(failure(&mut world, &order).ends_with("Image 'docker.pkg.dev/acme/none' not found."));
    assert!(world.get(&format!("{SERVICES}/t-1")).body.get("uri").is_none(), "it has never been ready");
}

#[test]
fn a_grant_takes_a_moment() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let uri = world.connection_uri(&branch);
    world.secret("t-1-db", &uri);
    let policy = world.get(&format!("{SECRETS}/t-1-db:getIamPolicy")).body;
    world.post(&format!("{SECRETS}/t-1-db:setIamPolicy"), &json!({"policy": {}}));
    world.later(2000);
    let bindings = json!({"bindings": policy["bindings"]});
    world.post(&format!("{SECRETS}/t-1-db:setIamPolicy"), &json!({"policy": bindings}));
    let hasty = world.post(&format!("{SERVICES}?serviceId=t-1"), &service("t-1"));
    world.later(15_000);
    assert_eq!(settled(&mut world, &hasty.body).0, "CONDITION_FAILED");
    let again = world.call(Method::PATCH, &format!("{SERVICES}/t-1"), &service("t-1"));
    world.later(15_000);
    assert_eq!(settled(&mut world, &again.body).0, "CONDITION_SUCCEEDED");
}

#[test]
fn the_knative_body_of_the_guides_is_refused() {
    let mut world = World::new();
    let knative = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "t-1"},
        "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}},
    });
    let refused = world.post(&format!("{SERVICES}?serviceId=t-1"), &knative);
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("Unknown name \"apiVersion\""));
    assert!(!refused.violations.is_empty(), "the document says so too");
    let mut reserved = service("t-1");
    reserved["template"]["containers"][0]["env"] = json!([{"name": "PORT", "value": "3000"}]);
    assert_eq!(world.post(&format!("{SERVICES}?serviceId=t-1"), &reserved).status, StatusCode::BAD_REQUEST);
    let bad_name = world.post(&format!("{SERVICES}?serviceId=T-1-"), &service("t-1"));
    assert_eq!(bad_name.status, StatusCode::BAD_REQUEST);
}

#[test]
fn without_an_id_the_server_invents_one_each_time() {
    let mut world = World::new();
    for _ in 0..2 {
        assert_eq!(world.post(SERVICES, &service("t-1")).status, StatusCode::OK);
    }
    assert_eq!(world.get(SERVICES).body["services"].as_array().unwrap().len(), 2);
}

#[test]
fn a_visitor_needs_the_right_to_come_in() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let visit = |world: &mut World| {
        world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null)).status
    };
    assert_eq!(visit(&mut world), StatusCode::OK);
    let private = json!({"invokerIamDisabled": false});
    world.call(Method::PATCH, &format!("{SERVICES}/t-1?updateMask=invokerIamDisabled"), &private);
    assert_eq!(visit(&mut world), StatusCode::FORBIDDEN);
    let everyone = json!({"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]});
    world.post(&format!("{SERVICES}/t-1:setIamPolicy"), &json!({"policy": everyone}));
    assert_eq!(visit(&mut world), StatusCode::FORBIDDEN, "not yet");
    world.later(2000);
    assert_eq!(visit(&mut world), StatusCode::OK);
}

#[test]
fn a_service_is_stopped_by_manual_scaling_and_not_by_a_minimum_of_none() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let visit = |world: &mut World| {
        world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null)).status
    };
    let url = format!("{SERVICES}/t-1?updateMask=scaling");
    world.call(Method::PATCH, &url, &json!({"scaling": {"minInstanceCount": 0}}));
    assert_eq!(visit(&mut world), StatusCode::OK);
    let stop = json!({"scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 0}});
    let stopped = world.call(Method::PATCH, &url, &stop);
    assert_eq!(visit(&mut world), StatusCode::SERVICE_UNAVAILABLE);
    world.later(1000);
    assert_eq!(settled(&mut world, &stopped.body).1["done"], true, "no new revision is needed");
    world.call(Method::PATCH, &url, &json!({"scaling": {"scalingMode": "AUTOMATIC"}}));
    assert_eq!(visit(&mut world), StatusCode::OK);
}

#[test]
fn an_update_that_fails_leaves_the_old_revision_serving() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let mut broken = service("t-1");
    broken["template"]["containers"][0]["env"][0]["valueSource"]["secretKeyRef"]["secret"] = json!("none");
    let update = world.call(Method::PATCH, &format!("{SERVICES}/t-1"), &broken);
    world.later(10_000);
    assert_eq!(settled(&mut world, &update.body).0, "CONDITION_FAILED");
    let answer = world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null));
    assert_eq!(answer.status, StatusCode::OK);
    let shown = world.get(&format!("{SERVICES}/t-1")).body;
    assert!(shown["latestReadyRevision"].as_str().unwrap().contains("-00001-"));
    assert!(shown["latestCreatedRevision"].as_str().unwrap().contains("-00002-"));
}

#[test]
fn an_etag_guards_an_update() {
    let mut world = World::new();
    world.store("t-1");
    let read = world.get(&format!("{SERVICES}/t-1")).body;
    let mut write = service("t-1");
    write["etag"] = read["etag"].clone();
    let url = format!("{SERVICES}/t-1");
    assert_eq!(world.call(Method::PATCH, &url, &write).status, StatusCode::OK);
    let stale = world.call(Method::PATCH, &url, &write);
    assert_eq!((stale.status, &stale.body["error"]["status"]), (StatusCode::CONFLICT, &json!("ABORTED")));
}

#[test]
fn what_is_deleted_is_gone_a_little_later() {
    let mut world = World::new();
    world.store("t-1");
    let url = format!("{SERVICES}/t-1");
    let deleting = world.delete(&url);
    assert!(world.get(&url).body["deleteTime"].is_string());
    let taken = world.post(&format!("{SERVICES}?serviceId=t-1"), &service("t-1"));
    assert_eq!(taken.status, StatusCode::CONFLICT);
    world.later(3000);
    assert_eq!(world.get(&url).status, StatusCode::NOT_FOUND);
    let name = deleting.body["name"].as_str().unwrap();
    assert_eq!(world.get(&format!("https://run.googleapis.com/v2/{name}")).body["done"], true);
    assert_eq!(world.delete(&url).status, StatusCode::NOT_FOUND);
}

#[test]
fn services_are_listed_in_pages() {
    let mut world = World::new();
    for name in ["t-1", "t-2", "t-3"] {
        world.post(&format!("{SERVICES}?serviceId={name}"), &service(name));
    }
    let first = world.get(&format!("{SERVICES}?pageSize=2")).body;
    assert_eq!(first["services"].as_array().unwrap().len(), 2);
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = world.get(&format!("{SERVICES}?pageToken={token}")).body;
    assert_eq!(rest["services"][0]["name"].as_str().unwrap().rsplit('/').next(), Some("t-3"));
}

#[test]
fn an_idle_service_starts_for_its_visitor() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let takes = |world: &mut World| {
        let answer = world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null));
        answer.response.extensions().get::<sandbox::clouds::Takes>().unwrap().0.as_millis()
    };
    assert!(takes(&mut world) < 300);
    world.later(901_000);
    assert!(takes(&mut world) >= 2000);
    assert!(takes(&mut world) < 300);
}

#[test]
fn a_service_that_keeps_an_instance_ready_is_awake_and_a_change_of_that_deploys_nothing() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let shown = world.get(&format!("{SERVICES}/t-1")).body;
    let deployed = shown["latestReadyRevision"].clone();
    let mut order = shown;
    for (least, waits) in [(1, false), (0, true)] {
        order["scaling"] = json!({"scalingMode": "AUTOMATIC", "minInstanceCount": least});
        order.as_object_mut().unwrap().remove("etag");
        assert_eq!(world.call(Method::PATCH, &format!("{SERVICES}/t-1"), &order).status, StatusCode::OK);
        world.later(901_000);
        let answer = world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null));
        let takes = answer.response.extensions().get::<sandbox::clouds::Takes>().unwrap().0.as_millis();
        assert_eq!(takes >= 2000, waits, "{least} instances ready");
        assert_eq!(world.get(&format!("{SERVICES}/t-1")).body["latestReadyRevision"], deployed);
    }
}

#[test]
fn the_start_page_says_what_it_is_told_to() {
    let mut world = World::new();
    for (page, status) in [("welcome", StatusCode::OK), ("suspended", StatusCode::SERVICE_UNAVAILABLE)] {
        let env = json!([{"name": "PAGE", "value": page}]);
        let containers = json!([{"image": "docker.pkg.dev/acme/start-page:1", "env": env}]);
        let order = json!({"invokerIamDisabled": true, "template": {"containers": containers}});
        world.post(&format!("{SERVICES}?serviceId={page}"), &order);
        world.later(7000);
        let uri = world.get(&format!("{SERVICES}/{page}")).body["uri"].as_str().unwrap().to_owned();
        let answer = world.send(&request(Method::GET, &uri, None, &Value::Null));
        assert_eq!(answer.status, status);
        assert!(String::from_utf8_lossy(answer.response.body()).contains(page));
    }
    assert_eq!(world.get(&format!("{NEON}/branches")).body["branches"].as_array().unwrap().len(), 1);
}

/// As Google's own clients write them.
#[test]
fn an_enumeration_is_written_by_name_or_by_number() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let mut order = service("t-1");
    order["ingress"] = json!(1);
    order["scaling"] = json!({"scalingMode": 2, "manualInstanceCount": 0});
    let url = format!("{SERVICES}/t-1?$alt=json;enum-encoding=int");
    assert_eq!(world.call(Method::PATCH, &url, &order).status, StatusCode::OK);
    let shown = world.get(&format!("{SERVICES}/t-1")).body;
    assert_eq!(
        (&shown["ingress"], &shown["scaling"]["scalingMode"]),
        (&json!("INGRESS_TRAFFIC_ALL"), &json!("MANUAL"))
    );
    let visit = world.send(&request(Method::GET, &format!("{uri}/health"), None, &Value::Null));
    assert_eq!(visit.status, StatusCode::SERVICE_UNAVAILABLE, "it means what the name means");
    order["ingress"] = json!(17);
    assert_eq!(world.call(Method::PATCH, &url, &order).status, StatusCode::BAD_REQUEST);
}

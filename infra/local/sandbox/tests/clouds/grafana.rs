use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::bed::{Answer, World, request};

const API: &str = "http://grafana.e-commerce-monitoring.svc.cluster.local:3000/api";

/// What somebody asks, in an organisation or in their own.
fn ask(world: &mut World, who: &str, org: Option<i64>, method: Method, path: &str, body: &Value) -> Answer {
    let mut request = request(method, &format!("{API}{path}"), None, body);
    let basic = format!("Basic {}", STANDARD.encode(who));
    request.headers_mut().insert("authorization", basic.parse().unwrap());
    if let Some(org) = org {
        request.headers_mut().insert("x-grafana-org-id", HeaderValue::from(org));
    }
    world.send(&request)
}

fn admin(world: &mut World, method: Method, path: &str, body: &Value) -> Answer {
    ask(world, "admin:grafana-secret", None, method, path, body)
}

fn org(world: &mut World, name: &str) -> i64 {
    let made = admin(world, Method::POST, "/orgs", &json!({ "name": name }));
    made.body["orgId"].as_i64().unwrap()
}

fn viewer(world: &mut World, login: &str, org: i64) -> i64 {
    let order = json!({ "login": login, "email": format!("{login}@example.com"), "password": "correct horse", "orgId": org });
    let made = admin(world, Method::POST, "/admin/users", &order);
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    made.body["id"].as_i64().unwrap()
}

fn dashboard(world: &mut World, org: i64, uid: &str) {
    let order = json!({ "dashboard": { "uid": uid, "title": uid, "panels": [] }, "overwrite": true });
    let saved = ask(world, "admin:grafana-secret", Some(org), Method::POST, "/dashboards/db", &order);
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
}

#[test]
fn a_viewer_sees_its_own_organisation_and_no_other() {
    let mut world = World::new();
    let (acme, other) = (org(&mut world, "Acme"), org(&mut world, "Other"));
    dashboard(&mut world, acme, "acme");
    dashboard(&mut world, other, "other");
    viewer(&mut world, "ada", acme);
    let mut see =
        |org, path: &str| ask(&mut world, "ada:correct horse", org, Method::GET, path, &Value::Null).status;
    assert_eq!(see(None, "/dashboards/uid/acme"), StatusCode::OK);
    assert_eq!(see(Some(acme), "/dashboards/uid/acme"), StatusCode::OK);
    assert_eq!(see(None, "/dashboards/uid/other"), StatusCode::NOT_FOUND);
    assert_eq!(see(Some(other), "/dashboards/uid/other"), StatusCode::FORBIDDEN);
    assert_eq!(see(None, "/users"), StatusCode::FORBIDDEN);
    let order = json!({ "dashboard": { "uid": "acme", "title": "mine" }, "overwrite": true });
    let saved = ask(&mut world, "ada:correct horse", None, Method::POST, "/dashboards/db", &order);
    assert_eq!(saved.status, StatusCode::FORBIDDEN, "to look is not to change");
}

/// What the guide does: everybody in the first organisation, where a Viewer sees all.
#[test]
fn who_is_put_nowhere_else_is_in_the_first_organisation() {
    let mut world = World::new();
    dashboard(&mut world, 1, "everybodys");
    viewer(&mut world, "ada", 0);
    let seen =
        ask(&mut world, "ada:correct horse", None, Method::GET, "/dashboards/uid/everybodys", &Value::Null);
    assert_eq!(seen.status, StatusCode::OK);
    let again = json!({ "loginOrEmail": "ada", "role": "Viewer" });
    assert_eq!(admin(&mut world, Method::POST, "/orgs/1/users", &again).status, StatusCode::CONFLICT);
}

#[test]
fn a_token_makes_no_users() {
    let mut world = World::new();
    let order = json!({ "login": "ada", "password": "correct horse" });
    let refused =
        world.send(&request(Method::POST, &format!("{API}/admin/users"), Some("glsa_token"), &order));
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let wrong = ask(&mut world, "admin:a guess", None, Method::POST, "/admin/users", &order);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn names_are_taken_once() {
    let mut world = World::new();
    let acme = org(&mut world, "Acme");
    assert_eq!(
        admin(&mut world, Method::POST, "/orgs", &json!({ "name": "Acme" })).status,
        StatusCode::CONFLICT
    );
    viewer(&mut world, "ada", acme);
    let order = json!({ "login": "ada", "email": "other@example.com", "password": "correct horse" });
    let taken = admin(&mut world, Method::POST, "/admin/users", &order);
    assert_eq!(taken.status, StatusCode::PRECONDITION_FAILED);
    let short = json!({ "login": "bob", "password": "abc" });
    assert_eq!(admin(&mut world, Method::POST, "/admin/users", &short).status, StatusCode::BAD_REQUEST);
}

#[test]
fn an_organisation_takes_along_what_is_in_it_and_leaves_its_users() {
    let mut world = World::new();
    let acme = org(&mut world, "Acme");
    let ada = viewer(&mut world, "ada", acme);
    dashboard(&mut world, acme, "acme");
    assert_eq!(
        admin(&mut world, Method::DELETE, &format!("/orgs/{acme}"), &Value::Null).status,
        StatusCode::OK
    );
    assert_eq!(
        admin(&mut world, Method::DELETE, &format!("/orgs/{acme}"), &Value::Null).status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(admin(&mut world, Method::GET, &format!("/users/{ada}/orgs"), &Value::Null).body, json!([]));
    let things: Vec<_> =
        world.clouds.things(world.now).into_iter().map(|thing| (thing.kind, thing.name)).collect();
    assert_eq!(things, [("user", "ada".to_owned())]);
    let nowhere =
        ask(&mut world, "ada:correct horse", None, Method::GET, "/dashboards/uid/acme", &Value::Null);
    assert_eq!(nowhere.status, StatusCode::FORBIDDEN);
}

#[test]
fn the_last_admin_cannot_leave() {
    let mut world = World::new();
    let acme = org(&mut world, "Acme");
    let left = admin(&mut world, Method::DELETE, &format!("/orgs/{acme}/users/1"), &Value::Null);
    assert_eq!(left.status, StatusCode::BAD_REQUEST);
    let ada = viewer(&mut world, "ada", acme);
    let role = json!({ "role": "Admin" });
    assert_eq!(
        admin(&mut world, Method::PATCH, &format!("/orgs/{acme}/users/{ada}"), &role).status,
        StatusCode::OK
    );
    let left = admin(&mut world, Method::DELETE, &format!("/orgs/{acme}/users/1"), &Value::Null);
    assert_eq!(left.status, StatusCode::OK);
}

#[test]
fn a_dashboard_is_replaced_only_by_who_says_so() {
    let mut world = World::new();
    dashboard(&mut world, 1, "acme");
    let order = json!({ "dashboard": { "uid": "acme", "title": "other" } });
    let refused = admin(&mut world, Method::POST, "/dashboards/db", &order);
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    dashboard(&mut world, 1, "acme");
    let kept = admin(&mut world, Method::GET, "/dashboards/uid/acme", &Value::Null);
    assert_eq!(
        (&kept.body["dashboard"]["version"], &kept.body["dashboard"]["title"]),
        (&json!(2), &json!("acme"))
    );
    let lost = json!({ "dashboard": { "title": "lost" }, "folderUid": "nowhere" });
    assert_eq!(admin(&mut world, Method::POST, "/dashboards/db", &lost).status, StatusCode::NOT_FOUND);
}

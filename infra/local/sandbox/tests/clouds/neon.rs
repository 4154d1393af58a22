use http::{Method, StatusCode};
use sandbox::clouds::{Limits, Settings};
use serde_json::{Value, json};

use crate::bed::{NEON, World, request};

#[test]
fn a_branch_is_made_step_by_step() {
    let mut world = World::new();
    let order = json!({
        "branch": {"name": "t-1"}, "endpoints": [{"type": "read_write"}], "annotation_value": {"tenantry": "x/t-1"},
    });
    let made = world.post(&format!("{NEON}/branches"), &order);
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.body["branch"]["current_state"], "init");
    let statuses = |body: &Value| -> Vec<String> {
        let all = body["operations"].as_array().unwrap().iter();
        all.map(|it| it["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&made.body), ["running", "scheduling"]);
    let last = format!("{NEON}/operations/{}", made.body["operations"][1]["id"].as_str().unwrap());
    world.later(1600);
    assert_eq!(world.get(&last).body["operation"]["status"], "running");
    world.later(500);
    assert_eq!(world.get(&last).body["operation"]["status"], "finished");
    let branch = format!("{NEON}/branches/{}", made.body["branch"]["id"].as_str().unwrap());
    let shown = world.get(&branch);
    assert_eq!(shown.body["branch"]["current_state"], "ready");
    assert_eq!(shown.body["annotation"]["value"]["tenantry"], "x/t-1");
}

#[test]
fn a_branch_without_endpoints_has_no_compute() {
    let mut world = World::new();
    let made = world.post(&format!("{NEON}/branches"), &json!({"branch": {"name": "t-1"}}));
    assert_eq!(made.body["endpoints"], json!([]));
    assert!(made.body.get("connection_uris").is_none());
    let id = made.body["branch"]["id"].as_str().unwrap();
    let uri = format!("{NEON}/connection_uri?branch_id={id}&database_name=neondb&role_name=neondb_owner");
    assert_eq!(world.get(&uri).status, StatusCode::NOT_FOUND);
}

#[test]
fn a_name_is_taken_once_and_found_by_searching() {
    let mut world = World::new();
    let id = world.branch("t-1");
    let again = world.post(&format!("{NEON}/branches"), &json!({"branch": {"name": "t-1"}}));
    assert_eq!(again.status, StatusCode::CONFLICT);
    world.branch("t-10");
    let found = world.get(&format!("{NEON}/branches?search=t-1"));
    assert_eq!(found.body["branches"].as_array().unwrap().len(), 2, "it searches for parts of names");
    assert_eq!(world.delete(&format!("{NEON}/branches/{id}")).status, StatusCode::OK);
    assert_eq!(world.get(&format!("{NEON}/branches/{id}")).status, StatusCode::NOT_FOUND);
    assert_eq!(world.delete(&format!("{NEON}/branches/{id}")).status, StatusCode::NO_CONTENT);
}

#[test]
fn a_second_change_is_locked_out_while_the_first_runs() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let roles = format!("{NEON}/branches/{branch}/roles");
    let role = world.post(&roles, &json!({"role": {"name": "owner"}}));
    assert_eq!(role.status, StatusCode::CREATED);
    assert!(role.body["role"]["password"].as_str().is_some());
    let databases = format!("{NEON}/branches/{branch}/databases");
    let order = json!({"database": {"name": "store", "owner_name": "owner"}});
    let locked = world.post(&databases, &order);
    assert_eq!(locked.status, StatusCode::LOCKED);
    world.later(500);
    assert_eq!(world.post(&databases, &order).status, StatusCode::CREATED);
    world.later(500);
    assert_eq!(world.post(&databases, &order).status, StatusCode::CONFLICT);
    assert!(world.get(&roles).body["roles"][0].get("password").is_none(), "only those who ask are told");
}

#[test]
fn a_database_needs_an_owner_that_exists() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let databases = format!("{NEON}/branches/{branch}/databases");
    let nobody = world.post(&databases, &json!({"database": {"name": "store", "owner_name": "nobody"}}));
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let unsaid = world.post(&databases, &json!({"database": {"name": "store"}}));
    assert_eq!(unsaid.status, StatusCode::BAD_REQUEST);
    assert_eq!(unsaid.violations.len(), 1, "the document says so too");
}

#[test]
fn a_uri_without_a_branch_is_that_of_the_default_branch() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let own = world.connection_uri(&branch);
    let other = world.get(&format!("{NEON}/connection_uri?database_name=neondb&role_name=neondb_owner"));
    assert_ne!(other.body["uri"], own.as_str());
    let pooled = world.get(&format!(
        "{NEON}/connection_uri?branch_id={branch}&database_name=neondb&role_name=neondb_owner&pooled=true"
    ));
    assert!(pooled.body["uri"].as_str().unwrap().contains("-pooler."));
    assert_eq!(
        world.get(&format!("{NEON}/connection_uri?branch_id={branch}")).status,
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn a_child_has_its_parents_passwords() {
    let mut world = World::new();
    let password = |uri: String| uri.split([':', '@']).nth(2).unwrap().to_owned();
    let (one, two) = (world.branch("t-1"), world.branch("t-2"));
    let (one, two) = (world.connection_uri(&one), world.connection_uri(&two));
    assert_eq!(password(one), password(two), "which is why a tenant gets a role of its own");
}

#[test]
fn a_compute_can_be_resized_and_suspended() {
    let mut world = World::new();
    let branch = world.branch("t-1");
    let endpoints = world.get(&format!("{NEON}/branches/{branch}/endpoints"));
    let endpoint = format!("{NEON}/endpoints/{}", endpoints.body["endpoints"][0]["id"].as_str().unwrap());
    let order = json!({"endpoint": {"autoscaling_limit_min_cu": 0.5, "autoscaling_limit_max_cu": 2}});
    assert_eq!(world.call(Method::PATCH, &endpoint, &order).status, StatusCode::OK);
    world.later(500);
    assert_eq!(world.post(&format!("{endpoint}/suspend"), &Value::Null).status, StatusCode::OK);
    let shown = world.get(&endpoint).body;
    assert_eq!(shown["endpoint"]["autoscaling_limit_max_cu"], 2.0);
    assert_eq!(shown["endpoint"]["current_state"], "idle");
}

#[test]
fn a_compute_that_waits_for_a_connection_starts_with_it() {
    let mut world = World::new();
    let uri = world.store("t-1");
    let branches = world.get(&format!("{NEON}/branches")).body;
    let of = |branch: &&Value| branch["name"] == "t-1";
    let branch = branches["branches"].as_array().unwrap().iter().find(of).unwrap()["id"].clone();
    let endpoints = format!("{NEON}/branches/{}/endpoints", branch.as_str().unwrap());
    let endpoint = world.get(&endpoints).body["endpoints"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        world.post(&format!("{NEON}/endpoints/{endpoint}/suspend"), &Value::Null).status,
        StatusCode::OK
    );
    let state = |world: &mut World| world.get(&endpoints).body["endpoints"][0]["current_state"].clone();
    world.get(&format!("{uri}/health"));
    assert_eq!(state(&mut world), "idle", "the health check asks no database");
    world.get(&format!("{uri}/store/products"));
    assert_eq!(state(&mut world), "active");
}

#[test]
fn a_project_can_be_a_tenants_own() {
    let mut world = World::new();
    let projects = "https://console.neon.tech/api/v2/projects";
    let made =
        world.post(projects, &json!({"project": {"name": "t-1", "branch": {"database_name": "store"}}}));
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.body["project"]["id"].as_str().unwrap();
    let things = world.clouds.things(world.now);
    assert_eq!(
        (things.len(), things[0].owner.as_deref()),
        (1, Some("t-1")),
        "the platform's own is nobody's"
    );
    let found = world.get(&format!("{projects}?search=t-1"));
    assert_eq!(found.body["projects"].as_array().unwrap().len(), 1);
    assert_eq!(world.delete(&format!("{projects}/{id}")).status, StatusCode::OK);
    assert_eq!(world.delete(&format!("{projects}/{id}")).status, StatusCode::NOT_FOUND);
}

#[test]
fn what_cannot_go_says_so() {
    let mut world = World::new();
    let branches = world.get(&format!("{NEON}/branches")).body;
    let root = branches["branches"][0]["id"].as_str().unwrap();
    assert_eq!(world.delete(&format!("{NEON}/branches/{root}")).status, StatusCode::UNPROCESSABLE_ENTITY);
    let parent = world.branch("t-1");
    world.post(&format!("{NEON}/branches"), &json!({"branch": {"name": "t-2", "parent_id": parent}}));
    let with_child = world.delete(&format!("{NEON}/branches/{parent}"));
    assert_eq!(with_child.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn strangers_and_the_hasty_are_refused() {
    let limits = Limits { neon_per_minute: 2, ..Limits::default() };
    let mut world = World::with(&Settings { limits, ..Settings::default() });
    let stranger = world.send(&request(Method::GET, NEON, Some("napi_other"), &Value::Null));
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    let statuses: Vec<u16> = (0..3).map(|_| world.get(NEON).status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
    world.later(60_000);
    assert_eq!(world.get(NEON).status, StatusCode::OK);
}

#[test]
fn operations_come_in_pages_newest_first() {
    let mut world = World::new();
    world.branch("t-1");
    world.branch("t-2");
    let ids = |body: &Value| -> Vec<String> {
        let all = body["operations"].as_array().unwrap().iter();
        all.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&world.get(&format!("{NEON}/operations")).body);
    let first = world.get(&format!("{NEON}/operations?limit=3")).body;
    let cursor = first["pagination"]["cursor"].as_str().unwrap();
    let rest = world.get(&format!("{NEON}/operations?limit=100&cursor={cursor}")).body;
    assert_eq!([ids(&first), ids(&rest)].concat(), all);
    let end = rest["pagination"]["cursor"].as_str().unwrap();
    let none = world.get(&format!("{NEON}/operations?cursor={end}")).body;
    assert_eq!(ids(&none), [""; 0]);
}

/// `True` is how Neon's own client writes it.
#[test]
fn a_pooled_uri_is_asked_for_as_go_reads_it() {
    let mut world = World::new();
    let url = format!("{NEON}/connection_uri?database_name=neondb&role_name=neondb_owner&pooled=");
    for (asked, pooled) in [("true", true), ("True", true), ("false", false), ("False", false)] {
        let uri = world.get(&format!("{url}{asked}")).body["uri"].as_str().unwrap().to_owned();
        assert_eq!(uri.contains("-pooler."), pooled, "{asked}");
    }
}

#[test]
fn a_listing_tells_the_essential_of_a_project() {
    let mut world = World::new();
    let listed = world.get("https://console.neon.tech/api/v2/projects").body["projects"][0].clone();
    assert_eq!((&listed["id"], &listed["active_time"]), (&json!("tenants"), &json!(0)));
    assert!(listed.get("consumption_period_end").is_none());
    assert!(world.get(NEON).body["project"].get("consumption_period_end").is_some());
}

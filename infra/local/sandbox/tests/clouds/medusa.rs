use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::bed::{Answer, NEON, SERVICES, World, request, service};

struct Store {
    world: World,
    uri: String,
}

impl Store {
    fn open() -> Self {
        let mut world = World::new();
        let uri = world.store("t-1");
        Self { world, uri }
    }

    fn ask(&mut self, method: Method, path: &str, bearer: Option<&str>, body: &Value) -> Answer {
        self.world.send(&request(method, &format!("{}{path}", self.uri), bearer, body))
    }

    fn get(&mut self, path: &str, bearer: Option<&str>) -> Answer {
        self.ask(Method::GET, path, bearer, &Value::Null)
    }

    fn post(&mut self, path: &str, bearer: Option<&str>, body: &Value) -> Answer {
        self.ask(Method::POST, path, bearer, body)
    }
}

/// As a holder of the store's `JWT_SECRET` can say who they are.
fn minted(secret: &str) -> String {
    let claims = json!({"actor_id": "user_provisioner", "actor_type": "user", "auth_identity_id": "", "app_metadata": {}});
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .unwrap()
}

fn token(answer: &Answer) -> String {
    answer.body["token"].as_str().unwrap_or_else(|| panic!("no token in {answer:?}")).to_owned()
}

/// It is the image that refuses, not Medusa: see `shared/providers/medusa`.
#[test]
fn a_store_that_is_read_only_shows_all_and_takes_no_changes() {
    let mut store = Store::open();
    let us = minted("not so secret");
    let path = format!("{SERVICES}/t-1");
    let mut order = store.world.get(&path).body;
    let env = order["template"]["containers"][0]["env"].as_array_mut().unwrap();
    env.push(json!({"name": "TENANT_ACCESS", "value": "read_only"}));
    order.as_object_mut().unwrap().remove("etag");
    assert_eq!(store.world.call(Method::PATCH, &path, &order).status, StatusCode::OK);
    store.world.later(60_000);
    let refused = store.post("/admin/invites", Some(&us), &json!({"email": "owner@acme.example"}));
    assert_eq!((refused.status, &refused.body["type"]), (StatusCode::BAD_REQUEST, &json!("not_allowed")));
    let deleted = store.ask(Method::DELETE, "/admin/invites/none", Some(&us), &Value::Null);
    assert_eq!(deleted.status, StatusCode::BAD_REQUEST);
    assert_eq!(store.get("/admin/users", Some(&us)).status, StatusCode::OK);
    assert_eq!(store.get("/health", None).status, StatusCode::OK);
    let credentials = json!({"email": "owner@acme.example", "password": "correct horse"});
    let nobody = store.post("/auth/user/emailpass", None, &credentials);
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "whoever is somebody signs in as before");
}

#[test]
fn an_owner_is_invited_and_signs_in() {
    let mut store = Store::open();
    let us = minted("not so secret");
    let order = json!({"email": "owner@acme.example"});
    let invited = store.post("/admin/invites", Some(&us), &order);
    assert_eq!(invited.status, StatusCode::OK);
    let again = store.post("/admin/invites", Some(&us), &order);
    assert_eq!((again.status, &again.body["type"]), (StatusCode::BAD_REQUEST, &json!("invalid_data")));
    let credentials = json!({"email": "owner@acme.example", "password": "correct horse"});
    let registered = token(&store.post("/auth/user/emailpass/register", None, &credentials));
    let repeated = store.post("/auth/user/emailpass/register", None, &credentials);
    assert_eq!(repeated.status, StatusCode::UNAUTHORIZED);
    let accept = format!("/admin/invites/accept?token={}", invited.body["invite"]["token"].as_str().unwrap());
    assert_eq!(store.post(&accept, None, &json!({})).status, StatusCode::UNAUTHORIZED);
    let accepted = store.post(&accept, Some(&registered), &json!({"first_name": "Ada"}));
    assert_eq!(accepted.body["user"]["email"], "owner@acme.example");
    assert_eq!(
        store.post(&accept, Some(&registered), &json!({})).status,
        StatusCode::UNAUTHORIZED,
        "once only"
    );
    let wrong = json!({"email": "owner@acme.example", "password": "wrong"});
    assert_eq!(store.post("/auth/user/emailpass", None, &wrong).status, StatusCode::UNAUTHORIZED);
    let owner = token(&store.post("/auth/user/emailpass", None, &credentials));
    let me = store.get("/admin/users/me", Some(&owner));
    assert_eq!(me.body["user"]["first_name"], "Ada");
    assert_eq!(store.get("/admin/users", Some(&us)).body["count"], 1);
}

#[test]
fn an_invite_is_good_for_a_day() {
    let mut store = Store::open();
    let us = minted("not so secret");
    let invited = store.post("/admin/invites", Some(&us), &json!({"email": "owner@acme.example"}));
    let accept = format!("/admin/invites/accept?token={}", invited.body["invite"]["token"].as_str().unwrap());
    store.world.later(86_400_000);
    let credentials = json!({"email": "owner@acme.example", "password": "correct horse"});
    let registered = token(&store.post("/auth/user/emailpass/register", None, &credentials));
    assert_eq!(store.post(&accept, Some(&registered), &json!({})).status, StatusCode::UNAUTHORIZED);
    let id = invited.body["invite"]["id"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(
            store.ask(Method::DELETE, &format!("/admin/invites/{id}"), Some(&us), &Value::Null).status,
            StatusCode::OK
        );
    }
}

#[test]
fn admin_is_closed_to_strangers_before_anything_else() {
    let mut store = Store::open();
    for path in ["/admin/users", "/admin/no-such-route"] {
        assert_eq!(store.get(path, None).status, StatusCode::UNAUTHORIZED);
        assert_eq!(store.get(path, Some(&minted("a guess"))).status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        store.get("/admin/no-such-route", Some(&minted("not so secret"))).status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(store.get("/app", None).status, StatusCode::OK);
}

#[test]
fn the_storefront_opens_with_a_publishable_key() {
    let mut store = Store::open();
    assert_eq!(store.get("/store/products", None).status, StatusCode::BAD_REQUEST);
    let order = json!({"title": "Storefront", "type": "publishable"});
    let key = store.post("/admin/api-keys", Some(&minted("not so secret")), &order);
    let mut ask = request(Method::GET, &format!("{}/store/products", store.uri), None, &Value::Null);
    let token = key.body["api_key"]["token"].as_str().unwrap();
    ask.headers_mut().insert("x-publishable-api-key", token.parse().unwrap());
    assert_eq!(store.world.send(&ask).status, StatusCode::OK);
    let unknown = json!({"title": "x", "type": "publishable", "scope": "all"});
    assert_eq!(
        store.post("/admin/api-keys", Some(&minted("not so secret")), &unknown).status,
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn a_store_is_healthy_without_its_database_and_useless() {
    let mut store = Store::open();
    let branch = store.world.get(&format!("{NEON}/branches?search=t-1")).body["branches"][0]["id"].clone();
    store.world.delete(&format!("{NEON}/branches/{}", branch.as_str().unwrap()));
    assert_eq!(store.get("/health", None).status, StatusCode::OK);
    let broken = store.get("/admin/users", Some(&minted("not so secret")));
    assert_eq!(
        (broken.status, &broken.body["type"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("unknown_error"))
    );
}

#[test]
fn another_revision_finds_the_data() {
    let mut store = Store::open();
    let us = minted("not so secret");
    let stores = store.get("/admin/stores", Some(&us)).body;
    let path = format!("/admin/stores/{}", stores["stores"][0]["id"].as_str().unwrap());
    store.post(&path, Some(&us), &json!({"name": "Copper Owl"}));
    let mut order = service("t-1");
    order["template"]["maxInstanceRequestConcurrency"] = json!(40);
    store.world.call(Method::PATCH, &format!("{SERVICES}/t-1"), &order);
    store.world.later(9000);
    let service = store.world.get(&format!("{SERVICES}/t-1")).body;
    assert!(service["latestReadyRevision"].as_str().unwrap().contains("-00002-"));
    assert_eq!(store.get("/admin/stores", Some(&us)).body["stores"][0]["name"], "Copper Owl");
}

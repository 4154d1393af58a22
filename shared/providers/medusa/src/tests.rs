//! What we ask of a Medusa instance, and what we make of its answers; both as Medusa's own document has them, and where it
//! is silent as a running 2.21 does it.

use fault::Kind;
use openapi::{Document, Script};
use secrets::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::*;

const AT: &str = "2026-11-21T08:00:00Z";
const EMAIL: &str = "owner@example.com";

/// The document has neither the store's routes nor the health check, nor the token of an invite that is accepted.
fn script() -> Script {
    Script::new(vec![Document::load("medusa.json")]).besides(&[
        "GET /health",
        "GET /store/products",
        "POST /admin/invites/accept?token=",
    ])
}

fn medusa(script: &Script) -> Medusa {
    Medusa::new(script.http(), "http://localhost:9000").expect("an address")
}

fn session() -> Session {
    Session::mint(&SecretString::from("supersecret"))
}

fn password() -> SecretString {
    SecretString::from("hunter2")
}

fn user() -> Value {
    json!({
        "id": "user_01", "email": EMAIL, "first_name": "", "last_name": "", "avatar_url": "", "metadata": {},
        "created_at": AT, "updated_at": AT, "deleted_at": AT,
    })
}

fn invite() -> Value {
    json!({
        "id": "invite_01", "email": EMAIL, "accepted": false, "token": "eyJ.invite", "expires_at": AT,
        "metadata": {}, "created_at": AT, "updated_at": AT,
    })
}

fn key(title: &str, revoked_at: Option<&str>) -> Value {
    let mut key = json!({
        "id": "apk_01", "token": "pk_01", "redacted": "pk_***", "title": title, "type": "publishable",
        "last_used_at": AT, "created_by": "u", "created_at": AT, "revoked_by": "u", "updated_at": AT, "deleted_at": AT,
    });
    // The document wants a date here; an instance says null of a key that is good.
    key["revoked_at"] = json!(revoked_at);
    key
}

fn refusal(kind: &str, message: &str) -> Value {
    json!({ "type": kind, "message": message })
}

fn list(name: &str, items: &Value) -> Value {
    json!({ "limit": 20, "offset": 0, "count": 1, name: items })
}

#[tokio::test]
async fn an_instance_that_is_not_there_yet_is_not_healthy() {
    let script =
        script().answer_with(200, &[], "OK").answer_with(404, &[], "<html>").answer_with(503, &[], "");
    let medusa = medusa(&script);
    assert!(medusa.is_healthy().await.expect("an answer"));
    assert!(!medusa.is_healthy().await.expect("an answer"));
    assert!(!medusa.is_healthy().await.expect("an answer"));
}

#[tokio::test]
async fn users_are_listed() {
    let script = script().answer(200, &list("users", &json!([user()])));
    let users = medusa(&script).users(&session()).await.expect("an answer");
    assert_eq!((users[0].id.as_str(), users[0].email.as_str()), ("user_01", EMAIL));
}

#[tokio::test]
async fn a_page_in_the_stores_place_is_waited_for() {
    let script = script().besides(&["GET /admin/users"]);
    let script = script.answer_with(200, &[("content-type", "text/html")], "<!doctype html>");
    let fault = medusa(&script).users(&session()).await.expect_err("not the store");
    assert_eq!(fault.kind, Kind::NotReady);
}

#[tokio::test]
async fn an_invite_is_looked_for_made_and_deleted() {
    let script = script()
        .answer(200, &json!({ "invite": invite() }))
        .answer(200, &list("invites", &json!([invite()])))
        .answer(200, &json!({ "id": "invite_01", "object": "invite", "deleted": true }));
    let (medusa, by) = (medusa(&script), session());
    let made = medusa.create_invite(&by, EMAIL).await.expect("an invite");
    assert_eq!(made.token.expose_secret(), "eyJ.invite");
    assert_eq!(medusa.invites(&by).await.expect("an answer")[0].id, made.id);
    medusa.delete_invite(&by, "invite_01").await.expect("deleted");
    let asked = script.asked();
    assert_eq!(asked[0].body, json!({ "email": EMAIL }));
    assert!(asked[0].headers["authorization"].to_str().expect("text").starts_with("Bearer ey"));
}

#[tokio::test]
async fn an_invite_that_appeared_meanwhile_is_looked_for_again_and_a_wrong_address_is_not() {
    let script = script()
        .answer(400, &refusal("invalid_data", "Invite with email: owner@example.com, already exists."))
        .answer(400, &refusal("invalid_data", "Invalid email"));
    let medusa = medusa(&script);
    let twin = medusa.create_invite(&session(), EMAIL).await.expect_err("a twin was quicker");
    let wrong = medusa.create_invite(&session(), "owner@example.com").await.expect_err("refused");
    assert_eq!((twin.kind, wrong.kind), (Kind::Transient, Kind::Terminal));
}

#[tokio::test]
async fn registering_twice_is_told_apart_from_failing() {
    let script = script()
        .answer(200, &json!({ "token": "eyJ.registered" }))
        .answer(401, &refusal("unauthorized", "Identity with email already exists"))
        .answer(400, &refusal("invalid_data", "password: hunter2 is too short"));
    let medusa = medusa(&script);
    assert!(medusa.register(EMAIL, &password()).await.expect("an answer").is_some());
    assert!(medusa.register(EMAIL, &password()).await.expect("an answer").is_none());
    let fault = medusa.register(EMAIL, &password()).await.expect_err("refused");
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    assert_eq!(script.lines()[0], "POST /auth/user/emailpass/register");
    assert_eq!(script.asked()[0].body, json!({ "email": EMAIL, "password": "hunter2" }));
}

#[tokio::test]
async fn a_wrong_password_is_a_value() {
    let script = script()
        .answer(401, &refusal("unauthorized", "Invalid email or password"))
        .answer(200, &json!({ "token": "eyJ.session" }));
    let medusa = medusa(&script);
    assert!(medusa.sign_in(EMAIL, &password()).await.expect("an answer").is_none());
    assert!(medusa.sign_in(EMAIL, &password()).await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_password_is_set_by_who_may_reset_it() {
    let script =
        script().answer(200, &json!({ "success": true })).answer(401, &refusal("unauthorized", "no"));
    let (medusa, by) = (medusa(&script), Session::mint_reset(&"supersecret".into(), EMAIL));
    medusa.set_password(&by, EMAIL, &password()).await.expect("set");
    let fault = medusa.set_password(&by, EMAIL, &password()).await.expect_err("refused");
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    assert!(script.lines()[0].starts_with("POST /auth/user/emailpass/update?token=ey"));
    assert_eq!(script.asked()[0].body, json!({ "email": EMAIL, "password": "hunter2" }));
}

#[tokio::test]
async fn an_invite_is_accepted_by_the_identity_it_is_for() {
    let script = script()
        .answer(200, &json!({ "token": "eyJ.registered" }))
        .answer(200, &list("invites", &json!([invite()])))
        .answer(200, &json!({ "user": user() }))
        .answer(401, &json!({ "message": "Unauthorized" }));
    let medusa = medusa(&script);
    let identity = medusa.register(EMAIL, &password()).await.expect("an answer").expect("an identity");
    let invite = medusa.invites(&session()).await.expect("an answer").remove(0);
    let user = medusa.accept_invite(&identity, &invite).await.expect("an answer").expect("a user");
    assert_eq!(user.email, EMAIL);
    assert_eq!(medusa.accept_invite(&identity, &invite).await.expect("an answer"), None);
    let asked = &script.asked()[2];
    assert_eq!(asked.line, "POST /admin/invites/accept?token=eyJ.invite");
    assert_eq!(asked.headers["authorization"], "Bearer eyJ.registered");
}

#[tokio::test]
async fn deleting_a_user_that_is_gone_is_success() {
    let script = script()
        .answer(200, &json!({ "id": "user_01", "object": "user", "deleted": true }))
        .answer(404, &refusal("not_found", "no"));
    let medusa = medusa(&script);
    medusa.delete_user(&session(), "user_01").await.expect("deleted");
    medusa.delete_user(&session(), "user_01").await.expect("gone");
}

#[tokio::test]
async fn an_instance_that_refuses_changes_is_told_from_one_that_takes_them() {
    let script = script()
        .answer(200, &json!({ "id": "invite_none", "object": "invite", "deleted": true }))
        .answer(400, &refusal("not_allowed", "This store is read-only"))
        .answer(400, &refusal("invalid_data", "what was that?"))
        .answer(401, &json!({ "message": "Unauthorized" }));
    let (medusa, by) = (medusa(&script), session());
    assert!(medusa.takes_changes(&by).await.expect("an answer"));
    assert!(!medusa.takes_changes(&by).await.expect("an answer"));
    for _ in 0..2 {
        assert_eq!(medusa.takes_changes(&by).await.expect_err("neither").kind, Kind::Terminal);
    }
    assert_eq!(script.lines()[0], "DELETE /admin/invites/invite_none");
}

#[tokio::test]
async fn only_keys_that_are_good_are_given() {
    let listing = list("api_keys", &json!([key("old", Some(AT)), key("storefront", None)]));
    let script = script().besides(&["GET /admin/api-keys"]).answer(200, &listing);
    let keys = medusa(&script).publishable_keys(&session()).await.expect("an answer");
    let titles: Vec<_> = keys.iter().map(|key| key.title.as_str()).collect();
    assert_eq!(titles, ["storefront"]);
}

#[tokio::test]
async fn keys_are_asked_for_as_documented() {
    let script = script().answer(200, &list("api_keys", &json!([key("old", Some(AT))])));
    assert_eq!(medusa(&script).publishable_keys(&session()).await.expect("an answer"), []);
    assert_eq!(script.lines(), ["GET /admin/api-keys?type=publishable&limit=100"]);
}

#[tokio::test]
async fn a_store_shows_its_products_to_who_has_its_key() {
    let products = json!({ "products": [], "count": 4, "offset": 0, "limit": 1 });
    let script =
        script().answer(200, &products).answer(400, &refusal("not_allowed", "Publishable API key required"));
    let medusa = medusa(&script);
    assert_eq!(medusa.products("pk_01").await.expect("an answer"), 4);
    assert_eq!(medusa.products("pk_02").await.expect_err("refused").kind, Kind::Terminal);
    assert_eq!(script.asked()[0].headers["x-publishable-api-key"], "pk_01");
}

#[tokio::test]
async fn an_instance_with_another_secret_does_not_know_us() {
    let script = script().besides(&["GET /admin/users"]).answer_with(401, &[], "Unauthorized");
    let fault = medusa(&script).users(&session()).await.expect_err("refused");
    assert_eq!((fault.kind, fault.provider.as_deref()), (Kind::Terminal, Some("medusa")));
}

use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sandbox::clouds::Settings;
use serde_json::{Value, json};

use crate::bed::{ACCOUNT, SECRETS, World, assertion, request};

#[test]
fn a_token_opens_until_it_expires() {
    let mut world = World::new();
    assert_eq!(world.get(SECRETS).status, StatusCode::OK);
    world.later(3_600_000);
    let expired = world.get(SECRETS);
    assert_eq!(expired.status, StatusCode::UNAUTHORIZED);
    assert_eq!(expired.body["error"]["status"], "UNAUTHENTICATED");
    world.sign_in();
    assert_eq!(world.get(SECRETS).status, StatusCode::OK);
}

#[test]
fn claims_that_are_wrong_are_no_grant() {
    let mut world = World::new();
    let now = world.now.as_second();
    for wrong in [
        json!({"aud": "https://www.googleapis.com/oauth2/v4/token"}),
        json!({"iat": now - 7200, "exp": now - 3600}),
        json!({"exp": now + 7200}),
        json!({"iat": now + 600, "exp": now + 1200}),
        json!({"scope": ""}),
        json!({"iss": "somebody@else.iam.gserviceaccount.com"}),
    ] {
        let answer = world.ask_for_token(&assertion(world.now, &wrong));
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_grant")),
            "{wrong}"
        );
    }
}

#[test]
fn the_signature_must_be_the_accounts() {
    let mut world = World::new();
    let good = assertion(world.now, &json!({}));
    let (claims, _) = good.rsplit_once('.').unwrap();
    let forged = world.ask_for_token(&format!("{claims}.{}", "A".repeat(342)));
    assert_eq!(forged.body["error_description"], "Invalid JWT Signature.");
    let now = world.now.as_second();
    let claims = json!({"iss": ACCOUNT, "scope": "x", "aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + 60});
    let symmetric = EncodingKey::from_secret(include_bytes!("keys/public.pem"));
    let confused = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &symmetric).unwrap();
    assert_eq!(world.ask_for_token(&confused).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_scope_that_does_not_cover_the_api_is_forbidden() {
    let mut world = World::new();
    let narrow = json!({"scope": "https://www.googleapis.com/auth/devstorage.read_only"});
    let answer = world.ask_for_token(&assertion(world.now, &narrow));
    let token = answer.body["access_token"].as_str().unwrap();
    let refused = world.send(&request(Method::GET, SECRETS, Some(token), &Value::Null));
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// As Google's own clients do wherever they can.
#[test]
fn an_account_may_sign_its_own_token_for_an_api_or_a_scope() {
    let mut world = World::new();
    let now = world.now.as_second();
    let mut opens = |claims: &Value| {
        let token = assertion(world.now, claims);
        world.send(&request(Method::GET, SECRETS, Some(&token), &Value::Null)).status
    };
    let for_it = json!({"aud": "https://secretmanager.googleapis.com/", "scope": null});
    assert_eq!(opens(&for_it), StatusCode::OK);
    assert_eq!(opens(&json!({"aud": null})), StatusCode::OK, "its scope is that of everything");
    for wrong in [
        json!({"aud": "https://run.googleapis.com/", "scope": null}),
        json!({}),
        json!({"aud": null, "scope": null}),
        json!({"aud": null, "iat": now - 7200, "exp": now - 3600}),
        json!({"aud": null, "iss": "somebody@else.iam.gserviceaccount.com"}),
    ] {
        assert_eq!(opens(&wrong), StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(opens(&json!({"aud": null, "scope": "openid"})), StatusCode::FORBIDDEN);
}

/// The local stack's endpoint has another address, which a key's `token_uri` says and Google's own clients leave out.
#[test]
fn an_assertion_is_for_the_real_endpoint_or_for_this_one() {
    let base = "http://127.0.0.1:4570/".to_owned();
    let mut world = World::with(&Settings { base, ..Settings::default() });
    let mut granted = |audience: &str| {
        let assertion = assertion(world.now, &json!({"aud": audience}));
        world.ask_for_token(&assertion).status
    };
    assert_eq!(granted("https://oauth2.googleapis.com/token"), StatusCode::OK);
    assert_eq!(granted("http://127.0.0.1:4570/oauth2.googleapis.com/token"), StatusCode::OK);
    assert_eq!(granted("http://127.0.0.1:4571/oauth2.googleapis.com/token"), StatusCode::BAD_REQUEST);
}

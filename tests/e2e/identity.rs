//! Whom the gateway lets in. What the bearer of a token may do then is the function's to decide.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use tests::{Api, Stack};

async fn status(api: &Api, method: Method, path: &str) -> StatusCode {
    api.request(method, path).send().await.expect("the API answers").status()
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn nobody_gets_in_without_a_token() {
    let api = Stack::from_env().await.api.anonymous();
    for (method, path) in [
        (Method::GET, "/v1/plans"),
        (Method::POST, "/v1/tenants"),
        (Method::DELETE, "/v1/tenants/acme-000000"),
        (Method::GET, "/v1/nothing"),
        (Method::GET, "/v1/signups"),
        (Method::POST, "/v1/offers"),
    ] {
        assert_eq!(status(&api, method, path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_is_no_token_of_ours_is_turned_away() {
    let stack = Stack::from_env().await;
    let (viewer, admin) = (stack.people().viewer().await, stack.people().admin().await);
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (viewer, admin) = (parts(&viewer), parts(&admin));
    let unsigned = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for (what, token) in [
        ("garbage", "garbage".to_owned()),
        ("garbage in three parts", "a.b.c".to_owned()),
        ("another's payload", format!("{}.{}.{}", viewer[0], admin[1], viewer[2])),
        ("no signature", format!("{unsigned}.{}.", admin[1])),
        ("an admin among merchants", stack.people().merchant().await),
    ] {
        let answer = status(&stack.api.as_(token), Method::GET, "/v1/plans").await;
        assert_eq!(answer, StatusCode::UNAUTHORIZED, "{what}");
    }
}

/// Not all of them may do this: they are let in to be told so.
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn everybody_with_a_token_is_let_in() {
    let stack = Stack::from_env().await;
    let people = stack.people();
    for (who, token) in [
        ("an admin", people.admin().await),
        ("an operator", people.operator().await),
        ("a viewer", people.viewer().await),
        ("a machine", people.machine().await),
        ("a tenant's owner", people.tenant("acme-000000").await),
        ("somebody without a role", people.nobody().await),
    ] {
        let answer = status(&stack.api.as_(token), Method::GET, "/v1/plans").await;
        assert_ne!(answer, StatusCode::UNAUTHORIZED, "{who}");
    }
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_is_public_asks_for_no_token() {
    let api = Stack::from_env().await.api.anonymous();
    for (method, path) in [
        (Method::POST, "/v1/signups"),
        (Method::GET, "/v1/subdomains"),
        (Method::GET, "/v1/subdomains/acme"),
        (Method::GET, "/v1/offers"),
        (Method::GET, "/v1/offers/merchant-workspace"),
        (Method::GET, "/v1/openapi.json"),
        (Method::GET, "/v1/docs"),
    ] {
        assert_ne!(status(&api, method, path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
}

//! What the API promises to callers that repeat themselves, or come at the same time.

use reqwest::StatusCode;
use serde_json::json;
use tests::{Stack, api::signup};

const BLUEPRINT: &str = "merchant-workspace";

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_same_key_at_once_makes_one_tenant_and_gives_the_same_answer() {
    let stack = Stack::from_env().await;
    let (signup, key) = (signup(BLUEPRINT), "the-same");
    let key = format!("{key}-{}", signup["name"].as_str().expect("a name"));
    let send = || stack.api.post_signup(&signup, Some(&key));
    let answers = tokio::join!(send(), send(), send(), send());
    let (status, first) = &answers.0;
    assert_eq!(*status, StatusCode::ACCEPTED, "{first}");
    for other in [&answers.1, &answers.2, &answers.3, &send().await] {
        assert_eq!(other, &answers.0);
    }
    let operation = tests::Operation {
        tenant: first["tenant"]["id"].as_str().expect("an id").to_owned(),
        id: first["operation"].as_str().expect("an id").to_owned(),
        answer: first.clone(),
    };
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn another_body_under_the_same_key_is_refused() {
    let stack = Stack::from_env().await;
    let (one, other) = (signup(BLUEPRINT), signup(BLUEPRINT));
    let key = format!("reused-{}", one["name"].as_str().expect("a name"));
    assert_eq!(stack.api.post_signup(&one, Some(&key)).await.0, StatusCode::ACCEPTED);
    let (status, problem) = stack.api.post_signup(&other, Some(&key)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(problem["type"], "/problems/idempotency-key-reused");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn of_two_signups_at_once_for_one_subdomain_one_wins() {
    let stack = Stack::from_env().await;
    let (one, mut other) = (signup(BLUEPRINT), signup(BLUEPRINT));
    other["subdomain"] = one["subdomain"].clone();
    let (a, b) = tokio::join!(stack.api.post_signup(&one, None), stack.api.post_signup(&other, None));
    let mut statuses = [a.0, b.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::ACCEPTED, StatusCode::CONFLICT], "{} {}", a.1, b.1);
    let lost = if a.0 == StatusCode::CONFLICT { a.1 } else { b.1 };
    assert_eq!(lost["violations"][0]["field"], "subdomain", "{lost}");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_is_wrong_with_a_signup_is_said_field_by_field() {
    let stack = Stack::from_env().await;
    let wrong = json!({ "name": "", "subdomain": "-", "email": "x", "blueprint": BLUEPRINT });
    let (status, problem) = stack.api.post_signup(&wrong, None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> =
        problem["violations"].as_array().expect("a list").iter().map(|v| &v["field"]).collect();
    assert_eq!(fields, ["name", "subdomain", "email"]);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_catalogue_is_on_offer() {
    let stack = Stack::from_env().await;
    let offers = stack.api.anonymous().read("/v1/offers").await;
    let offer =
        offers["offers"].as_array().expect("a list").iter().find(|offer| offer["blueprint"] == BLUEPRINT);
    // Other tests may have added some behind them.
    let plans = offer.expect("an offer")["plans"].as_array().expect("a list");
    let prices: Vec<_> = plans.iter().take(3).map(|plan| &plan["price_cents"]).collect();
    assert_eq!(prices, [2999, 7999, 29999]);
    assert_eq!(stack.api.read("/v1/themes").await["themes"].as_array().map(Vec::len), Some(3));
}

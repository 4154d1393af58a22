//! A tenant that is bought: by what billers say, from outside.

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use tests::world::inventory;
use tests::{Stack, api::signup};

/// What a biller signs with on this stack.
#[allow(clippy::disallowed_methods)] // Configuration of the tests.
fn secret(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: use `make test`"))
}

/// A subscription at Stripe, for a store that nobody has.
struct Subscription {
    id: String,
    name: String,
    begins: i64,
}

impl Subscription {
    fn new() -> Self {
        let name = signup("any")["name"].as_str().expect("a name").to_owned();
        Self { id: format!("sub_{name}"), name, begins: Timestamp::now().as_second() }
    }

    /// What Stripe says of it, so many seconds after it has begun.
    fn event(&self, second: i64, kind: &str, plan: &str, status: &str) -> Value {
        let ended = (status == "canceled").then_some(self.begins + second);
        let item = json!({ "price": { "id": plan }, "current_period_end": self.begins + 2_592_000 });
        let object = json!({
            "id": self.id, "object": "subscription", "status": status, "ended_at": ended,
            "items": { "object": "list", "data": [item] },
            "metadata": { "tenant_name": self.name, "email": format!("owner@{}.example", self.name) },
        });
        self.about(second, kind, &object)
    }

    fn about(&self, second: i64, kind: &str, object: &Value) -> Value {
        json!({
            "id": format!("evt_{}_{second}", self.name), "object": "event", "type": kind, "livemode": false,
            "created": self.begins + second, "data": { "object": object },
        })
    }

    /// The tenant that it is for, once there is one.
    async fn tenant(&self, stack: &Stack) -> String {
        let path = format!("/v1/subscriptions/{}", self.id);
        loop {
            let answer = stack.api.get(&path).await;
            if answer.status() == StatusCode::OK {
                let known = stack.api.when(&path, |known| known["tenant"].is_string()).await;
                return known["tenant"].as_str().expect("an id").to_owned();
            }
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        }
    }
}

async fn stripe(stack: &Stack, event: &Value) -> StatusCode {
    signed(stack, event, &secret("TENANTRY_STRIPE_SECRET"), Timestamp::now().as_second()).await
}

async fn signed(stack: &Stack, event: &Value, secret: &str, at: i64) -> StatusCode {
    let body = event.to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hex::encode(hmac::sign(&key, format!("{at}.{body}").as_bytes()));
    let request = stack.api.anonymous().request(Method::POST, "/v1/billing/stripe");
    let request = request.header("stripe-signature", format!("t={at},v1={signature}"));
    request.header("content-type", "application/json").body(body).send().await.expect("an answer").status()
}

async fn plain(stack: &Stack, body: &Value, secret: &str) -> (StatusCode, Value) {
    let path = "/api/v1/provisioning/webhooks/subscription-created";
    let request = stack.api.anonymous().request(Method::POST, path);
    let request = request.header("authorization", format!("Bearer {secret}"));
    let answer = request.json(body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_is_bought_is_provisioned_changed_suspended_and_seen_out() {
    let stack = Stack::from_env().await;
    let bought = Subscription::new();
    let created = bought.event(0, "customer.subscription.created", "starter", "active");
    for _ in 0..3 {
        assert_eq!(stripe(&stack, &created).await, StatusCode::OK);
    }
    let id = bought.tenant(&stack).await;
    let path = format!("/v1/tenants/{id}");
    let rests = |status: &'static str| {
        move |tenant: &Value| tenant["status"] == status && tenant["operation"].is_null()
    };
    stack.api.when(&path, rests("active")).await;
    let operations = stack.api.read(&format!("{path}/operations")).await;
    assert_eq!(operations["operations"].as_array().map(Vec::len), Some(1), "{operations:#}");

    let upgraded = bought.event(10, "customer.subscription.updated", "professional", "active");
    assert_eq!(stripe(&stack, &upgraded).await, StatusCode::OK);
    // What was said before comes late, and changes nothing.
    let late = bought.event(5, "customer.subscription.updated", "enterprise", "unpaid");
    assert_eq!(stripe(&stack, &late).await, StatusCode::OK);
    stack.api.when(&path, |tenant| tenant["plan"] == "professional").await;
    stack.api.when(&path, rests("active")).await;
    let unpaid = bought.event(20, "customer.subscription.updated", "professional", "unpaid");
    assert_eq!(stripe(&stack, &unpaid).await, StatusCode::OK);
    stack.api.when(&path, rests("suspended")).await;
    let paid = bought.event(30, "customer.subscription.updated", "professional", "active");
    assert_eq!(stripe(&stack, &paid).await, StatusCode::OK);
    stack.api.when(&path, rests("active")).await;

    let ended = bought.event(40, "customer.subscription.deleted", "professional", "canceled");
    assert_eq!(stripe(&stack, &ended).await, StatusCode::OK);
    stack.api.when(&path, |tenant| tenant["status"] == "deleted").await;
    assert!(!inventory(&stack, &id).await.iter().any(|line| line.contains(&id)), "something is left");
    assert_eq!(stack.api.read(&format!("{path}/certificate")).await["certificate"]["tenant"], json!(id));
    let known = stack.api.read(&format!("/v1/subscriptions/{}", bought.id)).await;
    assert_eq!((&known["heard"], &known["charged"]), (&json!(6), &json!(false)), "{known:#}");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn only_who_can_prove_it_is_heard() {
    let stack = Stack::from_env().await;
    let event = Subscription::new().event(0, "customer.subscription.created", "starter", "active");
    let (secret, now) = (secret("TENANTRY_STRIPE_SECRET"), Timestamp::now().as_second());
    assert_eq!(signed(&stack, &event, "another", now).await, StatusCode::BAD_REQUEST);
    assert_eq!(signed(&stack, &event, &secret, now - 400).await, StatusCode::BAD_REQUEST);
    assert_eq!(plain(&stack, &json!({}), "another").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_plain_webhook_provisions_and_says_which_of_its_rules_were_broken() {
    let stack = Stack::from_env().await;
    let secret = secret("TENANTRY_BILLING_SECRET");
    let bought = Subscription::new();
    let mut body = json!({
        "event": "subscription.created", "timestamp": Timestamp::now().to_string(),
        "data": {
            "subscription_id": bought.id,
            "customer": { "name": bought.name, "email": format!("owner@{}.example", bought.name) },
            "plan": { "tier": "gold", "price": 124.99, "currency": "EUR", "billing_period": "monthly" },
            "metadata": { "company_size": "50-200", "industry": "retail", "region": "mars" },
        },
    });
    let (status, problem) = plain(&stack, &body, &secret).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let fields: Vec<_> =
        problem["violations"].as_array().expect("violations").iter().map(|wrong| &wrong["field"]).collect();
    assert_eq!(fields, ["tier", "region"]);
    body["data"]["plan"]["tier"] = json!("premium");
    body["data"]["metadata"]["region"] = json!("eu-west");
    assert_eq!(plain(&stack, &body, &secret).await.0, StatusCode::ACCEPTED);
    let id = bought.tenant(&stack).await;
    let tenant = stack.api.when(&format!("/v1/tenants/{id}"), |tenant| tenant["status"] == "active").await;
    assert_eq!(tenant["plan"], "professional");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn what_nobody_can_read_waits_with_the_dead_and_is_replayed_and_keeps_nobody() {
    let stack = Stack::from_env().await;
    let bought = Subscription::new();
    let poison = bought.about(0, "customer.subscription.created", &json!({ "id": "no id at all" }));
    assert_eq!(stripe(&stack, &poison).await, StatusCode::OK);
    let unknown = bought.about(1, "charge.succeeded", &json!({}));
    assert_eq!(stripe(&stack, &unknown).await, StatusCode::OK);
    let created = bought.event(2, "customer.subscription.created", "starter", "active");
    assert_eq!(stripe(&stack, &created).await, StatusCode::OK);
    bought.tenant(&stack).await;
    let is = |event: &Value, sent: &Value| event["id"] == sent["id"];
    let dead =
        |read: &Value| read["events"].as_array().is_some_and(|all| all.iter().any(|it| is(it, &poison)));
    stack.api.when("/v1/billing-events/dead", dead).await;
    let known =
        |read: &Value| read["events"].as_array().is_some_and(|all| all.iter().any(|it| is(it, &unknown)));
    stack.api.when("/v1/billing-events/unknown?limit=100", known).await;
    let request = stack.api.request(Method::POST, "/v1/billing-events/dead/replay");
    let answer = request.json(&json!({ "reason": "a test asks for it" })).send().await.expect("an answer");
    let replayed: Value = answer.json().await.expect("JSON");
    assert!(replayed["replayed"].as_u64().is_some_and(|replayed| replayed >= 1), "{replayed}");
    // It is as unreadable as before.
    stack.api.when("/v1/billing-events/dead", dead).await;
}

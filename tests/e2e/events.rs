//! What others are told: from a signup to an endpoint of theirs that has checked the signature, and back to life after an
//! outage.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tests::api::signup;
use tests::receiver::{Heard, Receiver};
use tests::{Api, Stack};

const ACTIVATED: &str = "tenantry.tenant.activated.v1";
const BLUEPRINT: &str = "merchant-workspace";

/// Adds a webhook to a receiver, and gives its path and its secret.
async fn listen(api: &Api, receiver: &Receiver, types: &[&str], tenant: Option<&str>) -> (String, String) {
    let wanted = json!({ "url": receiver.url, "types": types, "tenant": tenant });
    let made = api.ask(Method::POST, "/v1/webhooks", &wanted).await;
    let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned();
    (format!("/v1/webhooks/{}", text("id")), text("secret"))
}

/// What a receiver has heard of a tenant, once that is enough.
async fn heard(receiver: &Receiver, tenant: &str, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
    let begun = Instant::now();
    loop {
        let heard: Vec<Heard> =
            receiver.heard().into_iter().filter(|heard| heard.event["tenant"] == tenant).collect();
        if enough(&heard) {
            return heard;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", types(&heard));
        tests::api::pause().await;
    }
}

fn types(heard: &[Heard]) -> Vec<&str> {
    heard.iter().filter_map(|heard| heard.event["type"].as_str()).collect()
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_life_is_told_to_an_endpoint_that_can_tell_it_is_ours() {
    let stack = Stack::from_env().await;
    let receiver = Receiver::start().await;
    let (path, secret) = listen(&stack.api, &receiver, &[], None).await;
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    let deletion = stack.api.delete(&operation.tenant).await;
    assert_eq!(stack.api.ended(&deletion).await["state"], "succeeded");
    let deleted = |heard: &[Heard]| types(heard).contains(&"tenantry.tenant.deleted.v1");
    let told = heard(&receiver, &operation.tenant, deleted).await;

    let mut known = types(&told);
    known.sort_unstable();
    known.dedup();
    let wanted = [
        "tenantry.operation.accepted.v1",
        "tenantry.operation.succeeded.v1",
        ACTIVATED,
        "tenantry.tenant.created.v1",
        "tenantry.tenant.deleted.v1",
        "tenantry.tenant.deleting.v1",
    ];
    assert!(wanted.iter().all(|wanted| known.contains(wanted)), "{known:?}");
    let reference = Webhook::new(&secret).expect("a secret");
    for Heard { headers, body, event } in &told {
        reference.verify(body, headers).expect("signed by its secret");
        assert_eq!(headers["webhook-id"], event["id"].as_str().expect("an id"));
        assert!(!event.to_string().contains("@example.com"), "the owner's address: {event:#}");
    }
    let activated = told.iter().find(|heard| heard.event["type"] == ACTIVATED).expect("told");
    assert_eq!(
        (&activated.event["data"]["was"], &activated.event["data"]["status"]),
        (&json!("provisioning"), &json!("active"))
    );
    stack.api.remove(&path).await;
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn an_endpoint_that_refuses_is_tried_again_given_up_and_told_what_it_missed() {
    let stack = Stack::from_env().await;
    let receiver = Receiver::start().await;
    receiver.answer(503);
    let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
    // Others' tenants come to life meanwhile: an endpoint that takes none of these is given up for their sake, too.
    let (path, _) = listen(&stack.api, &receiver, &[ACTIVATED], Some(&operation.tenant)).await;
    let dead = |log: &Value| {
        log["deliveries"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|it| it["event"]["tenant"] == operation.tenant && it["state"] == "dead")
    };
    let log = stack.api.when(&format!("{path}/deliveries?limit=100"), dead).await;
    let delivery = log["deliveries"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|it| it["event"]["tenant"] == operation.tenant)
        .expect("there")
        .clone();
    assert_eq!(
        (&delivery["tries"], &delivery["attempts"][0]["status"]),
        (&json!(3), &json!(503)),
        "{delivery:#}"
    );
    let webhook = stack.api.read(&path).await;
    assert_eq!(
        (&webhook["enabled"], webhook["disabled"]["fault"]["cause"].as_str()),
        (&json!(false), Some("the endpoint answered 503")),
        "{webhook:#}"
    );
    let tried = heard(&receiver, &operation.tenant, |heard| heard.len() == 3).await;

    receiver.answer(200);
    let enable = json!({ "enabled": true, "reason": "it is back" });
    stack.api.ask(Method::PATCH, &path, &enable).await;
    let since = &delivery["event"]["time"];
    let replayed = stack
        .api
        .ask(Method::POST, &format!("{path}/replay"), &json!({ "since": since, "reason": "it is back" }))
        .await;
    assert!(replayed["replayed"].as_u64() >= Some(1), "{replayed}");
    let told = heard(&receiver, &operation.tenant, |heard| heard.len() == 4).await;
    assert_eq!(told[3].event, tried[0].event, "the same event, under the same id");
    let one = format!("{path}/deliveries/{}", delivery["id"].as_str().expect("an id"));
    stack.api.when(&one, |delivery| delivery["state"] == "delivered").await;
    stack.api.remove(&path).await;
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn two_secrets_are_good_while_one_takes_the_others_place() {
    let stack = Stack::from_env().await;
    let receiver = Receiver::start().await;
    let (path, former) = listen(&stack.api, &receiver, &[ACTIVATED], None).await;
    let rotation = json!({ "former_hours": 1, "reason": "a test" });
    let rotated = stack.api.ask(Method::POST, &format!("{path}/rotate-secret"), &rotation).await;
    let secret = rotated["secret"].as_str().expect("the new one").to_owned();
    stack.api.ask(Method::POST, &format!("{path}/test"), &json!({ "reason": "a test" })).await;
    let begun = Instant::now();
    // It also hears what becomes of other tests' tenants.
    let Heard { headers, body, .. } = loop {
        let test = |heard: &Heard| heard.event["type"] == "tenantry.webhook.test.v1";
        if let Some(test) = receiver.heard().into_iter().find(test) {
            break test;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        tests::api::pause().await;
    };
    for secret in [former, secret] {
        Webhook::new(&secret).expect("a secret").verify(&body, &headers).expect("signed by both");
    }
    stack.api.remove(&path).await;
}

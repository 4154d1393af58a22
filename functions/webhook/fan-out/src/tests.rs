use events::{Delivery, Errand, Target, Type, Webhook};
use serde_json::json;
use sqs::Memory;
use store::{By, Database};
use tenancy::WebhookId;

use super::*;

const EVENT: &str = "evt_00000000000000000000000000000001";

async fn listener(webhooks: &Webhooks, change: impl FnOnce(&mut Webhook)) -> WebhookId {
    let now = clock::now();
    let mut webhook = Webhook {
        id: Webhooks::draw(now),
        url: Target::parse("url", "https://hooks.example.com/t", false).expect("public"),
        description: String::new(),
        types: [].into(),
        tenant: None,
        enabled: true,
        disabled: None,
        failing_since: None,
        secrets: Vec::new(),
        created_at: now,
    };
    change(&mut webhook);
    let by = By { who: "a".to_owned(), why: "b".to_owned() };
    webhooks.create(webhook, by, None, now).await.expect("free").id
}

fn letters(times: usize) -> SqsEvent {
    let put = json!({
        "version": "0", "source": "tenantry", "detail-type": "tenantry.tenant.activated.v1",
        "detail": {
            "specversion": "1.0", "id": EVENT, "type": "tenantry.tenant.activated.v1", "source": "urn:tenantry:t",
            "subject": "tenants/acme-7f3a9c", "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json",
            "tenant": "acme-7f3a9c", "data": {},
        },
    });
    let letter = json!({ "body": put.to_string(), "attributes": {}, "messageAttributes": {} });
    serde_json::from_value(json!({ "Records": vec![letter; times] })).expect("letters")
}

fn fan_out() -> (FanOut, Memory) {
    let queue = Memory::default();
    let webhooks = Webhooks::new(Database::memory());
    (FanOut { webhooks, errands: Queue::Memory(queue.clone()) }, queue)
}

fn errands(queue: &Memory) -> Vec<WebhookId> {
    let errand = |(body, _): &(String, _)| serde_json::from_str::<Errand>(body).expect("an errand").webhook;
    queue.letters().iter().map(errand).collect()
}

async fn deliveries(fan_out: &FanOut, webhook: WebhookId) -> Vec<Delivery> {
    let (found, _) = fan_out.webhooks.deliveries(webhook, 100, None).await.expect("read");
    found.into_iter().map(|found| found.value).collect()
}

#[tokio::test]
async fn an_event_goes_to_whoever_listens_to_it() {
    let (fan_out, queue) = fan_out();
    let webhooks = &fan_out.webhooks;
    let all = listener(webhooks, |_| {}).await;
    let this = listener(webhooks, |w| w.types = [Type::TenantActivated, Type::TenantFailed].into()).await;
    let other = listener(webhooks, |w| w.types = [Type::TenantFailed].into()).await;
    let its = listener(webhooks, |w| w.tenant = Some("acme-7f3a9c".parse().expect("an id"))).await;
    let others = listener(webhooks, |w| w.tenant = Some("other-7f3a9c".parse().expect("an id"))).await;
    fan_out.run(letters(1)).await.expect("spread");
    let mut told = errands(&queue);
    told.sort_unstable();
    let mut wanted = [all, this, its];
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    for silent in [other, others] {
        assert!(deliveries(&fan_out, silent).await.is_empty());
    }
}

/// Invariant 9: a letter that comes again makes no second delivery.
#[tokio::test]
async fn an_event_that_comes_twice_is_one_delivery() {
    let (fan_out, _) = fan_out();
    let webhook = listener(&fan_out.webhooks, |_| {}).await;
    fan_out.run(letters(3)).await.expect("spread");
    assert_eq!(deliveries(&fan_out, webhook).await.len(), 1);
}

#[tokio::test]
async fn what_is_for_a_disabled_endpoint_is_held() {
    let (fan_out, queue) = fan_out();
    let webhook = listener(&fan_out.webhooks, |w| w.enabled = false).await;
    fan_out.run(letters(1)).await.expect("spread");
    assert_eq!(
        (errands(&queue), deliveries(&fan_out, webhook).await[0].state),
        (vec![], DeliveryState::Held)
    );
}

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use http::HeaderMap;
use http_client::{Answers, Request};
use jiff::ToSpan as _;
use reqwest::Response;
use serde_json::{Value, json};
use sqs::Memory;
use standardwebhooks::Webhook as Reference;
use store::{By, Database};
use tenancy::WebhookId;

use super::*;

/// An endpoint that answers the same until it is told otherwise, and keeps what it heard.
#[derive(Debug)]
struct Endpoint {
    status: Mutex<u16>,
    heard: Mutex<Vec<(HeaderMap, Vec<u8>)>>,
}

impl Answers for Endpoint {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).expect("a body").to_vec();
        self.heard.lock().expect("unbroken").push((request.headers().clone(), body));
        let status = *self.status.lock().expect("unbroken");
        let answer = http::Response::builder().status(status).body("y".repeat(5000)).expect("an answer");
        Box::pin(async { answer.into() })
    }
}

const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];

struct Bed {
    deliver: Deliver,
    endpoint: Arc<Endpoint>,
    queue: Memory,
    webhook: WebhookId,
}

fn event(n: u8) -> events::Event {
    let event = json!({
        "specversion": "1.0", "id": format!("evt_{n:032x}"), "type": "tenantry.tenant.activated.v1",
        "source": "urn:tenantry:t", "subject": "tenants/acme-7f3a9c", "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json", "tenant": "acme-7f3a9c", "data": { "tenant": "acme-7f3a9c" },
    });
    serde_json::from_value(event).expect("an event")
}

fn by() -> By {
    By { who: "a".to_owned(), why: "b".to_owned() }
}

async fn bed(status: u16) -> Bed {
    let now = clock::now();
    let (webhooks, seal) = (Webhooks::new(Database::memory()), Seal::Memory);
    let id = Webhooks::draw(now);
    let mut webhook = Webhook {
        id,
        url: events::Target::parse("url", "https://hooks.example.com/t", false).expect("public"),
        description: String::new(),
        types: [].into(),
        tenant: None,
        enabled: true,
        disabled: None,
        failing_since: None,
        secrets: Vec::new(),
        created_at: now,
    };
    for secret in SECRETS {
        let sealed = seal.seal(&SecretString::from(secret), &id.to_string()).await.expect("sealed");
        webhook.rotate(sealed, now, now + 1.hour());
    }
    webhooks.create(webhook, by(), None, now).await.expect("free");
    let endpoint = Arc::new(Endpoint { status: Mutex::new(status), heard: Mutex::default() });
    let queue = Memory::default();
    let deliver = Deliver {
        webhooks,
        errands: Queue::Memory(queue.clone()),
        seal,
        reach: Reach::in_process(Arc::clone(&endpoint) as Arc<dyn Answers>),
        patience: "0,0".parse().expect("pauses"),
    };
    Bed { deliver, endpoint, queue, webhook: id }
}

impl Bed {
    async fn offer(&self, event: events::Event) -> Errand {
        let now = clock::now();
        let webhook = self.webhook().await;
        let offered = self.deliver.webhooks.offer(&webhook, event, now).await.expect("written");
        offered.value.errand(now)
    }

    async fn webhook(&self) -> Webhook {
        self.deliver.webhooks.get(self.webhook).await.expect("read").expect("there").value
    }

    async fn delivery(&self, errand: &Errand) -> Delivery {
        let found = self.deliver.webhooks.delivery(errand.webhook, &errand.delivery).await;
        found.expect("read").expect("there").value
    }

    /// Runs an errand, and all that come of it.
    async fn run(&self, errand: &Errand) {
        let mut next = vec![json!(errand).to_string()];
        while !next.is_empty() {
            for body in std::mem::take(&mut next) {
                self.deliver.run(letter(&body)).await.expect("run");
            }
            let queue = Queue::Memory(self.queue.clone());
            for letter in queue.take().await.expect("letters") {
                queue.delete(&letter).await.expect("deleted");
                next.push(letter.body);
            }
        }
    }

    fn heard(&self) -> usize {
        self.endpoint.heard.lock().expect("unbroken").len()
    }
}

fn letter(body: &str) -> SqsEvent {
    serde_json::from_value(
        json!({ "Records": [{ "body": body, "attributes": {}, "messageAttributes": {} }] }),
    )
    .expect("letters")
}

#[tokio::test]
async fn a_receiver_can_tell_by_either_secret_that_a_delivery_is_ours() {
    let bed = bed(204).await;
    let errand = bed.offer(event(1)).await;
    bed.run(&errand).await;
    let heard = bed.endpoint.heard.lock().expect("unbroken").clone();
    let [(headers, body)] = &heard[..] else { panic!("{} deliveries", heard.len()) };
    for secret in SECRETS {
        Reference::new(secret).expect("a secret").verify(body, headers).expect("signed by it");
    }
    let tampered = [body, &b" "[..]].concat();
    let reference = Reference::new(SECRETS[0]).expect("a secret");
    reference.verify(&tampered, headers).expect_err("another body");
    let other = Reference::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect("a secret");
    other.verify(body, headers).expect_err("another secret");
    assert_eq!(serde_json::from_slice::<Value>(body).expect("JSON"), json!(event(1)));
    let delivery = bed.delivery(&errand).await;
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 1));
    assert_eq!(delivery.attempts[0].answer.len(), 1024, "an answer's beginning is kept");
}

#[tokio::test]
async fn a_former_secret_is_good_until_its_time() {
    let bed = bed(204).await;
    let now = clock::now();
    let secrets = |at| {
        let bed = &bed;
        async move { bed.deliver.secrets(&bed.webhook().await, at).await.expect("opened").len() }
    };
    assert_eq!((secrets(now).await, secrets(now + 2.hours()).await), (2, 1));
}

#[tokio::test]
async fn what_is_refused_is_tried_again_then_given_up_and_can_be_replayed() {
    let bed = bed(500).await;
    let errand = bed.offer(event(1)).await;
    bed.run(&errand).await;
    let delivery = bed.delivery(&errand).await;
    assert_eq!((delivery.state, delivery.tries, bed.heard()), (DeliveryState::Dead, 3, 3));
    let webhook = bed.webhook().await;
    assert!(
        !webhook.enabled && webhook.disabled.is_some(),
        "nothing has got through since it was begun with"
    );

    // Nothing more is sent, but it is kept.
    let held = bed.offer(event(2)).await;
    bed.run(&held).await;
    assert_eq!((bed.delivery(&held).await.state, bed.heard()), (DeliveryState::Held, 3));

    *bed.endpoint.status.lock().expect("unbroken") = 200;
    let now = clock::now();
    bed.deliver
        .webhooks
        .change("enable", bed.webhook, None, by(), now, |w| w.enable(true))
        .await
        .expect("enabled");
    for errand in [&errand, &held] {
        let found = bed.deliver.webhooks.delivery(errand.webhook, &errand.delivery).await;
        let mut delivery = found.expect("read").expect("there");
        delivery.value.replay(now);
        bed.deliver.webhooks.keep(&delivery, now).await.expect("kept");
        bed.run(&delivery.value.errand(now)).await;
        assert_eq!(bed.delivery(errand).await.state, DeliveryState::Delivered);
    }
    assert_eq!((bed.heard(), bed.webhook().await.failing_since), (5, None));
}

/// Invariant 9. A queue delivers at least once, and so does whoever dies before the end of it.
#[tokio::test]
async fn an_errand_that_comes_twice_is_run_once() {
    let bed = bed(200).await;
    let errand = bed.offer(event(1)).await;
    for _ in 0..3 {
        bed.run(&errand).await;
    }
    assert_eq!(bed.heard(), 1);
}

#[tokio::test]
async fn an_errand_that_is_not_due_goes_in_again() {
    let bed = bed(200).await;
    let errand = Errand { due: clock::now() + 5.hours(), ..bed.offer(event(1)).await };
    bed.deliver.run(letter(&json!(errand).to_string())).await.expect("run");
    let letters = bed.queue.letters();
    assert_eq!((bed.heard(), letters.len(), letters[0].1), (0, 1, sqs::LONGEST_DELAY));
}

#[tokio::test]
async fn who_wants_to_hear_nothing_more_hears_nothing_more() {
    let bed = bed(410).await;
    let errand = bed.offer(event(1)).await;
    bed.run(&errand).await;
    assert_eq!((bed.heard(), bed.webhook().await.enabled), (1, false));
}

/// One that does not take one event and takes others is not given up.
#[tokio::test]
async fn an_endpoint_that_something_gets_through_to_stays_enabled() {
    let bed = bed(500).await;
    let errand = bed.offer(event(1)).await;
    bed.deliver.run(letter(&json!(errand).to_string())).await.expect("run");
    *bed.endpoint.status.lock().expect("unbroken") = 200;
    let other = bed.offer(event(2)).await;
    bed.deliver.run(letter(&json!(other).to_string())).await.expect("run");
    assert_eq!(bed.webhook().await.failing_since, None);
    *bed.endpoint.status.lock().expect("unbroken") = 500;
    // What the first attempt of the first event left there, and what comes of that.
    let left = bed.queue.letters()[0].0.clone();
    bed.run(&serde_json::from_str(&left).expect("an errand")).await;
    assert_eq!((bed.delivery(&errand).await.state, bed.webhook().await.enabled), (DeliveryState::Dead, true));
}

/// Each learns the same of the endpoint, and none has to come again for it.
#[tokio::test]
async fn deliveries_that_fail_at_once_are_not_in_each_others_way() {
    let bed = bed(500).await;
    let errands = [bed.offer(event(1)).await, bed.offer(event(2)).await, bed.offer(event(3)).await];
    let letters = errands.each_ref().map(|errand| bed.deliver.run(letter(&json!(errand).to_string())));
    let [one, two, three] = letters;
    let (one, two, three) = tokio::join!(one, two, three);
    assert!(one.is_ok() && two.is_ok() && three.is_ok(), "{one:?} {two:?} {three:?}");
    assert!(bed.webhook().await.failing_since.is_some());
}

#[tokio::test]
async fn a_test_is_tried_once_and_disables_nothing() {
    let bed = bed(500).await;
    let now = clock::now();
    bed.deliver
        .webhooks
        .change("disable", bed.webhook, None, by(), now, |w| w.enable(false))
        .await
        .expect("disabled");
    let mut test = bed.webhook().await;
    test.enabled = true;
    let event = events::Event { kind: events::Type::WebhookTest, ..event(1) };
    let errand = bed.deliver.webhooks.offer(&test, event, now).await.expect("written").value.errand(now);
    bed.run(&errand).await;
    assert_eq!((bed.heard(), bed.delivery(&errand).await.state), (1, DeliveryState::Dead));
    assert_eq!(bed.webhook().await.disabled, None);
}

/// How late deliveries were taken, by which attempt.
fn lags() -> Vec<(String, u64)> {
    let lines = telemetry::heard().into_iter().filter(|line| !line["WebhookLag"].is_null());
    let text = |value: &Value| value.as_str().expect("a label").to_owned();
    lines.map(|line| (text(&line["attempt"]), line["WebhookLag"].as_u64().expect("a number"))).collect()
}

#[tokio::test]
async fn the_lag_of_a_delivery_is_that_of_its_event_and_ours_only_at_first() {
    let bed = bed(200).await;
    telemetry::listen();
    let since = events::Event { time: clock::now() - 7.seconds(), ..event(1) };
    bed.run(&bed.offer(since).await).await;
    let [(attempt, lag)] = &lags()[..] else { panic!("one delivery") };
    assert_eq!(attempt, "first");
    assert!((7_000..60_000).contains(lag), "{lag}");

    *bed.endpoint.status.lock().expect("unbroken") = 500;
    let errand = bed.offer(event(2)).await;
    bed.deliver.run(letter(&json!(errand).to_string())).await.expect("run");
    assert_eq!(lags(), [], "not taken");
    *bed.endpoint.status.lock().expect("unbroken") = 200;
    let left = bed.queue.letters()[0].0.clone();
    bed.run(&serde_json::from_str(&left).expect("an errand")).await;
    assert_eq!(lags().iter().map(|(attempt, _)| attempt.as_str()).collect::<Vec<_>>(), ["again"]);
}

#[tokio::test]
async fn a_replay_comes_as_late_as_it_was_wanted() {
    let bed = bed(200).await;
    let errand = bed.offer(event(1)).await;
    bed.run(&errand).await;
    telemetry::listen();
    let found = bed.deliver.webhooks.delivery(errand.webhook, &errand.delivery).await;
    let mut delivery = found.expect("read").expect("there");
    delivery.value.replay(clock::now());
    bed.deliver.webhooks.keep(&delivery, clock::now()).await.expect("kept");
    bed.run(&delivery.value.errand(clock::now())).await;
    assert_eq!((bed.heard(), lags()), (2, vec![]));
}

//! Who is told, and what they have missed.

use events::{Delivery, Event, Type};
use sqs::Memory;
use store::Webhooks;

use super::*;

struct Bed {
    api: Router,
    webhooks: Webhooks,
    errands: Memory,
}

fn bed() -> Bed {
    let (db, errands) = (Database::memory(), Memory::default());
    let mut settings = settings();
    let notifier = settings.notifier.as_mut().expect("somebody who tells");
    notifier.errands = sqs::Queue::Memory(errands.clone());
    let api = router(db.clone(), settings).expect("an API that can be described");
    Bed { api, webhooks: Webhooks::new(db), errands }
}

impl Bed {
    async fn ask(&self, method: &str, path: &str, asked: &Value) -> (StatusCode, Value) {
        let asked = if asked.is_null() { String::new() } else { asked.to_string() };
        let response = send(&self.api, method, path, None, &asked).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn webhook(&self) -> String {
        let (status, made) =
            self.ask("POST", "/v1/webhooks", &json!({ "url": "https://a.example.com/" })).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"))
    }

    /// Writes down an event that the endpoint did not take.
    async fn missed(&self, path: &str, n: u8, seconds: i64) -> Delivery {
        let id = path.rsplit('/').next().expect("an id").parse().expect("a webhook's id");
        let webhook = self.webhooks.get(id).await.expect("read").expect("there").value;
        let event: Event = serde_json::from_value(json!({
            "specversion": "1.0", "id": format!("evt_{n:032x}"), "type": Type::TenantActivated.name(),
            "source": "urn:tenantry:t", "subject": "tenants/acme-7f3a9c",
            "time": jiff::Timestamp::from_second(seconds).expect("a moment"), "datacontenttype": "application/json",
            "data": {},
        }))
        .expect("an event");
        let mut found = self.webhooks.offer(&webhook, event, clock::now()).await.expect("written");
        found.value.state = events::DeliveryState::Dead;
        self.webhooks.keep(&found, clock::now()).await.expect("kept");
        found.value
    }
}

/// Invariant 8.
#[tokio::test]
async fn a_secret_is_shown_by_the_answer_that_makes_it_and_never_again() {
    let bed = bed();
    let wanted = json!({ "url": "https://hooks.example.com/t", "types": ["tenantry.tenant.activated.v1"] });
    let made = send(&bed.api, "POST", "/v1/webhooks", Some("k"), &wanted.to_string()).await;
    let path = made.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let made = body(made).await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 38, "{}", secret.len());

    let again = body(send(&bed.api, "POST", "/v1/webhooks", Some("k"), &wanted.to_string()).await).await;
    assert_eq!((&again["id"], again.get("secret")), (&made["id"], None), "the same webhook, without it");
    let (_, rotated) = bed.ask("POST", &format!("{path}/rotate-secret"), &json!({ "reason": "r" })).await;
    assert_ne!(rotated["secret"], secret.as_str());
    assert!(rotated["former_secret_until"].is_string());
    for path in [path.as_str(), "/v1/webhooks", "/v1/audit"] {
        let (status, shown) = bed.ask("GET", path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let text = shown.to_string();
        assert!(!text.contains("whsec_") && !text.contains("secrets"), "{path}: {text}");
    }
}

#[tokio::test]
async fn only_addresses_on_the_public_web_are_told() {
    let bed = bed();
    for url in [
        "http://a.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://a.example.com:22/",
        "x",
    ] {
        let (status, problem) = bed.ask("POST", "/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!(
            (status, &problem["violations"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("url")),
            "{url}"
        );
    }
    let unknown = json!({ "url": "https://a.example.com/", "types": ["tenantry.unheard.of.v1"] });
    assert_eq!(bed.ask("POST", "/v1/webhooks", &unknown).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_webhook_is_changed_disabled_and_deleted_with_a_reason() {
    let bed = bed();
    let path = bed.webhook().await;
    let edit = json!({ "enabled": false, "description": "theirs", "reason": "they ask for it" });
    let (status, changed) = bed.ask("PATCH", &path, &edit).await;
    assert_eq!(
        (status, &changed["enabled"], &changed["url"]),
        (StatusCode::OK, &json!(false), &json!("https://a.example.com/"))
    );
    let (status, _) = bed
        .ask("POST", &format!("{path}/replay"), &json!({ "since": "2026-01-01T00:00:00Z", "reason": "r" }))
        .await;
    assert_eq!(status, StatusCode::CONFLICT, "nothing is sent to it");
    assert_eq!(bed.ask("DELETE", &path, &Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(bed.ask("GET", &path, &Value::Null).await.0, StatusCode::NOT_FOUND);
    let (_, audit) = bed.ask("GET", "/v1/audit", &Value::Null).await;
    let actions: Vec<&Value> =
        audit["audit"].as_array().expect("a list").iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["create", "update", "delete"]);
}

#[tokio::test]
async fn a_test_is_on_its_way_and_can_be_looked_up() {
    let bed = bed();
    let path = bed.webhook().await;
    let (status, delivery) = bed.ask("POST", &format!("{path}/test"), &Value::Null).await;
    assert_eq!(
        (status, &delivery["event"]["type"]),
        (StatusCode::ACCEPTED, &json!("tenantry.webhook.test.v1"))
    );
    let id = delivery["id"].as_str().expect("an id");
    assert_eq!(bed.errands.letters().len(), 1);
    let (_, shown) = bed.ask("GET", &format!("{path}/deliveries/{id}"), &Value::Null).await;
    assert_eq!(shown["state"], "waiting");
}

#[tokio::test]
async fn what_was_missed_since_some_time_is_sent_again_and_nothing_else() {
    let bed = bed();
    let path = bed.webhook().await;
    let (early, late) =
        (bed.missed(&path, 1, 1_767_225_000).await, bed.missed(&path, 2, 1_767_225_600).await);
    let order = json!({ "since": "2026-01-01T00:00:00Z", "reason": "r" });
    let (status, answer) = bed.ask("POST", &format!("{path}/replay"), &order).await;
    assert_eq!((status, &answer["replayed"]), (StatusCode::ACCEPTED, &json!(1)), "{answer}");
    let errand: Value = serde_json::from_str(&bed.errands.letters()[0].0).expect("an errand");
    assert_eq!((&errand["delivery"], &errand["round"]), (&json!(late.id), &json!(2)));
    // It is on its way now.
    assert_eq!(bed.ask("POST", &format!("{path}/replay"), &order).await.1["replayed"], 0);

    let one = format!("{path}/deliveries/{}/replay", early.id);
    assert_eq!(bed.ask("POST", &one, &Value::Null).await.1["replayed"], 1);
    let (_, log) = bed.ask("GET", &format!("{path}/deliveries?limit=1"), &Value::Null).await;
    let next = log["next"].as_str().expect("there are two");
    assert_eq!(log["deliveries"][0]["id"], json!(early.id));
    let (_, rest) = bed.ask("GET", &format!("{path}/deliveries?after={next}"), &Value::Null).await;
    assert_eq!(rest["deliveries"][0]["id"], json!(late.id));
    let (_, since) =
        bed.ask("GET", &format!("{path}/deliveries?since=2026-01-01T00:00:00Z"), &Value::Null).await;
    assert_eq!(since["deliveries"].as_array().map(Vec::len), Some(1));
}

/// Invariant 9.
#[tokio::test]
async fn the_same_replay_asked_for_twice_is_one() {
    let bed = bed();
    let path = bed.webhook().await;
    let missed = bed.missed(&path, 1, 1_767_225_600).await;
    let one = format!("{path}/deliveries/{}/replay", missed.id);
    for _ in 0..2 {
        assert_eq!(send(&bed.api, "POST", &one, Some("k"), "").await.status(), StatusCode::ACCEPTED);
    }
    let rounds: Vec<Value> = bed
        .errands
        .letters()
        .iter()
        .map(|(letter, _)| serde_json::from_str::<Value>(letter).expect("JSON")["round"].clone())
        .collect();
    assert_eq!(rounds, [2, 2], "one round, of which the second errand finds nothing to do");
}

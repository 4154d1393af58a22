use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use fault::Fault;
use ring::hmac::{self, HMAC_SHA256};
use rstest::rstest;
use secrets::SecretString;
use tower::ServiceExt as _;

use super::*;

/// A desk with secrets on it, and what was left there.
#[derive(Debug, Default)]
struct Shelf {
    secrets: Vec<&'static str>,
    full: bool,
    letters: Arc<Mutex<Vec<Value>>>,
}

impl Shelf {
    fn keys(&self) -> Vec<SecretString> {
        self.secrets.iter().map(|&secret| secret.into()).collect()
    }
}

impl Desk for Shelf {
    async fn stripe(&self) -> Result<Vec<SecretString>, Fault> {
        Ok(self.keys())
    }

    async fn subscriptions(&self) -> Result<Vec<SecretString>, Fault> {
        Ok(self.keys())
    }

    async fn keep(&self, letter: &str) -> Result<(), Fault> {
        if self.full {
            return Err(Fault::transient("ServiceUnavailable"));
        }
        self.letters.lock().expect("no panic").push(serde_json::from_str(letter).expect("JSON"));
        Ok(())
    }
}

/// Calls a webhook whose clock stands, and gives its answer with what it has left for `billing-react`.
async fn call(shelf: Shelf, request: Request<Body>) -> (Response<Body>, Vec<Value>) {
    let letters = Arc::clone(&shelf.letters);
    let sold = Sold::parse("standard=starter,premium=pro", "us-east,eu-west");
    let answer = Webhook { desk: shelf, sold }.router().oneshot(request).await.expect("an answer");
    let letters = letters.lock().expect("no panic").clone();
    (answer, letters)
}

fn shelf(secrets: &[&'static str]) -> Shelf {
    Shelf { secrets: secrets.to_vec(), ..Shelf::default() }
}

async fn read(answer: Response<Body>) -> Value {
    let body = to_bytes(answer.into_body(), LONGEST).await.expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

const EVENT: &str = r#"{"id":"evt_1","type":"charge.succeeded"}"#;

/// As Stripe signs: with each secret it has for the endpoint, so many seconds ago.
fn signed(body: &str, secrets: &[&str], seconds_ago: i64) -> Request<Body> {
    let at = clock::now().as_second() - seconds_ago;
    let sign = |secret: &&str| {
        let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        format!(",v1={}", hex::encode(hmac::sign(&key, format!("{at}.{body}").as_bytes())))
    };
    let header = format!("t={at}{}", secrets.iter().map(sign).collect::<String>());
    let request = Request::post("/v1/billing/stripe").header(SIGNATURE, header);
    request.body(Body::from(body.to_owned())).expect("a request")
}

fn created() -> Value {
    json!({
        "event": "subscription.created",
        "timestamp": "2026-01-15T10:00:00Z",
        "data": {
            "subscription_id": "sub_abc123",
            "customer": { "name": "ABC Corporation", "email": "admin@abc-corp.com" },
            "plan": { "tier": "premium", "price": 124.99, "currency": "EUR", "billing_period": "monthly" },
            "metadata": { "region": "us-east" },
        },
    })
}

fn plain(path: &str, bearer: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path);
    let request = match bearer {
        Some(secret) => request.header(header::AUTHORIZATION, format!("Bearer {secret}")),
        None => request,
    };
    request.body(body.into()).expect("a request")
}

fn stop_the_clock() {
    clock::simulate("2026-03-01T12:00:00Z".parse().expect("a moment"));
}

#[tokio::test(start_paused = true)]
async fn what_stripe_signed_is_left_as_it_is() {
    stop_the_clock();
    let (answer, letters) = call(shelf(&["whsec_1"]), signed(EVENT, &["whsec_1"], 0)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(letters, [json!({ "stripe": { "id": "evt_1", "type": "charge.succeeded" } })]);
}

#[rstest]
#[case(signed(EVENT, &["whsec_1"], 0), 200)]
#[case(signed(EVENT, &["another"], 0), 400)]
#[case(plain("/v1/billing/subscriptions", None, "{}"), 401)]
#[case(Request::get("/v1/billing/stripe").body(Body::empty()).expect("a request"), 405)]
#[case(Request::post("/v1/billing/stripe").body(Body::from(vec![b' '; LONGEST + 1])).expect("a request"), 413)]
#[tokio::test]
async fn every_answer_has_the_same_headers(#[case] request: Request<Body>, #[case] status: u16) {
    let (answer, _) = call(shelf(&["whsec_1"]), request).await;
    assert_eq!(answer.status(), status);
    let headers = answer.headers();
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
}

/// While a secret is rolled, Stripe signs with both; we may know either, or both.
#[rstest]
#[case(&["old"], &["old"], 200)]
#[case(&["old", "new"], &["old"], 200)]
#[case(&["old", "new"], &["new"], 200)]
#[case(&["new"], &["old", "new"], 200)]
#[case(&["new"], &["old"], 400)]
#[case(&[], &["old"], 400)]
#[tokio::test(start_paused = true)]
async fn a_secret_can_be_rolled(
    #[case] ours: &[&'static str],
    #[case] stripes: &[&str],
    #[case] status: u16,
) {
    stop_the_clock();
    let (answer, letters) = call(shelf(ours), signed(EVENT, stripes, 0)).await;
    assert_eq!((answer.status().as_u16(), letters.len()), (status, usize::from(status == 200)));
}

#[rstest]
#[case(300, 200)]
#[case(301, 400)]
#[case(-300, 200)]
#[case(-301, 400)]
#[tokio::test(start_paused = true)]
async fn what_was_signed_at_another_time_is_refused(#[case] seconds_ago: i64, #[case] status: u16) {
    stop_the_clock();
    let (answer, letters) = call(shelf(&["whsec_1"]), signed(EVENT, &["whsec_1"], seconds_ago)).await;
    assert_eq!((answer.status().as_u16(), letters.len()), (status, usize::from(status == 200)));
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_is_the_body_to_the_last_byte() {
    stop_the_clock();
    let (head, _) = signed(EVENT, &["whsec_1"], 0).into_parts();
    let (answer, letters) =
        call(shelf(&["whsec_1"]), Request::from_parts(head, Body::from(format!("{EVENT} ")))).await;
    assert_eq!((answer.status(), letters), (StatusCode::BAD_REQUEST, Vec::new()));
}

#[tokio::test]
async fn without_a_signature_nothing_is_taken() {
    let request = Request::post("/v1/billing/stripe").body(Body::from(EVENT)).expect("a request");
    let (answer, letters) = call(shelf(&["whsec_1"]), request).await;
    assert_eq!((answer.status(), letters), (StatusCode::BAD_REQUEST, Vec::new()));
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = read(answer).await;
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("Stripe-Signature")),
        "{problem}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_stripe_signed_and_is_not_json_is_refused() {
    stop_the_clock();
    let (answer, letters) = call(shelf(&["whsec_1"]), signed("{\"id\":", &["whsec_1"], 0)).await;
    assert_eq!((answer.status(), letters), (StatusCode::BAD_REQUEST, Vec::new()));
}

#[rstest]
#[case("/v1/billing/subscriptions")]
#[case("/api/v1/provisioning/webhooks/subscription-created")]
#[case("/api/v1/provisioning/webhooks/subscription-cancelled")]
#[tokio::test]
async fn the_plain_webhook_is_taken_under_each_of_its_addresses(#[case] path: &str) {
    let request = plain(path, Some("new"), created().to_string());
    let (answer, letters) = call(shelf(&["old", "new"]), request).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(letters, [json!({ "subscription": created() })]);
    assert!(read(answer).await["event"].as_str().is_some_and(|id| id.starts_with("sha256:")));
}

#[rstest]
#[case(None)]
#[case(Some("other"))]
#[case(Some(""))]
#[tokio::test]
async fn who_has_no_secret_learns_how_to_send_it(#[case] bearer: Option<&str>) {
    let request = plain("/v1/billing/subscriptions", bearer, created().to_string());
    let (answer, letters) = call(shelf(&["whsec_1"]), request).await;
    assert_eq!((answer.status(), letters), (StatusCode::UNAUTHORIZED, Vec::new()));
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn all_that_breaks_a_rule_is_told_at_once() {
    let mut body = created();
    body["data"]["customer"]["email"] = json!("nobody");
    body["data"]["plan"]["tier"] = json!("gold");
    let request = plain("/v1/billing/subscriptions", Some("whsec_1"), body.to_string());
    let (answer, letters) = call(shelf(&["whsec_1"]), request).await;
    assert_eq!((answer.status(), letters), (StatusCode::UNPROCESSABLE_ENTITY, Vec::new()));
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = read(answer).await;
    assert_eq!((&problem["title"], &problem["status"]), (&json!("Unprocessable Entity"), &json!(422)));
    let violations = problem["violations"].as_array().expect("violations");
    let fields: Vec<&Value> = violations.iter().map(|violation| &violation["field"]).collect();
    assert_eq!(fields, ["email", "tier"]);
}

#[rstest]
#[case("{")]
#[case("[]")]
#[case(r#"{"event":"subscription.created","timestamp":"yesterday","data":{}}"#)]
#[tokio::test]
async fn another_shape_is_refused(#[case] body: &'static str) {
    let (answer, letters) =
        call(shelf(&["whsec_1"]), plain("/v1/billing/subscriptions", Some("whsec_1"), body)).await;
    assert_eq!((answer.status(), letters), (StatusCode::BAD_REQUEST, Vec::new()));
}

/// A letter with more in it than fits would be lost on the way.
#[tokio::test(start_paused = true)]
async fn what_fits_into_no_letter_is_refused() {
    stop_the_clock();
    for (length, status) in [(LONGEST, StatusCode::OK), (LONGEST + 1, StatusCode::PAYLOAD_TOO_LARGE)] {
        let body = format!("\"{}\"", "a".repeat(length - 2));
        let (answer, letters) = call(shelf(&["whsec_1"]), signed(&body, &["whsec_1"], 0)).await;
        assert_eq!((answer.status(), letters.len()), (status, usize::from(status == StatusCode::OK)));
    }
}

/// Billers send again what was answered so.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_left_is_to_be_sent_again() {
    stop_the_clock();
    let full = Shelf { full: true, ..shelf(&["whsec_1"]) };
    let (answer, _) = call(full, signed(EVENT, &["whsec_1"], 0)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

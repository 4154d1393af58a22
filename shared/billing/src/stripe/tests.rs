use openapi::Document;
use rstest::rstest;
use serde_json::json;

use super::*;

/// Stripe's own sample of an object, in the shape of today.
fn sample(object: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/specs/stripe.samples.json");
    let text = std::fs::read_to_string(path).expect("the samples");
    let samples: Value = serde_json::from_str(&text).expect("JSON");
    samples["resources"][object].clone()
}

#[allow(clippy::needless_pass_by_value)] // As it is built where it is used.
fn event(kind: &str, object: Value) -> Value {
    let mut event = sample("event");
    event["id"] = json!("evt_1");
    event["type"] = json!(kind);
    event["created"] = json!(1_700_000_000);
    event["data"] = json!({ "object": object });
    event
}

/// A subscription that runs, without the sample's every field filled in.
fn subscription(status: &str) -> Value {
    let mut subscription = sample("subscription");
    subscription["id"] = json!("sub_1");
    subscription["status"] = json!(status);
    for field in ["cancel_at", "canceled_at", "trial_end", "trial_start", "ended_at", "pause_collection"] {
        subscription[field] = Value::Null;
    }
    subscription["cancel_at_period_end"] = json!(false);
    subscription
}

fn heard(event: &Value) -> Event {
    match read(event) {
        Ok(Read::Event(event)) => *event,
        other => panic!("{other:?}"),
    }
}

fn terms(event: &Value) -> (Terms, Vec<String>, Option<Timestamp>) {
    match heard(event).fact {
        Fact::Terms { terms, bought, paid_until, .. } => (terms, bought, paid_until),
        other => panic!("{other:?}"),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a moment")
}

#[rstest]
#[case("active", State::Active)]
#[case("canceled", State::Ended)]
#[case("incomplete", State::Incomplete)]
#[case("incomplete_expired", State::Ended)]
#[case("past_due", State::PastDue)]
#[case("paused", State::Paused)]
#[case("trialing", State::Trialing)]
#[case("unpaid", State::Unpaid)]
fn every_state_of_stripe_is_one_of_ours(#[case] status: &str, #[case] state: State) {
    let schema = Document::load("stripe.json");
    let known = schema.component("subscription")["properties"]["status"]["enum"].clone();
    assert!(known.as_array().is_some_and(|known| known.contains(&json!(status)) && known.len() == 8));
    let (terms, bought, paid_until) = terms(&event("customer.subscription.updated", subscription(status)));
    assert_eq!(terms.state, state);
    assert_eq!(bought, ["price_1PgafmB7WZ01zgkW6dKueIc5", "prod_QXg1hqf4jFNsqG"]);
    assert_eq!(paid_until, Some(at(976_287_773)));
}

#[test]
fn what_is_paid_for_is_read_where_it_used_to_be_too() {
    let mut older = subscription("active");
    older["current_period_end"] = json!(1_800_000_000);
    if let Some(item) = older["items"]["data"][0].as_object_mut() {
        item.remove("current_period_end");
    }
    let (_, _, paid_until) = terms(&event("customer.subscription.created", older));
    assert_eq!(paid_until, Some(at(1_800_000_000)));
}

#[rstest]
#[case(json!({ "cancel_at": 1_800_000_000 }), Some(1_800_000_000))]
#[case(json!({ "cancel_at_period_end": true }), Some(976_287_773))]
#[case(json!({ "cancel_at": 1_800_000_000, "ended_at": 1_750_000_000 }), Some(1_750_000_000))]
#[case(json!({}), None)]
fn the_end_is_what_stripe_says(#[case] said: Value, #[case] ends: Option<i64>) {
    let mut subscription = subscription("active");
    for (field, value) in said.as_object().expect("fields") {
        subscription[field] = value.clone();
    }
    let (terms, ..) = terms(&event("customer.subscription.updated", subscription));
    assert_eq!(terms.cancel_at, ends.map(at));
}

#[test]
fn metadata_may_say_plan_and_customer() {
    let mut subscription = subscription("active");
    subscription["metadata"] =
        json!({ "plan": "pro", "tenant_name": "Acme", "email": "o@acme.test", "subdomain": "acme" });
    subscription["items"]["data"][0]["price"]["lookup_key"] = json!("pro_monthly");
    let Fact::Terms { bought, customer, .. } =
        heard(&event("customer.subscription.created", subscription)).fact
    else {
        panic!("terms");
    };
    assert_eq!(bought[..2], ["pro", "pro_monthly"]);
    assert_eq!(customer.expect("said").subdomain.as_deref(), Some("acme"));
}

#[test]
fn an_invoice_names_its_subscription_in_either_place() {
    let older = json!({ "object": "invoice", "subscription": "sub_1" });
    let newer = json!({ "parent": { "subscription_details": { "subscription": "sub_1" } } });
    for invoice in [older, newer] {
        let paid = heard(&event("invoice.paid", invoice.clone()));
        assert_eq!((paid.subscription.as_str(), paid.fact), ("sub_1", Fact::Paid));
        assert_eq!(heard(&event("invoice.payment_failed", invoice)).fact, Fact::PaymentFailed);
    }
}

#[test]
fn a_checkout_says_who_bought() {
    let mut session = sample("checkout.session");
    session["subscription"] = json!("sub_1");
    session["customer_details"]["name"] = json!("Acme");
    let Fact::CheckedOut(customer) = heard(&event("checkout.session.completed", session)).fact else {
        panic!("a checkout");
    };
    assert_eq!((customer.name.as_str(), customer.email.as_str()), ("Acme", "example@example.com"));
}

#[rstest]
#[case(event("charge.succeeded", json!({})))]
#[case(event("invoice.paid", sample("invoice")))]
#[case(event("checkout.session.completed", sample("checkout.session")))]
fn what_is_about_no_subscription_is_unknown(#[case] mut event: Value) {
    if event["type"] == "invoice.paid" {
        event["data"]["object"]["parent"] = Value::Null;
    }
    assert!(matches!(read(&event), Ok(Read::Unknown { .. })), "{event}");
}

#[rstest]
#[case(json!({}))]
#[case(json!("text"))]
#[case(event("customer.subscription.updated", json!({ "id": "sub_1" })))]
#[case(event("customer.subscription.updated", json!({ "id": "sub 1", "status": "active", "items": { "data": [] } })))]
#[case({ let mut event = event("charge.succeeded", json!({})); event["created"] = json!("today"); event })]
#[case({ let mut event = event("charge.succeeded", json!({})); event["created"] = json!(i64::MAX); event })]
fn what_is_not_of_the_shape_is_said_to_be_malformed(#[case] event: Value) {
    assert!(read(&event).is_err(), "{event}");
}

#[test]
fn every_type_that_we_read_is_one_of_stripes() {
    let schema = Document::load("stripe.json");
    for object in ["event", "subscription", "invoice", "checkout.session", "price"] {
        assert!(schema.component(object).is_object(), "{object}");
    }
}

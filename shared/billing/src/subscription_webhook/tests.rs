use rstest::rstest;
use serde_json::json;

use super::*;

fn sold() -> Sold {
    Sold::parse("standard=starter, premium=pro", "us-east,eu-west")
}

/// As the guide of Collect & Verything has it.
fn created() -> Value {
    json!({
        "event": "subscription.created",
        "timestamp": "2025-01-15T10:00:00Z",
        "data": {
            "subscription_id": "sub_abc123",
            "customer": { "name": "ABC Corporation", "email": "admin@abc-corp.com", "billing_email": "billing@abc-corp.com" },
            "plan": { "tier": "premium", "price": 124.99, "currency": "EUR", "billing_period": "monthly" },
            "metadata": { "company_size": "50-200", "industry": "retail", "region": "us-east" },
        },
    })
}

fn cancelled() -> Value {
    json!({
        "event": "subscription.cancelled",
        "timestamp": "2025-06-15T10:00:00Z",
        "data": {
            "subscription_id": "sub_abc123", "tenant_id": "abc-corporation-7f3a9c",
            "cancellation_reason": "downgrade", "effective_date": "2025-07-15T00:00:00Z",
        },
    })
}

fn heard(body: &Value) -> Event {
    match read(body, &sold()) {
        Ok(Read::Event(event)) => *event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_guides_events_are_understood() {
    let event = heard(&created());
    assert_eq!(event.subscription.as_str(), "sub_abc123");
    let Fact::Terms { terms, bought, customer, .. } = event.fact else { panic!("terms") };
    assert_eq!((terms.state, bought), (State::Active, vec!["pro".to_owned()]));
    assert_eq!(customer.and_then(|customer| customer.billing_email).as_deref(), Some("billing@abc-corp.com"));
    let event = heard(&cancelled());
    let effective = "2025-07-15T00:00:00Z".parse().expect("a moment");
    assert_eq!(event.fact, Fact::Cancelled { at: effective });
}

#[test]
fn one_that_is_sent_again_has_the_same_name() {
    let id = |body| heard(&body).id;
    let mut spelled = created();
    spelled["timestamp"] = json!("2025-01-15T11:00:00+01:00");
    assert_eq!(id(created()), id(spelled));
    assert_ne!(id(created()), id(cancelled()));
}

#[test]
fn all_that_breaks_a_rule_is_said_at_once() {
    let mut body = created();
    body["data"]["customer"] = json!({ "name": "A!", "email": "nobody", "billing_email": "nowhere" });
    body["data"]["plan"]["tier"] = json!("gold");
    body["data"]["metadata"]["region"] = json!("mars");
    let Err(Refused::Violations(wrong)) = read(&body, &sold()) else { panic!("refused") };
    let fields: Vec<&str> = wrong.iter().map(|violation| violation.field).collect();
    assert_eq!(fields, ["name", "email", "billing_email", "tier", "region"]);
}

#[rstest]
#[case("AB", false)]
#[case("ABC", true)]
#[case(&"a".repeat(100), true)]
#[case(&"a".repeat(101), false)]
#[case("Robert'); DROP TABLE", false)]
fn a_companys_name_is_letters_digits_and_spaces(#[case] name: &str, #[case] accepted: bool) {
    let mut body = created();
    body["data"]["customer"]["name"] = json!(name);
    assert_eq!(read(&body, &sold()).is_ok(), accepted);
}

#[rstest]
#[case(json!({}))]
#[case(json!([]))]
#[case(json!({ "event": "subscription.created", "timestamp": "yesterday", "data": {} }))]
#[case(json!({ "event": "subscription.cancelled", "timestamp": "2025-01-15T10:00:00Z", "data": { "subscription_id": "a/b" } }))]
fn another_shape_is_refused_with_what_is_wrong(#[case] body: Value) {
    assert!(matches!(read(&body, &sold()), Err(Refused::Shape(_))), "{body}");
}

#[test]
fn only_who_has_a_secret_is_authorised() {
    let secrets = ["old".into(), "new".into()];
    assert!(authorised(Some("Bearer old"), &secrets) && authorised(Some("Bearer new"), &secrets));
    for header in [None, Some("new"), Some("Bearer "), Some("Bearer newer"), Some("bearer new")] {
        assert!(!authorised(header, &secrets), "{header:?}");
    }
    assert!(!authorised(Some("Bearer "), &["".into()]));
}

#[test]
fn an_event_of_another_kind_is_unknown() {
    let body = json!({ "event": "subscription.renewed", "timestamp": "2025-01-15T10:00:00Z", "data": {} });
    assert!(matches!(read(&body, &sold()), Ok(Read::Unknown { kind, .. }) if kind == "subscription.renewed"));
}

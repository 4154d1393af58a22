use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::dynamodb::EventRecord;
use proptest::prelude::*;
use serde_json::{Value, json};
use tenancy::{Event as Happening, Status};

use super::*;

const TENANT: &str = "acme-7f3a9c";
const OPERATION: &str = "01M7YJMCAGDF8N7ZT7RZ80SAD4";
const AT: &str = "2026-01-01T00:00:00Z";

fn tenant(status: &str, plan: &str) -> Value {
    json!({
        "id": TENANT, "name": "Acme", "subdomain": "acme", "email": "owner@example.com", "plan": plan,
        "blueprint": { "name": "merchant-workspace", "version": 1 }, "status": status, "created_at": AT,
    })
}

fn operation(state: &str) -> Value {
    let mut operation = json!({
        "id": OPERATION, "tenant": TENANT, "kind": "provision", "state": state,
        "blueprint": { "name": "merchant-workspace", "version": 1 }, "workflow": { "step": "a" },
        "accepted_at": AT,
    });
    if state == "failed" {
        operation["ended_at"] = AT.into();
        let fault =
            json!({ "kind": "Terminal", "cause": "refused", "actor": "provider", "request_id": "r-1" });
        operation["fault"] = json!({ "step": "a", "fault": fault });
    }
    operation
}

fn domains(states: &[(&str, &str)]) -> Value {
    let aspect = json!({ "state": "waiting", "since": AT });
    let domain = |(hostname, state): &(&str, &str)| {
        json!({
            "hostname": hostname, "state": state, "requested_at": AT, "operation": OPERATION,
            "name": aspect, "dns": aspect, "certificate": aspect,
        })
    };
    json!({ "all": states.iter().map(domain).collect::<Vec<_>>() })
}

/// A record as a stream delivers it. `Value::Null` is none.
fn delivered(sk: &str, version: u64, before: Value, after: Value) -> EventRecord {
    let image = |mut item: Value, version: u64| {
        if item.is_null() {
            return json!({});
        }
        item["pk"] = TENANT.into();
        item["sk"] = sk.into();
        item["row_version"] = version.into();
        let item: serde_dynamo::Item = serde_dynamo::to_item(item).expect("an item");
        serde_json::to_value(item).expect("as DynamoDB spells it")
    };
    let change = json!({
        "ApproximateCreationDateTime": 1_767_225_600, "SequenceNumber": "1", "SizeBytes": 1,
        "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": {},
        "OldImage": image(before, version - 1), "NewImage": image(after, version),
    });
    let record = json!({
        "awsRegion": "eu-central-1", "eventID": "e", "eventName": "MODIFY", "eventSource": "aws:dynamodb",
        "eventVersion": "1.1", "dynamodb": change,
    });
    serde_json::from_value(record).expect("a record")
}

fn told(record: EventRecord) -> Vec<Event<Data>> {
    events(&Record::read(record).expect("readable"), "tenantry").expect("understood")
}

fn types(record: EventRecord) -> Vec<Type> {
    told(record).iter().map(|event| event.kind).collect()
}

#[test]
fn a_tenants_life_is_told_by_where_it_stands_and_where_it_stood() {
    for (was, is, told) in [
        ("pending_approval", "provisioning", &[Type::TenantApproved][..]),
        ("failed", "provisioning", &[Type::TenantRetried]),
        ("deleted", "provisioning", &[Type::TenantRestoring]),
        ("provisioning", "active", &[Type::TenantActivated]),
        ("provisioning", "failed", &[Type::TenantFailed]),
        ("active", "suspended", &[Type::TenantSuspended]),
        ("suspended", "active", &[Type::TenantResumed]),
        ("active", "hibernating", &[Type::TenantHibernated]),
        ("hibernating", "active", &[Type::TenantWoken]),
        ("active", "changing_plan", &[Type::TenantChanging]),
        ("changing_plan", "active", &[Type::TenantChanged]),
        ("active", "cancelling", &[Type::TenantCancelled]),
        ("cancelling", "suspended", &[Type::TenantRestored]),
        ("cancelling", "deleting", &[Type::TenantDeleting]),
        ("deleting", "deleted", &[Type::TenantDeleted]),
        ("deleting", "stuck", &[Type::TenantStuck]),
        ("active", "active", &[]),
    ] {
        let record = delivered("TENANT", 2, tenant(was, "starter"), tenant(is, "starter"));
        assert_eq!(types(record), told, "{was} -> {is}");
    }
    let record = delivered("TENANT", 1, Value::Null, tenant("pending_approval", "starter"));
    assert_eq!(types(record), [Type::TenantCreated]);
    let record = delivered("TENANT", 2, tenant("active", "starter"), tenant("changing_plan", "pro"));
    assert_eq!(types(record), [Type::TenantChanging, Type::TenantPlanChanged]);
}

#[test]
fn an_operation_is_told_when_it_is_accepted_and_when_it_is_over() {
    let mut before = Value::Null;
    let mut life = Vec::new();
    for (version, state) in (1..).zip(["accepted", "running", "compensating", "failed"]) {
        let after = operation(state);
        life.extend(types(delivered(&format!("OPERATION#{OPERATION}"), version, before, after.clone())));
        before = after;
    }
    assert_eq!(life, [Type::OperationAccepted, Type::OperationFailed]);
}

/// A failure is told as the one object that the API shows, too (invariant 13).
#[test]
fn a_failure_is_told_with_its_fault() {
    let record = delivered("OPERATION#1", 4, operation("compensating"), operation("failed"));
    let event = serde_json::to_value(&told(record)[0]).expect("JSON");
    assert_eq!(event["data"]["fault"]["fault"]["request_id"], "r-1");
}

#[test]
fn each_domain_of_a_tenant_is_told_by_itself() {
    let (old, new) = ("old.example.com", "new.example.com");
    for (was, is, told) in [
        (&[][..], &[(new, "waiting")][..], &[Type::DomainRequested][..]),
        (&[(new, "waiting")], &[(new, "pending")], &[]),
        (&[(old, "active"), (new, "pending")], &[(old, "removing"), (new, "active")], &[Type::DomainLive]),
        (&[(new, "pending")], &[(new, "failed")], &[Type::DomainFailed]),
        (&[(old, "removing"), (new, "active")], &[(new, "active")], &[Type::DomainRemoved]),
        (&[(old, "failed")], &[(new, "pending")], &[Type::DomainRequested]),
        (&[(old, "active"), (new, "pending")], &[], &[Type::DomainRemoved, Type::DomainRemoved]),
    ] {
        let after = if is.is_empty() { Value::Null } else { domains(is) };
        assert_eq!(types(delivered("DOMAINS", 2, domains(was), after)), told, "{was:?} -> {is:?}");
    }
    let gone = told(delivered("DOMAINS", 2, domains(&[(old, "active"), (new, "active")]), Value::Null));
    assert_eq!(gone.iter().map(|event| &event.id).collect::<BTreeSet<_>>().len(), 2, "two are told apart");
}

fn subscription(voided: bool) -> Value {
    let mut account = json!({
        "subscription": { "id": "sub_1", "bought": {}, "dunning": {} }, "tenant": TENANT, "charged": !voided,
        "heard": 1, "late": 0,
    });
    if voided {
        account["voided"] = json!({ "at": AT, "why": "its provisioning failed" });
    }
    account
}

#[test]
fn a_subscription_is_told_of_once_it_is_voided() {
    let change = |was, is| types(delivered("SUBSCRIPTION", 2, subscription(was), subscription(is)));
    assert_eq!(change(false, true), [Type::SubscriptionVoided]);
    assert_eq!((change(false, false), change(true, true)), (vec![], vec![]));
}

fn webhook(disabled: bool) -> Value {
    let mut webhook = json!({
        "id": OPERATION, "url": "https://hooks.example.com/t?key=theirs", "enabled": !disabled, "secrets": [],
        "created_at": AT,
    });
    if disabled {
        let fault = json!({ "kind": "Terminal", "cause": "the endpoint answered 500", "actor": "customer" });
        webhook["disabled"] = json!({ "at": AT, "fault": fault });
    }
    webhook
}

#[test]
fn an_endpoint_that_was_given_up_is_told_of_without_its_address() {
    let told = told(delivered("WEBHOOK#1", 2, webhook(false), webhook(true)));
    assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), [Type::WebhookDisabled]);
    assert!(!json!(told).to_string().contains("theirs"));
}

#[test]
fn what_is_told_is_what_the_schemas_say() {
    let records = [
        delivered("TENANT", 1, Value::Null, tenant("provisioning", "starter")),
        delivered("TENANT", 2, tenant("active", "starter"), tenant("changing_plan", "pro")),
        delivered("OPERATION#1", 1, Value::Null, operation("accepted")),
        delivered("OPERATION#1", 4, operation("compensating"), operation("failed")),
        delivered("DOMAINS", 1, Value::Null, domains(&[("shop.example.com", "pending")])),
        delivered("SUBSCRIPTION", 2, subscription(false), subscription(true)),
        delivered("WEBHOOK#1", 2, webhook(false), webhook(true)),
    ];
    let events: Vec<_> = records.into_iter().flat_map(told).collect();
    assert_eq!(events.len(), 8);
    for event in events {
        let schema = events::schema(event.kind).expect("described");
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
        let event = serde_json::to_value(event).expect("JSON");
        let wrong: Vec<String> = validator.iter_errors(&event).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{event:#}: {wrong:?}");
        // The owner's address is theirs (and no secret has a field: invariant 8).
        assert!(!event.to_string().contains("owner@example.com"));
    }
}

#[test]
fn other_records_and_malformed_ones_tell_nothing() {
    assert!(told(delivered("OUTBOX#1", 1, Value::Null, json!({ "a": 1 }))).is_empty());
    let record = Record::read(delivered("TENANT", 2, Value::Null, json!({ "a": 1 }))).expect("an item");
    events(&record, "tenantry").expect_err("no tenant");
}

/// What a tenant's record says after each of some things happened to it.
fn life(happenings: &[usize]) -> Vec<EventRecord> {
    let mut status = Status::Provisioning;
    let mut before = tenant(status.name(), "starter");
    let mut records = vec![delivered("TENANT", 1, Value::Null, before.clone())];
    for happening in happenings.iter().map(|index| Happening::ALL[*index]) {
        let Ok(next) = status.after(happening) else { continue };
        status = next;
        let after = tenant(status.name(), "starter");
        let version = records.len() as u64 + 1;
        records.push(delivered("TENANT", version, before, after.clone()));
        before = after;
    }
    records
}

proptest! {
    /// Invariant 9: however a stream delivers, whoever keeps one of each id has the same.
    #[test]
    fn doubled_and_out_of_order_the_same_is_told(
        happenings in prop::collection::vec(0..Happening::ALL.len(), 0..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        let records = life(&happenings);
        let clean: Vec<Event<Data>> = records.iter().cloned().flat_map(told).collect();
        let again = picks.iter().map(|pick| pick.get(&records).clone());
        let shuffled = again.chain(records.iter().rev().cloned()).flat_map(told);
        let by_id = |events: Vec<Event<Data>>| -> BTreeMap<String, Event<Data>> {
            events.into_iter().map(|event| (event.id.clone(), event)).collect()
        };
        let kept = by_id(clean.clone());
        prop_assert_eq!(kept.len(), clean.len(), "each has an id of its own");
        prop_assert_eq!(by_id(shuffled.collect()), kept);
    }
}

use std::collections::BTreeMap;

use events::{Change, Data, OperationData, TenantData, Type};
use jiff::Timestamp;
use sqs::Memory;
use store::{Catalogue, Condition, Database, Key, Outcome, Table, Write};
use tenancy::{
    Blueprint, Email, Event as Happening, Operation, Plan, Signup, State, Status, Subdomain, Tenant, TenantId,
};

use super::*;

const OPERATION: &str = "01M7YJMCAGDF8N7ZT7RZ80SAD4";

fn tenant(n: usize, status: &str) -> Tenant {
    serde_json::from_value(json!({
        "id": format!("acme-{n:06x}"), "name": format!("Acme {n}"), "subdomain": format!("acme-{n}"),
        "email": "owner@example.com", "plan": "starter", "blueprint": { "name": "merchant-workspace", "version": 1 },
        "status": status, "created_at": "2026-01-01T00:00:00Z",
    }))
    .expect("a tenant")
}

fn operation(tenant: &TenantId) -> Operation {
    let now = clock::now();
    serde_json::from_value(json!({
        "id": OPERATION, "tenant": tenant, "kind": "provision", "state": "succeeded",
        "blueprint": { "name": "merchant-workspace", "version": 1 }, "workflow": { "step": "a" },
        "accepted_at": now - std::time::Duration::from_secs(20), "ended_at": now,
    }))
    .expect("an operation")
}

fn tally() -> (Tally, Database, Memory) {
    let (db, queue) = (Database::memory(), Memory::default());
    let letters = Queue::Memory(queue.clone());
    (Tally { figures: Figures::new(db.clone()), tenants: Tenants::new(db.clone()), letters }, db, queue)
}

async fn write(db: &Database, sk: &str, tenant: &TenantId, record: &impl Serialize, condition: Condition) {
    let key = Key::new(Table::Tenants, tenant, sk);
    db.write(Write::put(key, record, condition).expect("a structure")).await.expect("written");
}

/// Signs so many up, of whom every third comes to life.
async fn signed_up(db: &Database, many: usize) {
    let plan: Plan = serde_json::from_value(json!({
        "id": "starter", "name": "Starter", "description": "d", "price_cents": 0, "currency": "EUR",
        "billing_cycle": "monthly", "trial_days": 0, "popular": false, "active": true, "features": [], "limits": {},
    }))
    .expect("a plan");
    let blueprint: Blueprint = serde_json::from_value(json!({
        "name": "merchant-workspace", "version": 1, "description": "d", "active": true, "plans": ["starter"],
        "themes": [], "workflow": { "step": "a" },
    }))
    .expect("a blueprint");
    let catalogue = Catalogue::new(db.clone());
    catalogue.put_plan(&plan).await.expect("put");
    catalogue.put_blueprint(&blueprint).await.expect("put");
    let tenants = Tenants::new(db.clone());
    for n in 0..many {
        let signup = Signup {
            name: format!("Acme {n}"),
            subdomain: Subdomain::parse(&format!("acme-{n}")).expect("a subdomain"),
            email: Email::parse("owner@example.com").expect("an address"),
            blueprint: blueprint.clone(),
            plan: plan.clone(),
            theme: None,
            category: None,
            integrations: BTreeSet::new(),
            on_failure: None,
            custom_domain: None,
            card_fingerprint: None,
            overrides: BTreeMap::new(),
            origin: None,
        };
        let accepted = tenants.sign_up(&signup, None, clock::now()).await.expect("accepted");
        if n % 3 == 0 {
            let (event, state) = (Happening::Provisioned, State::Succeeded);
            let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
            let (id, operation) = (&accepted.tenant.id, accepted.operation);
            tenants.settle(id, operation, outcome, clock::now()).await.expect("settled");
        }
    }
}

/// What the bus puts into the queue, so often.
fn letters(kind: Type, data: Data, times: usize) -> Input {
    let change = Change { record: "r".to_owned(), version: 1, at: Timestamp::UNIX_EPOCH };
    let event = Event::new(kind, "t", &change, data);
    let body = json!({ "source": "tenantry", "detail-type": kind.name(), "detail": event }).to_string();
    let records = vec![json!({ "messageId": "m", "body": body, "eventSource": "aws:sqs" }); times];
    serde_json::from_value(json!({ "Records": records })).expect("letters")
}

fn told(tenant: &Tenant, times: usize) -> Input {
    letters(Type::TenantCreated, Data::Tenant(Box::new(TenantData::new(tenant, None))), times)
}

async fn count(tally: &Tally, status: Status) -> u64 {
    tally.figures.tenants().await.expect("read")[&status]
}

#[tokio::test]
async fn what_an_event_is_about_is_counted_as_it_is_now() {
    let (tally, db, _) = tally();
    let (then, now) = (tenant(1, "provisioning"), tenant(1, "active"));
    write(&db, "TENANT", &now.id, &now, Condition::Absent).await;
    tally.run(told(&then, 3)).await.expect("counted");
    assert_eq!((count(&tally, Status::Provisioning).await, count(&tally, Status::Active).await), (0, 1));
}

#[tokio::test]
async fn an_operation_that_is_over_is_in_its_day_once() {
    let (tally, db, _) = tally();
    let tenant = tenant(1, "active");
    let operation = operation(&tenant.id);
    write(&db, &format!("OPERATION#{OPERATION}"), &tenant.id, &operation, Condition::Absent).await;
    let data = || Data::Operation(Box::new(OperationData::from(&operation)));
    for _ in 0..2 {
        tally.run(letters(Type::OperationSucceeded, data(), 2)).await.expect("counted");
    }
    let days = tally.figures.days(clock::now()).await.expect("read");
    let today = days.last().expect("today");
    assert_eq!((today.succeeded, today.failed), (1, 0));
    let took = today.took.percentile(50).expect("one");
    assert!((19_300..=20_700).contains(&took), "{took}");
}

/// Those that were there before anybody counted, and those of whom no event came.
#[tokio::test]
async fn the_check_of_the_night_counts_everybody_a_page_at_a_time() {
    let (tally, db, queue) = tally();
    signed_up(&db, 120).await;
    let check: Input = serde_json::from_value(json!({ "check": {} })).expect("as the schedule says it");
    tally.run(check).await.expect("checked");
    let mut read = 0;
    while let Some((body, _)) = queue.letters().get(read).cloned() {
        let again = json!({ "Records": [{ "body": body }] });
        tally.run(serde_json::from_value(again).expect("a letter")).await.expect("checked");
        read += 1;
    }
    assert_eq!(read, 2, "a page in each call");
    assert_eq!((count(&tally, Status::Active).await, count(&tally, Status::Provisioning).await), (40, 80));
}

/// A tenant that was deleted takes its domains along, and nobody tells of one that had been given up.
#[test]
fn an_event_is_about_the_records_that_it_may_have_changed() {
    let about = |subject: &str| {
        let event = json!({
            "specversion": "1.0", "id": "e", "type": "tenantry.tenant.deleted.v1", "source": "urn:tenantry:t",
            "subject": subject, "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json",
            "tenant": "acme-7f3a9c", "data": {},
        });
        subjects(&serde_json::from_value(event).expect("an event"))
    };
    let tenant: TenantId = "acme-7f3a9c".parse().expect("an id");
    let operation = Subject::Operation(tenant.clone(), OPERATION.parse().expect("an id"));
    let domains = Subject::Domains(tenant.clone());
    assert_eq!(about("tenants/acme-7f3a9c"), [Subject::Tenant(tenant), domains.clone()]);
    assert_eq!(about("tenants/acme-7f3a9c/domains/shop.example.com"), [domains]);
    assert_eq!(about(&format!("tenants/acme-7f3a9c/operations/{OPERATION}")), [operation]);
}

#[tokio::test]
async fn what_is_no_letter_is_said_not_to_be_one_and_keeps_no_other_from_being_counted() {
    let (tally, db, _) = tally();
    let tenant = tenant(1, "active");
    write(&db, "TENANT", &tenant.id, &tenant, Condition::Absent).await;
    let Input::Letters { mut records } = told(&tenant, 1) else { panic!("letters") };
    records.insert(0, Record { body: "{}".to_owned() });
    let refused = tally.run(Input::Letters { records }).await.expect_err("none of ours");
    assert!(refused.cause.contains("a letter is none of ours"));
    assert_eq!(count(&tally, Status::Active).await, 1);
}

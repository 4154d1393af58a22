use saga::{Begun, Intent, Lease, Ledger as _, Report};
use serde_json::json;
use store::Database;
use tenancy::{OperationId, SignupRequest, Status, TenantId};

use super::*;

/// A tenant of two steps, one of which it can live without, whose provisioning was accepted.
async fn accepted(db: &Database) -> (TenantId, OperationId) {
    let plan = serde_json::from_value(json!({
        "id": "starter", "name": "Starter", "description": "", "price_cents": 2900, "currency": "EUR",
        "billing_cycle": "month", "trial_days": 14, "popular": false, "active": true, "features": [], "limits": {},
    }))
    .expect("a plan");
    let blueprint: tenancy::Blueprint = serde_json::from_value(json!({
        "name": "shop", "version": 1, "description": "", "active": true, "plans": ["starter"],
        "workflow": { "sequence": [{ "step": "make-thing" }, { "step": "watch-thing" }] },
        "optional": ["watch-thing"],
    }))
    .expect("a blueprint");
    let catalogue = Catalogue::new(db.clone());
    catalogue.put_plan(&plan).await.expect("put");
    catalogue.put_blueprint(&blueprint).await.expect("put");
    let request: SignupRequest = serde_json::from_value(json!({
        "name": "Acme", "subdomain": "acme", "email": "o@example.com", "blueprint": "shop",
    }))
    .expect("a request");
    let signup = request.check(Some(blueprint), &[plan], &[]).expect("a signup");
    let accepted = Tenants::new(db.clone()).sign_up(&signup, None, clock::now()).await.expect("accepted");
    (accepted.tenant.id, accepted.operation)
}

async fn activate(db: &Database, tenant: &TenantId, operation: OperationId) -> Result<Tenant, Fault> {
    let activate = Activate {
        tenants: Tenants::new(db.clone()),
        ledger: ResourceLedger::new(db.clone()),
        catalogue: Catalogue::new(db.clone()),
    };
    let subject = Subject::new(tenant.clone(), operation);
    activate.run(Input { subject, endpoints: BTreeMap::new() }).await
}

async fn make(db: &Database, tenant: &TenantId, operation: OperationId) {
    let ledger = ResourceLedger::new(db.clone());
    let intent = Intent {
        tenant: tenant.clone(),
        step: "make-thing",
        operation,
        handle: json!({}),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: "call".to_owned(), until: clock::now() },
    };
    let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("fresh") };
    ledger.commit(*row, &json!({})).await.expect("live");
}

#[tokio::test]
async fn nothing_is_active_before_every_step_is_proven() {
    let db = Database::memory();
    let (tenant, operation) = accepted(&db).await;
    let refused = activate(&db, &tenant, operation).await.expect_err("nothing was made");
    assert!(refused.cause.starts_with("make-thing is Waiting"), "{refused}");
}

async fn look(db: &Database, tenant: &TenantId, operation: OperationId, fault: Option<Fault>) {
    let now = clock::now();
    let report = Report {
        tenant: tenant.clone(),
        operation,
        step: "watch-thing".to_owned(),
        attempts: 1,
        begun_at: now,
        changed_at: now,
        busy_ms: 1,
        seen: fault.is_none().then(|| json!({ "pods": 2 })),
        fault,
    };
    ResourceLedger::new(db.clone()).report(report).await.expect("reported");
}

/// Invariant 11: and it is said to have failed, also where it could have been tried for longer, or was never begun.
#[tokio::test]
async fn a_step_that_is_optional_may_fail_and_is_shown_to_have() {
    let faults = [Some(Fault::terminal("nobody watches")), Some(Fault::transient("not now")), None];
    for fault in faults {
        let db = Database::memory();
        let (tenant, operation) = accepted(&db).await;
        make(&db, &tenant, operation).await;
        if let Some(fault) = fault.clone() {
            look(&db, &tenant, operation, Some(fault)).await;
        }
        telemetry::listen();
        for _ in 0..2 {
            assert_eq!(activate(&db, &tenant, operation).await.expect("active").status, Status::Active);
        }
        let heard = telemetry::heard();
        let without = heard.iter().filter(|line| line["OperationWithout"] == 1).map(|line| &line["step"]);
        assert_eq!(without.collect::<Vec<_>>(), ["watch-thing"], "{heard:?}");
        let record = Tenants::new(db.clone()).operation(&tenant, operation).await.expect("read");
        let record = record.expect("there").value;
        assert_eq!((record.state, record.percent(&record.steps)), (State::Succeeded, 100));
        let shown = record.steps.iter().find(|step| step.name == "watch-thing").expect("the step");
        assert_eq!(shown.state, StepState::Failed, "{fault:?}");
        let said = shown.fault.clone().expect("why");
        assert!(fault.is_none_or(|fault| fault == said), "{said}");
        let learnt = Catalogue::new(db.clone()).blueprint("shop").await.expect("read").expect("there");
        assert_eq!(learnt.usual_ms.get("watch-thing"), None, "a failure says nothing of how long it takes");
    }
}

/// The ledger goes on to later operations: what was seen stays with this one.
#[tokio::test]
async fn what_a_look_saw_is_kept_with_the_operation() {
    let db = Database::memory();
    let (tenant, operation) = accepted(&db).await;
    make(&db, &tenant, operation).await;
    look(&db, &tenant, operation, None).await;
    activate(&db, &tenant, operation).await.expect("active");
    let record = Tenants::new(db).operation(&tenant, operation).await.expect("read").expect("there").value;
    let seen: Vec<_> = record.steps.into_iter().map(|step| (step.name, step.seen)).collect();
    let looked = ("watch-thing".to_owned(), Some(json!({ "pods": 2 })));
    assert_eq!(seen, [("make-thing".to_owned(), None), looked]);
}

#[tokio::test]
async fn an_operation_that_was_cancelled_makes_nothing_active() {
    let db = Database::memory();
    let (tenant, operation) = accepted(&db).await;
    make(&db, &tenant, operation).await;
    let by = store::By { who: "ops".to_owned(), why: "enough".to_owned() };
    let tenants = Tenants::new(db.clone());
    tenants.cancel(&tenant, operation, by, None, clock::now()).await.expect("cancelled");
    let refused = activate(&db, &tenant, operation).await.expect_err("stopped");
    assert_eq!(refused.kind, fault::Kind::Fenced);
}

#[tokio::test]
async fn how_much_an_operation_took_is_recorded_when_it_succeeds_and_once() {
    let db = Database::memory();
    let (tenant, operation) = accepted(&db).await;
    make(&db, &tenant, operation).await;
    look(&db, &tenant, operation, None).await;
    telemetry::listen();
    for _ in 0..2 {
        activate(&db, &tenant, operation).await.expect("active");
    }
    let heard = telemetry::heard();
    let [line] = &heard[..] else { panic!("{heard:?}") };
    let labels = ["deployment", "blueprint", "kind", "outcome", "status"].map(|label| line[label].as_str());
    let expected = ["test", "shop", "provision", "succeeded", "active"].map(Some);
    assert_eq!((labels, &line["OperationCalls"], &line["OperationFailed"]), (expected, &json!(2), &json!(0)));
}

use rstest::rstest;
use serde_json::{Value, json};
use store::Outcome as Ended;
use tenancy::{Event, State, TenantId};

use super::*;

/// A deployment with one blueprint on offer, and a bus that nobody puts onto here.
async fn receive() -> Receive {
    let db = Database::memory();
    let catalogue = Catalogue::new(db.clone());
    let plan = |id: &str| {
        serde_json::from_value(json!({
            "id": id, "name": id, "description": "d", "price_cents": 1, "currency": "USD", "billing_cycle": "month",
            "trial_days": 0, "popular": false, "active": true, "features": [], "limits": {},
        }))
        .expect("a plan")
    };
    for id in ["starter", "professional"] {
        catalogue.put_plan(&plan(id)).await.expect("stored");
    }
    let blueprint = json!({
        "name": "shop", "version": 1, "description": "d", "active": true, "plans": ["starter", "professional"],
        "themes": [], "categories": [], "integrations": [], "workflow": { "step": "a" },
    });
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("stored");
    Receive {
        tenants: Tenants::new(db.clone()),
        catalogue,
        db,
        bus: Bus::Memory(std::sync::Arc::default()),
        source: "applicationPlaneEventSource".to_owned(),
        offer: Offer { blueprint: "shop".to_owned(), plans: "Premium=professional".parse().expect("plans") },
    }
}

#[allow(clippy::needless_pass_by_value)] // As it is built where it is used.
fn request(id: &str, kind: &str, detail: Value) -> (Job, Request) {
    let request = json!({ "id": id, "detail-type": kind, "detail": detail });
    let request: Request = serde_json::from_value(request).expect("a request");
    (Job::asked(kind).expect("a job"), request)
}

fn onboarding(id: &str, tier: &str) -> (Job, Request) {
    let detail = json!({
        "tenantId": "t-1", "tenantRegistrationId": "r-1", "tenantName": "Acme", "email": "o@example.com", "tier": tier,
    });
    request(id, "onboardingRequest", detail)
}

async fn begin(receive: &Receive, (job, request): (Job, Request)) -> Outcome {
    receive.begin(job, &request).await.expect("an outcome")
}

async fn tenant(receive: &Receive) -> TenantId {
    Correspondence::find(&receive.db, "t-1").await.expect("read").expect("it is known").tenant
}

/// Ends what is under way as it should.
async fn end(receive: &Receive, id: &TenantId, event: Event) {
    let operation =
        receive.tenants.get(id).await.expect("read").expect("there").value.operation.expect("under way");
    let outcome = Ended { event, state: State::Succeeded, steps: Vec::new(), endpoints: None };
    receive.tenants.settle(id, operation, outcome, clock::now()).await.expect("settled");
}

/// Invariant 9: under another event id, too.
#[rstest]
#[case("premium", "professional")]
#[case("starter", "starter")]
#[tokio::test]
async fn what_is_registered_is_signed_up_once(#[case] tier: &str, #[case] plan: &str) {
    let receive = receive().await;
    for id in ["e-1", "e-1", "e-2"] {
        assert_eq!(begin(&receive, onboarding(id, tier)).await, Outcome::Begun);
    }
    let id = tenant(&receive).await;
    let found = receive.tenants.get(&id).await.expect("read").expect("there").value;
    assert_eq!((found.plan.as_str(), found.status), (plan, Status::Provisioning));
    let known = Correspondence::of(&receive.db, &id).await.expect("read").expect("there");
    assert_eq!((known.theirs.as_str(), known.registration.as_deref()), ("t-1", Some("r-1")));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_all_that_is_wrong() {
    let receive = receive().await;
    let Outcome::Refused(fault) = begin(&receive, onboarding("e-1", "gold")).await else { panic!("refused") };
    assert!(fault.cause.contains("plan"), "{}", fault.cause);
    let nothing = request("e-2", "onboardingRequest", json!({ "tenantId": "t-2" }));
    let Outcome::Refused(fault) = begin(&receive, nothing).await else { panic!("refused") };
    assert!(fault.cause.contains("name") && fault.cause.contains("email"), "{}", fault.cause);
}

#[tokio::test]
async fn a_tenant_is_deactivated_activated_and_offboarded() {
    let receive = receive().await;
    begin(&receive, onboarding("e-1", "starter")).await;
    let id = tenant(&receive).await;
    let ask = |id: &str, kind: &str| request(id, kind, json!({ "tenantId": "t-1" }));
    // While it is made, that has to wait.
    let (job, early) = ask("e-2", "deactivateRequest");
    assert_eq!(receive.begin(job, &early).await.expect_err("not yet").kind, Kind::NotReady);
    end(&receive, &id, Event::Provisioned).await;

    assert_eq!(begin(&receive, ask("e-2", "deactivateRequest")).await, Outcome::Begun);
    end(&receive, &id, Event::Suspended).await;
    assert_eq!(begin(&receive, ask("e-3", "deactivateRequest")).await, Outcome::Done);
    assert_eq!(begin(&receive, ask("e-4", "activateRequest")).await, Outcome::Begun);
    end(&receive, &id, Event::Resumed).await;
    for _ in 0..2 {
        assert_eq!(begin(&receive, ask("e-5", "offboardingRequest")).await, Outcome::Begun);
    }
    end(&receive, &id, Event::Deleted).await;
    assert_eq!(begin(&receive, ask("e-6", "offboardingRequest")).await, Outcome::Done);
}

#[tokio::test]
async fn what_nobody_will_say_later_is_said_at_once() {
    let receive = receive().await;
    let letter = |kind: &str| {
        let request = json!({ "id": "e-1", "detail-type": kind, "detail": { "tenantId": "t-2" } });
        let letter = json!({ "body": request.to_string(), "attributes": {}, "messageAttributes": {} });
        serde_json::from_value(json!({ "Records": [letter] })).expect("letters")
    };
    for kind in ["onboardingRequest", "offboardingRequest", "somethingElse"] {
        receive.run(letter(kind)).await.expect("run");
    }
    let Bus::Memory(said) = &receive.bus else { panic!("a bus in memory") };
    let said = said.lock().expect("unbroken");
    let types: Vec<&str> = said.iter().map(|entry| entry.detail_type.as_str()).collect();
    assert_eq!(types, ["provisionFailure", "deprovisionSuccess"]);
}

#[tokio::test]
async fn of_what_was_never_registered_nothing_is_left_and_nothing_can_be_changed() {
    let receive = receive().await;
    let ask = |kind: &str| request("e-1", kind, json!({ "tenantId": "t-9" }));
    assert_eq!(begin(&receive, ask("offboardingRequest")).await, Outcome::Done);
    assert!(matches!(begin(&receive, ask("activateRequest")).await, Outcome::Refused(_)));
}

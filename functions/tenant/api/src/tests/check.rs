//! A tenant is looked at anew, and what was seen is told.

use super::*;

/// A tenant that lives, of a step and a look at what that made.
async fn live() -> (Router, Database, String) {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let catalogue = Catalogue::new(db.clone());
    let mut blueprint = catalogue.blueprint("merchant-workspace").await.expect("read").expect("there");
    blueprint.hibernates = true;
    let steps = ["merchant-create-group", "merchant-probe-website"];
    blueprint.workflow =
        tenancy::Workflow::Sequence(steps.map(|it| tenancy::Workflow::Step(it.to_owned())).to_vec());
    catalogue.put_blueprint(&blueprint).await.expect("put");
    let (tenant, operation) = signed_up(&api).await;
    looked(&db, &operation, tenancy::Event::Provisioned, 0).await;
    (api, db, tenant)
}

/// Has an operation end well, whose look saw a pod that had been started so often.
async fn looked(db: &Database, operation: &str, event: tenancy::Event, restarts: u32) {
    let (tenant, id) =
        operation.trim_start_matches("/v1/tenants/").split_once("/operations/").expect("two ids");
    let (tenant, operation) = (tenant.parse().expect("an id"), id.parse().expect("an id"));
    let now = jiff::Timestamp::now();
    let look = tenancy::StepProgress {
        state: tenancy::StepState::Done,
        changed_at: Some(now),
        seen: Some(
            json!({ "pods": [{ "pod": "web-1", "containers": 1, "restarts": restarts, "ready": true }] }),
        ),
        ..tenancy::StepProgress::waiting("merchant-probe-website")
    };
    let steps = vec![tenancy::StepProgress::waiting("merchant-create-group"), look];
    let outcome = store::Outcome { event, state: tenancy::State::Succeeded, steps, endpoints: None };
    Tenants::new(db.clone()).settle(&tenant, operation, outcome, now).await.expect("settled");
}

/// The part that is looked at, as the API tells it.
async fn part(api: &Router, tenant: &str) -> Value {
    body(send(api, "GET", &format!("{tenant}/health"), None, "").await).await["parts"][1].clone()
}

#[tokio::test]
async fn what_a_look_saw_is_told_until_a_check_has_seen_it_anew() {
    let (api, db, tenant) = live().await;
    let before = part(&api, &tenant).await;
    assert_eq!((&before["health"], &before["seen"]["pods"][0]["restarts"]), (&json!("healthy"), &json!(0)));
    let (status, check) = change(&api, &tenant, "check", WHY).await;
    assert_eq!(status, "changing_plan");
    assert_eq!(part(&api, &tenant).await, before, "it is being looked at");
    looked(&db, &check, tenancy::Event::PlanSettled, 3).await;
    let after = part(&api, &tenant).await;
    assert_eq!(after["seen"]["pods"][0]["restarts"], 3, "{after}");
    let at = |part: &Value| part["seen_at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    assert!(at(&after) > at(&before));
    let operation = body(send(&api, "GET", &check, None, "").await).await;
    assert_eq!(operation["steps"][1]["seen"], after["seen"], "{operation}");
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let last = audit["audit"].as_array().and_then(|entries| entries.last()).expect("an entry");
    assert_eq!(last["action"], "check");
}

/// Otherwise a step whose input is what it was would be taken as done, and what is amiss would stay so.
#[tokio::test]
async fn a_check_has_every_step_run_again_and_changes_nothing_else() {
    let (api, db, tenant) = live().await;
    let id = tenant.trim_start_matches("/v1/tenants/").parse().expect("an id");
    let tenants = Tenants::new(db.clone());
    let snapshot = async || {
        let tenant = tenants.get(&id).await.expect("read").expect("there").value;
        tenants.snapshot(&tenant, tenancy::Kind::ChangePlan).await.expect("a snapshot")
    };
    let before = snapshot().await;
    change(&api, &tenant, "check", WHY).await;
    let after = snapshot().await;
    assert_eq!(after.remade, before.remade + 1);
    assert_eq!(tenancy::Snapshot { remade: before.remade, ..after }, before);
}

#[tokio::test]
async fn a_check_that_is_sent_again_is_the_same_one() {
    let (api, _, tenant) = live().await;
    let ask = async |key| send(&api, "POST", &format!("{tenant}/check"), Some(key), WHY).await;
    let first = ask("k").await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let accepted = body(first).await;
    assert_eq!(body(ask("k").await).await, accepted);
    let another = ask("another").await;
    assert_eq!(another.status(), StatusCode::CONFLICT);
    assert_eq!(body(another).await["type"], "/problems/operation-under-way");
}

#[tokio::test]
async fn who_sleeps_or_is_suspended_is_not_checked() {
    for (act, event, stands) in [
        ("suspend", tenancy::Event::Suspended, "suspended"),
        ("hibernate", tenancy::Event::Hibernated, "hibernating"),
    ] {
        let (api, db, tenant) = live().await;
        let (_, operation) = change(&api, &tenant, act, WHY).await;
        ended(&db, &operation, event, tenancy::State::Succeeded).await;
        let refused = send(&api, "POST", &format!("{tenant}/check"), None, WHY).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let problem = body(refused).await;
        assert_eq!(problem["detail"], format!("a tenant that is {stands} cannot be checked"), "{problem}");
        assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], stands);
    }
}

#[tokio::test]
async fn whoever_runs_the_platform_may_check() {
    let owner = |tenant: &str| Person::of_tenant(tenant.trim_start_matches("/v1/tenants/"));
    let (api, _, tenant) = live().await;
    for (person, status) in [
        (Person::staff("viewer"), StatusCode::FORBIDDEN),
        (owner(&tenant), StatusCode::FORBIDDEN),
        (Person::of_tenant("other-000000"), StatusCode::NOT_FOUND),
        (Person::staff("operator"), StatusCode::ACCEPTED),
    ] {
        let answer = send_as(&person, &api, "POST", &format!("{tenant}/check"), None, WHY).await;
        assert_eq!(answer.status(), status, "{person:?}");
    }
    let silent = send(&api, "POST", &format!("{tenant}/check"), None, "{}").await;
    assert_eq!(silent.status(), StatusCode::BAD_REQUEST, "nobody says why");
}

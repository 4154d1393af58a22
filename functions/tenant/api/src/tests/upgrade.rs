//! A tenant is moved to another version of its blueprint, and back.

use super::*;

const BLUEPRINT: &str = "/v1/blueprints/merchant-workspace";
const UP: &str = r#"{"reason":"the release of June"}"#;

/// A tenant of the first version of its blueprint, of which there are two.
async fn released() -> (Router, Database, String) {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    release(&api, &json!({ "settings": { "version": "2.0" } })).await;
    (api, db, tenant)
}

/// Makes the next version of the blueprint.
async fn release(api: &Router, what: &Value) {
    let mut update = what.clone();
    update["reason"] = json!("a release");
    let changed = send(api, "PATCH", BLUEPRINT, None, &update.to_string()).await;
    assert_eq!(changed.status(), StatusCode::OK);
}

async fn shown(api: &Router, tenant: &str) -> Value {
    body(send(api, "GET", tenant, None, "").await).await
}

/// What is wrong with the version that was asked for.
async fn wrong(api: &Router, tenant: &str, wish: &Value) -> String {
    let refused = send(api, "POST", &format!("{tenant}/upgrade"), None, &wish.to_string()).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = body(refused).await;
    assert_eq!(problem["violations"][0]["field"], "version", "{problem}");
    problem["violations"][0]["problem"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_tenant_is_moved_to_the_newest_version_and_back_to_the_one_before() {
    let (api, db, tenant) = released().await;
    let before = shown(&api, &tenant).await;
    assert_eq!((&before["blueprint"]["version"], &before["newer_version"]), (&json!(1), &json!(2)));
    let (status, upgrades) = change(&api, &tenant, "upgrade", UP).await;
    assert_eq!(status, "changing_plan");
    let operation = body(send(&api, "GET", &upgrades, None, "").await).await;
    assert_eq!(operation["kind"], "upgrade", "{operation}");
    ended(&db, &upgrades, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    let moved = shown(&api, &tenant).await;
    assert_eq!((&moved["blueprint"]["version"], moved.get("newer_version")), (&json!(2), None));
    assert_eq!((&moved["status"], &moved["plan"]), (&json!("active"), &json!("starter")));

    let (_, back) = change(&api, &tenant, "upgrade", r#"{"reason":"it is slow","version":1}"#).await;
    ended(&db, &back, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    assert_eq!(shown(&api, &tenant).await["blueprint"]["version"], 1);
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let last = audit["audit"].as_array().and_then(|entries| entries.last()).expect("an entry");
    assert_eq!((&last["action"], &last["why"]), (&json!("upgrade"), &json!("it is slow")));
    assert_eq!(
        (&last["before"]["blueprint"]["version"], &last["after"]["blueprint"]["version"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn an_upgrade_that_fails_is_led_back_to_the_version_before() {
    let (api, db, tenant) = released().await;
    let (_, upgrades) = change(&api, &tenant, "upgrade", UP).await;
    ended(&db, &upgrades, tenancy::Event::ChangeFailed, tenancy::State::Failed).await;
    let back = shown(&api, &tenant).await;
    assert_eq!((&back["blueprint"]["version"], &back["status"]), (&json!(1), &json!("changing_plan")));
    let back = format!("{tenant}/operations/{}", back["operation"].as_str().expect("an operation"));
    assert_eq!(body(send(&api, "GET", &back, None, "").await).await["kind"], "upgrade");
    ended(&db, &back, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    let settled = shown(&api, &tenant).await;
    assert_eq!((&settled["blueprint"]["version"], &settled["status"]), (&json!(1), &json!("active")));
}

#[tokio::test]
async fn an_upgrade_that_is_sent_again_is_the_same_one() {
    let (api, db, tenant) = released().await;
    let ask = async |key| send(&api, "POST", &format!("{tenant}/upgrade"), Some(key), UP).await;
    let first = ask("k").await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let location = first.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let accepted = body(first).await;
    assert_eq!(body(ask("k").await).await, accepted);
    let another = ask("another").await;
    assert_eq!(another.status(), StatusCode::CONFLICT);
    assert_eq!(body(another).await["type"], "/problems/operation-under-way", "it is not there yet");
    ended(&db, &location, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    assert_eq!(body(ask("k").await).await, accepted, "also once the tenant is of that version");
}

#[tokio::test]
async fn a_version_that_a_tenant_cannot_be_of_is_refused_and_nothing_is_changed() {
    let (api, _, tenant) = released().await;
    let named = |version: u32| json!({ "reason": "r", "version": version });
    assert_eq!(wrong(&api, &tenant, &named(7)).await, "there is no version 7 of merchant-workspace");
    assert_eq!(wrong(&api, &tenant, &named(1)).await, "the tenant is of merchant-workspace@1 already");
    release(&api, &json!({ "plans": ["professional"] })).await;
    let not_sold = "merchant-workspace@3 does not offer the tenant's plan, 'starter'";
    assert_eq!(wrong(&api, &tenant, &json!({ "reason": "r" })).await, not_sold);
    let after = shown(&api, &tenant).await;
    assert_eq!((&after["blueprint"]["version"], &after["status"]), (&json!(1), &json!("active")));
    let nobody = send(&api, "POST", "/v1/tenants/nobody-000000/upgrade", None, UP).await;
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
    let typo =
        send(&api, "POST", &format!("{tenant}/upgrade"), None, r#"{"reason":"r","version":"2"}"#).await;
    assert_eq!(typo.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn who_is_not_active_is_not_moved() {
    let (api, db, tenant) = released().await;
    let (_, suspends) = change(&api, &tenant, "suspend", WHY).await;
    ended(&db, &suspends, tenancy::Event::Suspended, tenancy::State::Succeeded).await;
    let refused = send(&api, "POST", &format!("{tenant}/upgrade"), None, UP).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let problem = body(refused).await;
    assert_eq!(
        problem["detail"], "a tenant that is suspended cannot be moved to another version",
        "{problem}"
    );
}

#[tokio::test]
async fn an_upgrade_is_rehearsed_with_the_steps_of_the_version_it_leads_to() {
    let (api, db, tenant) = released().await;
    let catalogue = Catalogue::new(db.clone());
    let mut third = catalogue.blueprint("merchant-workspace").await.expect("read").expect("there");
    third.version = 3;
    third.workflow = tenancy::Workflow::Step("merchant-create-account".to_owned());
    catalogue.put_blueprint(&third).await.expect("stored");
    let rehearsed = async |how: &str, wish: &str| {
        let path = format!("{tenant}/upgrade?dry_run={how}");
        let response = send(&api, "POST", &path, None, wish).await;
        assert_eq!(response.status(), StatusCode::OK);
        body(response).await
    };
    let plan = rehearsed("plan", UP).await;
    assert_eq!(plan["plan"]["steps"][0]["step"], "merchant-create-account", "{plan}");
    let refused = rehearsed("validate", r#"{"reason":"r","version":7}"#).await;
    assert_eq!((&refused["valid"], &refused["violations"][0]["field"]), (&json!(false), &json!("version")));
    assert_eq!(shown(&api, &tenant).await["blueprint"]["version"], 1);
}

#[tokio::test]
async fn which_version_a_tenant_runs_is_not_for_its_own_people_to_say() {
    let (api, _, tenant) = released().await;
    let path = format!("{tenant}/upgrade?dry_run=validate");
    let owner = Person::of_tenant(tenant.trim_start_matches("/v1/tenants/"));
    for (person, status) in [
        (Person::staff("admin"), StatusCode::OK),
        (Person::machine(), StatusCode::OK),
        (owner, StatusCode::FORBIDDEN),
        (Person::of_tenant("other-000000"), StatusCode::NOT_FOUND),
        (Person::staff("viewer"), StatusCode::FORBIDDEN),
    ] {
        let answer = send_as(&person, &api, "POST", &path, None, UP).await;
        assert_eq!(answer.status(), status, "{person:?}");
    }
}

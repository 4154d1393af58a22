//! Whoever nobody uses sleeps, and whoever is used is awake.

use super::*;

const BLUEPRINT: &str = "/v1/blueprints/merchant-workspace";

/// A blueprint whose tenants can sleep, and one that lives.
async fn live() -> (Router, Database, String) {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let catalogue = Catalogue::new(db.clone());
    let mut blueprint = catalogue.blueprint("merchant-workspace").await.expect("read").expect("there");
    blueprint.hibernates = true;
    catalogue.put_blueprint(&blueprint).await.expect("put");
    let policy = r#"{"reason":"who pays for that?","hibernation":{"idle_days":30}}"#;
    let changed = body(send(&api, "PATCH", BLUEPRINT, None, policy).await).await;
    assert_eq!(changed["hibernation"]["idle_days"], 30);
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    (api, db, tenant)
}

#[tokio::test]
async fn whoever_sleeps_is_woken_by_a_report_or_by_their_owner() {
    let (api, db, tenant) = live().await;
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    assert!(shown["hibernates_at"].is_string() && shown["active_at"].is_string(), "{shown}");
    let report = async || {
        body(send_as(&Person::machine(), &api, "PUT", &format!("{tenant}/activity"), None, "").await).await
    };
    assert_eq!(report().await["operation"], Value::Null, "it is awake");
    for by_report in [true, false] {
        let (status, hibernates) = change(&api, &tenant, "hibernate", WHY).await;
        assert_eq!(status, "hibernating");
        assert_eq!(report().await["operation"], Value::Null, "it is being put to sleep");
        ended(&db, &hibernates, tenancy::Event::Hibernated, tenancy::State::Succeeded).await;
        assert!(body(send(&api, "GET", &tenant, None, "").await).await.get("hibernates_at").is_none());
        let wakes = if by_report {
            let woken = report().await["operation"].as_str().expect("it wakes").to_owned();
            format!("{tenant}/operations/{woken}")
        } else {
            let owner = Person::of_tenant(tenant.trim_start_matches("/v1/tenants/"));
            let asked = send_as(&owner, &api, "POST", &format!("{tenant}/wake"), None, WHY).await;
            assert_eq!(asked.status(), StatusCode::ACCEPTED);
            asked.headers()[header::LOCATION].to_str().expect("ASCII").to_owned()
        };
        ended(&db, &wakes, tenancy::Event::Woken, tenancy::State::Succeeded).await;
        assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "active");
    }
}

#[tokio::test]
async fn what_is_changed_about_whoever_sleeps_wakes_them() {
    let (api, db, tenant) = live().await;
    let (_, hibernates) = change(&api, &tenant, "hibernate", WHY).await;
    ended(&db, &hibernates, tenancy::Event::Hibernated, tenancy::State::Succeeded).await;
    let (status, _) = change(&api, &tenant, "access", r#"{"reason":"r","access":"read_only"}"#).await;
    assert_eq!(status, "changing_plan");
}

#[tokio::test]
async fn what_cannot_sleep_is_told_so() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let refused = send(&api, "POST", &format!("{tenant}/hibernate"), None, WHY).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let policy = r#"{"reason":"r","hibernation":{"idle_days":30}}"#;
    let refused = body(send(&api, "PATCH", BLUEPRINT, None, policy).await).await;
    assert_eq!(refused["violations"][0]["field"], "hibernation");
    let never = r#"{"reason":"r","hibernation":{"idle_days":0}}"#;
    assert_eq!(send(&api, "PATCH", BLUEPRINT, None, never).await.status(), StatusCode::OK);
    let nobody = send(&api, "PUT", "/v1/tenants/nobody-000000/activity", None, "").await;
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
}

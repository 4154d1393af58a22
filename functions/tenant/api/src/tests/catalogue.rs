//! Plans, themes and blueprints, and what an admin gives a tenant beside them.

use super::*;

pub(super) fn plan(id: &str) -> Value {
    json!({
        "id": id, "name": "Gold", "description": "d", "price_cents": 1, "currency": "USD", "billing_cycle": "monthly",
        "trial_days": 0, "popular": false, "active": true, "features": [], "limits": {},
        "bounds": { "memory": { "min": "512Mi", "max": "2Gi" } },
    })
}

#[tokio::test]
async fn plans_are_made_changed_and_taken_away() {
    let api = api().await;
    let made = send(&api, "POST", "/v1/plans", Some("k"), &plan("gold").to_string()).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()[header::LOCATION], "/v1/plans/gold");
    let again = send(&api, "POST", "/v1/plans", Some("k"), &plan("gold").to_string()).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    let twice = send(&api, "POST", "/v1/plans", None, &plan("gold").to_string()).await;
    assert_eq!(
        (twice.status(), body(twice).await["type"].clone()),
        (StatusCode::CONFLICT, json!("/problems/exists"))
    );
    let put = send(&api, "PUT", "/v1/plans/gold", None, &json!({ "price_cents": 2 }).to_string()).await;
    assert_eq!(put.status(), StatusCode::BAD_REQUEST, "a part of a plan is none");
    let mut dearer = plan("gold");
    dearer["price_cents"] = json!(2);
    let put = send(&api, "PUT", "/v1/plans/gold", None, &dearer.to_string()).await;
    assert_eq!(
        (put.status(), &put.headers()[header::ETAG]),
        (StatusCode::OK, &HeaderValue::from_static("\"2\""))
    );
    let on_offer = send(&api, "DELETE", "/v1/plans/gold", None, "").await;
    assert_eq!(
        (on_offer.status(), body(on_offer).await["type"].clone()),
        (StatusCode::CONFLICT, json!("/problems/in-use"))
    );
    assert_eq!(send(&api, "POST", "/v1/plans/gold/deactivate", None, WHY).await.status(), StatusCode::OK);
    assert_eq!(send(&api, "DELETE", "/v1/plans/gold", None, "").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(send(&api, "GET", "/v1/plans/gold", None, "").await.status(), StatusCode::NOT_FOUND);
    let audit = body(send(&api, "GET", "/v1/audit", None, "").await).await;
    let told: Vec<(&str, &str)> = audit["audit"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| (entry["action"].as_str().expect("text"), entry["subject"].as_str().expect("text")))
        .collect();
    assert_eq!(told, ["create", "replace", "deactivate", "delete"].map(|action| (action, "plan gold")));
}

#[tokio::test]
async fn who_has_not_seen_the_last_version_changes_nothing() {
    let api = api().await;
    send(&api, "POST", "/v1/plans", None, &plan("gold").to_string()).await;
    let with = async |tag: &str| {
        let request =
            Request::put("/v1/plans/gold").header("content-type", "application/json").header("if-match", tag);
        let request = request.extension(Person::staff("admin").context());
        let request = request.body(Body::from(plan("gold").to_string())).expect("a request");
        api.clone().oneshot(request).await.expect("an answer").status()
    };
    assert_eq!(with("\"1\"").await, StatusCode::OK);
    assert_eq!(with("\"1\"").await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(with("*").await, StatusCode::OK);
    for other in ["one", "+3", "\"+3\"", "-3", ""] {
        assert_eq!(with(other).await, StatusCode::BAD_REQUEST, "{other}");
    }
}

#[tokio::test]
async fn a_plan_that_somebody_has_or_a_blueprint_names_stays() {
    let api = api().await;
    signed_up(&api).await;
    for id in ["starter", "professional"] {
        send(&api, "POST", &format!("/v1/plans/{id}/deactivate"), None, WHY).await;
        assert_eq!(
            send(&api, "DELETE", &format!("/v1/plans/{id}"), None, "").await.status(),
            StatusCode::CONFLICT
        );
    }
    let only = r#"{"reason":"r","plans":["professional"]}"#;
    assert_eq!(
        send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, only).await.status(),
        StatusCode::OK
    );
    let held = body(send(&api, "DELETE", "/v1/plans/starter", None, "").await).await;
    assert_eq!(held["detail"], "there are tenants with the plan 'starter'");
}

#[tokio::test]
async fn a_changed_blueprint_is_the_next_version_and_tenants_stay_with_theirs() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let change = r#"{"reason":"another region","settings":{"region":"eu"}}"#;
    let changed = body(send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, change).await).await;
    assert_eq!((&changed["version"], &changed["settings"]["region"]), (&json!(2), &json!("eu")));
    let mut next = signup("next");
    next["name"] = json!("Next");
    let next = body(send(&api, "POST", "/v1/tenants", None, &next.to_string()).await).await;
    assert_eq!(next["tenant"]["blueprint"]["version"], 2);
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["blueprint"]["version"], 1);
    let unknown = r#"{"reason":"r","plans":["gold"]}"#;
    let refused = send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, unknown).await;
    assert_eq!(body(refused).await["violations"][0]["field"], "plans");
}

#[tokio::test]
async fn what_comes_with_tenantry_is_added_where_it_is_missing() {
    let api = api().await;
    let seeded = body(send(&api, "POST", "/v1/catalogue/defaults", None, WHY).await).await;
    let plans = seeded["plans"].as_array().expect("a list");
    assert!(plans.contains(&json!("enterprise")), "{seeded}");
    assert!(!plans.contains(&json!("starter")), "it was there: {seeded}");
    assert_eq!(seeded["themes"].as_array().map(Vec::len), Some(3));
    let again = body(send(&api, "POST", "/v1/catalogue/defaults", None, WHY).await).await;
    assert_eq!(again, json!({ "plans": [], "themes": [] }));
}

#[tokio::test]
async fn an_admin_gives_a_tenant_more_than_its_plan_within_bounds() {
    let api = api().await;
    send(&api, "POST", "/v1/plans", None, &plan("gold").to_string()).await;
    let sold = r#"{"reason":"r","plans":["gold"]}"#;
    send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, sold).await;
    let with = |memory: &str| {
        let mut signup = signup("acme");
        signup["overrides"] = json!({ "memory": memory });
        signup.to_string()
    };
    let too_much = send(&api, "POST", "/v1/tenants", None, &with("4Gi")).await;
    assert_eq!(too_much.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body(too_much).await["violations"][0]["allowed"], "memory from 512Mi to 2Gi");
    for person in [Person::machine(), Person::default()] {
        let path = if person.0.is_empty() { "/v1/signups" } else { "/v1/tenants" };
        let refused = send_as(&person, &api, "POST", path, None, &with("1Gi")).await;
        assert_eq!(body(refused).await["violations"][0]["field"], "overrides");
    }
    let made = body(send(&api, "POST", "/v1/tenants", None, &with("1Gi")).await).await;
    assert_eq!(made["tenant"]["overrides"], json!({ "memory": "1Gi" }));
}

#[tokio::test]
async fn an_update_is_led_back_whole_when_it_fails() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"a new name","name":"Better Coffee","category":"electronics"}"#;
    let updated = send(&api, "PATCH", &tenant, None, wish).await;
    assert_eq!(updated.status(), StatusCode::ACCEPTED);
    let change = updated.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    assert_eq!(body(updated).await["tenant"]["name"], "Better Coffee");
    let found = async |text: &str| {
        let listed = body(send(&api, "GET", &format!("/v1/tenants?text={text}"), None, "").await).await;
        listed["tenants"].as_array().map(Vec::len)
    };
    assert_eq!((found("better").await, found("coffee").await), (Some(1), Some(1)));
    ended(&db, &change, tenancy::Event::ChangeFailed, tenancy::State::Failed).await;
    let back = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&back["name"], back.get("category")), (&json!("Acme"), None));
    assert_eq!((found("better").await, found("acme").await), (Some(0), Some(1)));
    let nothing = send(&api, "PATCH", &tenant, None, WHY).await;
    assert_eq!(nothing.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_tenants_health_and_log_tell_what_was_seen() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    let health = body(send(&api, "GET", &format!("{tenant}/health"), None, "").await).await;
    assert_eq!(
        (&health["health"], &health["parts"][0]["step"]),
        (&json!("unknown"), &json!("merchant-create-group"))
    );
    stick(&db, &operation).await;
    let health = body(send(&api, "GET", &format!("{tenant}/health"), None, "").await).await;
    assert_eq!(
        (&health["health"], &health["parts"][0]["fault"]["cause"]),
        (&json!("unhealthy"), &json!("denied"))
    );
    let log = body(send(&api, "GET", &format!("{operation}/log"), None, "").await).await;
    let told: Vec<&str> =
        log["log"].as_array().expect("a list").iter().filter_map(|entry| entry["what"].as_str()).collect();
    assert_eq!(told, ["provision was accepted", "it ended with something that would not go"]);
}

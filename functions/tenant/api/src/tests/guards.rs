use super::*;

const WHY: &str = r#"{"reason":"case 4711"}"#;

async fn living(db: &Database) -> (Router, String) {
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    (api, tenant)
}

#[tokio::test]
async fn what_is_held_or_locked_cannot_be_taken_away_and_says_by_whom() {
    let (api, tenant) = living(&Database::memory()).await;
    for (guard, off, kind) in [("hold", "release", "/problems/held"), ("lock", "unlock", "/problems/locked")]
    {
        let guarded = send(&api, "POST", &format!("{tenant}/{guard}"), None, WHY).await;
        assert_eq!(guarded.status(), StatusCode::OK);
        let forced = format!("{tenant}/force-delete");
        for (method, path, wish) in [
            ("DELETE", &tenant, WHY),
            ("DELETE", &tenant, r#"{"reason":"they left","grace_days":30}"#),
            ("POST", &forced, WHY),
        ] {
            let refused = send(&api, method, path, None, wish).await;
            assert_eq!(refused.status(), StatusCode::CONFLICT);
            let refused = body(refused).await;
            assert_eq!(refused["type"], kind);
            let detail = refused["detail"].as_str().expect("a text");
            assert!(
                detail.contains("admin") && detail.contains("case 4711") && detail.contains(off),
                "{detail}"
            );
        }
        for status in [StatusCode::OK, StatusCode::CONFLICT] {
            let taken_off = send(&api, "POST", &format!("{tenant}/{off}"), None, WHY).await;
            assert_eq!(taken_off.status(), status, "{off}");
        }
    }
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let actions: Vec<&str> =
        audit["audit"].as_array().expect("a list").iter().filter_map(|did| did["action"].as_str()).collect();
    assert_eq!(actions, ["hold", "release", "lock", "unlock"]);
    assert_eq!(send(&api, "DELETE", &tenant, None, WHY).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn its_people_may_lock_a_tenant_and_only_an_admin_may_hold_it() {
    let (api, tenant) = living(&Database::memory()).await;
    let operator = Person::staff("operator");
    for guard in ["hold", "release", "lock", "unlock"] {
        let refused = send_as(&operator, &api, "POST", &format!("{tenant}/{guard}"), None, WHY).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{guard}");
    }
    let machine = Person::machine();
    for (guard, status) in
        [("lock", StatusCode::OK), ("unlock", StatusCode::OK), ("hold", StatusCode::FORBIDDEN)]
    {
        let answer = send_as(&machine, &api, "POST", &format!("{tenant}/{guard}"), None, WHY).await;
        assert_eq!(answer.status(), status, "{guard}");
    }
}

#[tokio::test]
async fn a_tenant_that_waits_to_be_deleted_can_be_held_but_not_locked() {
    let (api, tenant) = living(&Database::memory()).await;
    send(&api, "DELETE", &tenant, None, r#"{"reason":"they left","grace_days":30}"#).await;
    let locked = send(&api, "POST", &format!("{tenant}/lock"), None, WHY).await;
    assert_eq!(locked.status(), StatusCode::CONFLICT);
    let held = send(&api, "POST", &format!("{tenant}/hold"), Some("k"), WHY).await;
    let held = body(held).await;
    assert_eq!(
        (&held["tenant"]["status"], &held["tenant"]["hold"]["why"]),
        (&"cancelling".into(), &"case 4711".into())
    );
    assert_eq!(body(send(&api, "POST", &format!("{tenant}/hold"), Some("k"), WHY).await).await, held);
    let restored = send(&api, "POST", &format!("{tenant}/restore"), None, WHY).await;
    assert_eq!(body(restored).await["tenant"]["status"], "active");
}

#[tokio::test]
async fn whoever_has_no_certificate_is_told_when_there_is_one() {
    let (api, tenant) = living(&Database::memory()).await;
    let none = send(&api, "GET", &format!("{tenant}/certificate"), None, "").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    let detail = body(none).await["detail"].to_string();
    assert!(detail.contains("is active") && detail.contains("days of grace"), "{detail}");
    let keys = send_as(&Person::default(), &api, "GET", "/v1/certificate-keys", None, "").await;
    assert_eq!(body(keys).await, serde_json::json!({ "keys": [] }));
}

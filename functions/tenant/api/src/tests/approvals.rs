//! What waits for somebody's word.

use super::*;

/// An API whose blueprint asks for approval of each signup.
async fn gated(db: &Database) -> Router {
    let api = api_over(db.clone()).await;
    let gate = r#"{"reason":"we look at them first","approval":true}"#;
    let changed = send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, gate).await;
    assert_eq!(changed.status(), StatusCode::OK);
    api
}

async fn waiting(api: &Router) -> String {
    let response =
        send_as(&Person::default(), api, "POST", "/v1/signups", None, &signup("acme").to_string()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned()
}

#[tokio::test]
async fn a_signup_waits_and_is_made_once_somebody_approves() {
    let db = Database::memory();
    let api = gated(&db).await;
    let tenant = waiting(&api).await;
    let pending = body(send(&api, "GET", "/v1/tenants?status=pending_approval", None, "").await).await;
    assert_eq!(pending["tenants"][0]["subdomain"], "acme");
    assert!(pending["tenants"][0]["approve_by"].is_string());
    assert_eq!(
        body(send(&api, "GET", &format!("{tenant}/operations"), None, "").await).await["operations"],
        json!([])
    );
    // Its names are its own meanwhile.
    let rival =
        send_as(&Person::default(), &api, "POST", "/v1/signups", None, &signup("acme").to_string()).await;
    assert_eq!(rival.status(), StatusCode::CONFLICT);
    let approval = r#"{"reason":"checked","plan":"professional","subdomain":"better"}"#;
    for _ in 0..2 {
        let approved = send(&api, "POST", &format!("{tenant}/approve"), Some("k"), approval).await;
        assert_eq!(approved.status(), StatusCode::ACCEPTED);
    }
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    let is = |field: &str| shown[field].as_str().map(str::to_owned).unwrap_or_default();
    assert_eq!(
        (is("status"), is("plan"), is("subdomain")),
        ("provisioning".into(), "professional".into(), "better".into())
    );
    assert!(shown.get("approve_by").is_none());
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    assert_eq!(
        (&audit["audit"][0]["action"], &audit["audit"][0]["who"]),
        (&json!("approve"), &json!("admin"))
    );
}

#[tokio::test]
async fn who_is_turned_down_leaves_the_name_to_others() {
    let db = Database::memory();
    let api = gated(&db).await;
    let tenant = waiting(&api).await;
    for _ in 0..2 {
        let rejected = send(&api, "POST", &format!("{tenant}/reject"), Some("k"), WHY).await;
        assert_eq!(rejected.status(), StatusCode::OK);
        assert_eq!(body(rejected).await["tenant"]["status"], "deleted");
    }
    let late = send(&api, "POST", &format!("{tenant}/approve"), None, WHY).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    waiting(&api).await;
}

#[tokio::test]
async fn a_cancelled_tenant_can_be_restored_until_it_is_deleted() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"the customer left","grace_days":30}"#;
    let cancelled = send(&api, "DELETE", &tenant, Some("d"), wish).await;
    assert_eq!(cancelled.status(), StatusCode::ACCEPTED);
    let cancelled = body(cancelled).await;
    assert_eq!(cancelled["tenant"]["status"], "cancelling");
    assert!(cancelled["tenant"]["grace"]["deletes_at"].is_string());
    assert_eq!(body(send(&api, "DELETE", &tenant, Some("d"), wish).await).await, cancelled);
    let restored = send(&api, "POST", &format!("{tenant}/restore"), None, WHY).await;
    assert_eq!(body(restored).await["tenant"]["status"], "active");
    let again = send(&api, "POST", &format!("{tenant}/restore"), None, WHY).await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "it is not cancelled");
    let too_long = send(&api, "DELETE", &tenant, None, r#"{"grace_days":366}"#).await;
    assert_eq!(too_long.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

/// A tenant that is gone, as the machine leaves it.
pub(super) async fn gone(db: &Database, tenant: &str, operation: &str) {
    let (tenant, operation) = (tenant.trim_start_matches("/v1/tenants/").parse().expect("an id"), operation);
    let operation = operation.rsplit_once('/').expect("two ids").1.parse().expect("an id");
    let (tenants, later) = (Tenants::new(db.clone()), clock::now() + jiff::ToSpan::hours(25));
    let kept = json!({
        "bucket": "kept", "manifest": "manifest.json", "sha256": "00ff", "objects": 1, "bytes": 2,
        "kept_until": "2100-01-01T00:00:00Z",
    });
    let archive: tenancy::Archive = serde_json::from_value(kept).expect("an archive");
    assert!(tenants.seal(&tenant, operation, archive, later).await.expect("sealed"));
    let outcome = store::Outcome {
        event: tenancy::Event::Deleted,
        state: tenancy::State::Succeeded,
        steps: Vec::new(),
        endpoints: None,
    };
    tenants.settle(&tenant, operation, outcome, later).await.expect("settled");
}

#[tokio::test]
async fn a_tenant_that_is_gone_is_restored_from_its_archive_by_an_operation() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"the customer left","grace_days":1}"#;
    let leaves = body(send(&api, "DELETE", &tenant, None, wish).await).await;
    let restore = format!("{tenant}/restore");
    let named = r#"{"reason":"they came back","subdomain":"acme-two"}"#;
    let early = send(&api, "POST", &restore, None, named).await;
    assert_eq!(early.status(), StatusCode::UNPROCESSABLE_ENTITY, "it has its subdomain");
    gone(&db, &tenant, &format!("/{}", leaves["operation"].as_str().expect("an id"))).await;
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!(shown["archive"]["kept_until"], "2100-01-01T00:00:00Z", "anybody sees until when");
    let wrong = r#"{"reason":"they came back","subdomain":"-"}"#;
    assert_eq!(send(&api, "POST", &restore, None, wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let people = Person::of_tenant(tenant.trim_start_matches("/v1/tenants/"));
    let refused = send_as(&people, &api, "POST", &restore, None, WHY).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "nobody pays for it");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let back = send(&api, "POST", &restore, Some("r"), named).await;
        assert_eq!(back.status(), StatusCode::ACCEPTED);
        assert!(back.headers()[header::LOCATION].to_str().expect("ASCII").starts_with(&tenant));
        answers.push(body(back).await);
    }
    assert_eq!(answers[0], answers[1], "the same request is the same");
    let back = &answers[0]["tenant"];
    assert_eq!((&back["status"], &back["subdomain"]), (&json!("provisioning"), &json!("acme-two")));
}

async fn apart() -> (Database, Router) {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let settings = Settings { separation_of_duty: true, ..settings() };
    (db.clone(), router(db, settings).expect("an API"))
}

#[tokio::test]
async fn where_deletions_take_two_nobody_approves_their_own() {
    let (_, api) = apart().await;
    let (tenant, _) = signed_up(&api).await;
    let (ana, ben) = (Person::named("ana", "admin"), Person::named("ben", "admin"));
    let asked = send_as(&ana, &api, "DELETE", &tenant, Some("k"), r#"{"reason":"they left"}"#).await;
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let request = asked.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let asked = body(asked).await;
    assert_eq!(asked["change_request"]["who"], "ana");
    assert_eq!(
        body(send_as(&ana, &api, "DELETE", &tenant, Some("k"), r#"{"reason":"they left"}"#).await).await,
        asked
    );
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "provisioning");
    let approve = format!("{request}/approve");
    let own = send_as(&ana, &api, "POST", &approve, None, WHY).await;
    assert_eq!(own.status(), StatusCode::FORBIDDEN);
    assert_eq!(body(own).await["type"], "/problems/separation-of-duty");
    // It is busy: the wish stays until it can be granted.
    assert_eq!(send_as(&ben, &api, "POST", &approve, None, WHY).await.status(), StatusCode::CONFLICT);
    let listed = body(send(&api, "GET", "/v1/change-requests", None, "").await).await;
    assert_eq!(listed["change_requests"].as_array().map(Vec::len), Some(1));
    let denied = send_as(&ben, &api, "POST", &format!("{request}/reject"), Some("r"), WHY).await;
    assert_eq!(denied.status(), StatusCode::OK);
    assert_eq!(send_as(&ben, &api, "POST", &approve, None, WHY).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_another_approves_is_done_once_and_says_who_asked() {
    let (db, api) = apart().await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let (ana, ben) = (Person::named("ana", "admin"), Person::named("ben", "admin"));
    let asked = send_as(&ana, &api, "DELETE", &tenant, None, r#"{"reason":"they left"}"#).await;
    let approve = format!("{}/approve", asked.headers()[header::LOCATION].to_str().expect("ASCII"));
    let done = send_as(&ben, &api, "POST", &approve, Some("a"), WHY).await;
    assert_eq!(done.status(), StatusCode::ACCEPTED);
    let done = body(done).await;
    assert_eq!(done["tenant"]["status"], "deleting");
    assert_eq!(body(send_as(&ben, &api, "POST", &approve, Some("a"), WHY).await).await, done);
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    assert_eq!(audit["audit"][0]["who"], "ben");
    assert_eq!(audit["audit"][0]["why"], "a test asks for it; asked for by ana: they left");
}

#[tokio::test]
async fn the_glass_is_broken_by_an_admin_with_a_reason_and_it_shows() {
    let (db, api) = apart().await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"it is under attack","break_glass":true}"#;
    let machine = send_as(&Person::machine(), &api, "DELETE", &tenant, None, wish).await;
    assert_eq!(machine.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = send(&api, "DELETE", &tenant, None, wish).await;
    assert_eq!(body(done).await["tenant"]["status"], "deleting");
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    assert_eq!(audit["audit"][0]["why"], "break glass: it is under attack");
}

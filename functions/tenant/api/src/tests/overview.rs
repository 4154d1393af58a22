//! How it all goes, and what needs a person.

use std::collections::BTreeSet;

use store::{By, Figures, RequestKey, Subject};
use tenancy::{Event, State as Stage, TenantId};

use super::*;

async fn overview(api: &Router) -> Value {
    let answer = send_as(&Person::staff("viewer"), api, "GET", "/v1/overview", None, "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    body(answer).await
}

/// What the stream of the table has tenant-tally do.
async fn tallied(db: &Database, tenant: &str) {
    let id: TenantId = tenant.trim_start_matches("/v1/tenants/").parse().expect("an id");
    let (figures, now) = (Figures::new(db.clone()), clock::now());
    let subjects: BTreeSet<Subject> = figures.of(&id, now).await.expect("read").into_iter().collect();
    figures.count(&subjects, now).await.expect("counted");
}

#[tokio::test]
async fn a_deployment_without_tenants_has_an_overview_too() {
    let overview = overview(&api().await).await;
    assert_eq!(overview["tenants"].as_object().expect("counts").len(), tenancy::Status::ALL.len());
    assert_eq!(overview["tenants"]["changing_plan"], 0);
    let provisioning = &overview["provisioning"];
    assert_eq!(provisioning["success_rate"], Value::Null);
    assert_eq!(provisioning["time_to_active_ms"], json!({ "p50": null, "p95": null }));
    let days = provisioning["days"].as_array().expect("days");
    assert_eq!((days.len(), &days[0]["day"]), (30, &provisioning["since"]));
    assert_eq!(days[29]["succeeded"], 0);
    assert_eq!((&overview["failures_by_step"], &overview["needs_a_person"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn what_came_to_life_and_what_failed_is_counted() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    for (n, event, state) in [
        (1, Event::Provisioned, Stage::Succeeded),
        (2, Event::Provisioned, Stage::Succeeded),
        (3, Event::RolledBack, Stage::Failed),
    ] {
        let accepted =
            body(send(&api, "POST", "/v1/tenants", None, &signup(&format!("acme-{n}")).to_string()).await)
                .await;
        let (id, operation) = (
            accepted["tenant"]["id"].as_str().expect("an id"),
            accepted["operation"].as_str().expect("an id"),
        );
        if state == Stage::Failed {
            let fault = tenancy::StepFault {
                step: "merchant-create-group".to_owned(),
                fault: fault::Fault::terminal("no"),
            };
            let (tenant, operation) = (id.parse().expect("an id"), operation.parse().expect("an id"));
            let fenced = Tenants::new(db.clone())
                .fence(&tenant, operation, "e", Some(fault), None, clock::now())
                .await;
            fenced.expect("fenced");
        }
        ended(&db, &format!("/v1/tenants/{id}/operations/{operation}"), event, state).await;
        tallied(&db, id).await;
    }
    let overview = overview(&api).await;
    assert_eq!((&overview["tenants"]["active"], &overview["tenants"]["failed"]), (&json!(2), &json!(1)));
    let provisioning = &overview["provisioning"];
    assert_eq!((&provisioning["succeeded"], &provisioning["failed"]), (&json!(2), &json!(1)));
    assert_eq!(provisioning["success_rate"], 0.667);
    assert!(provisioning["time_to_active_ms"]["p95"].is_u64() && provisioning["days"][29]["p50"].is_u64());
    let failure = &overview["failures_by_step"][0];
    assert_eq!((&failure["step"], &failure["count"]), (&json!("merchant-create-group"), &json!(1)));
    assert_eq!(failure["blueprint"], "merchant-workspace");
    let needs = &overview["needs_a_person"];
    assert_eq!(
        (needs.as_array().map(Vec::len), &needs[0]["what"], &needs[0]["name"]),
        (Some(1), &json!("failed"), &json!("Acme"))
    );
    assert_eq!(needs[0]["detail"], "provision stopped at merchant-create-group: no");
}

/// Whoever has acted does not find it there again.
#[tokio::test]
async fn who_has_just_gone_on_waits_no_more() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, Event::RolledBack, Stage::Failed).await;
    tallied(&db, &tenant).await;
    assert_eq!(overview(&api).await["needs_a_person"][0]["what"], "failed");
    let answer = send(&api, "POST", &format!("{tenant}/retry"), None, WHY).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(overview(&api).await["needs_a_person"], json!([]));
}

#[tokio::test]
async fn what_waits_elsewhere_is_in_the_list_the_longest_first() {
    let db = Database::memory();
    let dead = sqs::Memory::default();
    let queue = sqs::Queue::Memory(sqs::Memory::default());
    // The catalogue is put there with the first.
    drop(api_over(db.clone()).await);
    let letters = Letters { queue, dead: sqs::Queue::Memory(dead.clone()) };
    let api = router(db.clone(), Settings { letters: Some(letters), ..settings() }).expect("an API");
    let (tenant, operation) = signed_up(&api).await;
    stick(&db, &operation).await;
    let id: TenantId = tenant.trim_start_matches("/v1/tenants/").parse().expect("an id");
    let by = By { who: "a".to_owned(), why: "they asked".to_owned() };
    let wish = store::Wish::Delete { grace_days: 0 };
    let asked =
        store::ChangeRequest::ask(&db, &id, wish, "s".to_owned(), by, None::<&RequestKey>, clock::now())
            .await;
    let asked = asked.expect("asked");
    sqs::Queue::Memory(dead).send("{}").await.expect("sent");
    let needs = overview(&api).await["needs_a_person"].clone();
    let kinds: Vec<&Value> = needs.as_array().expect("a list").iter().map(|need| &need["what"]).collect();
    assert_eq!(kinds, ["dead_event", "repair_task", "change_request"]);
    assert_eq!(needs[0]["detail"], "a billing event could not be dealt with");
    assert_eq!(needs[1]["id"], format!("{id}:merchant-create-group"));
    assert_eq!((&needs[2]["id"], &needs[2]["name"]), (&json!(asked.id), &json!("Acme")));
    assert_eq!(needs[2]["detail"], "a wants it deleted: they asked");
}

#[tokio::test]
async fn the_overview_is_for_who_works_here() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let owner = Person::of_tenant(tenant.trim_start_matches("/v1/tenants/"));
    for (person, status) in [
        (Person::staff("admin"), StatusCode::OK),
        (Person::staff("operator"), StatusCode::OK),
        (Person::staff("viewer"), StatusCode::OK),
        (Person::machine(), StatusCode::FORBIDDEN),
        (owner, StatusCode::FORBIDDEN),
    ] {
        let answer = send_as(&person, &api, "GET", "/v1/overview", None, "").await;
        assert_eq!(answer.status(), status, "{person:?}");
    }
}

use super::*;

async fn exported(api: &Router, person: &Person, tenant: &str) -> Response {
    send_as(person, api, "GET", &format!("{tenant}/export"), None, "").await
}

#[tokio::test]
async fn what_is_recorded_of_a_tenant_is_one_file() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    stick(&db, &operation).await;
    let response = exported(&api, &Person::staff("operator"), &tenant).await;
    let id = tenant.rsplit('/').next().expect("an id");
    let file = response.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").to_owned();
    assert_eq!(file, format!("attachment; filename=\"{id}.json\""));
    let file = body(response).await;
    assert_eq!(file["tenant"]["id"], id);
    assert_eq!(file["resources"][0]["handle"], json!({ "group": "acme" }));
    assert_eq!(
        (&file["operations"][0]["kind"], &file["operations"][0]["state"]),
        (&json!("provision"), &json!("stuck"))
    );
    assert!(file["audit"].is_array() && file["domains"].is_array(), "{file}");
}

/// Who did what among those who run it is not for a tenant's people; nothing of another is for them at all.
#[tokio::test]
async fn its_owner_is_given_their_own_and_others_nothing() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    send(&api, "POST", &format!("{tenant}/hold"), None, WHY).await;
    let id = tenant.rsplit('/').next().expect("an id");
    let own = body(exported(&api, &Person::of_tenant(id), &tenant).await).await;
    assert!(own["audit"].is_null() && own["tenant"]["id"] == id, "{own}");
    let whole = body(exported(&api, &Person::staff("admin"), &tenant).await).await;
    assert_eq!(whole["audit"][0]["action"], "hold");
    for (person, refused) in [
        (Person::of_tenant("other-000000"), StatusCode::NOT_FOUND),
        (Person::staff("viewer"), StatusCode::FORBIDDEN),
        (Person::machine(), StatusCode::FORBIDDEN),
        (Person::default(), StatusCode::FORBIDDEN),
    ] {
        assert_eq!(exported(&api, &person, &tenant).await.status(), refused, "{person:?}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_gone_is_exported_with_what_is_kept_of_it() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"the customer left","grace_days":1}"#;
    let leaves = body(send(&api, "DELETE", &tenant, None, wish).await).await;
    approvals::gone(&db, &tenant, &format!("/{}", leaves["operation"].as_str().expect("an id"))).await;
    let file = body(exported(&api, &Person::staff("operator"), &tenant).await).await;
    let told = (&file["tenant"]["status"], &file["tenant"]["archive"]["sha256"]);
    assert_eq!(told, (&json!("deleted"), &json!("00ff")), "{file}");
    let kinds: Vec<&Value> =
        file["operations"].as_array().expect("a list").iter().map(|done| &done["kind"]).collect();
    assert_eq!(kinds, ["offboard", "provision"]);
}

/// What a step gave to those after it is not for a file: it leads to the vault (invariant 8).
#[tokio::test]
async fn no_file_says_where_a_secret_is() {
    use saga::{Begun, Intent, Lease, Ledger as _};
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    let ledger = ResourceLedger::new(db.clone());
    let lease = Lease { holder: "the-call".to_owned(), until: jiff::Timestamp::now() };
    let intent = Intent {
        tenant: tenant.rsplit('/').next().expect("an id").parse().expect("an id"),
        step: "merchant-create-group",
        operation: operation.rsplit('/').next().expect("an id").parse().expect("an id"),
        handle: json!({ "group": "acme" }),
        input: "the-digest".to_owned(),
        destroyer: "the-function".to_owned(),
        lease,
    };
    let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("fresh") };
    ledger.commit(*row, &json!({ "password": "the-reference" })).await.expect("live");
    let file = body(exported(&api, &Person::staff("admin"), &tenant).await).await.to_string();
    assert!(file.contains(r#""group":"acme""#), "{file}");
    for inner in ["the-reference", "the-digest", "the-function", "the-call"] {
        assert!(!file.contains(inner), "{inner}");
    }
}

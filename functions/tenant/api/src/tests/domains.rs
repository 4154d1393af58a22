use rstest::rstest;
use store::{Outcome, Tenants};
use tenancy::{Event, State, TenantId};

use super::*;

/// A deployment that serves domains, and a tenant of it that is active.
async fn serving() -> (Router, String) {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let catalogue = Catalogue::new(db.clone());
    let mut blueprint = catalogue.blueprint("merchant-workspace").await.expect("read").expect("there");
    blueprint.custom_domain = Some("cloudflare-serve-domain".to_owned());
    blueprint.settings.insert("domain".to_owned(), "workshops.com".to_owned());
    catalogue.put_blueprint(&blueprint).await.expect("stored");
    let platform = Platform { domain: "vendin.store".to_owned(), target: "stores.vendin.store".to_owned() };
    let api = router(db.clone(), Settings { platform: Some(platform), ..settings() }).expect("an API");
    let id = live(&api, &db, &signup("acme")).await;
    (api, id)
}

/// A tenant that has come to life.
async fn live(api: &Router, db: &Database, signup: &Value) -> String {
    let accepted = body(send(api, "POST", "/v1/tenants", None, &signup.to_string()).await).await;
    let id: TenantId = serde_json::from_value(accepted["tenant"]["id"].clone()).expect("an id");
    let operation = serde_json::from_value(accepted["operation"].clone()).expect("an id");
    let (event, state) = (Event::Provisioned, State::Succeeded);
    let outcome = Outcome { event, state, steps: Vec::new(), endpoints: None };
    Tenants::new(db.clone()).settle(&id, operation, outcome, clock::now()).await.expect("settled");
    id.to_string()
}

async fn post(api: &Router, id: &str, key: Option<&str>, hostname: &str) -> Response {
    let asked = json!({ "hostname": hostname }).to_string();
    send(api, "POST", &format!("/v1/tenants/{id}/domains"), key, &asked).await
}

#[tokio::test]
async fn a_domain_is_accepted_with_the_record_to_publish_and_can_be_watched() {
    let (api, id) = serving().await;
    let response = post(&api, &id, None, "Shop.Example.com").await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    assert_eq!(location, format!("/v1/tenants/{id}/domains/shop.example.com"));
    let asked = body(response).await;
    let record = json!({ "type": "CNAME", "name": "shop.example.com", "value": "stores.vendin.store" });
    assert_eq!(asked["records"], json!([record]));

    let shown = body(send(&api, "GET", &location, None, "").await).await;
    assert_eq!((&shown["state"], &shown["records"]), (&json!("pending"), &json!([record])));
    for aspect in ["name", "dns", "certificate"] {
        assert_eq!(shown[aspect]["state"], "waiting", "{aspect}");
    }
    let listed = body(send(&api, "GET", &format!("/v1/tenants/{id}/domains"), None, "").await).await;
    assert_eq!(listed["domains"], json!([shown]));
    let operation = asked["operation"].as_str().expect("an id");
    let operation = send(&api, "GET", &format!("/v1/tenants/{id}/operations/{operation}"), None, "").await;
    assert_eq!(body(operation).await["kind"], "domain");
    let tenant = body(send(&api, "GET", &format!("/v1/tenants/{id}"), None, "").await).await;
    assert_eq!((&tenant["status"], tenant.get("operation")), (&json!("active"), None), "nobody waits for it");
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_one_domain() {
    let (api, id) = serving().await;
    let first = body(post(&api, &id, Some("k"), "shop.example.com").await).await;
    assert_eq!(body(post(&api, &id, Some("k"), "shop.example.com").await).await, first);
    let other = post(&api, &id, Some("k"), "other.example.com").await;
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body(other).await["type"], "/problems/idempotency-key-reused");
}

#[rstest]
#[case("*.example.com")]
#[case("127.0.0.1")]
#[case("metadata.google.internal")]
#[case("co.uk")]
#[case("vendin.store")]
#[case("other.my.vendin.store")]
#[case("another.workshops.com")]
#[tokio::test]
async fn a_name_nobody_may_have_is_refused_with_the_field(#[case] hostname: &str) {
    let (api, id) = serving().await;
    let refused = post(&api, &id, None, hostname).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem = body(refused).await;
    assert_eq!(problem["violations"][0]["field"], "hostname", "{problem}");
}

#[tokio::test]
async fn one_thing_at_a_time_is_done_about_domains_and_what_is_waited_for_can_go() {
    let (api, id) = serving().await;
    post(&api, &id, None, "shop.example.com").await;
    let second = post(&api, &id, None, "other.example.com").await;
    assert_eq!(second.status(), StatusCode::CONFLICT);
    assert_eq!(body(second).await["type"], "/problems/operation-under-way");
    let path = format!("/v1/tenants/{id}/domains/shop.example.com");
    assert_eq!(send(&api, "DELETE", &path, None, "").await.status(), StatusCode::ACCEPTED);
    assert_eq!(body(send(&api, "GET", &path, None, "").await).await["state"], "removing");
    let none = send(&api, "DELETE", &format!("/v1/tenants/{id}/domains/no.example.com"), None, "").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_signup_with_a_taken_domain_is_a_conflict_and_with_a_free_one_waits() {
    let (api, _) = serving().await;
    let mut wished = signup("beta");
    wished["custom_domain"] = json!("shop.example.com");
    let accepted = body(send(&api, "POST", "/v1/tenants", None, &wished.to_string()).await).await;
    let id = accepted["tenant"]["id"].as_str().expect("an id");
    let shown =
        body(send(&api, "GET", &format!("/v1/tenants/{id}/domains/shop.example.com"), None, "").await).await;
    assert_eq!((&shown["state"], &shown["records"][0]["type"]), (&json!("waiting"), &json!("CNAME")));
    wished["subdomain"] = json!("gamma");
    let taken = send(&api, "POST", "/v1/tenants", None, &wished.to_string()).await;
    assert_eq!(taken.status(), StatusCode::CONFLICT);
    assert_eq!(body(taken).await["type"], "/problems/domain-taken");
    wished["custom_domain"] = json!("gamma.vendin.store");
    let ours = send(&api, "POST", "/v1/tenants", None, &wished.to_string()).await;
    assert_eq!(ours.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn where_no_domain_is_served_none_is_taken() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let id = live(&api, &db, &signup("acme")).await;
    let refused = post(&api, &id, None, "shop.example.com").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_signup_is_approved_with_another_domain_or_with_none() {
    let (api, _) = serving().await;
    let gate = r#"{"reason":"we look at them first","approval":true}"#;
    assert_eq!(
        send(&api, "PATCH", "/v1/blueprints/merchant-workspace", None, gate).await.status(),
        StatusCode::OK
    );
    let domains = async |id: &str| {
        let listed = body(send(&api, "GET", &format!("/v1/tenants/{id}/domains"), None, "").await).await;
        listed["domains"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|d| d["hostname"].clone())
            .collect::<Vec<_>>()
    };
    let waiting = async |subdomain: &str, domain: &str| {
        let mut wished = signup(subdomain);
        wished["custom_domain"] = json!(domain);
        let kept = send_as(&Person::default(), &api, "POST", "/v1/signups", None, &wished.to_string()).await;
        let id = body(kept).await["tenant"]["id"].clone();
        id.as_str().expect("an id").to_owned()
    };
    let approve = async |id: &str, domain: &str| {
        let approval = json!({ "reason": "checked", "custom_domain": domain }).to_string();
        send(&api, "POST", &format!("/v1/tenants/{id}/approve"), None, &approval).await
    };

    let beta = waiting("beta", "beta.example.com").await;
    for bad in ["-", "beta.vendin.store"] {
        assert_eq!(approve(&beta, bad).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let gamma = waiting("gamma", "gamma.example.com").await;
    let taken = approve(&beta, "gamma.example.com").await;
    assert_eq!(taken.status(), StatusCode::CONFLICT);
    assert_eq!(body(taken).await["violations"][0]["field"], "custom_domain");
    assert_eq!(domains(&beta).await, ["beta.example.com"], "nothing was done");

    assert_eq!(approve(&beta, "shop.example.org").await.status(), StatusCode::ACCEPTED);
    assert_eq!(domains(&beta).await, ["shop.example.org"]);
    let audit = body(send(&api, "GET", &format!("/v1/tenants/{beta}/audit"), None, "").await).await;
    assert_eq!(audit["audit"][0]["after"]["domain"], "shop.example.org");
    assert_eq!(approve(&gamma, "").await.status(), StatusCode::ACCEPTED);
    assert_eq!(domains(&gamma).await, Vec::<Value>::new());
    // What they gave up is free again.
    waiting("delta", "beta.example.com").await;
    waiting("epsilon", "gamma.example.com").await;
}

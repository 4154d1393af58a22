//! Tenants that are nobody's.

use super::*;

fn synthetic() -> Value {
    let mut body = signup("canary-merchant-workspace");
    body["synthetic"] = true.into();
    body
}

#[tokio::test]
async fn a_machine_makes_a_synthetic_tenant_and_a_customer_does_not() {
    let api = api().await;
    let (nobody, machine) = (Person::default(), Person::machine());
    let by = async |person: &Person, path: &str, wanted: &Value| {
        send_as(person, &api, "POST", path, None, &wanted.to_string()).await
    };
    for (path, person, wanted, field) in [
        ("/v1/signups", &nobody, synthetic(), "synthetic"),
        ("/v1/signups", &nobody, signup("canary-merchant-workspace"), "subdomain"),
        ("/v1/tenants", &machine, signup("canary-merchant-workspace"), "subdomain"),
        (
            "/v1/tenants",
            &machine,
            json!({ "synthetic": true, "subdomain": "acme", "name": "Acme",
            "email": "o@example.com", "blueprint": "merchant-workspace" }),
            "subdomain",
        ),
    ] {
        let refused = by(person, path, &wanted).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {wanted}");
        assert_eq!(body(refused).await["violations"][0]["field"], field, "{path} {wanted}");
    }
    assert_eq!(by(&machine, "/v1/tenants", &synthetic()).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_synthetic_tenant_is_in_no_list_and_is_found_by_its_whole_subdomain() {
    let api = api().await;
    for wanted in [synthetic(), signup("acme")] {
        send(&api, "POST", "/v1/tenants", None, &wanted.to_string()).await;
    }
    let found = async |query: &str| {
        let listed = body(send(&api, "GET", &format!("/v1/tenants{query}"), None, "").await).await;
        let tenants = listed["tenants"].as_array().expect("tenants").iter();
        tenants.map(|tenant| tenant["subdomain"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for query in ["", "?status=provisioning", "?plan=starter", "?text=acme", "?text=o@example.com"] {
        assert_eq!(found(query).await, ["acme"], "{query}");
    }
    assert_eq!(found("?text=canary-merchant-workspace").await, ["canary-merchant-workspace"]);
}

#[tokio::test]
async fn its_names_are_not_free_and_are_not_suggested() {
    let api = api().await;
    let shown = body(send(&api, "GET", "/v1/subdomains/canary-acme", None, "").await).await;
    assert_eq!(
        (&shown["available"], &shown["problem"]),
        (&json!(false), &json!("'canary-acme' is reserved"))
    );
    let suggested = body(send(&api, "GET", "/v1/subdomains?name=Canary+Tea", None, "").await).await;
    assert_eq!(suggested["subdomain"], "my-canary-tea");
}

#[tokio::test]
async fn nobody_has_to_approve_that_a_synthetic_tenant_goes() {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let api = router(db, Settings { separation_of_duty: true, ..settings() }).expect("an API");
    let mut answers = Vec::new();
    for wanted in [synthetic(), signup("acme")] {
        let made = body(send(&api, "POST", "/v1/tenants", None, &wanted.to_string()).await).await;
        let path = format!("/v1/tenants/{}", made["tenant"]["id"].as_str().expect("an id"));
        let answer = send_as(&Person::machine(), &api, "DELETE", &path, None, "").await;
        answers.push((answer.status(), body(answer).await["type"].clone()));
    }
    // One is refused for what is under way, the other is a matter of two.
    assert_eq!(answers[0], (StatusCode::CONFLICT, json!("/problems/operation-under-way")));
    assert_eq!(answers[1], (StatusCode::ACCEPTED, Value::Null));
}

/// Its credentials are worth nothing to whoever wants a customer's tenant.
#[tokio::test]
async fn to_the_canary_no_other_tenants_exist() {
    let api = api().await;
    let canary = Person::canary();
    let mut ids = Vec::new();
    for wanted in [synthetic(), signup("acme")] {
        let made = body(send(&api, "POST", "/v1/tenants", None, &wanted.to_string()).await).await;
        ids.push(made["tenant"]["id"].as_str().expect("an id").to_owned());
    }
    let asks = async |method: &str, path: &str, wanted: &str| {
        send_as(&canary, &api, method, path, None, wanted).await
    };
    for (id, seen) in [(&ids[0], StatusCode::OK), (&ids[1], StatusCode::NOT_FOUND)] {
        for below in ["", "/operations", "/health"] {
            assert_eq!(
                asks("GET", &format!("/v1/tenants/{id}{below}"), "").await.status(),
                seen,
                "{id}{below}"
            );
        }
    }
    assert_eq!(asks("DELETE", &format!("/v1/tenants/{}", ids[1]), "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(asks("DELETE", &format!("/v1/tenants/{}", ids[0]), "").await.status(), StatusCode::CONFLICT);
    let all = body(asks("GET", "/v1/tenants", "").await).await;
    assert_eq!(all["tenants"], json!([]));
    let other = asks("POST", "/v1/tenants", &signup("other").to_string()).await;
    assert_eq!(body(other).await["violations"][0]["field"], "synthetic");
    for elsewhere in ["/v1/plans", "/v1/blueprints/merchant-workspace", "/v1/subscriptions/sub_1"] {
        assert_eq!(asks("GET", elsewhere, "").await.status(), StatusCode::NOT_FOUND, "{elsewhere}");
    }
    assert_eq!(body(asks("GET", "/v1/me", "").await).await["role"], "machine");
}

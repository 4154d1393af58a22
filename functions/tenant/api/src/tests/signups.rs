//! Signups that nobody vouches for.

use secrets::SecretString;

use super::*;

async fn sign_up(api: &Router, body: &Value) -> Response {
    send_as(&Person::default(), api, "POST", "/v1/signups", None, &body.to_string()).await
}

#[tokio::test]
async fn anybody_signs_up_where_it_is_open() {
    let response = sign_up(&api().await, &signup("acme")).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(body(response).await["tenant"]["status"], "provisioning");
}

#[tokio::test]
async fn where_signups_take_a_key_nobody_signs_up_without_it() {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let settings =
        Settings { signup_key: Some(SignupKey::new(SecretString::from("let-me-in"))), ..settings() };
    let api = router(db, settings).expect("an API");
    let with = async |key: Option<&str>| {
        let mut request = Request::post("/v1/signups").header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("signup-key", key);
        }
        let request = request.body(Body::from(signup("acme").to_string())).expect("a request");
        api.clone().oneshot(request).await.expect("an answer").status()
    };
    assert_eq!(with(None).await, StatusCode::FORBIDDEN);
    assert_eq!(with(Some("let-me-out")).await, StatusCode::FORBIDDEN);
    assert_eq!(with(Some("let-me-in")).await, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn too_many_signups_are_put_off_before_anything_is_made() {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let limits = SignupLimits { per_address: 2, per_email_domain: 100, trials_per_card: 100 };
    let api = router(db, Settings { limits, ..settings() }).expect("an API");
    for name in ["one", "two"] {
        assert_eq!(sign_up(&api, &signup(name)).await.status(), StatusCode::ACCEPTED);
    }
    let third = sign_up(&api, &signup("three")).await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = third.headers()[header::RETRY_AFTER].to_str().expect("ASCII").parse().expect("seconds");
    assert!((1..=1800).contains(&wait), "{wait}");
    assert_eq!(body(third).await["type"], "/problems/too-many-requests");
    // Who is wrong or only asks is not counted, and who is known is not held up.
    let (nobody, three) = (Person::default(), signup("three").to_string());
    let valid = send_as(&nobody, &api, "POST", "/v1/signups?dry_run=validate", None, &three);
    assert_eq!(body(valid.await).await["valid"], true);
    assert_eq!(
        send(&api, "POST", "/v1/tenants", None, &signup("three").to_string()).await.status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_card_has_so_many_trials_and_no_more() {
    let api = api().await;
    let with = async |name: &str, card: &str| {
        let mut signup = signup(name);
        signup["card_fingerprint"] = json!(card);
        sign_up(&api, &signup).await.status()
    };
    assert_eq!(with("one", "Xt5E").await, StatusCode::ACCEPTED);
    assert_eq!(with("two", "Xt5E").await, StatusCode::ACCEPTED);
    assert_eq!(with("three", "Xt5E").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(with("three", "another").await, StatusCode::ACCEPTED);
    assert_eq!(with("four", "no card!").await, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_repeated_signup_is_the_same_and_is_not_counted() {
    let db = Database::memory();
    let _ = api_over(db.clone()).await;
    let limits = SignupLimits { per_address: 1, per_email_domain: 1, trials_per_card: 1 };
    let api = router(db, Settings { limits, ..settings() }).expect("an API");
    let again = async || {
        send_as(&Person::default(), &api, "POST", "/v1/signups", Some("k"), &signup("acme").to_string()).await
    };
    let first = again().await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first = body(first).await;
    for _ in 0..3 {
        assert_eq!(body(again().await).await, first);
    }
}

#[tokio::test]
async fn validation_says_everything_that_is_wrong_and_does_nothing() {
    let api = api().await;
    signed_up(&api).await;
    let validate = async |body: Value| {
        let path = "/v1/signups?dry_run=validate";
        let response = send_as(&Person::default(), &api, "POST", path, Some("k"), &body.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        self::body(response).await
    };
    let mut wrong = signup("-");
    wrong["email"] = json!("nobody");
    let answer = validate(wrong).await;
    let fields: Vec<&Value> =
        answer["violations"].as_array().expect("a list").iter().map(|v| &v["field"]).collect();
    assert_eq!((answer["valid"].clone(), fields), (json!(false), vec![&json!("subdomain"), &json!("email")]));
    let taken = validate(signup("acme")).await;
    assert_eq!(taken["violations"][0]["field"], "subdomain", "{taken}");
    assert_eq!(validate(signup("free")).await, json!({ "valid": true, "violations": [] }));
    assert_eq!(
        body(send(&api, "GET", "/v1/tenants", None, "").await).await["tenants"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_plan_says_what_would_be_done_before_it_is() {
    let api = api().await;
    let path = "/v1/tenants?dry_run=plan";
    let plan = body(send(&api, "POST", path, None, &signup("acme").to_string()).await).await;
    assert_eq!(plan["plan"]["steps"][0], json!({ "step": "merchant-create-group", "does": "make" }));
    assert_eq!(plan["plan"]["price"]["cents"], 2999);
    assert_eq!(
        (&plan["plan"]["approval"], &plan["plan"]["missing_permissions"]),
        (&json!(false), &json!([]))
    );
    let (tenant, _) = signed_up(&api).await;
    let gone = body(send(&api, "DELETE", &format!("{tenant}?dry_run=plan"), None, "").await).await;
    assert_eq!((&gone["valid"], &gone["plan"]["steps"]), (&json!(true), &json!([])), "{gone}");
    let wish = r#"{"reason":"r","plan":"professional"}"#;
    let change =
        body(send(&api, "POST", &format!("{tenant}/change-plan?dry_run=plan"), None, wish).await).await;
    assert_eq!(change["plan"]["price"]["cents"], 9999, "{change}");
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["plan"], "starter");
}

#[tokio::test]
async fn a_free_name_is_suggested_and_a_taken_one_is_said_to_be() {
    let api = api().await;
    let nobody = Person::default();
    let suggest = async |name: &str| {
        let path = format!("/v1/subdomains?name={name}");
        body(send_as(&nobody, &api, "GET", &path, None, "").await).await["subdomain"].clone()
    };
    let free = async |name: &str| {
        let path = format!("/v1/subdomains/{name}");
        body(send_as(&nobody, &api, "GET", &path, None, "").await).await["available"].clone()
    };
    assert_eq!((suggest("Acme").await, free("acme").await), (json!("acme"), json!(true)));
    signed_up(&api).await;
    assert_eq!((suggest("Acme").await, free("acme").await), (json!("acme-2"), json!(false)));
    assert_eq!((suggest("admin").await, free("admin").await), (json!("admin-2"), json!(false)));
    let unnamed = json!({ "name": "Acme", "email": "o@example.com", "blueprint": "merchant-workspace" });
    assert_eq!(sign_up(&api, &unnamed).await.status(), StatusCode::CONFLICT, "the name's own is taken");
}

#[tokio::test]
async fn an_offer_shows_what_is_sold_and_not_how_it_is_made() {
    let api = api().await;
    let offers = body(send_as(&Person::default(), &api, "GET", "/v1/offers", None, "").await).await;
    let offer = &offers["offers"][0];
    assert_eq!(
        (&offer["blueprint"], &offer["plans"][0]["id"]),
        (&json!("merchant-workspace"), &json!("starter"))
    );
    for inner in ["settings", "workflow", "costs", "bounds"] {
        assert!(offer.get(inner).is_none() && offer["plans"][0].get(inner).is_none(), "{inner}");
    }
}

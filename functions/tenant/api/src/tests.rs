use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use lambda_http::request::RequestContext;
use serde_json::{Value, json};
use store::{Catalogue, Database};
use tower::ServiceExt as _;

use super::*;

mod access;
mod approvals;
mod catalogue;
mod check;
mod document;
mod domains;
mod export;
mod guards;
mod headers;
mod hibernation;
mod me;
mod overview;
mod signups;
mod synthetic;
mod upgrade;
mod watch;
mod webhooks;

async fn api() -> Router {
    api_over(Database::memory()).await
}

async fn api_over(db: Database) -> Router {
    let catalogue = Catalogue::new(db.clone());
    let from = |value: Value| value;
    let plan = from(json!({
        "id": "starter", "name": "Starter", "description": "d", "price_cents": 2999, "currency": "USD",
        "billing_cycle": "month", "trial_days": 14, "popular": false, "active": true, "features": [],
        "limits": { "products": 100 },
    }));
    let larger = from(json!({
        "id": "professional", "name": "Professional", "description": "d", "price_cents": 9999, "currency": "USD",
        "billing_cycle": "month", "trial_days": 14, "popular": true, "active": true, "features": [],
        "limits": { "products": 1000 },
    }));
    let blueprint = from(json!({
        "name": "merchant-workspace", "version": 1, "description": "d", "active": true,
        "plans": ["starter", "professional"], "themes": [], "categories": ["electronics"], "integrations": ["stripe"],
        "workflow": { "step": "merchant-create-group" },
    }));
    catalogue.put_plan(&serde_json::from_value(plan).expect("a plan")).await.expect("stored");
    catalogue.put_plan(&serde_json::from_value(larger).expect("a plan")).await.expect("stored");
    catalogue.put_blueprint(&serde_json::from_value(blueprint).expect("a blueprint")).await.expect("stored");
    router(db, settings()).expect("an API that can be described")
}

fn settings() -> Settings {
    Settings {
        claim_names: ClaimNames { role: "cognito:groups".to_owned(), tenant: "custom:tenant".to_owned() },
        signup_key: None,
        limits: SignupLimits { per_address: 100, per_email_domain: 100, trials_per_card: 2 },
        calendar: tenancy::Calendar { day_seconds: 86_400, notices: Vec::new() },
        separation_of_duty: false,
        platform: None,
        letters: None,
        missing_accounts: std::collections::BTreeSet::new(),
        notifier: Some(Notifier {
            seal: seal::Seal::Memory,
            errands: sqs::Queue::Memory(sqs::Memory::default()),
            private: false,
            deployment: "t".to_owned(),
        }),
    }
}

/// Who asks, as API Gateway says it.
#[derive(Clone, Debug, Default)]
struct Person(Vec<(&'static str, String)>);

impl Person {
    fn staff(role: &str) -> Self {
        Self::named(role, role)
    }

    fn named(name: &str, role: &str) -> Self {
        let groups = ("cognito:groups", format!("[{role}]"));
        Self(vec![("sub", format!("sub-of-{name}")), ("username", name.to_owned()), groups])
    }

    fn machine() -> Self {
        Self(vec![("sub", "client".to_owned()), ("scope", "tenantry/machine".to_owned())])
    }

    fn canary() -> Self {
        Self(vec![("sub", "canary".to_owned()), ("scope", "tenantry/canary".to_owned())])
    }

    fn of_tenant(id: &str) -> Self {
        Self(vec![("sub", format!("owner-of-{id}")), ("custom:tenant", id.to_owned())])
    }

    fn context(&self) -> RequestContext {
        let claims: serde_json::Map<String, Value> =
            self.0.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let authorizer = if claims.is_empty() { Value::Null } else { json!({ "jwt": { "claims": claims } }) };
        let context = json!({
            "authorizer": authorizer, "routeKey": "ANY /v1/{proxy+}", "stage": "$default", "timeEpoch": 0,
            "http": {
                "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test",
            },
        });
        RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a context"))
    }
}

fn signup(subdomain: &str) -> Value {
    json!({ "name": "Acme", "subdomain": subdomain, "email": "o@example.com", "blueprint": "merchant-workspace" })
}

async fn send(api: &Router, method: &str, path: &str, key: Option<&str>, body: &str) -> Response {
    send_as(&Person::staff("admin"), api, method, path, key, body).await
}

async fn send_as(
    person: &Person,
    api: &Router,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> Response {
    let mut request = Request::builder().method(method).uri(path).extension(person.context());
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    api.clone()
        .oneshot(request.body(Body::from(body.to_owned())).expect("a request"))
        .await
        .expect("an answer")
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.expect("a body")).expect("JSON")
}

#[tokio::test]
async fn a_signup_is_accepted_and_can_be_watched() {
    let api = api().await;
    let response = send(&api, "POST", "/v1/tenants", None, &signup("acme").to_string()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let accepted = body(response).await;
    assert_eq!(accepted["tenant"]["status"], "provisioning");

    let status = body(send(&api, "GET", &location, None, "").await).await;
    assert_eq!(status["id"], accepted["operation"]);
    assert_eq!(status["state"], "accepted");
    assert_eq!(status["percent"], 0);
    assert_eq!(
        status["steps"],
        json!([{ "name": "merchant-create-group", "state": "waiting", "attempts": 0, "busy_ms": 0 }])
    );
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_one_tenant() {
    let api = api().await;
    let first = body(send(&api, "POST", "/v1/tenants", Some("k"), &signup("acme").to_string()).await).await;
    let reordered =
        r#"{"blueprint":"merchant-workspace","email":"o@example.com","subdomain":"acme","name":"Acme"}"#;
    let second = send(&api, "POST", "/v1/tenants", Some("k"), reordered).await;
    assert_eq!(second.status(), StatusCode::ACCEPTED);
    assert_eq!(body(second).await, first);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let api = api().await;
    send(&api, "POST", "/v1/tenants", Some("k"), &signup("acme").to_string()).await;
    let second = send(&api, "POST", "/v1/tenants", Some("k"), &signup("other").to_string()).await;
    assert_eq!(second.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(second.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(body(second).await["type"], "/problems/idempotency-key-reused");
}

#[tokio::test]
async fn a_taken_subdomain_is_a_conflict_that_names_the_field() {
    let api = api().await;
    send(&api, "POST", "/v1/tenants", Some("a"), &signup("acme").to_string()).await;
    let second = send(&api, "POST", "/v1/tenants", Some("b"), &signup("ACME").to_string()).await;
    assert_eq!(second.status(), StatusCode::CONFLICT);
    assert_eq!(body(second).await["violations"][0]["field"], "subdomain");
}

#[tokio::test]
async fn everything_wrong_with_a_signup_is_said_at_once() {
    let api = api().await;
    let wrong = json!({
        "name": " ", "subdomain": "www", "email": "nobody", "blueprint": "merchant-workspace", "plan": "gold",
        "theme": "dark", "category": "weapons", "integrations": ["fax"],
    });
    let response = send(&api, "POST", "/v1/tenants", None, &wrong.to_string()).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem = body(response).await;
    let fields: Vec<&str> = problem["violations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| v["field"].as_str())
        .collect();
    assert_eq!(fields, ["name", "subdomain", "email", "plan", "theme", "category", "integrations"]);
}

#[tokio::test]
async fn bodies_that_are_not_signups_are_malformed() {
    let api = api().await;
    let mut unknown = signup("acme");
    unknown["nmae"] = json!("x");
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(20_000));
    let too_long = send(&api, "POST", "/v1/tenants", None, &long).await;
    assert_eq!(too_long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let form = Request::post("/v1/tenants").extension(Person::staff("admin").context());
    let form = form.header("content-type", "text/plain").body(Body::from("{}")).expect("a request");
    let form = api.clone().oneshot(form).await.expect("an answer");
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for bad in ["", "{", "[]", "{}", &unknown.to_string()] {
        let response = send(&api, "POST", "/v1/tenants", None, bad).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{bad:.40}");
        assert_eq!(body(response).await["type"], "/problems/malformed-request");
    }
}

/// serde would take it for the fields in their order.
#[tokio::test]
async fn a_list_is_no_object() {
    let api = api().await;
    let (tenant, _) = signed_up(&api).await;
    let answer = send(&api, "PUT", &format!("{tenant}/usage"), None, "[null, null]").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let answer = send(&api, "PUT", &format!("{tenant}/usage"), None, r#"{"products":7}"#).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_tenant_with_an_operation_under_way_takes_no_other() {
    let api = api().await;
    let accepted = body(send(&api, "POST", "/v1/tenants", None, &signup("acme").to_string()).await).await;
    let path = format!("/v1/tenants/{}", accepted["tenant"]["id"].as_str().expect("an id"));
    for (method, path) in [("DELETE", path.clone()), ("POST", format!("{path}/retry"))] {
        let response = send(&api, method, &path, None, WHY).await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(body(response).await["type"], "/problems/operation-under-way");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let api = api().await;
    for path in [
        "/",
        "/v1/tenants/acme-000000",
        "/v1/tenants/nonsense",
        "/v1/tenants/acme-000000/operations/x",
        "/v1/blueprints/x",
    ] {
        let response = send(&api, "GET", path, None, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    assert_eq!(send(&api, "PUT", "/v1/plans", None, "").await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn plans_are_listed_by_price() {
    let plans = body(send(&api().await, "GET", "/v1/plans", None, "").await).await;
    assert_eq!(plans["plans"][0]["limits"], json!({ "products": 100 }));
}

const WHY: &str = r#"{"reason":"a test asks for it"}"#;

/// A tenant that was signed up: its path, and its operation's.
async fn signed_up(api: &Router) -> (String, String) {
    let response = send(api, "POST", "/v1/tenants", None, &signup("acme").to_string()).await;
    let operation = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    (operation.split("/operations/").next().expect("a path").to_owned(), operation)
}

/// Has the one resource of a tenant be made and then be stuck, as its operation's teardown would leave it.
async fn stick(db: &Database, operation: &str) {
    use saga::{Begun, Intent, Lease, Ledger as _};
    let (tenant, id) =
        operation.trim_start_matches("/v1/tenants/").split_once("/operations/").expect("two ids");
    let (tenant, operation) = (tenant.parse().expect("an id"), id.parse().expect("an id"));
    let (ledger, now) = (ResourceLedger::new(db.clone()), jiff::Timestamp::now());
    let lease = Lease { holder: "call".to_owned(), until: now };
    let (step, handle) = ("merchant-create-group", json!({ "group": "acme" }));
    let (input, destroyer) = ("digest".to_owned(), "arn".to_owned());
    let intent = Intent {
        tenant: tenancy::TenantId::clone(&tenant),
        step,
        operation,
        handle,
        input,
        destroyer,
        lease,
    };
    let Begun::Started(row) = ledger.begin(intent).await.expect("begun") else { panic!("fresh") };
    ledger.commit(*row, &json!({})).await.expect("live");
    ledger.mark_stuck(&tenant, step, operation, fault::Fault::terminal("denied")).await.expect("marked");
    let (event, state) = (tenancy::Event::GotStuck, tenancy::State::Stuck);
    let outcome = store::Outcome { event, state, steps: Vec::new(), endpoints: None };
    Tenants::new(db.clone()).settle(&tenant, operation, outcome, now).await.expect("settled");
}

#[tokio::test]
async fn an_operator_says_why() {
    let api = api().await;
    let (tenant, operation) = signed_up(&api).await;
    let paths = [format!("{tenant}/retry"), format!("{tenant}/force-delete"), format!("{operation}/cancel")];
    for path in paths {
        let response = send(&api, "POST", &path, None, r#"{"reason":" "}"#).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(body(response).await["violations"][0]["field"], "reason", "{path}");
        assert_eq!(send(&api, "POST", &path, None, "{}").await.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}

/// A tenant whose signup failed and left nothing.
async fn failed(db: &Database, operation: &str) {
    ended(db, operation, tenancy::Event::RolledBack, tenancy::State::Failed).await;
}

/// An operation that ended so.
async fn ended(db: &Database, operation: &str, event: tenancy::Event, state: tenancy::State) {
    let (tenant, id) =
        operation.trim_start_matches("/v1/tenants/").split_once("/operations/").expect("two ids");
    let outcome = store::Outcome { event, state, steps: Vec::new(), endpoints: None };
    let (tenant, operation) = (tenant.parse().expect("an id"), id.parse().expect("an id"));
    let now = jiff::Timestamp::now();
    Tenants::new(db.clone()).settle(&tenant, operation, outcome, now).await.expect("settled");
}

/// What a change of a tenant came to: its status, and where its operation is.
async fn change(api: &Router, tenant: &str, how: &str, body: &str) -> (Value, String) {
    let response = send(api, "POST", &format!("{tenant}/{how}"), None, body).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED, "{how}");
    let operation = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    (self::body(response).await["tenant"]["status"].clone(), operation)
}

#[tokio::test]
async fn a_tenant_is_suspended_at_once_and_active_again_when_it_serves() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let (status, suspends) = change(&api, &tenant, "suspend", WHY).await;
    assert_eq!(status, "suspended");
    let early = send(&api, "POST", &format!("{tenant}/resume"), None, WHY).await;
    assert_eq!(early.status(), StatusCode::CONFLICT, "it is still being suspended");
    ended(&db, &suspends, tenancy::Event::Suspended, tenancy::State::Succeeded).await;
    let (status, resumes) = change(&api, &tenant, "resume", WHY).await;
    assert_eq!(status, "suspended", "nobody has seen it serve");
    ended(&db, &resumes, tenancy::Event::Resumed, tenancy::State::Succeeded).await;
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "active");
}

#[tokio::test]
async fn a_plan_change_that_fails_is_led_back_by_the_next_operation() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"they grow","plan":"professional"}"#;
    let (status, changes) = change(&api, &tenant, "change-plan", wish).await;
    assert_eq!(status, "changing_plan");
    ended(&db, &changes, tenancy::Event::ChangeFailed, tenancy::State::Failed).await;
    let back = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&back["plan"], &back["status"]), (&json!("starter"), &json!("changing_plan")));
    let operation = format!("{tenant}/operations/{}", back["operation"].as_str().expect("an operation"));
    assert_ne!(operation, changes);
    ended(&db, &operation, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    let settled = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&settled["plan"], &settled["status"]), (&json!("starter"), &json!("active")));
}

#[tokio::test]
async fn a_product_that_is_to_be_read_only_is_brought_there_or_led_back() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["access"], "full");
    let wish = r#"{"reason":"they did not pay","access":"read_only"}"#;
    let (status, changes) = change(&api, &tenant, "access", wish).await;
    assert_eq!(status, "changing_plan");
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!(shown["access"], "read_only", "what its steps are to bring about");
    ended(&db, &changes, tenancy::Event::ChangeFailed, tenancy::State::Failed).await;
    let back = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&back["access"], &back["status"]), (&json!("full"), &json!("changing_plan")));
    let operation = format!("{tenant}/operations/{}", back["operation"].as_str().expect("an operation"));
    ended(&db, &operation, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;

    let (_, changes) = change(&api, &tenant, "access", wish).await;
    ended(&db, &changes, tenancy::Event::PlanSettled, tenancy::State::Succeeded).await;
    let settled = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&settled["access"], &settled["status"]), (&json!("read_only"), &json!("active")));
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let last = &audit["audit"][0];
    assert_eq!((&last["action"], &last["after"]["access"]), (&json!("change access"), &json!("read_only")));
}

#[tokio::test]
async fn a_plan_that_is_not_sold_is_refused_and_nothing_is_changed() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    ended(&db, &operation, tenancy::Event::Provisioned, tenancy::State::Succeeded).await;
    let wish = r#"{"reason":"they grow","plan":"galactic"}"#;
    let refused = send(&api, "POST", &format!("{tenant}/change-plan"), None, wish).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body(refused).await["violations"][0]["field"], "plan");
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "active");
}

#[tokio::test]
async fn a_retry_may_edit_what_was_signed_up_for() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    failed(&db, &operation).await;
    let edit = json!({
        "reason": "mistyped", "email": "owner@example.com", "subdomain": "Better", "integrations": ["stripe"],
    });
    let response = send(&api, "POST", &format!("{tenant}/retry"), None, &edit.to_string()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let answer = body(response).await;
    assert_eq!(
        (&answer["tenant"]["email"], &answer["tenant"]["subdomain"], &answer["tenant"]["name"]),
        (&json!("owner@example.com"), &json!("better"), &json!("Acme"))
    );
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let (before, after) = (&audit["audit"][0]["before"], &audit["audit"][0]["after"]);
    assert_eq!((&before["email"], &after["email"]), (&json!("o@example.com"), &json!("owner@example.com")));
    assert_eq!((&before["integrations"], &after["integrations"]), (&json!([]), &json!(["stripe"])));
    assert_eq!((before.get("name"), after.get("name")), (None, None), "what stays is not listed");
    // Its old name is free for others, its new one is not.
    for (subdomain, status) in [("acme", StatusCode::ACCEPTED), ("better", StatusCode::CONFLICT)] {
        let response = send(&api, "POST", "/v1/tenants", None, &signup(subdomain).to_string()).await;
        assert_eq!(response.status(), status, "{subdomain}");
    }
}

#[tokio::test]
async fn a_retry_is_rehearsed_before_it_is_asked_for() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    let (path, wish) = (format!("{tenant}/retry?dry_run=plan"), r#"{"reason":"r","plan":"professional"}"#);
    let refused = send(&api, "POST", &path, None, wish).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "it is still being made");
    failed(&db, &operation).await;
    let all = body(send(&api, "POST", &path, None, wish).await).await;
    let steps = all["plan"]["steps"].as_array().expect("steps");
    assert_eq!(all["plan"]["price"]["cents"], 9999, "{all}");
    let skip = json!({ "reason": "r", "skip": [steps[0]["step"]] }).to_string();
    let fewer = body(send(&api, "POST", &path, None, &skip).await).await;
    assert_eq!(fewer["plan"]["steps"].as_array().expect("steps")[..], steps[1..]);
    let wrong = body(send(&api, "POST", &path, None, r#"{"reason":"r","plan":"gold"}"#).await).await;
    assert_eq!((&wrong["valid"], &wrong["violations"][0]["field"]), (&json!(false), &json!("plan")));
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "failed");
}

#[tokio::test]
async fn everything_wrong_with_an_edit_is_said_at_once_and_nothing_is_changed() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    failed(&db, &operation).await;
    let wrong = json!({
        "reason": "mistyped", "name": " ", "subdomain": "www", "email": "nobody", "plan": "gold",
        "theme": "dark", "category": "weapons", "integrations": ["fax"],
    });
    let path = format!("{tenant}/retry");
    let response = send(&api, "POST", &path, None, &wrong.to_string()).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = body(response).await;
    let violations = problem["violations"].as_array().expect("a list").iter();
    let fields: Vec<&str> = violations.filter_map(|v| v["field"].as_str()).collect();
    assert_eq!(fields, ["name", "subdomain", "email", "plan", "theme", "category", "integrations"]);
    assert_eq!(body(send(&api, "GET", &tenant, None, "").await).await["status"], "failed");
    let fixed = json!({ "reason": "mistyped", "blueprint": "another" });
    let response = send(&api, "POST", &path, None, &fixed.to_string()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "its blueprint is what it is made of");
}

#[tokio::test]
async fn a_retry_cannot_take_a_subdomain_from_somebody_else() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    failed(&db, &operation).await;
    send(&api, "POST", "/v1/tenants", None, &signup("theirs").to_string()).await;
    let edit = json!({ "reason": "a better name", "subdomain": "theirs" });
    let response = send(&api, "POST", &format!("{tenant}/retry"), Some("k"), &edit.to_string()).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(body(response).await["violations"][0]["field"], "subdomain");
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&shown["status"], &shown["subdomain"]), (&json!("failed"), &json!("acme")));
}

#[tokio::test]
async fn a_cancelled_operation_is_fenced_and_says_who_and_why() {
    let api = api().await;
    let (tenant, operation) = signed_up(&api).await;
    let cancel = format!("{operation}/cancel");
    let first = send(&api, "POST", &cancel, Some("c"), WHY).await;
    let again = send(&api, "POST", &cancel, Some("c"), WHY).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    assert_eq!(body(first).await, body(again).await);
    let status = body(send(&api, "GET", &operation, None, "").await).await;
    assert_eq!(status["state"], "compensating");
    assert_eq!(status["fault"]["fault"]["cause"], "cancelled by admin: a test asks for it");
    let audit = body(send(&api, "GET", &format!("{tenant}/audit"), None, "").await).await;
    let [entry] = &audit["audit"].as_array().expect("a list")[..] else { panic!("one entry: {audit}") };
    assert_eq!((&entry["action"], &entry["who"]), (&json!("cancel"), &json!("admin")));
    assert_eq!(
        (&entry["before"]["state"], &entry["after"]["state"]),
        (&json!("accepted"), &json!("compensating"))
    );
}

#[tokio::test]
async fn a_forced_deletion_ends_what_is_under_way() {
    let api = api().await;
    let (tenant, operation) = signed_up(&api).await;
    let response = send(&api, "POST", &format!("{tenant}/force-delete"), None, WHY).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(body(response).await["tenant"]["status"], "deleting");
    let status = body(send(&api, "GET", &operation, None, "").await).await;
    assert_eq!((&status["state"], &status["fault"]["step"]), (&json!("failed"), &json!("operator")));
    let late = send(&api, "POST", &format!("{operation}/cancel"), None, WHY).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert_eq!(body(late).await["type"], "/problems/not-possible");
}

#[tokio::test]
async fn what_would_not_go_is_listed_and_can_be_resolved() {
    let db = Database::memory();
    let api = api_over(db.clone()).await;
    let (tenant, operation) = signed_up(&api).await;
    stick(&db, &operation).await;
    let tasks = body(send(&api, "GET", "/v1/repair-tasks", None, "").await).await;
    let task = &tasks["repair_tasks"][0];
    assert_eq!((&task["step"], &task["tries"]), (&json!("merchant-create-group"), &json!(1)));
    assert_eq!((&task["owner"], &task["fault"]["cause"]), (&json!("us"), &json!("denied")));
    let shown = body(send(&api, "GET", &tenant, None, "").await).await;
    assert_eq!((&shown["status"], &shown["resources"][0]["state"]), (&json!("stuck"), &json!("stuck")));

    let path = format!("/v1/repair-tasks/{}", task["id"].as_str().expect("an id"));
    let resolved = send(&api, "POST", &format!("{path}/resolve"), None, WHY).await;
    assert_eq!(resolved.status(), StatusCode::ACCEPTED);
    let tasks = body(send(&api, "GET", "/v1/repair-tasks", None, "").await).await;
    assert_eq!(tasks["repair_tasks"], json!([]));
    assert_eq!(send(&api, "POST", &format!("{path}/retry"), None, WHY).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_is_given_part_by_part() {
    let api = api().await;
    let (tenant, operation) = signed_up(&api).await;
    send(&api, "POST", &format!("{operation}/cancel"), None, WHY).await;
    send(&api, "POST", &format!("{tenant}/force-delete"), None, WHY).await;
    let part = async |query: String| {
        body(send(&api, "GET", &format!("{tenant}/audit?{query}"), None, "").await).await
    };
    let first = part("limit=1".to_owned()).await;
    let next = first["next"].as_str().expect("there is more").replace('#', "%23");
    let second = part(format!("limit=1&after={next}")).await;
    let action = |part: &Value| part["audit"][0]["action"].as_str().expect("an action").to_owned();
    assert_eq!((action(&first), action(&second)), ("cancel".to_owned(), "force-delete".to_owned()));
    assert_eq!(second.get("next"), None);
    let wrong = send(&api, "GET", "/v1/repair-tasks?limit=many", None, "").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(wrong.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn only_an_optional_step_is_skipped() {
    let api = api().await;
    let (_, operation) = signed_up(&api).await;
    let skip = r#"{"step":"merchant-create-group","reason":"it is slow"}"#;
    let response = send(&api, "POST", &format!("{operation}/skip"), None, skip).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    let problem = body(response).await;
    assert_eq!(problem["detail"], "merchant-create-group is not optional in merchant-workspace@1");
}

#[tokio::test]
async fn a_sweep_only_looks_unless_it_is_told_otherwise_and_says_who_asked() {
    let api = api().await;
    let response = send(&api, "POST", "/v1/orphan-sweeps", None, r#"{ "reason": "the bill" }"#).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let location = response.headers()[header::LOCATION].to_str().expect("ASCII").to_owned();
    let sweep = body(send(&api, "GET", &location, None, "").await).await;
    assert_eq!((&sweep["dry_run"], &sweep["why"]), (&json!(true), &json!("the bill")), "{sweep:#}");
    assert!(sweep.get("outcome").is_none(), "{sweep:#}");

    let for_real = r#"{ "reason": "sure", "dry_run": false, "limit": 3 }"#;
    send(&api, "POST", "/v1/orphan-sweeps", None, for_real).await;
    let sweeps = body(send(&api, "GET", "/v1/orphan-sweeps", None, "").await).await;
    let found =
        sweeps["orphan_sweeps"].as_array().expect("a list").iter().find(|sweep| sweep["why"] == "sure");
    let found = found.unwrap_or_else(|| panic!("{sweeps:#}"));
    assert_eq!((&found["dry_run"], &found["limit"]), (&json!(false), &json!(3)));
}

#[tokio::test]
async fn a_sweep_without_a_reason_or_that_never_was_is_refused() {
    let api = api().await;
    for asked in ["{}", r#"{ "reason": " " }"#, r#"{ "reason": "r", "dryrun": false }"#] {
        let refused = send(&api, "POST", "/v1/orphan-sweeps", None, asked).await;
        assert!(refused.status().is_client_error(), "{asked}: {}", refused.status());
    }
    for id in ["nonsense", "01J00000000000000000000000"] {
        let missing = send(&api, "GET", &format!("/v1/orphan-sweeps/{id}"), None, "").await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{id}");
    }
}

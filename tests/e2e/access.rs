//! Who may do what with the deployed API, tried on every operation of its own document, with real tokens.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Api, Stack, api::signup};

const BLUEPRINT: &str = "merchant-workspace";

/// An operation of the document: how it is asked for, and by whom it may be.
struct Operation {
    method: Method,
    template: String,
    /// None where anybody may.
    roles: Option<Vec<String>>,
}

async fn operations(stack: &Stack) -> Vec<Operation> {
    let document = stack.api.read("/v1/openapi.json").await;
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            let roles = operation["security"][0]["token"].as_array();
            let roles = roles.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            found.push(Operation { method, template: template.clone(), roles });
        }
    }
    found
}

/// Where an operation is for a tenant; elsewhere, for what nobody has.
fn path(template: &str, tenant: &str, operation: &str) -> String {
    let id = match template {
        _ if template.starts_with("/v1/tenants") => tenant.to_owned(),
        _ if template.starts_with("/v1/repair-tasks") => format!("{tenant}:merchant-create-group"),
        _ if template.starts_with("/v1/plans") || template.starts_with("/v1/themes") => "none".to_owned(),
        _ => "01J00000000000000000000000".to_owned(),
    };
    let path = template.replace("{id}", &id).replace("{operation}", operation).replace("{name}", "none");
    path.replace("{hostname}", "shop.example.com")
        .replace("{subdomain}", "acme")
        .replace("{blueprint}", "none")
}

async fn ask(api: &Api, method: &Method, path: &str, body: &str) -> (StatusCode, Value) {
    let mut request = api.request(method.clone(), path);
    if *method != Method::GET {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    let answer = request.send().await.expect("the API answers");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn every_role_may_do_what_the_document_says_and_no_more() {
    let stack = Stack::from_env().await;
    let own = stack.api.sign_up(&signup(BLUEPRINT)).await;
    let people = stack.people();
    let tokens = [
        ("admin", people.admin().await),
        ("operator", people.operator().await),
        ("viewer", people.viewer().await),
        ("machine", people.machine().await),
        ("tenant", people.tenant(&own.tenant).await),
        ("nobody", people.nobody().await),
    ];
    let operations = operations(&stack).await;
    let mut tried = 0;
    for (role, token) in &tokens {
        let api = stack.api.as_(token);
        for Operation { method, template, roles } in &operations {
            let path = path(template, &own.tenant, &own.id);
            // No JSON: whoever may ask is told so, and nothing is done.
            let (status, answer) = ask(&api, method, &path, "{").await;
            let permitted = roles.as_ref().is_none_or(|roles| roles.iter().any(|may| may == role));
            let hidden =
                *role == "tenant" && !template.starts_with("/v1/tenants/{id}") && template.contains('{');
            let what = format!("{role}: {method} {path} -> {status} {answer}");
            match (permitted, hidden) {
                (true, _) => assert_ne!(status, StatusCode::FORBIDDEN, "{what}"),
                (false, true) => assert_eq!(status, StatusCode::NOT_FOUND, "{what}"),
                (false, false) => assert_eq!(status, StatusCode::FORBIDDEN, "{what}"),
            }
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{what}");
            assert!(!status.is_server_error(), "{what}");
            tried += 1;
        }
    }
    println!("role matrix: {tried} requests, {} operations, {} roles", operations.len(), tokens.len());
    assert_eq!(stack.api.ended(&own).await["state"], "succeeded", "nothing was done to it");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn to_a_tenants_people_no_other_tenant_exists() {
    let stack = Stack::from_env().await;
    let (mine, other) =
        (stack.api.sign_up(&signup(BLUEPRINT)).await, stack.api.sign_up(&signup(BLUEPRINT)).await);
    stack.api.ended(&other).await;
    // What others publish meanwhile is no doing of anybody's here.
    let shown = async || {
        let mut shown = stack.api.tenant(&other.tenant).await;
        shown.as_object_mut().expect("a tenant").remove("newer_version");
        shown
    };
    let before = shown().await;
    let api = stack.api.as_(stack.people().tenant(&mine.tenant).await);
    let token =
        stack.api.read("/v1/tenants?limit=1").await["next"].as_str().expect("there are two").to_owned();
    let bodies = [
        json!({ "reason": "r" }).to_string(),
        json!({ "reason": "r", "plan": "professional", "tenant": other.tenant }).to_string(),
        "{".to_owned(),
    ];
    let mut tried = 0;
    for Operation { method, template, roles } in operations(&stack).await {
        let path = path(&template, &other.tenant, &other.id);
        if roles.is_none() || !path.contains(&other.tenant) {
            continue;
        }
        for query in [
            String::new(),
            "?dry_run=plan".to_owned(),
            format!("?after={token}"),
            format!("?text={}", other.tenant),
        ] {
            for body in &bodies {
                let (status, answer) = ask(&api, &method, &format!("{path}{query}"), body).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}{query} {body}: {answer}");
                tried += 1;
                if method == Method::GET {
                    break;
                }
            }
        }
    }
    for query in [
        String::new(),
        format!("?text={}", other.tenant),
        format!("?after={token}&limit=1"),
        "?status=active".to_owned(),
    ] {
        let (status, listed) = ask(&api, &Method::GET, &format!("/v1/tenants{query}"), "").await;
        assert_eq!(status, StatusCode::OK, "{listed}");
        let ids: Vec<&Value> =
            listed["tenants"].as_array().expect("a list").iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, [&json!(mine.tenant)], "{query}");
        tried += 1;
    }
    println!("isolation matrix: {tried} requests for another's tenant");
    assert_eq!(shown().await, before, "nothing was done to it");
}

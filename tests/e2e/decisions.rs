//! What somebody decides about a tenant: approved, changed, cancelled and restored, or left to the janitor.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::world::inventory;
use tests::{Operation, Stack, api::signup};

const BLUEPRINT: &str = "merchant-workspace";
const WEEKS: i64 = 60 * 24 * 15;

async fn post(stack: &Stack, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = stack.api.request(Method::POST, path).json(body).send().await.expect("the API answers");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// A plan whose signups wait for approval, and that nobody else has.
async fn vetted(stack: &Stack) -> String {
    let mut plan = stack.api.read("/v1/plans/starter").await;
    let id = format!("vetted-{}", signup(BLUEPRINT)["name"].as_str().expect("a name"));
    (plan["id"], plan["approval"]) = (json!(id), json!(true));
    assert_eq!(post(stack, "/v1/plans", &plan).await.0, StatusCode::CREATED);
    // Others may be adding theirs.
    loop {
        let path = format!("/v1/blueprints/{BLUEPRINT}");
        let read = stack.api.get(&path).await;
        let tag = read.headers()["etag"].clone();
        let mut plans =
            read.json::<Value>().await.expect("JSON")["plans"].as_array().expect("a list").clone();
        plans.push(json!(id));
        let change = json!({ "reason": "a test asks for it", "plans": plans });
        let request = stack.api.request(Method::PATCH, &path).header("if-match", tag).json(&change);
        match request.send().await.expect("the API answers").status() {
            StatusCode::PRECONDITION_FAILED => {}
            status => break assert_eq!(status, StatusCode::OK),
        }
    }
    id
}

async fn waiting(stack: &Stack) -> (String, Value) {
    let mut signup = signup(BLUEPRINT);
    signup["plan"] = json!(vetted(stack).await);
    let (status, answer) = post(stack, "/v1/signups", &signup).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    assert_eq!(answer["tenant"]["status"], "pending_approval");
    (answer["tenant"]["id"].as_str().expect("an id").to_owned(), signup)
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn a_signup_is_made_once_it_is_approved_and_what_is_restored_lives_on() {
    let stack = Stack::from_env().await;
    let (id, _) = waiting(&stack).await;
    assert!(!inventory(&stack, &id).await.iter().any(|line| line.contains(&id)), "nothing was made yet");
    let approval = json!({ "reason": "checked", "category": "books" });
    let (status, answer) = post(&stack, &format!("/v1/tenants/{id}/approve"), &approval).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let operation =
        Operation { tenant: id.clone(), id: answer["operation"].as_str().expect("an id").to_owned(), answer };
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    assert_eq!(stack.api.tenant(&id).await["category"], "books");
    assert_eq!(stack.api.read(&format!("/v1/tenants/{id}/health")).await["health"], "healthy");

    // What is updated is brought in line with it.
    let change = json!({ "reason": "a new look", "theme": "upfront-classic", "name": "Quite Another" });
    let updated = stack.api.send(Method::PATCH, &format!("/v1/tenants/{id}"), &change).await;
    let operation = Operation {
        id: updated["operation"].as_str().expect("an id").to_owned(),
        answer: updated,
        ..operation
    };
    assert_eq!(stack.api.ended(&operation).await["state"], "succeeded");
    let found = stack.api.when("/v1/tenants?text=quite%20another", |listed| {
        listed["tenants"].as_array().is_some_and(|all| all.iter().any(|tenant| tenant["id"] == json!(id)))
    });
    found.await;

    let before = inventory(&stack, &id).await;
    let grace = json!({ "reason": "they left", "grace_days": 14 });
    let cancelled = stack.api.send(Method::DELETE, &format!("/v1/tenants/{id}"), &grace).await;
    assert_eq!(cancelled["tenant"]["status"], "cancelling");
    stack.janitor(&id, 60 * 24 * 13).await;
    assert_eq!(stack.api.tenant(&id).await["status"], "cancelling", "there is a day left");
    let (status, _) =
        post(&stack, &format!("/v1/tenants/{id}/restore"), &json!({ "reason": "they are back" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(stack.api.tenant(&id).await["status"], "active");
    stack.janitor(&id, WEEKS).await;
    assert_eq!(stack.api.tenant(&id).await["status"], "active", "it is not to be deleted any more");
    let own = |lines: std::collections::BTreeSet<String>| {
        lines.into_iter().filter(|line| line.contains(&id)).collect::<Vec<_>>()
    };
    assert_eq!(own(inventory(&stack, &id).await), own(before));

    // Nobody comes back in a day, which is five seconds here.
    let grace = json!({ "reason": "they left", "grace_days": 1 });
    stack.api.send(Method::DELETE, &format!("/v1/tenants/{id}"), &grace).await;
    stack.api.when(&format!("/v1/tenants/{id}"), |tenant| tenant["status"] == "deleted").await;
    assert!(!inventory(&stack, &id).await.iter().any(|line| line.contains(&id)), "something is left");
}

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn who_waits_too_long_is_turned_down_and_the_name_is_free() {
    let stack = Stack::from_env().await;
    let (id, signup) = waiting(&stack).await;
    stack.janitor(&id, WEEKS).await;
    assert_eq!(stack.api.tenant(&id).await["status"], "deleted");
    let audit = stack.api.read(&format!("/v1/tenants/{id}/audit")).await;
    assert_eq!(audit["audit"][0]["why"], "nobody approved it in time");
    let free =
        stack.api.read(&format!("/v1/subdomains/{}", signup["subdomain"].as_str().expect("a name"))).await;
    assert_eq!(free["available"], true);
}

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// The platform's API, as its users call it.
#[derive(Clone, Debug)]
pub struct Api {
    pub(crate) http: Client,
    pub url: String,
    pub(crate) token: Option<String>,
}

/// An operation that was accepted.
#[derive(Clone, Debug)]
pub struct Operation {
    pub tenant: String,
    pub id: String,
    /// The answer that accepted it.
    pub answer: Value,
}

/// No operation of a test takes longer: the local stack shortens the machines' waits.
const PATIENCE: Duration = Duration::from_secs(120);

impl Api {
    /// The same, called by whoever a token was issued to.
    #[must_use]
    pub fn as_(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same, called without a token.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Sends a signup and gives whatever comes back.
    pub async fn post_signup(&self, signup: &Value, key: Option<&str>) -> (StatusCode, Value) {
        let mut request = self.request(Method::POST, "/v1/tenants").json(signup);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.expect("the API answers");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// A signup that must be accepted.
    pub async fn sign_up(&self, signup: &Value) -> Operation {
        let (status, answer) = self.post_signup(signup, None).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        operation(answer)
    }

    pub async fn retry(&self, tenant: &str) -> Operation {
        self.act(&format!("/v1/tenants/{tenant}/retry")).await
    }

    /// Tries again, with another input.
    pub async fn retry_with(&self, tenant: &str, mut edit: Value) -> Operation {
        edit["reason"] = "a test asks for it".into();
        self.change(Method::POST, &format!("/v1/tenants/{tenant}/retry"), &edit).await
    }

    pub async fn delete(&self, tenant: &str) -> Operation {
        self.change(Method::DELETE, &format!("/v1/tenants/{tenant}"), &Value::Null).await
    }

    pub async fn force_delete(&self, tenant: &str) -> Operation {
        self.act(&format!("/v1/tenants/{tenant}/force-delete")).await
    }

    pub async fn cancel(&self, operation: &Operation) -> Operation {
        self.act(&format!("/v1/tenants/{}/operations/{}/cancel", operation.tenant, operation.id)).await
    }

    /// The repair tasks of a tenant.
    pub async fn repair_tasks(&self, tenant: &str) -> Vec<Value> {
        let listing = self.read(&format!("/v1/repair-tasks?limit=100&after={tenant}")).await;
        let tasks = listing["repair_tasks"].as_array().expect("a list").iter();
        tasks.filter(|task| task["tenant"] == tenant).cloned().collect()
    }

    /// What an operator asks for, with a reason.
    pub async fn act(&self, path: &str) -> Operation {
        self.change(Method::POST, path, &json!({ "reason": "a test asks for it" })).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("the API answers")
    }

    pub async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn tenant(&self, tenant: &str) -> Value {
        self.read(&format!("/v1/tenants/{tenant}")).await
    }

    pub async fn operation(&self, operation: &Operation) -> Value {
        self.read(&format!("/v1/tenants/{}/operations/{}", operation.tenant, operation.id)).await
    }

    /// Waits until an operation has ended, and gives its last status.
    pub async fn ended(&self, operation: &Operation) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.operation(operation).await;
            if matches!(status["state"].as_str(), Some("succeeded" | "failed" | "stuck")) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the operation does not end: {status:#}");
            pause().await;
        }
    }

    /// Waits until an operation has done what it was to.
    pub async fn succeeded(&self, operation: &Operation) {
        let status = self.ended(operation).await;
        assert_eq!(status["state"], "succeeded", "{status:#}");
    }

    /// The same of what was asked for with more than a reason.
    pub async fn changed(&self, path: &str, wanted: &Value) -> Operation {
        self.change(Method::POST, path, wanted).await
    }

    /// Reads until something is so.
    pub async fn when(&self, path: &str, so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let read = self.read(path).await;
            if so(&read) {
                return read;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} stays as it is: {read:#}");
            pause().await;
        }
    }

    async fn change(&self, method: Method, path: &str, body: &Value) -> Operation {
        operation(self.send(method, path, body).await)
    }

    /// Asks for something that must be granted.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.request(method, path).json(body).send().await.expect("the API answers");
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {status}: {answer}");
        answer
    }

    /// Deletes what has no operation.
    pub async fn remove(&self, path: &str) {
        let answer = self.request(Method::DELETE, path).send().await.expect("the API answers");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
    }

    /// Asks for something that must be accepted.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.expect("the API answers");
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        answer
    }

    /// A request, as yet unsent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

fn operation(answer: Value) -> Operation {
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    Operation { tenant: text(&answer["tenant"]["id"]), id: text(&answer["operation"]), answer }
}

/// A signup nobody else makes: the name is the tenant id's slug, so a fault can be aimed at it beforehand.
#[must_use]
pub fn signup(blueprint: &str) -> Value {
    let mut random = [0_u8; 6];
    getrandom::fill(&mut random).expect("randomness");
    let name = format!("t{}", hex::encode(random));
    json!({ "name": name, "subdomain": name, "email": format!("{name}@example.com"), "blueprint": blueprint })
}

#[allow(clippy::disallowed_methods)] // A test waits for the world; there is nothing that would call it back.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

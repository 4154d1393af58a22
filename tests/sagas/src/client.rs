//! Whoever uses the API: asks, and asks again with the same key while there is no answer.

use axum::Router;
use axum::body::Body;
use fault::Fault;
use http::Request;
use http_body_util::BodyExt as _;
use lambda_http::request::RequestContext;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::OnFailure;
use tower::ServiceExt as _;

use crate::lambda::{Handler, function};

/// What a tenant is signed up with.
pub(crate) const NAME: &str = "Acme Coffee";
pub(crate) const EMAIL: &str = "owner@example.com";

/// A request to the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// Tells the requests of a run apart.
    pub(crate) action: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) body: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Ask {
    pub(crate) fn sign_up(blueprint: &str, on_failure: OnFailure, key: &str) -> Self {
        let mut body = serde_json::json!({
            "name": NAME, "subdomain": "acme", "email": EMAIL, "blueprint": blueprint,
        });
        // As most would: what the blueprint says is left out.
        if on_failure == OnFailure::Hold {
            body["on_failure"] = "hold".into();
        }
        Self {
            action: "sign-up".to_owned(),
            method: "POST".to_owned(),
            path: "/v1/tenants".to_owned(),
            key: key.to_owned(),
            body,
        }
    }

    pub(crate) fn delete(tenant: &str, key: &str) -> Self {
        let path = format!("/v1/tenants/{tenant}");
        Self {
            action: "delete".to_owned(),
            method: "DELETE".to_owned(),
            path,
            key: key.to_owned(),
            body: Value::Null,
        }
    }

    /// The same with days in which it can be restored.
    pub(crate) fn leave(tenant: &str, key: &str) -> Self {
        let body = json!({ "reason": "the simulation", "grace_days": 5 });
        Self { action: "leave".to_owned(), body, ..Self::delete(tenant, key) }
    }

    /// What an operator asks for, with a reason and whatever else there is to say.
    pub(crate) fn post(action: &str, path: String, key: &str, mut body: Value) -> Self {
        body["reason"] = "the simulation".into();
        Self { action: action.to_owned(), method: "POST".to_owned(), path, key: key.to_owned(), body }
    }
}

/// Who asks, as API Gateway says it.
fn admin() -> RequestContext {
    let context = json!({
        "authorizer": { "jwt": { "claims": { "sub": "the-simulation", "cognito:groups": "[admin]" } } },
        "routeKey": "ANY /v1/{proxy+}", "stage": "$default", "timeEpoch": 0,
        "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "-" },
    });
    RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a context"))
}

/// The API as a function.
pub(crate) fn served(api: Router) -> Handler {
    function(move |ask: Ask, _| {
        let api = api.clone();
        async move {
            let body = if ask.body.is_null() { Body::empty() } else { Body::from(ask.body.to_string()) };
            let request = Request::builder().method(ask.method.as_str()).uri(&ask.path).extension(admin());
            let request = request.header("content-type", "application/json");
            let request = request.header("idempotency-key", &ask.key).body(body).expect("a request");
            let answer = api.oneshot(request).await.expect("a router answers");
            let status = answer.status().as_u16();
            let body =
                answer.into_body().collect().await.map_err(|e| Fault::transient(e.to_string()))?.to_bytes();
            Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
        }
    })
}

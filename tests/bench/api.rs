use axum::Router;
use lambda_http::request::RequestContext;
use serde_json::json;
use store::Database;
use tenant_api::{ClaimNames, Settings, SignupLimits};

/// The API's function, as it is between two requests.
pub(crate) fn over(db: Database) -> Router {
    let settings = Settings {
        claim_names: ClaimNames { role: "cognito:groups".to_owned(), tenant: "custom:tenant".to_owned() },
        signup_key: None,
        limits: SignupLimits { per_address: 1, per_email_domain: 1, trials_per_card: 1 },
        calendar: tenancy::Calendar { day_seconds: 86_400, notices: Vec::new() },
        separation_of_duty: false,
        platform: None,
        letters: None,
        missing_accounts: [].into(),
        notifier: None,
    };
    tenant_api::router(db, settings).expect("an API that can be described")
}

/// Who asks, as API Gateway says it.
pub(crate) fn admin() -> RequestContext {
    let context = json!({
        "authorizer": { "jwt": { "claims": { "sub": "bench", "cognito:groups": "[admin]" } } },
        "routeKey": "ANY /v1/{proxy+}", "stage": "$default", "timeEpoch": 0,
        "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "-" },
    });
    RequestContext::ApiGatewayV2(serde_json::from_value(context).expect("a context"))
}

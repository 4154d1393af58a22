use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use lambda_http::request::RequestContext;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use store::{By, Page, RequestKey};
use tenancy::{TenantId, Violation, Violations};

use crate::Problem;

/// No request of ours is longer.
const LONGEST_BODY: usize = 16 * 1024;
/// No reason is longer.
const LONGEST_REASON: usize = 500;
/// No request key is longer.
const LONGEST_KEY: usize = 255;

/// What a changing request carries beside its path: the body, and a request key if it has one.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) body: Bytes,
    /// Who asks, as API Gateway authenticated them.
    pub(crate) caller: String,
    /// From `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), bound to the caller, the method, the
    /// path and the body.
    pub(crate) key: Option<RequestKey>,
}

impl Change {
    /// The body as JSON.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|e| Problem::malformed(format!("the body is not a valid request: {e}")))
    }

    /// The caller with the reason they give: what an operator does is written down with it.
    pub(crate) fn by(&self, reason: &str) -> Result<By, Problem> {
        let length = reason.trim().chars().count();
        let mut wrong = Violations::default();
        if !(1..=LONGEST_REASON).contains(&length) {
            let problem = format!("has {length} characters");
            wrong.take::<()>(Err(Violation::new("reason", problem, format!("1 to {LONGEST_REASON}"))));
            return Err(Problem::invalid(wrong));
        }
        Ok(By { who: self.caller.clone(), why: reason.trim().to_owned() })
    }

    /// The body of a request that says nothing but why.
    pub(crate) fn reason(&self) -> Result<By, Problem> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Reason {
            reason: String,
        }
        let Reason { reason } = self.decode()?;
        self.by(&reason)
    }
}

impl<S: Send + Sync> FromRequest<S> for Change {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let key = request_key(&parts.headers)?;
        let caller = caller(&parts);
        let path = parts.uri.path().to_owned();
        let method = parts.method.clone();
        let length =
            parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > LONGEST_BODY) {
            return Err(too_long());
        }
        let body = Bytes::from_request(Request::from_parts(parts, body), state)
            .await
            .map_err(|e| Problem::malformed(format!("the body cannot be read: {e}")))?;
        if body.len() > LONGEST_BODY {
            return Err(too_long());
        }
        let key = key.map(|key| {
            let digest = Sha256::new()
                .chain_update(format!("{method} {path}\n"))
                .chain_update(canonical(&body))
                .finalize();
            RequestKey { caller: caller.clone(), key, digest: hex::encode(digest) }
        });
        Ok(Self { body, caller, key })
    }
}

/// The body with its JSON spelled one way (RFC 8785), so that spaces and the order of fields do not make it
/// another request. What is not JSON stands for itself.
fn canonical(body: &Bytes) -> Vec<u8> {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    json.and_then(|json| serde_json_canonicalizer::to_vec(&json).ok()).unwrap_or_else(|| body.to_vec())
}

fn request_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str().map(str::trim) {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) && !key.contains('#') => Ok(Some(key.to_owned())),
        _ => Err(Problem::malformed(
            "the Idempotency-Key must be 1 to 255 visible ASCII characters without '#'",
        )),
    }
}

/// Who asks, as API Gateway authenticated them: one caller's keys are not another's.
fn caller(parts: &Parts) -> String {
    let context = match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    };
    let iam = context.and_then(|context| context.authorizer.as_ref()?.iam.as_ref()?.user_arn.clone());
    iam.unwrap_or_else(|| "anonymous".to_owned())
}

fn too_long() -> Problem {
    Problem::malformed(format!("the body is longer than {LONGEST_BODY} bytes"))
}

/// The tenant a path names.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) TenantId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::malformed(e.to_string()))?;
        id.parse().map(Self).map_err(Problem::not_found)
    }
}

/// Which part of a list is asked for: `?after=<next of the last answer>&limit=<at most>`.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let part = Query::from_request_parts(parts, state).await;
        part.map(|Query(part)| part).map_err(|e| Problem::malformed(e.to_string()))
    }
}

impl Part {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(50).clamp(1, 100)
    }

    pub(crate) fn after(&self) -> Option<Page> {
        self.after.clone().map(Page)
    }
}

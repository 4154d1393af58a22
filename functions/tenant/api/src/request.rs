use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use lambda_http::request::RequestContext;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::{By, Page, RequestKey};
use tenancy::{OperationId, TenantId, Violation};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;
use crate::caller::Caller;

/// No request of ours is longer.
const LONGEST_BODY: usize = 16 * 1024;
/// No reason is longer.
const LONGEST_REASON: usize = 500;
/// No part of a list is longer.
const LONGEST_PART: usize = 100;
/// No request key is longer.
const LONGEST_KEY: usize = 255;

/// What a changing request carries beside its path: the body, and a request key if it has one.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) body: Bytes,
    pub(crate) caller: Caller,
    /// Where it comes from, as API Gateway saw it.
    pub(crate) address: Option<IpAddr>,
    pub(crate) signup_key: Option<String>,
    /// From `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), bound to the caller, the method, the
    /// path and the body.
    pub(crate) key: Option<RequestKey>,
}

impl Change {
    /// The body as JSON.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let invalid =
            |e: serde_json::Error| Problem::malformed(format!("the body is not a valid request: {e}"));
        // 5.0 is an integer in JSON Schema, and to clients that have one kind of number. A list is no object, although
        // serde would take one for its fields in their order.
        let body: Map<String, Value> = serde_json::from_slice(&canonical(&self.body)).map_err(invalid)?;
        T::deserialize(Value::Object(body)).map_err(invalid)
    }

    /// The caller with the reason they give: what an operator does is written down with it.
    pub(crate) fn by(&self, reason: &str) -> Result<By, Problem> {
        let length = reason.trim().chars().count();
        if !(1..=LONGEST_REASON).contains(&length) {
            let problem = format!("has {length} characters");
            return Err(Problem::violated(Violation::new(
                "reason",
                problem,
                format!("1 to {LONGEST_REASON}"),
            )));
        }
        Ok(By { who: self.caller.name().to_owned(), why: reason.trim().to_owned() })
    }

    /// The body of a request that says nothing but why.
    pub(crate) fn reason(&self) -> Result<By, Problem> {
        let Reason { reason } = self.decode()?;
        self.by(&reason)
    }

    /// The same where nothing need be said: then it is for the usual reason.
    pub(crate) fn reason_or(&self, usual: &str) -> Result<By, Problem> {
        if self.body.is_empty() { self.by(usual) } else { self.reason() }
    }
}

/// Why: it is written down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "asked for by the customer, ticket 4711" }))]
pub(crate) struct Reason {
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
}

impl<S: Send + Sync> FromRequest<S> for Change {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let key = request_key(&parts.headers)?;
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
        let json = is_json(&parts.headers)?;
        let address = address(&parts);
        let signup_key = parts.headers.get("signup-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
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
        if !json && !body.is_empty() {
            return Err(Problem::not_json());
        }
        let key = key.map(|key| {
            let digest = Sha256::new()
                .chain_update(format!("{method} {path}\n"))
                .chain_update(canonical(&body))
                .finalize();
            RequestKey { caller: caller.subject().to_owned(), key, digest: hex::encode(digest) }
        });
        Ok(Self { body, caller, address, signup_key, key })
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
    let possible = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'#';
    match key.to_str().map(str::trim) {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(possible) => {
            Ok(Some(key.to_owned()))
        }
        _ => Err(Problem::malformed(
            "the Idempotency-Key must be 1 to 255 printable ASCII characters without '#'",
        )),
    }
}

/// Whether the body is JSON by its own account.
fn is_json(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(false) };
    let given = given.to_str().map_err(|_| Problem::malformed("the Content-Type is not ASCII"))?;
    let essence = given.split(';').next().unwrap_or_default().trim();
    Ok(essence.eq_ignore_ascii_case("application/json"))
}

fn address(parts: &Parts) -> Option<IpAddr> {
    match parts.extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => None,
    }
}

fn too_long() -> Problem {
    Problem::too_long(format!("the body is longer than {LONGEST_BODY} bytes"))
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

/// The operation of a tenant that a path names.
#[derive(Debug)]
pub(crate) struct NamedOperation(pub(crate) TenantId, pub(crate) OperationId);

impl<S: Send + Sync> FromRequestParts<S> for NamedOperation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((tenant, operation)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::malformed(e.to_string()))?;
        Ok(Self(tenant.parse().map_err(Problem::not_found)?, operation.parse().map_err(Problem::not_found)?))
    }
}

/// A query that is refused as a whole for a word it does not know.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|e| Problem::malformed(e.body_text()))
    }
}

/// How much of a list is wanted that has no pages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// At most so many; 50 if nothing is said
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

impl Limit {
    pub(crate) fn get(&self) -> Result<usize, Problem> {
        Ok(Part::new(None, self.limit)?.limit())
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Where the last part ended: its `next`
    #[serde(default)]
    #[param(min_length = 1, max_length = 1024)]
    after: Option<String>,
    /// At most so many; 50 if nothing is said
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Asked(part) = Asked::<Self>::from_request_parts(parts, state).await?;
        part.checked()
    }
}

impl Part {
    pub(crate) fn new(after: Option<String>, limit: Option<usize>) -> Result<Self, Problem> {
        Self { after, limit }.checked()
    }

    fn checked(self) -> Result<Self, Problem> {
        if self.limit.is_some_and(|limit| !(1..=LONGEST_PART).contains(&limit)) {
            return Err(Problem::malformed(format!("the limit must be 1 to {LONGEST_PART}")));
        }
        if self.after.as_ref().is_some_and(|after| !(1..=1024).contains(&after.len())) {
            return Err(Problem::malformed("'after' must have 1 to 1024 bytes"));
        }
        Ok(self)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(50)
    }

    pub(crate) fn after(&self) -> Option<Page> {
        self.after.clone().map(Page)
    }
}

/// How paths name things, for the API's document.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct Tenant {
    /// The tenant's id
    id: TenantId,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(crate) struct TenantOperation {
    /// The tenant's id
    id: TenantId,
    /// The operation's id
    operation: OperationId,
}

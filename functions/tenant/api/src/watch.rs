//! Whatever takes a token to be read can be watched: as server-sent events (HTML standard, 9.2), one for each answer.
//!
//! API Gateway's HTTP APIs pass an answer on once it is whole. So whoever watches asks, is answered as soon as there is
//! something that they have not seen, and asks again; what happens between two answers is in the second (decision 0046).

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::caller::Caller;

/// How often a watched resource is looked at: with a request's time, half a second is how late a change is seen.
const EVERY: Duration = Duration::from_millis(250);

/// How long an answer is waited for. API Gateway gives up after 30 s.
const AT_MOST: Duration = Duration::from_secs(20);

/// What is counted until now, and so is another with each look.
const PASSES_BY_ITSELF: [&str; 2] = ["wall_ms", "exported_at"];

const EVENTS: &str = "text/event-stream";

/// Gives what is read a tag (RFC 9110, 8.8.3), and answers when that is another than the one that was seen last.
pub(crate) async fn follow(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    // What is open to anybody is not waited for: it takes no token to hold a function for a moment, and must not to hold
    // one for 20 seconds.
    let known = request.extensions().get::<Caller>().is_some_and(|caller| !caller.roles.is_empty());
    if known && is_asked_for(request.headers()) {
        return watch(request, next).await;
    }
    let seen = request.headers().get(header::IF_NONE_MATCH).cloned();
    read(request, next).await.map_or_else(|other| other, |answer| answer.unless(seen.as_ref()))
}

async fn watch(request: Request, next: Next) -> Response {
    let (parts, _) = request.into_parts();
    let seen = parts.headers.get("last-event-id").cloned();
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = Instant::now() + AT_MOST;
    while Instant::now() < end {
        looks.tick().await;
        // That it is gone is heard at once, too.
        match read(Request::from_parts(parts.clone(), Body::empty()), next.clone()).await {
            Ok(answer) if seen.as_ref() == Some(&answer.tag) => {}
            Ok(answer) => return answer.into_event(),
            Err(other) => return other,
        }
    }
    events(": nothing new\n\n".to_owned())
}

/// What is there, as JSON.
struct Answer {
    response: Response,
    body: Bytes,
    tag: HeaderValue,
}

/// Anything else than JSON that is there is left as it is: a refusal, or a page for people.
async fn read(request: Request, next: Next) -> Result<Answer, Response> {
    let response = next.run(request).await;
    let json = HeaderValue::from_static("application/json");
    if response.status() != StatusCode::OK || response.headers().get(header::CONTENT_TYPE) != Some(&json) {
        return Err(response);
    }
    let (parts, body) = response.into_parts();
    // It is in memory already.
    let body =
        to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
    // An entry of the catalogue has its version, which a change of it names.
    let own = parts.headers.get(header::ETAG).cloned();
    let Some(tag) = own.or_else(|| tag(&body)) else {
        return Err(Response::from_parts(parts, Body::from(body)));
    };
    Ok(Answer { response: Response::from_parts(parts, Body::empty()), body, tag })
}

impl Answer {
    fn unless(self, seen: Option<&HeaderValue>) -> Response {
        let Self { mut response, body, tag } = self;
        if seen.is_some_and(|seen| names(seen, &tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(body);
        }
        response.headers_mut().insert(header::ETAG, tag);
        response
    }

    fn into_event(self) -> Response {
        // JSON has no line breaks but between its tokens, and serde_json writes none there.
        let (id, data) = (self.tag.to_str().unwrap_or_default(), String::from_utf8_lossy(&self.body));
        events(format!("id: {id}\nevent: change\ndata: {data}\n\n"))
    }
}

/// The same for the same content, however its fields are ordered (RFC 8785).
fn tag(body: &[u8]) -> Option<HeaderValue> {
    let mut content: Value = serde_json::from_slice(body).ok()?;
    if let Some(content) = content.as_object_mut() {
        content.retain(|name, _| !PASSES_BY_ITSELF.contains(&name.as_str()));
    }
    let digest = Sha256::digest(serde_json_canonicalizer::to_vec(&content).ok()?);
    HeaderValue::try_from(format!("\"{}\"", hex::encode(&digest[..16]))).ok()
}

/// Whether an `If-None-Match` has that tag (RFC 9110, 13.1.2). A cache on the way may have weakened it.
fn names(seen: &HeaderValue, tag: &HeaderValue) -> bool {
    let seen = seen.to_str().unwrap_or_default().split(',').map(str::trim);
    seen.map(|one| one.trim_start_matches("W/")).any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept.split(',').filter_map(|wanted| wanted.split(';').next()).any(|wanted| wanted.trim() == EVENTS)
    })
}

fn events(text: String) -> Response {
    ([(header::CONTENT_TYPE, EVENTS)], text).into_response()
}

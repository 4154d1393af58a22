//! Takes what billers say, once it is proven theirs, and puts it where `billing-react` finds it.
//!
//! A biller waits for its answer and gives up on who is slow, so nothing is done here but the proof. What Stripe signed is
//! taken whatever it is: what nobody can read ends with the dead letters, where somebody sees it. The plain webhook is told
//! at once what of its rules was broken.

mod desk;
mod keys;
mod problem;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use billing::subscription_webhook::{self, Sold};
use billing::{Read, stripe};
use bytes::Bytes;
use serde_json::{Value, json};

pub use desk::{Desk, Office};
pub use keys::Keys;
use problem::Problem;

/// A letter holds 256 KiB (SQS, "Message quotas"): the body, and what is put around it.
const LONGEST: usize = 250 * 1024;

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

#[derive(Debug)]
pub struct Webhook<D> {
    pub desk: D,
    pub sold: Sold,
}

impl<D: Desk> Webhook<D> {
    pub fn router(self) -> Router {
        Router::new()
            .route("/v1/billing/stripe", post(stripe_event::<D>))
            .route("/v1/billing/subscriptions", post(subscription_event::<D>))
            // As the billing system of the first product that was sold by this webhook calls it.
            .route("/api/v1/provisioning/webhooks/subscription-created", post(subscription_event::<D>))
            .route("/api/v1/provisioning/webhooks/subscription-cancelled", post(subscription_event::<D>))
            .layer(DefaultBodyLimit::max(LONGEST))
            .layer(map_response(harden))
            .with_state(Arc::new(self))
    }
}

/// Billers are no browsers. Whoever calls it with one is to keep nothing, guess nothing, and come by TLS.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    response
}

async fn stripe_event<D: Desk>(
    State(webhook): State<Arc<Webhook<D>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let header = headers.get(SIGNATURE).and_then(|header| header.to_str().ok());
    let keys = webhook.desk.stripe().await?;
    stripe::verify(header, &body, &keys, clock::now())
        .map_err(|forged| Problem::new(StatusCode::BAD_REQUEST, forged.to_string()))?;
    let event: Value = serde_json::from_slice(&body).map_err(|e| malformed(&e))?;
    webhook.desk.keep(&json!({ "stripe": event }).to_string()).await?;
    Ok(StatusCode::OK)
}

async fn subscription_event<D: Desk>(
    State(webhook): State<Arc<Webhook<D>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let header = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
    if !subscription_webhook::authorised(header, &webhook.desk.subscriptions().await?) {
        let detail = "send the webhook's secret as Authorization: Bearer <secret>";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    }
    let event: Value = serde_json::from_slice(&body).map_err(|e| malformed(&e))?;
    let read = subscription_webhook::read(&event, &webhook.sold)?;
    webhook.desk.keep(&json!({ "subscription": event }).to_string()).await?;
    let id = match read {
        Read::Event(event) => event.id,
        Read::Unknown { id, .. } => id,
    };
    Ok((StatusCode::ACCEPTED, Json(json!({ "event": id }))))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
}

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use events::{Disabled, Target, Type, Webhook};
use fault::Fault;
use jiff::{Timestamp, ToSpan};
use seal::Seal;
use secrets::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqs::Queue;
use store::{Refusal, Versioned, Webhooks};
use tenancy::{TenantId, Violation, WebhookId};
use utoipa::ToSchema;

use crate::entries::IfMatch;
use crate::request::{Change, Reason};
use crate::{Api, Problem};

/// No deployment has more: each event is looked up with all of them.
const MOST: usize = 100;
/// No description is longer.
const LONGEST_DESCRIPTION: usize = 200;
/// A former secret is good for no longer.
const MOST_HOURS: i64 = 7 * 24;

/// What the API tells webhooks with.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// Seals their secrets, and cannot open them again.
    pub seal: Seal,
    /// Takes what is to be delivered.
    pub errands: Queue,
    /// Whether endpoints may be on addresses that are not public.
    pub private: bool,
    /// Who tells.
    pub deployment: String,
}

/// A webhook, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct Shown {
    id: WebhookId,
    url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// What it is told; everything, where nothing is named.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<Type>, required = false)]
    types: BTreeSet<Type>,
    /// Of which tenant it is told; of all, where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<Disabled>,
    /// Since when nothing has got through.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    created_at: Timestamp,
    /// Until when deliveries are signed by a former secret, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<Timestamp>,
    /// Its secret, in the answer that makes it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Webhook> for Shown {
    fn from(webhook: Webhook) -> Self {
        let former = webhook.secrets.iter().filter_map(|secret| secret.until).max();
        Self {
            id: webhook.id,
            url: webhook.url.to_string(),
            description: webhook.description,
            types: webhook.types,
            tenant: webhook.tenant,
            enabled: webhook.enabled,
            disabled: webhook.disabled,
            failing_since: webhook.failing_since,
            created_at: webhook.created_at,
            former_secret_until: former,
            secret: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhooks)]
pub(crate) struct Listing {
    webhooks: Vec<Shown>,
}

/// Lists the webhooks, the oldest first
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "All of them", body = Listing)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Listing>, Problem> {
    let webhooks = api.webhooks.all().await?;
    Ok(Json(Listing { webhooks: webhooks.into_iter().map(Shown::from).collect() }))
}

/// A webhook, as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedWebhook, example = json!({
    "url": "https://hooks.example.com/tenantry", "types": ["tenantry.tenant.activated.v1"],
}))]
pub(crate) struct Wanted {
    /// https, a name, no port.
    #[schema(max_length = 2000)]
    url: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
    /// What it is told; everything, where nothing is named.
    #[serde(default)]
    #[schema(value_type = Vec<Type>, required = false)]
    types: BTreeSet<Type>,
    /// Of which tenant it is told; of all, where none is named.
    #[serde(default)]
    tenant: Option<TenantId>,
}

/// Adds a webhook
///
/// The answer has the secret by which its deliveries are signed (Standard Webhooks). It is not shown again: asked for once
/// more with the same `Idempotency-Key`, the webhook is answered without it.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", request_body = Wanted,
    responses((status = 201, description = "It is told from now on", body = Shown)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn create(State(api): State<Api>, change: Change) -> Result<Response, Problem> {
    let Wanted { url, description, types, tenant } = change.decode()?;
    let (url, description) = (api.target(&url)?, described(description)?);
    let by = change.by("created")?;
    let now = clock::now();
    if api.webhooks.all().await?.len() >= MOST {
        return Err(Refusal::NotPossible(format!("there are {MOST} webhooks already")).into());
    }
    let mut webhook = Webhook {
        id: Webhooks::draw(now),
        url,
        description,
        types,
        tenant,
        enabled: true,
        disabled: None,
        failing_since: None,
        secrets: Vec::new(),
        created_at: now,
    };
    let (secret, sealed) = api.secret(webhook.id).await?;
    webhook.rotate(sealed, now, now);
    let drawn = webhook.id;
    let made = api.webhooks.create(webhook, by, change.key.as_ref(), now).await?;
    let location = [(header::LOCATION, format!("/v1/webhooks/{}", made.id))];
    let secret = (made.id == drawn).then(|| secret.expose_secret().to_owned());
    Ok((StatusCode::CREATED, location, Json(Shown { secret, ..made.into() })).into_response())
}

/// Shows a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", params(("id" = WebhookId, Path, description = "Its id")),
    responses((status = 200, description = "The webhook, its version as the ETag", body = Shown)),
    security(("token" = ["admin", "operator", "viewer"])),
)]
pub(crate) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Result<Response, Problem> {
    let Versioned { value, version } = api.webhook(&id).await?;
    Ok(tagged(value.into(), version))
}

/// What is to be changed about a webhook. What is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEdit, example = json!({ "enabled": true, "reason": "their outage is over" }))]
pub(crate) struct Edit {
    #[schema(max_length = 2000)]
    url: Option<String>,
    #[schema(max_length = 200)]
    description: Option<String>,
    /// All of them.
    #[schema(value_type = Option<Vec<Type>>)]
    types: Option<BTreeSet<Type>>,
    enabled: Option<bool>,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Changes a webhook, or has it listen again
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", request_body = Edit,
    params(("id" = WebhookId, Path, description = "Its id"), IfMatch),
    responses((status = 200, description = "As it is now", body = Shown)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn update(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<Response, Problem> {
    let Edit { url, description, types, enabled, reason } = change.decode()?;
    let url = url.map(|url| api.target(&url)).transpose()?;
    let description = description.map(described).transpose()?;
    let edit = |webhook: &mut Webhook| {
        webhook.url = url.unwrap_or_else(|| webhook.url.clone());
        webhook.description = description.unwrap_or_else(|| std::mem::take(&mut webhook.description));
        webhook.types = types.unwrap_or_else(|| std::mem::take(&mut webhook.types));
        if let Some(enabled) = enabled {
            webhook.enable(enabled);
        }
    };
    let (by, id) = (change.by(&reason)?, named(&id)?);
    let changed = api.webhooks.change("update", id, if_match.version, by, clock::now(), edit).await?;
    Ok(tagged(changed.value.into(), changed.version))
}

/// Takes a webhook away
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", request_body(content = Option<Reason>),
    params(("id" = WebhookId, Path, description = "Its id"), IfMatch),
    responses((status = 204, description = "It is told nothing more")),
    security(("token" = ["admin"])),
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    if_match: IfMatch,
    change: Change,
) -> Result<StatusCode, Problem> {
    let by = change.reason_or("deleted")?;
    api.webhooks.delete(named(&id)?, if_match.version, by, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new secret, as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretRotation, example = json!({ "former_hours": 24, "reason": "the yearly change" }))]
pub(crate) struct Rotation {
    /// For how many hours deliveries are signed by the former secret, too; 24 if nothing is said
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 168)]
    former_hours: i64,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Gives a webhook another secret
///
/// Deliveries are signed by both until the former's time is over. The answer has the new one, which is not shown again.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/rotate-secret", tag = "webhooks", request_body = Rotation,
    params(("id" = WebhookId, Path, description = "Its id")),
    responses((status = 200, description = "With the new secret", body = Shown)),
    security(("token" = ["admin"])),
)]
pub(crate) async fn rotate(
    State(api): State<Api>,
    Path(id): Path<String>,
    change: Change,
) -> Result<Response, Problem> {
    let Rotation { former_hours, reason } = change.decode()?;
    if !(0..=MOST_HOURS).contains(&former_hours) {
        let problem = format!("is {former_hours}");
        return Err(Problem::violated(Violation::new("former_hours", problem, format!("0 to {MOST_HOURS}"))));
    }
    let (by, id, now) = (change.by(&reason)?, named(&id)?, clock::now());
    let (secret, sealed) = api.secret(id).await?;
    let rotate = |webhook: &mut Webhook| webhook.rotate(sealed, now, now + former_hours.hours());
    let changed = api.webhooks.change("rotate-secret", id, None, by, now, rotate).await?;
    let shown = Shown { secret: Some(secret.expose_secret().to_owned()), ..changed.value.into() };
    Ok(tagged(shown, changed.version))
}

impl Api {
    pub(crate) fn notifier(&self) -> Result<&Notifier, Problem> {
        self.settings.notifier.as_ref().ok_or_else(|| Problem::not_found("nobody is told anything here"))
    }

    pub(crate) async fn webhook(&self, id: &str) -> Result<Versioned<Webhook>, Problem> {
        let id = named(id)?;
        let found = self.webhooks.get(id).await?;
        found.ok_or_else(|| Problem::not_found(format!("there is no webhook {id}")))
    }

    fn target(&self, url: &str) -> Result<Target, Problem> {
        Target::parse("url", url, self.notifier()?.private).map_err(Problem::violated)
    }

    /// A secret that nobody has yet, and the same as it is kept.
    async fn secret(&self, webhook: WebhookId) -> Result<(SecretString, String), Problem> {
        let mut key = [0; 24];
        getrandom::fill(&mut key).map_err(|e| Fault::terminal(format!("there is no randomness: {e}")))?;
        let secret = SecretString::from(format!("whsec_{}", BASE64.encode(key)));
        let sealed = self.notifier()?.seal.seal(&secret, &webhook.to_string()).await?;
        Ok((secret, sealed))
    }
}

fn tagged(shown: Shown, version: u64) -> Response {
    ([(header::ETAG, format!("\"{version}\""))], Json(shown)).into_response()
}

fn named(id: &str) -> Result<WebhookId, Problem> {
    id.parse().map_err(Problem::not_found)
}

fn described(text: String) -> Result<String, Problem> {
    let length = text.chars().count();
    if length > LONGEST_DESCRIPTION {
        let problem = format!("has {length} characters");
        let allowed = format!("{LONGEST_DESCRIPTION} at most");
        return Err(Problem::violated(Violation::new("description", problem, allowed)));
    }
    Ok(text)
}

fn a_day() -> i64 {
    24
}

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use events::{Delivery, DeliveryState};
use jiff::Timestamp;
use serde_json::{Map, json};
use tenancy::{TenantId, WebhookId};

use crate::Outcome;
use crate::api::{Api, Webhook};
use crate::session::Session;
use crate::watch::reason;

/// How often a test is asked about, and how often at most.
const AGAIN: Duration = Duration::from_millis(500);
const LOOKS: u32 = 60;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the endpoints that are told what happens.
    List,
    /// Has an endpoint told what happens, and shows its secret, once.
    Add {
        /// For example https://hooks.example.com/tenantry.
        url: String,
        /// What it is told, for example tenantry.tenant.activated.v1; several times for several, everything without.
        #[arg(long = "type")]
        types: Vec<String>,
        /// Of which tenant; of all without.
        #[arg(long)]
        tenant: Option<TenantId>,
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Shows an endpoint.
    Show { id: WebhookId },
    /// Changes an endpoint, or has it listen again. What is not named stays.
    Change {
        id: WebhookId,
        #[arg(long)]
        url: Option<String>,
        #[arg(long = "type")]
        types: Vec<String>,
        #[arg(long)]
        description: Option<String>,
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        #[arg(long)]
        disable: bool,
        #[arg(long)]
        reason: String,
    },
    /// Tells an endpoint nothing more.
    Delete {
        id: WebhookId,
        #[arg(long)]
        reason: String,
    },
    /// Gives an endpoint another secret, and shows it, once.
    Rotate {
        id: WebhookId,
        /// For how many hours the former secret is good, too.
        #[arg(long, default_value_t = 24)]
        former_hours: u16,
        #[arg(long)]
        reason: String,
    },
    /// Sends an endpoint an event that means nothing, and shows what it answers.
    Test { id: WebhookId },
    /// Lists what an endpoint was sent, and what became of that.
    Log {
        id: WebhookId,
        /// From when on, for example 2026-11-22T06:00:00Z.
        #[arg(long)]
        since: Option<Timestamp>,
    },
    /// Sends again one delivery, or all that was missed since some time.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    id: WebhookId,
    /// As `log` shows it.
    #[arg(required_unless_present = "since")]
    delivery: Option<String>,
    #[arg(long, conflicts_with = "delivery")]
    since: Option<Timestamp>,
    /// Also what was taken.
    #[arg(long, requires = "since")]
    all: bool,
    #[arg(long)]
    reason: String,
}

impl Command {
    pub(crate) async fn run(self, session: &Session) -> Outcome {
        let Session { api, form, .. } = session;
        match self {
            Self::List => {
                form.tell(&api.webhooks().await?, |webhooks| webhooks.iter().map(picture).collect());
            }
            Self::Add { url, types, tenant, description } => {
                let mut wanted = json!({ "url": url, "types": types, "description": description });
                if let Some(tenant) = tenant {
                    wanted["tenant"] = json!(tenant);
                }
                form.tell(&api.add_webhook(&wanted).await?, picture);
            }
            Self::Show { id } => form.tell(&api.webhook(id).await?, picture),
            Self::Change { id, url, types, description, enable, disable, reason } => {
                let mut edit = Map::from_iter([("reason".to_owned(), json!(reason))]);
                edit.extend(url.map(|url| ("url".to_owned(), json!(url))));
                edit.extend(description.map(|text| ("description".to_owned(), json!(text))));
                edit.extend((!types.is_empty()).then(|| ("types".to_owned(), json!(types))));
                edit.extend((enable || disable).then(|| ("enabled".to_owned(), json!(enable))));
                form.tell(&api.change_webhook(id, &edit.into()).await?, picture);
            }
            Self::Delete { id, reason } => {
                form.tell(&api.remove_webhook(id, &reason).await?, |_| {
                    format!("{id} is told nothing more\n")
                });
            }
            Self::Rotate { id, former_hours, reason } => {
                form.tell(&api.rotate_secret(id, former_hours, &reason).await?, picture);
            }
            Self::Test { id } => return test(session, id).await,
            Self::Log { id, since } => form
                .tell(&api.deliveries(id, since).await?, |deliveries| deliveries.iter().map(told).collect()),
            Self::Replay(replay) => {
                let replayed = replay.run(api).await?;
                form.tell_json(&json!({ "replayed": replayed }), || format!("{replayed} sent again\n"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Replay {
    async fn run(self, api: &Api) -> Result<usize, crate::api::Error> {
        match (self.delivery, self.since) {
            (Some(delivery), _) => api.replay(self.id, &delivery, &self.reason).await,
            (None, Some(since)) => api.replay_since(self.id, since, self.all, &self.reason).await,
            (None, None) => Ok(0),
        }
    }
}

/// Sends a test and waits for what comes of it: it is tried once.
#[allow(clippy::disallowed_methods)] // A person watches.
async fn test(Session { api, form, .. }: &Session, id: WebhookId) -> Outcome {
    let mut said = api.test_webhook(id).await?;
    for _ in 0..LOOKS {
        if said.read.state != DeliveryState::Waiting {
            break;
        }
        tokio::time::sleep(AGAIN).await;
        said = api.delivery(id, &said.read.id.to_string()).await?;
    }
    form.tell(&said, told);
    Ok(if said.read.state == DeliveryState::Delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn picture(webhook: &Webhook) -> String {
    let state = if webhook.enabled { "enabled" } else { "disabled" };
    let whose = webhook.tenant.as_ref().map(|tenant| format!(" of {tenant}")).unwrap_or_default();
    let types = if webhook.types.is_empty() { "everything".to_owned() } else { webhook.types.join(", ") };
    let mut picture = format!("{}  {state}  {}\n  told {types}{whose}\n", webhook.id, webhook.url);
    let mut line = |told: String| picture += &format!("  {told}\n");
    if let Some(disabled) = &webhook.disabled {
        line(format!("since {}: {}", disabled.at, reason(&disabled.fault)));
    } else if let Some(since) = webhook.failing_since {
        line(format!("nothing has got through since {since}"));
    }
    if let Some(until) = webhook.former_secret_until {
        line(format!("also signed by its former secret until {until}"));
    }
    if let Some(secret) = &webhook.secret {
        line(format!("its secret, which is not shown again: {secret}"));
    }
    picture
}

fn told(delivery: &Delivery) -> String {
    let state = match delivery.state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
        DeliveryState::Held => "held",
    };
    let mut told =
        format!("{}  {state:<9}  {}  {}\n", delivery.id, delivery.event.kind, delivery.event.subject);
    for attempt in &delivery.attempts {
        let outcome = match (attempt.status, &attempt.fault) {
            (Some(status), _) => status.to_string(),
            (None, Some(fault)) => fault.cause.clone(),
            (None, None) => "no answer".to_owned(),
        };
        told += &format!("  {}  {:>5} ms  {outcome}\n", attempt.at, attempt.duration_ms);
    }
    told + &delivery.next_at.map(|next| format!("  next at {next}\n")).unwrap_or_default()
}

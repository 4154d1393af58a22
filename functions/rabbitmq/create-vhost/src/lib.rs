//! Gives a tenant its part of the broker: an exchange that its services publish to, queues that they consume from, and
//! one user who may do that and nothing else. Of a suspended tenant nobody may do anything; of one that is read-only
//! nothing is published, and what waits is still consumed.
//!
//! A queue cannot be changed. How long it keeps messages, and how many, is settled when the tenant is made, and is told
//! as a mistake when it differs later.

use std::collections::BTreeSet;

use fault::Fault;
use rabbitmq::{Limits, Permissions, Queue, RabbitMq};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step, whole_number};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

/// Who consumes, and which events.
const QUEUES: [(&str, &str); 3] = [("auth", "user.*"), ("products", "product.*"), ("orders", "order.*")];
/// The user's, in the logins.
const LOGIN: &str = "rabbitmq";
const HOUR_MS: u64 = 3_600_000;
const DEFINITIONS: &str = "definitions.json";

#[derive(Debug)]
pub struct CreateVhost {
    pub rabbitmq: RabbitMq,
    pub vault: Vault,
}

/// What plan and blueprint set.
#[derive(Debug, Deserialize)]
pub struct Params {
    logins: SecretRef,
    message_ttl_hours: String,
    /// Of a queue, in messages.
    max_length: String,
    max_connections: String,
    max_queues: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    vhost: String,
    user: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    vhost: String,
    user: String,
    exchange: String,
}

impl Step for CreateVhost {
    const NAME: &'static str = "rabbitmq-create-vhost";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { vhost: mark.tenant.to_string(), user: format!("{}-app-user", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (Handle { vhost, user }, owner) = (handle, cx.mark.to_string());
        let hours: u32 = whole_number("message_ttl_hours", &params.message_ttl_hours)?;
        let max_length: u32 = whole_number("max_length", &params.max_length)?;
        let limits = Limits {
            max_connections: Some(whole_number("max_connections", &params.max_connections)?),
            max_queues: Some(whole_number("max_queues", &params.max_queues)?),
        };
        let logins = Logins::read(&self.vault, &params.logins).await?;
        let exchange = format!("{vhost}.events");
        self.rabbitmq.create_vhost(vhost, &owner).await?;
        self.rabbitmq.set_limits(vhost, &limits).await?;
        self.rabbitmq.declare_topic(vhost, &exchange).await?;
        for (service, events) in QUEUES {
            let queue = Queue {
                name: &queue_name(vhost, service),
                message_ttl_ms: Some(u64::from(hours) * HOUR_MS),
                max_length: Some(max_length.into()),
            };
            self.rabbitmq.declare_queue(vhost, &queue).await?;
            self.rabbitmq.bind(vhost, &exchange, queue.name, events).await?;
        }
        self.rabbitmq.put_user(user, &owner, logins.of(LOGIN)?).await?;
        let permissions = permissions(cx, vhost, &exchange);
        if self.rabbitmq.find_permissions(vhost, user).await?.as_ref() != Some(&permissions) {
            self.rabbitmq.set_permissions(vhost, user, &permissions).await?;
        }
        Ok(Output { vhost: vhost.clone(), user: user.clone(), exchange })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let owner = mark.to_string();
        self.rabbitmq.delete_user(&handle.user, &owner).await?;
        self.rabbitmq.delete_vhost(&handle.vhost, &owner).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let user = self.rabbitmq.find_user(&handle.user).await?;
        let is_left = self.has_vhost(mark, handle).await?
            || user.is_some_and(|user| user.owner.as_deref() == Some(&mark.to_string()));
        Ok(Presence::from(is_left))
    }

    /// All at once: the broker does not list them in parts.
    async fn inventory(&self, _: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let vhosts = self.rabbitmq.vhosts().await?.into_iter().map(|vhost| (vhost.name, vhost.owner));
        let users = self.rabbitmq.users().await?.into_iter().map(|user| (user.name, user.owner));
        // What is called otherwise, with whoever's mark, is not this step's.
        let owner = |(name, owner): (String, Option<String>)| {
            let owner = owner?;
            let Handle { vhost, user } = self.handle(&owner.parse().ok()?);
            (name == vhost || name == user).then_some(owner)
        };
        let owners: BTreeSet<String> = vhosts.chain(users).filter_map(owner).collect();
        let held = owners.into_iter().filter_map(|owner| {
            let handle = self.handle(&owner.parse().ok()?);
            Some(Held { owner, handle, made_at: None })
        });
        Ok(Inventory { held: held.collect(), next: None })
    }
}

/// What there is to publish to and consume from. Messages are on their way, and belong to nobody's records.
impl BackUp for CreateVhost {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        if !self.has_vhost(mark, handle).await? {
            return Ok(Holding::Copies(Vec::new()));
        }
        Ok(Holding::Copies(vec![Copied {
            path: DEFINITIONS.to_owned(),
            content_type: "application/json".to_owned(),
            body: self.rabbitmq.export(&handle.vhost).await?,
        }]))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        for Copied { path, body, .. } in copies {
            if path != DEFINITIONS {
                return Err(Fault::terminal(format!("a vhost does not hold {path}")));
            }
            if !self.has_vhost(mark, handle).await? {
                return Err(Fault::not_ready(format!("the vhost {} is not seen yet", handle.vhost)));
            }
            self.rabbitmq.import(&handle.vhost, &body).await?;
        }
        Ok(())
    }
}

impl CreateVhost {
    async fn has_vhost(&self, mark: &Mark, handle: &Handle) -> Result<bool, Fault> {
        let found = self.rabbitmq.find_vhost(&handle.vhost).await?;
        Ok(found.is_some_and(|vhost| vhost.owner.as_deref() == Some(&mark.to_string())))
    }
}

fn permissions(cx: &Context, vhost: &str, exchange: &str) -> Permissions {
    let queues = QUEUES.map(|(service, _)| queue_name(vhost, service));
    let to_use = Permissions::to_use(exchange, &queues.each_ref().map(String::as_str));
    match (cx.tenant.suspended, cx.tenant.access.is_full()) {
        (true, _) => Permissions { write: String::new(), read: String::new(), ..to_use },
        (false, false) => Permissions { write: String::new(), ..to_use },
        (false, true) => to_use,
    }
}

fn queue_name(vhost: &str, service: &str) -> String {
    format!("{vhost}.{service}")
}

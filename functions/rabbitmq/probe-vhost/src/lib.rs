//! Looks whether a tenant's part of the broker runs, holds what its services publish to and consume from, and is open to
//! them as far as it is to be.
//!
//! As an administrator: the tenant's user may not use the management API, which is the better for it, and whoever signs in
//! over AMQP instead sees nothing that was not asked of it by name.

use fault::Fault;
use rabbitmq::{Permissions, RabbitMq};
use saga::{Context, Probe};
use serde::{Deserialize, Serialize};
use tenancy::Snapshot;

/// Each consumes from a queue of its own.
const CONSUMERS: [&str; 3] = ["auth", "products", "orders"];

#[derive(Debug)]
pub struct ProbeVhost {
    pub rabbitmq: RabbitMq,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    vhost: String,
    user: String,
    exchange: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    queues: usize,
}

/// What a vhost is made of, as far as it matters.
#[derive(Debug, Deserialize)]
struct Definitions {
    exchanges: Vec<Named>,
    queues: Vec<Named>,
    bindings: Vec<Binding>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Binding {
    source: String,
    destination: String,
}

impl Probe for ProbeVhost {
    const NAME: &'static str = "rabbitmq-probe-vhost";
    type Params = Params;
    type Output = Output;

    async fn look(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        let Params { vhost, user, exchange } = params;
        let found = self.rabbitmq.find_vhost(vhost).await?;
        let found = found.filter(|found| found.owner.as_deref() == Some(&cx.mark.to_string()));
        if !found.ok_or_else(|| missing(&format!("the vhost {vhost} is not seen yet")))?.running {
            return Err(missing(&format!("the vhost {vhost} does not run")));
        }
        let may = self.rabbitmq.find_permissions(vhost, user).await?;
        let may = may.ok_or_else(|| missing(&format!("{user} may not connect to {vhost}")))?;
        rights(&cx.tenant, &may).map_err(|what| missing(&format!("{user} {what}")))?;
        let definitions: Definitions = serde_json::from_slice(&self.rabbitmq.export(vhost).await?)
            .map_err(|e| Fault::terminal(format!("rabbitmq's definitions do not decode: {e}")))?;
        definitions.hold(vhost, exchange).map_err(|what| missing(&what))?;
        Ok(Output { queues: CONSUMERS.len() })
    }
}

impl Definitions {
    fn hold(&self, vhost: &str, exchange: &str) -> Result<(), String> {
        if !self.exchanges.iter().any(|found| found.name == exchange) {
            return Err(format!("it has no exchange {exchange}"));
        }
        for queue in CONSUMERS.map(|service| format!("{vhost}.{service}")) {
            if !self.queues.iter().any(|found| found.name == queue) {
                return Err(format!("it has no queue {queue}"));
            }
            let is_fed = |bound: &Binding| bound.source == exchange && bound.destination == queue;
            if !self.bindings.iter().any(is_fed) {
                return Err(format!("nothing is put into the queue {queue}"));
            }
        }
        Ok(())
    }
}

/// What of its rights is not as it is to be.
fn rights(tenant: &Snapshot, may: &Permissions) -> Result<(), &'static str> {
    let consumes = !tenant.suspended;
    let publishes = consumes && tenant.access.is_full();
    match (!may.write.is_empty(), !may.read.is_empty()) {
        _ if !may.configure.is_empty() => Err("may make and delete queues"),
        (true, _) if !publishes => Err("may still publish"),
        (false, _) if publishes => Err("may not publish"),
        (_, true) if !consumes => Err("may still consume"),
        (_, false) if consumes => Err("may not consume"),
        _ => Ok(()),
    }
}

fn missing(what: &str) -> Fault {
    Fault::not_ready(format!("the broker is not ready: {what}")).from_provider("rabbitmq", None)
}

use fault::Fault;
use http_client::Method;
use serde::Deserialize;
use serde_json::json;

use crate::RabbitMq;

/// How much of a vhost may be used; as much as there is, where none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    pub max_connections: Option<u32>,
    pub max_queues: Option<u32>,
}

#[derive(Deserialize)]
struct Listed {
    value: Limits,
}

impl RabbitMq {
    pub async fn limits(&self, vhost: &str) -> Result<Limits, Fault> {
        let listed: Option<Vec<Listed>> =
            self.find(self.request(Method::GET, &["vhost-limits", vhost])?).await?;
        Ok(listed.into_iter().flatten().next().map_or_else(Limits::default, |listed| listed.value))
    }

    /// Sets or lifts the limits of a vhost. A limit below what is in use refuses what comes next and ends nothing.
    pub async fn set_limits(&self, vhost: &str, wanted: &Limits) -> Result<(), Fault> {
        let there = self.limits(vhost).await?;
        for (name, there, wanted) in [
            ("max-connections", there.max_connections, wanted.max_connections),
            ("max-queues", there.max_queues, wanted.max_queues),
        ] {
            let path = ["vhost-limits", vhost, name];
            match wanted {
                _ if wanted == there => {}
                Some(value) => {
                    self.put(self.request(Method::PUT, &path)?.json(&json!({ "value": value }))).await?;
                }
                None => self.delete(&path).await?,
            }
        }
        Ok(())
    }
}

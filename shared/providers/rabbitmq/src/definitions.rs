use fault::Fault;
use http_client::Method;
use serde_json::{Map, Value};

use crate::{RabbitMq, SERVICE};

/// What a vhost's definitions are made of. A file of a whole broker has users and permissions, too: those are not restored
/// from a backup.
const PARTS: [&str; 5] = ["parameters", "policies", "exchanges", "queues", "bindings"];

impl RabbitMq {
    /// What a vhost is made of, as JSON: exchanges, queues, bindings, policies and limits. Neither messages nor users.
    pub async fn export(&self, vhost: &str) -> Result<Vec<u8>, Fault> {
        let definitions: Value = self.ask(self.request(Method::GET, &["definitions", vhost])?).await?;
        Ok(definitions.to_string().into_bytes())
    }

    /// Makes in a vhost what [`RabbitMq::export`] gave, of this vhost or of another. What is there already stays as it is, also
    /// where it differs.
    pub async fn import(&self, vhost: &str, definitions: &[u8]) -> Result<(), Fault> {
        let mut definitions: Map<String, Value> = serde_json::from_slice(definitions).map_err(|e| {
            let at = format!("line {}, column {}", e.line(), e.column());
            Fault::terminal(format!("these are no definitions of a vhost, at {at}"))
                .from_provider(SERVICE, None)
        })?;
        definitions.retain(|part, _| PARTS.contains(&part.as_str()));
        // Parameters and policies say which vhost they were of.
        for part in definitions.values_mut().filter_map(Value::as_array_mut).flatten() {
            if let Some(part) = part.as_object_mut().filter(|part| part.contains_key("vhost")) {
                part.insert("vhost".to_owned(), vhost.into());
            }
        }
        self.put(self.request(Method::POST, &["definitions", vhost])?.json(&definitions)).await
    }
}

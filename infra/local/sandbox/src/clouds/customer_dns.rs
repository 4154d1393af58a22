//! What customers have written into the DNS of their own domains: the one thing that a provisioning system cannot
//! do for them, and has to wait for. Tests write it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

/// Where every target is, by what the resolver says.
const EDGE: &str = "104.16.0.1";

/// Aliases by name, with since when each has been there.
#[derive(Debug, Clone, Default)]
pub(crate) struct CustomerDns {
    aliases: BTreeMap<String, (String, Timestamp)>,
}

impl CustomerDns {
    /// `name CNAME target` from now on; without a target the name is gone.
    pub(crate) fn point(&mut self, now: Timestamp, name: &str, target: Option<&str>) {
        let name = name.to_lowercase();
        match target.map(|target| target.trim_end_matches('.').to_lowercase()) {
            None => drop(self.aliases.remove(&name)),
            Some(target) if self.aliases.get(&name).is_some_and(|(old, _)| *old == target) => {}
            Some(target) => drop(self.aliases.insert(name, (target, now))),
        }
    }

    /// What a public resolver says of a name, in JSON.
    /// <https://developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/dns-json/>
    pub(crate) fn answer(&self, name: &str) -> Value {
        let question = json!([{"name": name, "type": 1}]);
        match self.resolve(&name.to_lowercase()) {
            None => json!({"Status": 3, "TC": false, "Question": question}),
            Some((target, _)) => json!({"Status": 0, "TC": false, "Question": question, "Answer": [
                {"name": name, "type": 5, "TTL": 60, "data": format!("{target}.")},
                {"name": target, "type": 1, "TTL": 60, "data": EDGE},
            ]}),
        }
    }

    /// Where a name leads, and since when.
    pub(crate) fn resolve(&self, name: &str) -> Option<(&str, Timestamp)> {
        self.aliases.get(name).map(|(target, since)| (target.as_str(), *since))
    }
}

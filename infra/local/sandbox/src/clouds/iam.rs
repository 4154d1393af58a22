//! The IAM policy of one resource. It is replaced whole, guarded by its etag, and takes effect a little later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::google::Refused;
use super::pace::{IAM_PROPAGATION, Moment};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Binding {
    role: String,
    #[serde(default)]
    members: Vec<String>,
}

/// Its present bindings are what `getIamPolicy` shows; `effective` is what access is decided by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    generation: u64,
    bindings: Vec<Binding>,
    /// Bindings and since when they hold, oldest first.
    effective: Vec<(Timestamp, Vec<Binding>)>,
}

impl Policy {
    pub(crate) fn show(&self) -> Value {
        let mut policy = json!({"version": 1, "etag": self.etag()});
        if !self.bindings.is_empty() {
            policy["bindings"] = json!(self.bindings);
        }
        policy
    }

    fn etag(&self) -> String {
        STANDARD.encode(self.generation.to_be_bytes())
    }

    /// `setIamPolicy`: the whole policy, of which only an etag that is given is compared.
    pub(crate) fn replace(&mut self, moment: Moment, body: &Value) -> Result<Value, Refused> {
        let policy = body.get("policy").ok_or_else(|| Refused::invalid("Policy must be specified."))?;
        if let Some(etag) = policy.get("etag").and_then(Value::as_str).filter(|etag| !etag.is_empty())
            && etag != self.etag()
        {
            return Err(Refused::aborted(
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential \
                 backoff.",
            ));
        }
        let given = policy.get("bindings").cloned().unwrap_or_else(|| json!([]));
        let bindings: Vec<Binding> = serde_json::from_value(given)
            .map_err(|error| Refused::invalid(format!("Invalid JSON payload received. {error}")))?;
        for member in bindings.iter().flat_map(|binding| &binding.members) {
            let known = ["allUsers", "allAuthenticatedUsers"].contains(&member.as_str())
                || ["user:", "serviceAccount:", "group:", "domain:", "principal"]
                    .iter()
                    .any(|kind| member.starts_with(kind));
            if !known {
                return Err(Refused::invalid(format!("Invalid member: {member}")));
            }
        }
        self.bindings.clone_from(&bindings);
        self.generation += 1;
        // Of what held in the past only the last is of use.
        let holding = self.effective.iter().rposition(|(since, _)| *since <= moment.now).unwrap_or_default();
        self.effective.drain(..holding);
        self.effective.push((moment.after(IAM_PROPAGATION), bindings));
        Ok(self.show())
    }

    /// Whether this policy gives the role to the member at that time.
    pub(crate) fn grants(&self, role: &str, member: &str, at: Timestamp) -> bool {
        let holding = self.effective.iter().rev().find(|(since, _)| *since <= at);
        holding.is_some_and(|(_, bindings)| {
            bindings
                .iter()
                .any(|binding| binding.role == role && binding.members.iter().any(|is| is == member))
        })
    }
}

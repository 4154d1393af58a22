use fault::Fault;
use http_client::Method;
use serde::{Deserialize, Serialize};

use crate::RabbitMq;

/// What a user may do in a vhost: for each kind of act a regular expression of the names it may be done to. An empty one
/// fits no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Making and deleting exchanges and queues.
    pub configure: String,
    /// Publishing to an exchange.
    pub write: String,
    /// Consuming from a queue.
    pub read: String,
}

impl Permissions {
    /// To publish to one exchange and consume from these queues, and nothing else: nothing is made or deleted, nothing bound
    /// (that takes `write` on a queue), nothing published past the exchange. A client declares passively, or not at all.
    #[must_use]
    pub fn to_use(exchange: &str, queues: &[&str]) -> Self {
        let read = match queues {
            [] => String::new(),
            queues => format!("^({})$", queues.iter().copied().map(literally).collect::<Vec<_>>().join("|")),
        };
        Self { configure: String::new(), write: format!("^{}$", literally(exchange)), read }
    }
}

impl RabbitMq {
    pub async fn find_permissions(&self, vhost: &str, user: &str) -> Result<Option<Permissions>, Fault> {
        self.find(self.request(Method::GET, &["permissions", vhost, user])?).await
    }

    /// Sets what a user may do in a vhost, whatever it was before.
    pub async fn set_permissions(
        &self,
        vhost: &str,
        user: &str,
        permissions: &Permissions,
    ) -> Result<(), Fault> {
        self.put(self.request(Method::PUT, &["permissions", vhost, user])?.json(permissions)).await
    }
}

/// A name in a regular expression, that fits itself alone.
fn literally(name: &str) -> String {
    let mut expression = String::new();
    for c in name.chars() {
        if c.is_ascii_punctuation() {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_themselves_alone() {
        let permissions = Permissions::to_use("acme.events", &["acme.auth", "a|b"]);
        assert_eq!(permissions.configure, "");
        assert_eq!(permissions.write, r"^acme\.events$");
        assert_eq!(permissions.read, r"^(acme\.auth|a\|b)$");
    }

    #[test]
    fn without_queues_nothing_is_read() {
        assert_eq!(Permissions::to_use("acme.events", &[]).read, "");
    }
}

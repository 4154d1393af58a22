use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenancy::SubscriptionId;

/// Names one thing that a biller said: however often it is delivered, it is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = r"^[A-Za-z0-9_.:-]{1,200}$", example = "evt_1Pgc76B7WZ01zgkWwyRHS12y")
)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

impl EventId {
    /// The id of what came without one: its content's digest, so that the same is known when it comes again.
    #[must_use]
    pub fn of(content: &str) -> Self {
        Self(format!("sha256:{}", hex::encode(&Sha256::digest(content.as_bytes())[..16])))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let usable = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        match (1..=200).contains(&text.len()) && text.chars().all(usable) {
            true => Ok(Self(text.to_owned())),
            false => Err("an event's id is 1 to 200 of letters, digits, '_', '-', '.' and ':'".to_owned()),
        }
    }
}

impl TryFrom<String> for EventId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&SubscriptionId> for EventId {
    /// Of what is said about a subscription once.
    fn from(id: &SubscriptionId) -> Self {
        Self(id.as_str().to_owned())
    }
}

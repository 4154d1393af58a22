use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Names a subscription, as its biller does. It becomes part of a key and of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = r"^[A-Za-z0-9_.:-]{1,200}$", example = "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw")
)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// The one that stands for a tenant's time of a plan that expires: nobody pays for that.
    #[must_use]
    pub fn of_trial(tenant: &TenantId) -> Self {
        Self(format!("trial:{tenant}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriptionId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let usable = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        match (1..=200).contains(&text.len()) && text.chars().all(usable) {
            true => Ok(Self(text.to_owned())),
            false => {
                Err("a subscription's id is 1 to 200 of letters, digits, '_', '-', '.' and ':'".to_owned())
            }
        }
    }
}

impl TryFrom<String> for SubscriptionId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SubscriptionId> for String {
    fn from(id: SubscriptionId) -> Self {
        id.0
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_be_a_key_is_no_id() {
        assert!("sub_1".parse::<SubscriptionId>().is_ok());
        for text in ["", "a b", "a#b", "a/b", "ü", &"a".repeat(201)] {
            assert!(text.parse::<SubscriptionId>().is_err(), "{text}");
        }
    }
}

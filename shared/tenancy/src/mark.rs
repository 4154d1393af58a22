use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Our ownership mark on a resource: which deployment of Tenantry made it, for which tenant.
///
/// Written where the provider keeps labels, tags or comments. "Already exists" with our mark is adopted; with
/// any other, or none, the resource is foreign and is never changed or destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub deployment: String,
    pub tenant: TenantId,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.deployment, self.tenant)
    }
}

/// Reads a mark where a provider keeps it. What is anything else is nobody's of ours.
impl FromStr for Mark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').filter(|(deployment, _)| !deployment.is_empty());
        let (deployment, tenant) =
            parts.ok_or_else(|| format!("'{text}' is not a mark: expected <deployment>/<tenant>"))?;
        Ok(Self { deployment: deployment.to_owned(), tenant: tenant.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_mark_reads_back_as_it_was_written() {
        let mark: Mark = "demo/acme-7f3a9c".parse().expect("a mark");
        assert_eq!((mark.deployment.as_str(), mark.tenant.as_str()), ("demo", "acme-7f3a9c"));
        assert_eq!(mark.to_string(), "demo/acme-7f3a9c");
        let other: Mark = "demo-2/acme-7f3a9c".parse().expect("a mark");
        assert_ne!(other.deployment, "demo");
    }

    #[rstest]
    #[case("")]
    #[case("acme-7f3a9c")]
    #[case("/acme-7f3a9c")]
    #[case("demo/")]
    #[case("demo/somebody")]
    #[case("demo/acme-7f3a9c/owner")]
    #[case(" demo/acme-7f3a9c ")]
    fn what_only_looks_like_a_mark_is_none(#[case] text: &str) {
        assert!(text.parse::<Mark>().is_err());
    }
}

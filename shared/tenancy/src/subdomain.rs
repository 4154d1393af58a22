use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Violation;

/// Labels a customer may not take: ours, or ones a visitor would trust.
pub const RESERVED: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "console",
    "dashboard",
    "dev",
    "docs",
    "email",
    "ftp",
    "git",
    "help",
    "imap",
    "login",
    "mail",
    "mx",
    "my",
    "ns",
    "ns1",
    "ns2",
    "pop",
    "production",
    "root",
    "secure",
    "sftp",
    "shop",
    "signin",
    "signup",
    "site",
    "sites",
    "smtp",
    "ssh",
    "sso",
    "staging",
    "static",
    "status",
    "store",
    "support",
    "system",
    "tenant",
    "tenantry",
    "test",
    "vpn",
    "webmail",
    "wpad",
    "www",
];

const ALLOWED: &str =
    "3 to 40 of a-z, 0-9 and single inner hyphens, starting with a letter, and not a reserved name";

/// The customer's name under our domain: a DNS label (RFC 1035), lower case, not reserved. Unique by claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(pattern = r"^[a-z0-9](-?[a-z0-9])*$", example = "acme")
)]
#[serde(try_from = "String", into = "String")]
pub struct Subdomain(String);

impl Subdomain {
    /// Accepts a label; capitals are folded, because DNS does not tell them apart.
    pub fn parse(s: &str) -> Result<Self, Violation> {
        let label = s.to_ascii_lowercase();
        let refuse = |problem: String| Err(Violation::new("subdomain", problem, ALLOWED));
        if !(3..=40).contains(&label.len()) {
            return refuse(format!("has {} characters", label.chars().count()));
        }
        if let Some(c) = label.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return refuse(format!("contains '{}'", c.escape_default()));
        }
        if !label.starts_with(|c: char| c.is_ascii_lowercase()) {
            return refuse("does not start with a letter".to_owned());
        }
        // A double hyphen would also let `xn--` through: names that look like other names.
        if label.ends_with('-') || label.contains("--") {
            return refuse("has a hyphen at the end or two in a row".to_owned());
        }
        if RESERVED.contains(&label.as_str()) {
            return refuse(format!("'{label}' is reserved"));
        }
        Ok(Self(label))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL that a pattern with `{subdomain}` in it gives. A DNS label needs no escaping there.
    #[must_use]
    pub fn address(&self, pattern: &str) -> String {
        pattern.replace("{subdomain}", &self.0)
    }
}

impl TryFrom<String> for Subdomain {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        Self::parse(&s).map_err(|v| v.to_string())
    }
}

impl From<Subdomain> for String {
    fn from(s: Subdomain) -> Self {
        s.0
    }
}

impl fmt::Display for Subdomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("acme", "acme")]
    #[case("Awesome-Store", "awesome-store")]
    #[case("a1-b2", "a1-b2")]
    fn labels_are_accepted(#[case] given: &str, #[case] label: &str) {
        assert_eq!(Subdomain::parse(given).map(String::from), Ok(label.to_owned()));
    }

    #[rstest]
    #[case("", "has 0 characters")]
    #[case("ab", "has 2 characters")]
    #[case("acme.evil", "contains '.'")]
    #[case("acme\nhost", "contains '\\n'")]
    #[case("1acme", "does not start with a letter")]
    #[case("acme-", "has a hyphen")]
    #[case("xn--80ak6aa92e", "has a hyphen")]
    #[case("WWW", "'www' is reserved")]
    fn others_are_refused_with_the_reason(#[case] given: &str, #[case] problem: &str) {
        let violation = Subdomain::parse(given).expect_err("refused");
        assert_eq!(violation.field, "subdomain");
        assert!(violation.problem.contains(problem), "{violation}");
    }

    #[test]
    fn reserved_names_are_sorted_and_would_otherwise_be_valid() {
        assert!(RESERVED.is_sorted());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_a_dns_label(s in "[a-zA-Z0-9.\\-_ ]{0,50}") {
            if let Ok(Subdomain(label)) = Subdomain::parse(&s) {
                prop_assert!(label.len() <= 63);
                prop_assert!(label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(!label.starts_with('-') && !label.ends_with('-'));
            }
        }
    }
}

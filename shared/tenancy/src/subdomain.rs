use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Violation, slug_of};

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

/// What the subdomains of synthetic tenants begin with, and no customer's does.
const SYNTHETIC: &str = "canary-";

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

    /// The one that a store of that name gets: never one of a synthetic tenant, nor would it be with something behind it.
    #[must_use]
    pub fn suggested(store_name: &str) -> String {
        let slug = slug_of(store_name);
        if format!("{slug}-").starts_with(SYNTHETIC) { format!("my-{slug}") } else { slug }
    }

    /// The one of the synthetic tenant of a blueprint.
    pub fn synthetic(blueprint: &str) -> Result<Self, Violation> {
        Self::parse(&format!("{SYNTHETIC}{blueprint}"))
    }

    /// Whether nobody's tenant has it: one that comes and goes so that we see whether tenants do.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        self.0.starts_with(SYNTHETIC)
    }

    /// The same, if it is such a one or not as it is wanted: customers have none, and synthetic tenants no other.
    pub(crate) fn wanted(self, synthetic: bool) -> Result<Self, Violation> {
        match (self.is_synthetic(), synthetic) {
            (true, false) => Err(Violation::new("subdomain", format!("'{self}' is reserved"), ALLOWED)),
            (false, true) => {
                let allowed = format!("one that begins with '{SYNTHETIC}': the tenant is synthetic");
                Err(Violation::new("subdomain", format!("is '{self}'"), allowed))
            }
            _ => Ok(self),
        }
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

    #[rstest]
    #[case("canary-merchant-workspace", true)]
    #[case("canary", false)]
    #[case("canaryislands", false)]
    #[case("acme-canary-1", false)]
    fn a_synthetic_tenant_is_told_by_its_name(#[case] label: &str, #[case] synthetic: bool) {
        let subdomain = Subdomain::parse(label).expect("a label");
        assert_eq!(subdomain.is_synthetic(), synthetic);
        assert!(subdomain.clone().wanted(synthetic).is_ok());
        assert_eq!(subdomain.wanted(!synthetic).expect_err("the other kind").field, "subdomain");
    }

    #[test]
    fn no_store_is_given_the_name_of_a_synthetic_tenant() {
        for (name, label) in [
            ("Canary Islands Tea", "my-canary-islands-tea"),
            ("Canary", "my-canary"),
            ("Canaryhouse", "canaryhouse"),
        ] {
            assert_eq!(Subdomain::suggested(name), label);
        }
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

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Violation;

/// DNS allows 253 characters, and a proof stands below the name: `_cf-custom-hostname.` has 20.
const LONGEST: usize = 233;

const ALLOWED: &str = "a domain of your own, such as shop.example.com: labels of a-z, 0-9 and inner hyphens, other \
                       scripts in their xn-- form";

/// A customer's own domain, as DNS has it (RFC 1035; other scripts as A-labels, RFC 5890): lower case, without the dot
/// at the end. Unique by claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "shop.example.com"))]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// Accepts a name that somebody can hold: one below a public suffix that exists.
    pub fn parse(field: &'static str, given: &str) -> Result<Self, Violation> {
        let refuse = |problem: String| Violation::new(field, problem, ALLOWED);
        let name = Self::shaped(given).map_err(refuse)?;
        let suffix = psl::suffix(name.0.as_bytes()).filter(psl::Suffix::is_known);
        match (suffix, psl::domain_str(&name.0)) {
            (None, _) => Err(refuse("ends in no public suffix, so nobody can reach it".to_owned())),
            (Some(_), None) => Err(refuse(format!("'{name}' is a public suffix, which nobody holds alone"))),
            (Some(_), Some(_)) => Ok(name),
        }
    }

    /// What can be a host's name at all.
    fn shaped(given: &str) -> Result<Self, String> {
        let name = given.strip_suffix('.').unwrap_or(given).to_ascii_lowercase();
        if name.is_empty() || name.len() > LONGEST {
            return Err(format!("has {} characters", name.chars().count()));
        }
        if name.starts_with("*.") {
            return Err("is a wildcard: each name is proven by itself".to_owned());
        }
        if let Some(c) = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '.')) {
            return Err(format!("contains '{}'", c.escape_default()));
        }
        let labels: Vec<&str> = name.split('.').collect();
        if let Some(bad) = labels.iter().find(|label| !is_label(label)) {
            return Err(format!("'{bad}' cannot be a part of a name"));
        }
        if labels.len() < 2 {
            return Err("has one part only".to_owned());
        }
        // No top-level domain is a number (RFC 3696, section 2), so this is an address.
        if labels.last().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit())) {
            return Err("is an address and no name".to_owned());
        }
        Ok(Self(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that domain or below it.
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        let above = self.0.strip_suffix(domain);
        !domain.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    /// Whether it is what was registered, at the top of its zone: DNS allows no alias (CNAME) there.
    #[must_use]
    pub fn is_apex(&self) -> bool {
        psl::domain_str(&self.0) == Some(&self.0)
    }
}

/// A hyphen in third and fourth place is reserved, but for A-labels (RFC 5890, section 2.3.1).
fn is_label(label: &str) -> bool {
    let reserved = label.get(2..4) == Some("--") && !label.starts_with("xn--");
    (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-') && !reserved
}

/// What is stored was a public name when it came: the list of suffixes goes with the times.
impl TryFrom<String> for DomainName {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        Self::shaped(&s)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl fmt::Display for DomainName {
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
    #[case("shop.example.com", "shop.example.com", false)]
    #[case("Shop.Example.COM.", "shop.example.com", false)]
    #[case("example.co.uk", "example.co.uk", true)]
    #[case("xn--bcher-kva.example.de", "xn--bcher-kva.example.de", false)]
    #[case("a.b.c.d.example.com.br", "a.b.c.d.example.com.br", false)]
    fn names_are_accepted(#[case] given: &str, #[case] name: &str, #[case] apex: bool) {
        let parsed = DomainName::parse("hostname", given).expect("a name");
        assert_eq!((parsed.as_str(), parsed.is_apex()), (name, apex));
    }

    #[rstest]
    #[case("", "has 0 characters")]
    #[case("localhost", "has one part only")]
    #[case("*.example.com", "is a wildcard")]
    #[case("https://shop.example.com", "contains ':'")]
    #[case("shop.example.com/admin", "contains '/'")]
    #[case("shop example.com", "contains ' '")]
    #[case("b\u{fc}cher.example.de", "contains '\\u{fc}'")]
    #[case("shop_1.example.com", "contains '_'")]
    #[case("shop..example.com", "'' cannot be a part")]
    #[case("-shop.example.com", "'-shop' cannot be a part")]
    #[case("ab--shop.example.com", "'ab--shop' cannot be a part")]
    #[case("192.0.2.1", "is an address")]
    #[case("169.254.169.254", "is an address")]
    #[case("[::1]", "contains '['")]
    #[case("com", "has one part only")]
    #[case("co.uk", "'co.uk' is a public suffix")]
    #[case("metadata.google.internal", "ends in no public suffix")]
    #[case("printer.local", "ends in no public suffix")]
    fn others_are_refused_with_the_reason(#[case] given: &str, #[case] problem: &str) {
        let violation = DomainName::parse("hostname", given).expect_err("refused");
        assert_eq!(violation.field, "hostname");
        assert!(violation.problem.contains(problem), "{violation}");
    }

    #[test]
    fn a_name_that_leaves_no_room_for_its_proof_is_refused() {
        let long = |length: usize| format!("{}.example.com", vec!["a"; length / 2].join("."));
        assert!(DomainName::parse("hostname", &long(220)).is_ok());
        assert!(DomainName::parse("hostname", &long(240)).is_err());
        assert!(DomainName::parse("hostname", &format!("{}.example.com", "a".repeat(64))).is_err());
    }

    #[rstest]
    #[case("vendin.store", true)]
    #[case("acme.my.vendin.store", true)]
    #[case("notvendin.store", false)]
    #[case("vendin.store.example.com", false)]
    fn what_is_ours_is_told_from_what_looks_like_it(#[case] name: &str, #[case] ours: bool) {
        let name = DomainName::parse("hostname", name).expect("a name");
        assert_eq!(name.is_within("vendin.store"), ours);
        assert!(!name.is_within(""));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_a_host_name_and_accepted_again(given in "[a-zA-Z0-9.*_-]{1,40}(\\.com)?\\.?") {
            if let Ok(name) = DomainName::parse("hostname", &given) {
                prop_assert!(name.as_str().split('.').all(is_label));
                prop_assert!(name.as_str().bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')));
                prop_assert_eq!(DomainName::parse("hostname", name.as_str()), Ok(name.clone()));
                prop_assert_eq!(DomainName::try_from(String::from(name.clone())), Ok(name));
            }
        }
    }
}

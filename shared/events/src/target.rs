use std::fmt;

use serde::{Deserialize, Serialize};
use tenancy::Violation;
use url::Url;

/// No address is longer.
const LONGEST: usize = 2000;

/// Where somebody else listens: https, a name, no port. What the name leads to is looked at when it is visited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(String);

impl Target {
    /// Reads an address. A deployment can let `private` ones pass: with http, numbers and ports.
    pub fn parse(field: &'static str, text: &str, private: bool) -> Result<Self, Violation> {
        let refused = |problem: &str| {
            Violation::new(field, problem, "https, a name, no port, no user, 2000 characters at most")
        };
        if text.len() > LONGEST {
            return Err(refused("is too long"));
        }
        let url: Url = text.parse().map_err(|_| refused("is no address"))?;
        // What is not ASCII is longer once it is escaped.
        if url.as_str().len() > LONGEST {
            return Err(refused("is too long"));
        }
        let open = url.scheme() == "https" && url.domain().is_some() && url.port().is_none();
        let closed = private && matches!(url.scheme(), "http" | "https") && url.host().is_some();
        if !(open || closed) {
            return Err(refused("is not an address on the public web"));
        }
        // It would be in logs and answers, and is no secret there.
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refused("has a user, a password or a fragment"));
        }
        Ok(Self(url.to_string()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_on_the_public_web_are_taken_unless_a_deployment_wants_more() {
        let parse = |text, private| Target::parse("url", text, private).is_ok();
        assert!(parse("https://hooks.example.com/t?key=1", false));
        for closed in
            ["http://hooks.example.com/", "https://10.0.0.1/", "https://[::1]/", "https://example.com:8443/"]
        {
            assert!(!parse(closed, false) && parse(closed, true), "{closed}");
        }
        for never in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://a:b@example.com/",
            "https://example.com/#x",
            "x",
        ] {
            assert!(!parse(never, false) && !parse(never, true), "{never}");
        }
    }

    #[test]
    fn an_address_is_as_long_as_it_is_kept() {
        let of = |path: &str| Target::parse("url", &format!("https://example.com/{path}"), false);
        assert!(of(&"x".repeat(LONGEST - 20)).is_ok());
        assert!(of(&"x".repeat(LONGEST - 19)).is_err());
        let escaped = of(&"é".repeat(330)).expect("it is short enough").to_string();
        assert_eq!((escaped.len(), Target::parse("url", &escaped, false).is_ok()), (20 + 330 * 6, true));
        assert!(of(&"é".repeat(331)).is_err());
    }
}

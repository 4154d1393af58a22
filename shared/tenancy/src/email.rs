use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Violation;

const ALLOWED: &str = "an address like owner@example.com, at most 254 characters, no display name";

/// An address we can send to: `local@domain` in the dot-atom form of RFC 5322, section 3.4.1.
///
/// Deliberately absent: quoted local parts, comments and address literals, which no customer has and which
/// open header injection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "owner@example.com"))]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Accepts an address; the domain is folded to lower case, the local part is kept as given.
    pub fn parse(s: &str) -> Result<Self, Violation> {
        let refuse = |problem: &str| Err(Violation::new("email", problem, ALLOWED));
        if s.len() > 254 {
            return refuse("is longer than 254 characters");
        }
        let Some((local, domain)) = s.rsplit_once('@') else {
            return refuse("has no '@'");
        };
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
        let dot_atom = |s: &str| s.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
        if local.len() > 64 || !dot_atom(local) {
            return refuse(
                "has a part before the '@' that is empty, too long or has characters we do not accept",
            );
        }
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if !domain.contains('.') || !domain.split('.').all(label) {
            return refuse("has a domain that is not a full host name");
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        Self::parse(&s).map_err(|v| v.to_string())
    }
}

impl From<Email> for String {
    fn from(e: Email) -> Self {
        e.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("owner@example.com", "owner@example.com")]
    #[case("O.Wner+shop@Mail.Example.COM", "O.Wner+shop@mail.example.com")]
    fn addresses_are_accepted(#[case] given: &str, #[case] kept: &str) {
        assert_eq!(Email::parse(given).map(String::from), Ok(kept.to_owned()));
    }

    #[rstest]
    #[case("")]
    #[case("owner")]
    #[case("owner@localhost")]
    #[case("@example.com")]
    #[case("a..b@example.com")]
    #[case("a@b@example.com")]
    #[case("owner@exa mple.com")]
    #[case("owner@example.com\r\nBcc: x@example.com")]
    #[case("\"quoted\"@example.com")]
    fn others_are_refused(#[case] given: &str) {
        assert_eq!(Email::parse(given).expect_err("refused").field, "email");
    }
}

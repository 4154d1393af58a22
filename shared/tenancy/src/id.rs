use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// Longest slug in a tenant id. With the suffix an id is at most 27 characters, which leaves room for it
/// inside names of 32 (MySQL users), 50 (Cloud Run services) and 63 (DNS labels) characters.
const SLUG_LENGTH: usize = 20;

/// Names a tenant for ever: `<slug>-<6 hex>`, for example `acme-coffee-7f3a9c`. A DNS label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(pattern = r"^[a-z][a-z0-9-]{0,19}-[0-9a-f]{6}$", example = "acme-coffee-7f3a9c")
)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    /// The id of a store of that name. The suffix is the caller's randomness.
    #[must_use]
    pub fn new(store_name: &str, suffix: [u8; 3]) -> Self {
        let [a, b, c] = suffix;
        Self(format!("{}-{a:02x}{b:02x}{c:02x}", slug_of(store_name)))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Cuts any name down to a DNS label of at most 20 characters: transliterated, lower case, single inner
/// hyphens, starting with a letter. A name with nothing usable in it becomes `tenant`.
#[must_use]
pub fn slug_of(name: &str) -> String {
    let slug = slug::slugify(name);
    // A label that starts with a digit is valid in DNS, but not as a Cloud Run service or a Kubernetes name.
    let slug = if slug.starts_with(|c: char| c.is_ascii_digit()) { format!("t-{slug}") } else { slug };
    let cut: String = slug.chars().take(SLUG_LENGTH).collect();
    let cut = cut.trim_matches('-');
    if cut.is_empty() { "tenant".to_owned() } else { cut.to_owned() }
}

impl FromStr for TenantId {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let malformed = || format!("'{s}' is not a tenant id: expected <slug>-<6 hex>, like acme-7f3a9c");
        let (slug, suffix) = s.rsplit_once('-').ok_or_else(malformed)?;
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if slug_of(slug) == slug && suffix.len() == 6 && suffix.chars().all(hex) {
            Ok(Self(s.to_owned()))
        } else {
            Err(malformed())
        }
    }
}

impl TryFrom<String> for TenantId {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        s.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id that sorts by time.
macro_rules! ulid {
    ($(#[$about:meta])* $name:ident, $what:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(
            feature = "openapi",
            derive(utoipa::ToSchema),
            schema(value_type = String, pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$", example = "01M7YJMCAGDF8N7ZT7RZ80SAD4")
        )]
        #[serde(transparent)]
        pub struct $name(Ulid);

        impl $name {
            #[must_use]
            pub fn new(unix_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(unix_ms, random))
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                let malformed = |_| format!(concat!("'{}' is not ", $what, " id: expected a ULID"), s);
                Ulid::from_string(s).map(Self).map_err(malformed)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

ulid! {
    /// Names one thing being done to a tenant, and the Step Functions execution that does it. Sorts by time.
    OperationId, "an operation"
}

ulid! {
    /// Names one search for orphans. Sorts by time.
    SweepId, "a sweep"
}

ulid! {
    /// Names one wish that somebody else is to approve. Sorts by time.
    ChangeRequestId, "a change request"
}

ulid! {
    /// Names an endpoint of somebody else's that is told what happens. Sorts by time.
    WebhookId, "a webhook"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// The first three are what the seed guides get wrong: capitals dropped, hyphens left at the ends and cut
    /// in the middle.
    #[rstest]
    #[case("ABC Corporation", "abc-corporation")]
    #[case("  --Awesome Store!-- ", "awesome-store")]
    #[case("The Extraordinarily Long Company", "the-extraordinarily")]
    #[case("Café Zürich", "cafe-zurich")]
    #[case("24 Hour Shop", "t-24-hour-shop")]
    #[case("日本", "ri-ben")]
    #[case("!!!", "tenant")]
    fn slugs_read_like_the_name(#[case] name: &str, #[case] slug: &str) {
        assert_eq!(slug_of(name), slug);
    }

    proptest! {
        #[test]
        fn every_name_gives_an_id_that_parses_and_is_a_dns_label(name in ".{0,80}", suffix: [u8; 3]) {
            let id = TenantId::new(&name, suffix);
            prop_assert_eq!(id.as_str().parse::<TenantId>(), Ok(id.clone()));
            prop_assert!(id.as_str().len() <= 27);
            prop_assert!(id.as_str().starts_with(|c: char| c.is_ascii_lowercase()));
            prop_assert!(!id.as_str().contains("--"));
        }

        #[test]
        fn parsing_never_panics(s in ".{0,40}") {
            let _ = s.parse::<TenantId>();
            let _ = s.parse::<OperationId>();
        }
    }

    #[rstest]
    #[case("acme")]
    #[case("acme-7F3A9C")]
    #[case("-7f3a9c")]
    #[case("acme/../x-7f3a9c")]
    fn other_spellings_are_refused(#[case] id: &str) {
        assert!(id.parse::<TenantId>().is_err());
    }
}

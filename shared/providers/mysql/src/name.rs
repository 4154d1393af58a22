//! Names that follow from whose something is and what it is for, and from nothing else.

use sha2::{Digest, Sha256};

/// A database's name: `abc_corporation_7f3a9c_auth_db` for `abc-corporation-7f3a9c` and `auth`.
#[must_use]
pub fn database_name(whose: &str, what: &str) -> String {
    fitted(&format!("{whose}-{what}-db"), 64)
}

/// A user's name: `abc_corporation_7f3a9c_auth` for `abc-corporation-7f3a9c` and `auth`. MySQL takes 32 characters, which are
/// not enough for every tenant: `abc_corporation_7f3a9c__dec40cc0` is for its newsletters.
#[must_use]
pub fn user_name(whose: &str, what: &str) -> String {
    fitted(&format!("{whose}-{what}"), 32)
}

/// The name in the characters that need no quotes. One that is too long keeps its beginning, and ends with eight digits of
/// the whole one's hash: two names that differ only at their ends still differ.
fn fitted(name: &str, most: usize) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if plain.len() <= most {
        return plain;
    }
    let hash = hex::encode(Sha256::digest(name));
    format!("{}_{}", &plain[..most - 9], &hash[..8])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SERVICES: [&str; 11] = [
        "auth",
        "products",
        "orders",
        "baskets",
        "addresses",
        "deliveries",
        "newsletters",
        "sav",
        "contacts",
        "questions",
        "websites",
    ];

    #[test]
    fn names_can_be_read() {
        assert_eq!(database_name("abc-corporation-7f3a9c", "auth"), "abc_corporation_7f3a9c_auth_db");
        assert_eq!(user_name("abc-corporation-7f3a9c", "auth"), "abc_corporation_7f3a9c_auth");
        assert_eq!(user_name("abc-corporation-7f3a9c", "newsletters"), "abc_corporation_7f3a9c__dec40cc0");
    }

    #[test]
    fn names_of_the_longest_tenants_fit_and_differ() {
        let tenants =
            ["a-very-long-company-7f3a9c", "a-very-long-company-7f3a9d", "abcdefghijklmnopqrst-012345"];
        let mut users = BTreeSet::new();
        for tenant in tenants {
            for service in SERVICES {
                let (user, database) = (user_name(tenant, service), database_name(tenant, service));
                assert!(user.len() <= 32 && database.len() <= 64, "{user} {database}");
                assert!(users.insert(user), "{tenant} {service}");
            }
        }
    }

    #[test]
    fn no_character_of_a_name_needs_quotes() {
        assert_eq!(user_name("Ünï`; --", "X"), "_n_______x");
    }
}

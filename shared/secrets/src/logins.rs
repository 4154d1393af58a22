use std::collections::BTreeMap;

use fault::Fault;

use crate::{ExposeSecret, SecretRef, SecretString, Vault};

/// The passwords with which a tenant's services sign in to what they use, by purpose. The vault bills each secret, so they
/// are one: a JSON object, `{"auth": "...", "rabbitmq": "..."}`.
#[derive(Debug)]
pub struct Logins(BTreeMap<String, SecretString>);

impl Logins {
    /// A password for each purpose.
    pub fn generate<'a>(purposes: impl IntoIterator<Item = &'a str>) -> Result<Self, Fault> {
        let login = |purpose: &str| Ok((purpose.to_owned(), crate::generate_password()?));
        purposes.into_iter().map(login).collect::<Result<_, Fault>>().map(Self)
    }

    /// What the vault is to keep.
    #[must_use]
    pub fn secret(&self) -> SecretString {
        let exposed = self.0.iter().map(|(purpose, password)| (purpose, password.expose_secret()));
        serde_json::Value::from_iter(exposed.map(|(purpose, password)| (purpose.as_str(), password)))
            .to_string()
            .into()
    }

    pub async fn read(vault: &Vault, reference: &SecretRef) -> Result<Self, Fault> {
        // Not with serde's words: they may be a password.
        let unread = |_| Fault::terminal(format!("the secret {} is no object of passwords", reference.0));
        serde_json::from_str(vault.read(reference).await?.expose_secret()).map(Self).map_err(unread)
    }

    pub fn of(&self, purpose: &str) -> Result<&SecretString, Fault> {
        let none = || {
            Fault::terminal(format!("the vault has no password for {purpose}")).hint(
                "The tenant was made before there was one: delete and make it again, or add it by hand.",
            )
        };
        self.0.get(purpose).ok_or_else(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_shows_nothing() {
        let logins = Logins::generate(["auth", "rabbitmq"]).expect("randomness");
        let kept: BTreeMap<String, String> =
            serde_json::from_str(logins.secret().expose_secret()).expect("an object");
        assert_eq!(kept["auth"], logins.of("auth").expect("one").expose_secret());
        assert_ne!(kept["auth"], kept["rabbitmq"]);
        assert!(!format!("{logins:?}").contains(&kept["auth"]));
        let fault = logins.of("grafana").expect_err("none");
        assert!(fault.cause.contains("grafana") && fault.hint.is_some());
    }
}

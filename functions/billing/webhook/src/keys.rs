use fault::Fault;
use secrets::{Kept, SecretRef, SecretString, Vault};

/// The secrets that a biller may use, one a line of a secret in the vault.
#[derive(Debug)]
pub struct Keys(Option<Kept>);

impl Keys {
    /// Where there is none, nobody may call.
    #[must_use]
    pub fn new(vault: Vault, name: Option<String>) -> Self {
        Self(name.map(|name| Kept::new(vault, SecretRef(name))))
    }

    pub(crate) async fn read(&self) -> Result<Vec<SecretString>, Fault> {
        match &self.0 {
            Some(kept) => kept.lines().await,
            None => Ok(Vec::new()),
        }
    }
}

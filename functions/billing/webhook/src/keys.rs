use std::sync::Mutex;

use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};

/// For how long what the vault said is believed: so long it takes until a new secret counts.
const KEPT: SignedDuration = SignedDuration::from_mins(1);

/// The secrets that a biller may use, one a line of a secret in the vault: two while one follows the other.
#[derive(Debug)]
pub struct Keys {
    vault: Vault,
    /// Nobody may call where there is none.
    name: Option<SecretRef>,
    known: Mutex<Option<(Timestamp, Vec<SecretString>)>>,
}

impl Keys {
    #[must_use]
    pub fn new(vault: Vault, name: Option<String>) -> Self {
        Self { vault, name: name.map(SecretRef), known: Mutex::new(None) }
    }

    pub(crate) async fn read(&self) -> Result<Vec<SecretString>, Fault> {
        let Some(name) = &self.name else { return Ok(Vec::new()) };
        let now = clock::now();
        let known = self.known.lock().map(|known| known.clone()).unwrap_or_default();
        if let Some((_, keys)) = known.filter(|(at, _)| at.duration_since(now).abs() < KEPT) {
            return Ok(keys);
        }
        let text = self.vault.read(name).await?;
        let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Vec<SecretString> = lines.map(SecretString::from).collect();
        if let Ok(mut known) = self.known.lock() {
            *known = Some((now, keys.clone()));
        }
        Ok(keys)
    }
}

//! Secrets: a value that cannot be logged or serialised, a reference that can, and the vault between them.

mod kept;
mod logins;
mod password;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, Tag};
use fault::Fault;
use jiff::Timestamp;
pub use kept::Kept;
pub use logins::Logins;
pub use password::generate_password;
pub use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The tag that carries our ownership mark.
const OWNER: &str = "tenantry:owner";

/// Where a secret is kept. Payloads, ledger rows, logs and answers carry this, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub String);

/// What stands under a name in the vault.
enum Entry {
    Absent,
    /// Ours, by the mark.
    Owned(SecretRef),
    /// Somebody else's: not to be read, changed or destroyed.
    Foreign,
}

/// Something with an owner's mark in the vault.
#[derive(Clone, Debug)]
pub struct Marked {
    pub name: String,
    pub owner: String,
    pub made_at: Option<Timestamp>,
}

/// AWS Secrets Manager (API 2017-10-17).
#[derive(Clone, Debug)]
pub struct Vault {
    client: Client,
}

impl Vault {
    pub async fn from_env() -> Self {
        Self { client: Client::new(&aws::config().await) }
    }

    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Keeps what is generated under a name for good, or finds what was: a lost response is found again with the value of
    /// then, and a second one is never made.
    pub async fn keep(
        &self,
        name: &str,
        owner: &str,
        generate: impl FnOnce() -> Result<SecretString, Fault>,
    ) -> Result<SecretRef, Fault> {
        match self.find(name, owner).await? {
            // One that was deleted a moment ago may be seen once more.
            Entry::Owned(secret) if self.holds(name, owner).await? => Ok(secret),
            Entry::Owned(_) => Err(Fault::not_ready(format!("the secret {name} is going"))),
            Entry::Absent => self.create(name, owner, &generate()?).await,
            Entry::Foreign => Err(Fault::terminal(format!("the secret {name} belongs to somebody else"))),
        }
    }

    /// Whether an owner has a secret of that name.
    pub async fn holds(&self, name: &str, owner: &str) -> Result<bool, Fault> {
        Ok(matches!(self.find(name, owner).await?, Entry::Owned(_)))
    }

    /// Deletes an owner's secret of that name, if there is one.
    pub async fn discard(&self, name: &str, owner: &str) -> Result<(), Fault> {
        if self.holds(name, owner).await? { self.delete(name).await } else { Ok(()) }
    }

    /// Looks a name up. A secret already scheduled for deletion counts as absent.
    async fn find(&self, name: &str, owner: &str) -> Result<Entry, Fault> {
        match self.client.describe_secret().secret_id(name).send().await {
            Ok(found) if found.deleted_date().is_some() => Ok(Entry::Absent),
            Ok(found) => {
                let ours = found.tags().iter().any(|t| t.key() == Some(OWNER) && t.value() == Some(owner));
                Ok(if ours { Entry::Owned(SecretRef(name.to_owned())) } else { Entry::Foreign })
            }
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(Entry::Absent)
            }
            Err(e) => Err(aws::fault("secrets-manager", &e)),
        }
    }

    /// What has an owner's mark, whoever's, a hundred at a time, and where the next hundred begins. Without what is
    /// scheduled for deletion. Minutes may pass until a change shows.
    pub async fn marked(&self, after: Option<&str>) -> Result<(Vec<Marked>, Option<String>), Fault> {
        let filter = Filter::builder().key(FilterNameStringType::TagKey).values(OWNER).build();
        let request = self.client.list_secrets().filters(filter).max_results(100);
        let request = request.set_next_token(after.map(str::to_owned));
        let listed = request.send().await.map_err(|e| aws::fault("secrets-manager", &e))?;
        let marked = |entry: &SecretListEntry| {
            // The filter matches beginnings.
            let owner = entry.tags().iter().find(|tag| tag.key() == Some(OWNER))?.value()?;
            let made_at = entry.created_date().and_then(aws::timestamp);
            Some(Marked { name: entry.name()?.to_owned(), owner: owner.to_owned(), made_at })
        };
        Ok((listed.secret_list().iter().filter_map(marked).collect(), listed.next_token))
    }

    /// Keeps a new secret under a name that was absent a moment ago. If a lost response or a twin of this call
    /// was quicker, the first value stands: [`Self::read`] gives the one that counts.
    async fn create(&self, name: &str, owner: &str, value: &SecretString) -> Result<SecretRef, Fault> {
        let tag = Tag::builder().key(OWNER).value(owner).build();
        let request = self.client.create_secret().name(name).secret_string(value.expose_secret()).tags(tag);
        match request.send().await {
            Ok(_) => Ok(SecretRef(name.to_owned())),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_exists_exception()) => {
                Err(Fault::transient(format!("the secret {name} appeared meanwhile; look again"))
                    .from_provider("secrets-manager", None))
            }
            Err(e) => Err(aws::fault("secrets-manager", &e)),
        }
    }

    /// Whoever has a reference has it from the one who made the secret: not found means not found yet.
    pub async fn read(&self, reference: &SecretRef) -> Result<SecretString, Fault> {
        let answer = match self.client.get_secret_value().secret_id(&reference.0).send().await {
            Ok(answer) => answer,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                return Err(Fault::transient(format!("the secret {} is not seen yet", reference.0))
                    .from_provider("secrets-manager", None));
            }
            Err(e) => return Err(aws::fault("secrets-manager", &e)),
        };
        let value = answer.secret_string().ok_or_else(|| Fault::terminal("the secret holds no text"))?;
        Ok(SecretString::from(value))
    }

    /// Destroys at once, without the recovery window: the backup of a tenant is made before its teardown.
    async fn delete(&self, name: &str) -> Result<(), Fault> {
        let request = self.client.delete_secret().secret_id(name).force_delete_without_recovery(true);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(()),
            Err(e) => Err(aws::fault("secrets-manager", &e)),
        }
    }
}

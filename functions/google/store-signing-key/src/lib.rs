//! Generates the key that a tenant's store signs its sessions with, and keeps it where the store reads it.
//!
//! The first value stands: another would end every session, and the one that makes the first user.

use fault::Fault;
use google::{Secret, SecretManager};
use jiff::Timestamp;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

const SUFFIX: &str = "-signing-key";
/// May read a secret's values.
const ACCESSOR: &str = "roles/secretmanager.secretAccessor";

#[derive(Debug)]
pub struct StoreSigningKey {
    pub secrets: SecretManager,
    pub deployment: String,
    /// The service account that stores run as: an address.
    pub reader: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    secret: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    secret: String,
    /// When its value was last changed: who read it before has another.
    changed_at: Timestamp,
}

impl Step for StoreSigningKey {
    const NAME: &'static str = "google-store-signing-key";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { secret: format!("tenant-{}{SUFFIX}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (secret, owner) = (&handle.secret, cx.mark.to_string());
        match self.secrets.find(secret).await? {
            None => self.secrets.create(secret, &owner, &self.deployment).await?,
            Some(found) if found.owner.as_deref() == Some(&owner) => {}
            Some(_) => return Err(Fault::terminal(format!("the secret {secret} belongs to somebody else"))),
        }
        let changed_at = match self.secrets.changed_at(secret).await? {
            Some(changed_at) => changed_at,
            None => {
                // 256 bits.
                let mut key = [0_u8; 32];
                getrandom::fill(&mut key).map_err(|e| Fault::transient(format!("no randomness: {e}")))?;
                self.secrets.add_version(secret, &hex::encode(key).into()).await?
            }
        };
        let reader = format!("serviceAccount:{}", self.reader);
        if !self.secrets.holds(secret, &reader, ACCESSOR).await? {
            self.secrets.grant(secret, &reader, ACCESSOR).await?;
        }
        Ok(Output { secret: secret.clone(), changed_at })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        match self.observe(mark, handle).await? {
            Presence::Present => self.secrets.delete(&handle.secret).await,
            Presence::Absent => Ok(()),
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.secrets.find(&handle.secret).await?;
        let ours = found.is_some_and(|secret| secret.owner.as_deref() == Some(&mark.to_string()));
        Ok(Presence::from(ours))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.secrets.list(&self.deployment, after).await?;
        // The other step keeps secrets, too: this one's are called so.
        let own = part.items.into_iter().filter(|secret| secret.id.ends_with(SUFFIX));
        let held = own.filter_map(|Secret { id, owner, made_at }| {
            Some(Held { owner: owner?, handle: Handle { secret: id }, made_at })
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

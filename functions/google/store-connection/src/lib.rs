//! Keeps the address of a tenant's database, with its password, where its store reads it, and where nobody else may.
//!
//! It goes from Neon to Google within one call: no payload, no row and no log has it. A value is added only where the
//! latest differs, because each addition is one more version, which Google keeps and bills.

use fault::Fault;
use google::{Secret, SecretManager};
use jiff::Timestamp;
use neon::Neon;
use saga::{Context, Held, Inventory, Presence, Step};
use secrets::ExposeSecret;
use serde::{Deserialize, Serialize};
use tenancy::Mark;

const SUFFIX: &str = "-db-url";
/// May read a secret's values.
const ACCESSOR: &str = "roles/secretmanager.secretAccessor";

#[derive(Debug)]
pub struct StoreConnection {
    pub neon: Neon,
    pub secrets: SecretManager,
    pub deployment: String,
    /// The service account that stores run as: an address.
    pub reader: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    project: String,
    branch: String,
    database: String,
    role: String,
}

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

impl Step for StoreConnection {
    const NAME: &'static str = "google-store-connection";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { secret: format!("tenant-{}{SUFFIX}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (secret, owner) = (&handle.secret, cx.mark.to_string());
        match self.secrets.find(secret).await? {
            None => self.secrets.create(secret, &owner, &self.deployment).await?,
            Some(found) if found.owner.as_deref() == Some(&owner) => {}
            Some(_) => return Err(Fault::terminal(format!("the secret {secret} belongs to somebody else"))),
        }
        // Not through Neon's pooler: a store's migrations need a session.
        let Params { project, branch, database, role } = params;
        let address = self.neon.connection_uri(project, branch, database, role, false).await?;
        let kept = self.secrets.latest(secret).await?;
        let is_kept = kept.is_some_and(|kept| kept.expose_secret() == address.expose_secret());
        let kept_since = if is_kept { self.secrets.changed_at(secret).await? } else { None };
        let changed_at = match kept_since {
            Some(changed_at) => changed_at,
            None => self.secrets.add_version(secret, &address).await?,
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

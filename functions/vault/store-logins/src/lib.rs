//! Generates the passwords of a tenant's services and keeps them in the vault, where the steps that make their users read them,
//! and the cluster that runs them.
//!
//! All are one secret: the vault bills each. It holds one value under the name for good: a lost response is found again with the
//! passwords that were generated then.

use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct StoreLogins {
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// What there is a password for.
    purposes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    secret: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    logins: SecretRef,
}

impl Step for StoreLogins {
    const NAME: &'static str = "vault-store-logins";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { secret: format!("{}/tenants/{}/logins", mark.deployment, mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let secret = self
            .vault
            .keep(&handle.secret, &cx.mark.to_string(), || {
                Ok(Logins::generate(params.purposes.iter().map(String::as_str))?.secret())
            })
            .await?;
        Ok(Output { logins: secret })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.vault.discard(&handle.secret, &mark.to_string()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let held = self.vault.holds(&handle.secret, &mark.to_string()).await?;
        Ok(Presence::from(held))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let (marked, next) = self.vault.marked(after).await?;
        // Other steps keep secrets, too: this one's are called so.
        let own = marked.into_iter().filter(|secret| secret.name.ends_with("/logins"));
        let held = own.map(|secret| Held {
            owner: secret.owner,
            handle: Handle { secret: secret.name },
            made_at: secret.made_at,
        });
        Ok(Inventory { held: held.collect(), next })
    }
}

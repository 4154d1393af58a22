//! Generates the owner's first password and keeps it in the vault, where later steps read it by reference.
//!
//! The vault holds one value under the name for good: a lost response is found again with the password that
//! was generated then, and a second one is never made.

use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use secrets::{SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct StorePassword {
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    secret: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    secret: SecretRef,
}

impl Step for StorePassword {
    const NAME: &'static str = "vault-store-password";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { secret: format!("{}/tenants/{}/owner", mark.deployment, mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let secret =
            self.vault.keep(&handle.secret, &cx.mark.to_string(), secrets::generate_password).await?;
        Ok(Output { secret })
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
        let own = marked.into_iter().filter(|secret| secret.name.ends_with("/owner"));
        let held = own.map(|secret| Held {
            owner: secret.owner,
            handle: Handle { secret: secret.name },
            made_at: secret.made_at,
        });
        Ok(Inventory { held: held.collect(), next })
    }
}

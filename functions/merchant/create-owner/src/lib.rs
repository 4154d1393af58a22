//! Makes the owner's account, with the password from the vault, in the tenant's group. Of a tenant that is suspended it is
//! closed.
//!
//! Several calls, because Cognito creates a user, sets a lasting password, joins a group and closes an account one by one.
//! Each may be repeated, so a crash between them is mended by running all again.

use cognito::UserPool;
use fault::Fault;
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use secrets::{SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct CreateOwner {
    pub pool: UserPool,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    group: String,
    secret: SecretRef,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    username: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    username: String,
}

impl Step for CreateOwner {
    const NAME: &'static str = "merchant-create-owner";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    /// The tenant's id, not the address: one person may own several stores.
    fn handle(&self, mark: &Mark) -> Handle {
        Handle { username: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (username, email, owner) = (&handle.username, cx.tenant.email.as_str(), cx.mark.to_string());
        let found = self.pool.find_user(username).await?;
        match &found {
            None => self.pool.create_user(username, email, &owner).await?,
            Some(user) if user.owner.as_deref() != Some(&owner) => {
                return Err(Fault::terminal(format!("the user {username} belongs to somebody else")));
            }
            Some(user) if user.email.as_deref() != Some(email) => {
                self.pool.set_email(username, email).await?;
            }
            Some(_) => {}
        }
        // One that its owner has chosen stands. Any other may be of a secret that was destroyed meanwhile.
        if !found.as_ref().is_some_and(|user| user.claimed) {
            self.pool.set_password(username, &self.vault.read(&params.secret).await?).await?;
        }
        self.pool.add_to_group(username, &params.group).await?;
        let open = !cx.tenant.suspended;
        if found.is_none_or(|user| user.enabled) != open {
            self.pool.set_enabled(username, open).await?;
        }
        Ok(Output { username: username.clone() })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        match self.observe(mark, handle).await? {
            Presence::Present => self.pool.delete_user(&handle.username).await,
            Presence::Absent => Ok(()),
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.pool.find_user(&handle.username).await?;
        let ours = found.is_some_and(|user| user.owner.as_deref() == Some(&mark.to_string()));
        Ok(Presence::from(ours))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.pool.users(after).await?;
        let held = part.items.into_iter().filter_map(|(user, made_at)| {
            Some(Held { owner: user.owner?, handle: Handle { username: user.username }, made_at })
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

/// Who it was, without a password: nobody has that. Whoever comes back is mailed a link to choose another.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    username: String,
    email: Option<String>,
}

impl BackUp for CreateOwner {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let found = self.pool.find_user(&handle.username).await?;
        let ours = found.filter(|user| user.owner.as_deref() == Some(&mark.to_string()));
        let account = ours.map(|user| Account { username: handle.username.clone(), email: user.email });
        let copy = |account| {
            let body = serde_json::to_vec(&account).map_err(|e| Fault::terminal(format!("no JSON: {e}")))?;
            Ok(Copied { path: "owner.json".to_owned(), content_type: "application/json".to_owned(), body })
        };
        Ok(Holding::Copies(account.map(copy).transpose()?.into_iter().collect()))
    }

    /// The account was made anew with the tenant's e-mail address; the one it had then is put back.
    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        for copy in copies {
            let account: Account = serde_json::from_slice(&copy.body)
                .map_err(|e| Fault::terminal(format!("{} does not decode: {e}", copy.path)))?;
            let ours = self.observe(mark, handle).await? == Presence::Present;
            if let (true, Some(email)) = (ours, account.email) {
                self.pool.set_email(&handle.username, &email).await?;
            }
        }
        Ok(())
    }
}

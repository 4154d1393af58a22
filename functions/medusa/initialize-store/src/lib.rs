//! Gives a tenant's store its name, its storefront a key, and its owner a user, with the password from the vault. All of
//! it is in the tenant's database and goes with it.
//!
//! Medusa has no call for a first user, only for one whom another invites. So we sign a session with the key that the
//! store was given, invite the owner, register, and accept. Each is looked up first: a lost answer is found again.

use fault::Fault;
use google::SecretManager;
use http_client::Http;
use medusa::{Invite, Medusa, Session, User};
use saga::{Context, Setup};
use secrets::{SecretRef, SecretString, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Access;

/// What the key of a tenant's storefront is called in its dashboard.
const STOREFRONT: &str = "Storefront";

#[derive(Debug)]
pub struct InitializeStore {
    pub http: Http,
    pub secrets: SecretManager,
    pub vault: Vault,
    /// The page that shows an owner the first password, once.
    pub welcome_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    uri: String,
    signing_key: String,
    password: SecretRef,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The owner's id in the store, which is not asked once they have had it, nor while it is suspended or sleeps.
    user: Option<String>,
    first_sign_in: String,
}

impl Setup for InitializeStore {
    const NAME: &'static str = "medusa-initialize-store";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, params: &Params) -> Result<Output, Fault> {
        // There is a page in the store's place, or a store that a question would wake.
        if cx.tenant.rests() {
            return Ok(self.made(None));
        }
        let email = cx.tenant.email.as_str();
        let key = self.secrets.latest(&params.signing_key).await?;
        let key = key.ok_or_else(|| Fault::not_ready(format!("{} is not seen yet", params.signing_key)))?;
        let (store, us) = (Medusa::new(self.http.clone(), &params.uri)?, Session::mint(&key));
        let users = store.users(&us).await?;
        // Whom its people have let in or sent away is not ours to change, nor what they have called it. A new database
        // has nobody.
        if cx.tenant.inhabited && !users.is_empty() {
            return Ok(self.made(None));
        }
        // It refuses what would be changed.
        if cx.tenant.access == Access::ReadOnly {
            let lost = Fault::terminal("a store that is read-only has nobody in it, and lets nobody be made");
            let lost = lost.hint("Retry it with access: full; it can be read-only again once it is active.");
            return if users.is_empty() { Err(lost) } else { Ok(self.made(None)) };
        }
        self.furnish(&store, &us, &cx.tenant.name).await?;
        let invites = store.invites(&us).await?;
        forget_others(&store, &us, &users, &invites, email).await?;
        let password = self.vault.read(&params.password).await?;
        let identity = identity(&store, &key, email, &password).await?;
        if let Some(user) = users.into_iter().find(|user| is(&user.email, email)) {
            return Ok(self.made(Some(user)));
        }
        let invite = match invites.into_iter().find(|invite| is(&invite.email, email)) {
            Some(invite) => invite,
            None => store.create_invite(&us, email).await?,
        };
        match store.accept_invite(&identity, &invite).await? {
            Some(user) => Ok(self.made(Some(user))),
            None => {
                // Used up or too old; without it the next call makes another.
                store.delete_invite(&us, &invite.id).await?;
                Err(Fault::transient(format!("the invite of {email} was refused"))
                    .from_provider("medusa", None))
            }
        }
    }
}

impl InitializeStore {
    fn made(&self, user: Option<User>) -> Output {
        Output { user: user.map(|user| user.id), first_sign_in: self.welcome_url.clone() }
    }

    /// Its name, and a key for its storefront: a new store has none. One that was made and is connected to nothing yet
    /// sells nothing, and its owner connects it in the dashboard.
    async fn furnish(&self, store: &Medusa, us: &Session, name: &str) -> Result<(), Fault> {
        let migrating =
            || Fault::not_ready("the store is still being migrated").from_provider("medusa", None);
        let found = store.find_store(us).await?.ok_or_else(migrating)?;
        if found.name != name {
            store.rename_store(us, &found.id, name).await?;
        }
        if store.publishable_keys(us).await?.is_empty() {
            let channel = found.default_sales_channel_id.ok_or_else(migrating)?;
            store.create_publishable_key(us, STOREFRONT, &channel).await?;
        }
        Ok(())
    }
}

/// A store with one user has the one that we made: who is not the owner has an address that was mistyped. Where there are
/// more, a tenant that was being deleted has been brought back, with its people.
async fn forget_others(
    store: &Medusa,
    us: &Session,
    users: &[User],
    invites: &[Invite],
    email: &str,
) -> Result<(), Fault> {
    match users {
        [] => {}
        [user] if is(&user.email, email) => return Ok(()),
        [user] => store.delete_user(us, &user.id).await?,
        _ => return Ok(()),
    }
    for invite in invites.iter().filter(|invite| !is(&invite.email, email)) {
        store.delete_invite(us, &invite.id).await?;
    }
    Ok(())
}

fn is(address: &str, email: &str) -> bool {
    address.eq_ignore_ascii_case(email)
}

/// A session as the owner, with the password from the vault. Where the database is older than that, the owner had another.
async fn identity(
    store: &Medusa,
    key: &SecretString,
    email: &str,
    password: &SecretString,
) -> Result<Session, Fault> {
    if let Some(session) = store.register(email, password).await? {
        return Ok(session);
    }
    if let Some(session) = store.sign_in(email, password).await? {
        return Ok(session);
    }
    store.set_password(&Session::mint_reset(key, email), email, password).await?;
    let unseen = || Fault::transient(format!("the new password of {email} is not seen yet"));
    store.sign_in(email, password).await?.ok_or_else(unseen)
}

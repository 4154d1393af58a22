//! Gives a tenant's database the place where its backups go: a folder of a bucket that all tenants share, and a user that
//! may do anything in it and nothing beside it.
//!
//! What was backed up outlives the tenant. When that goes, its user does first, and then each of its objects is tagged with
//! the days for which its plan keeps backups. The bucket's own rules, one for each such tag, remove what is older than
//! that: a tag makes nothing any younger, so of a tenant that is gone the last backup goes last.
//!
//! A user has no place for our mark: the policy of its name has it, is made before it and goes after it. That also notes
//! what the end has to know: the bucket, the days, and how far the tagging has come.
//!
//! Whose database is made from backups, its own or another tenant's, is told where they are. Another's folder is lent to
//! be read, for as long as that may take.

use fault::Fault;
use futures_util::future::try_join_all;
use jiff::{Timestamp, ToSpan};
use object_store::{FolderPolicy, Lent, ObjectStore, Policy};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step, whole_number};
use secrets::{Logins, SecretRef, SecretString, Vault};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::{Mark, Origin};

use crate::note::Note;

mod note;
mod origin;

/// The tag that says for how many days something is kept. The bucket's rules go by it.
pub const KEEP: &str = "tenantry:keep";
/// The user's, in the logins.
const LOGIN: &str = "backups";
/// Of a call of 30 seconds, what may pass in tagging. The next call goes on.
const TAGGING_SECONDS: i64 = 15;
/// For so long another's folder is lent.
const LENT_HOURS: i64 = 48;
/// As many are tagged at a time.
const AT_ONCE: usize = 16;

#[derive(Debug)]
pub struct KeepBackups {
    pub store: ObjectStore,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// `true` or `false`: whether the plan has backups.
    backup: String,
    logins: SecretRef,
    /// The bucket of all tenants. Somebody has made it, with its rules.
    bucket: String,
    /// Where a database reaches the object store.
    endpoint: String,
    /// For how long something is kept that was backed up.
    keep_days: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The user, and its policy.
    backup_user: String,
}

/// All of it is empty if nothing is backed up.
#[derive(Debug, Default, Serialize)]
pub struct Output {
    user: String,
    /// `s3://backups/acme-7f3a9c`
    path: String,
    endpoint: String,
    /// What the database is to be recovered from, if it is: `s3://backups/other-9c0d1e`.
    origin_path: String,
    /// The server in it, as Barman calls them.
    origin_server: String,
}

impl Step for KeepBackups {
    const NAME: &'static str = "object-store-keep-backups";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { backup_user: format!("{}-backups", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let origin = cx.tenant.origin.as_ref();
        if !params.is_backed_up()? {
            if origin.is_some_and(|origin| origin.tenant != cx.mark.tenant) {
                return Err(Fault::terminal("what is made from another's backups has no way to read them")
                    .hint("Choose a plan that has backups."));
            }
            // Of a plan that had backups, they go as if the tenant had.
            return self.destroy(&cx.mark, handle).await.map(|()| Output::default());
        }
        let logins = Logins::read(&self.vault, &params.logins).await?;
        self.keep(&cx.mark, params, handle, (logins.of(LOGIN)?, origin)).await
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let (user, owner) = (&handle.backup_user, mark.to_string());
        let until = clock::now() + TAGGING_SECONDS.seconds();
        let Some(policy) = self.own_policy(user, &owner).await? else { return Ok(()) };
        let note = Note::of(&policy)?;
        // Whoever could put something in goes first, and what says how long it is kept goes last.
        self.store.remove_user(user).await?;
        let left = self.tag(mark.tenant.as_str(), &note, until).await?;
        if let Some(tagged) = left {
            self.write(user, mark, &Note { tagged: Some(tagged), ..note }, None).await?;
            return Err(Fault::not_ready(format!("the backups of {} are not all tagged yet", mark.tenant)));
        }
        self.store.remove_policy(user).await
    }

    /// While something is not tagged yet, there is the policy.
    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        Ok(self.own_policy(&handle.backup_user, &mark.to_string()).await?.is_some().into())
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.store.policies(after).await?;
        let held = part.items.into_iter().filter_map(|Policy { name, owner, .. }| {
            let owner = owner?;
            let handle = self.handle(&owner.parse().ok()?);
            // What is called otherwise, with whoever's mark, is not this step's.
            (handle.backup_user == name).then_some(Held { owner, handle, made_at: None })
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

/// Only where it is: there is more of it than passes through here, and it is kept by itself.
impl BackUp for KeepBackups {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let Some(policy) = self.own_policy(&handle.backup_user, &mark.to_string()).await? else {
            return Ok(Holding::OutOfReach("its plan has no backups: its database goes with it".to_owned()));
        };
        let Note { bucket, days, .. } = Note::of(&policy)?;
        let tenant = mark.tenant.as_str();
        let server = origin::server(&self.store, &bucket, tenant, None).await?;
        let server = server.ok_or_else(|| Fault::not_ready("nothing of its database is backed up yet"))?;
        let place = json!({ "path": format!("s3://{bucket}/{tenant}"), "server": server, "keep_days": days });
        Ok(Holding::Copies(vec![Copied {
            path: "backups.json".to_owned(),
            content_type: "application/json".to_owned(),
            body: place.to_string().into_bytes(),
        }]))
    }

    /// It was made from its backups, or not at all.
    async fn restore(&self, _: &Mark, _: &Handle, _: Vec<Copied>) -> Result<(), Fault> {
        Ok(())
    }
}

impl KeepBackups {
    async fn keep(
        &self,
        mark: &Mark,
        params: &Params,
        handle: &Handle,
        (password, origin): (&SecretString, Option<&Origin>),
    ) -> Result<Output, Fault> {
        let (user, owner, folder) = (&handle.backup_user, mark.to_string(), mark.tenant.as_str());
        let days = whole_number("keep_days", &params.keep_days)?;
        if days == 0 {
            return Err(Fault::terminal("the setting keep_days is '0'").hint("A day at least."));
        }
        let found = self.store.find_user(user).await?;
        let note = match self.store.find_policy(user).await? {
            // What was tagged at an end that did not come stays so; what is written from now on is not.
            Some(policy) if policy.owner.as_deref() == Some(&owner) => {
                Note { days, tagged: None, ..Note::of(&policy)? }
            }
            None if found.is_none() => self.begin(&params.bucket, days).await?,
            _ => return Err(Fault::terminal(format!("the user {user} belongs to somebody else"))),
        };
        let server = match origin {
            Some(origin) => self.server(&note.bucket, origin).await?,
            None => String::new(),
        };
        let lent = origin.map(|origin| origin.tenant.as_str()).filter(|origin| *origin != folder);
        self.write(user, mark, &note, lent).await?;
        self.store.put_user(user, password).await?;
        if !found.is_some_and(|found| found.policies.contains(user)) {
            self.store.attach_policy(user, user).await?;
        }
        let path = |tenant: &str| format!("s3://{}/{tenant}", note.bucket);
        Ok(Output {
            user: user.clone(),
            path: path(folder),
            endpoint: params.endpoint.clone(),
            origin_path: origin.map(|origin| path(origin.tenant.as_str())).unwrap_or_default(),
            origin_server: server,
        })
    }

    /// What was backed up of a tenant, or why nothing can be made of it.
    async fn server(&self, bucket: &str, Origin { tenant, at }: &Origin) -> Result<String, Fault> {
        let found = origin::server(&self.store, bucket, tenant.as_str(), *at).await?;
        found.ok_or_else(|| {
            let by_then = at.map(|at| format!(" from before {at}")).unwrap_or_default();
            Fault::terminal(format!("there is no backup of {tenant}{by_then} in s3://{bucket}/{tenant}")).hint(
                "Backups are kept for as many days as the tenant's plan says: name a later moment, or another tenant.",
            )
        })
    }

    async fn own_policy(&self, name: &str, owner: &str) -> Result<Option<Policy>, Fault> {
        let found = self.store.find_policy(name).await?;
        Ok(found.filter(|policy| policy.owner.as_deref() == Some(owner)))
    }

    async fn begin(&self, bucket: &str, days: u32) -> Result<Note, Fault> {
        if self.store.find_bucket(bucket).await?.is_none() {
            return Err(Fault::terminal(format!("there is no bucket {bucket} for backups"))
                .hint("An operator makes it, with a rule for each tag tenantry:keep that plans use."));
        }
        Ok(Note { bucket: bucket.to_owned(), days, tagged: None })
    }

    async fn write(&self, name: &str, mark: &Mark, note: &Note, lent: Option<&str>) -> Result<(), Fault> {
        let (owner, written) = (mark.to_string(), note.to_string());
        let until = clock::now() + LENT_HOURS.hours();
        let policy = FolderPolicy {
            name,
            owner: &owner,
            bucket: &note.bucket,
            folder: mark.tenant.as_str(),
            note: &written,
            lent: lent.map(|folder| Lent { folder, until }),
        };
        self.store.put_folder_policy(&policy).await
    }

    /// Tags what is in a folder, in order; the last that was, if that was not all.
    async fn tag(&self, folder: &str, note: &Note, until: Timestamp) -> Result<Option<String>, Fault> {
        let (days, mut after) = (note.days.to_string(), note.tagged.clone());
        loop {
            let part = self.store.folder(&note.bucket, folder, after.as_deref()).await?;
            for some in part.items.chunks(AT_ONCE) {
                if clock::now() >= until {
                    return Ok(Some(after.unwrap_or_default()));
                }
                try_join_all(some.iter().map(|key| self.store.tag(&note.bucket, key, KEEP, &days))).await?;
                after = some.last().cloned();
            }
            if part.next.is_none() {
                return Ok(None);
            }
        }
    }
}

impl Params {
    fn is_backed_up(&self) -> Result<bool, Fault> {
        self.backup.parse().map_err(|_| {
            Fault::terminal(format!("the setting backup is '{}'", self.backup)).hint("`true` or `false`.")
        })
    }
}

#[cfg(test)]
mod tests;

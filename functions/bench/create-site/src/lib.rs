//! Makes a tenant's site on the bench: a folder and a database, both called by the tenant's id. Its hostname is nginx' business.
//!
//! `bench new-site` takes minutes and knows nothing of being called twice. So the agent on the host does it, as a job that is
//! found again by the operation's id; it also clears away what a broken one left, when that is ours.
//!
//! A backup is made by bench, as files on the host, and fetched piece by piece. What is too large for that stays there.

use bench_host::{BackUp as Backup, BenchHost, Done, File, Holder, Kind, Marked, NewSite, Subject, Task};
use fault::Fault;
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use secrets::{SecretRef, SecretString, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

/// Of a backup, in MiB, as much as is carried, in a call's time. The host keeps a larger one when its site goes.
const CARRIED: u64 = 96;

#[derive(Debug)]
pub struct CreateSite {
    pub bench: BenchHost,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// The password of the site's Administrator.
    administrator: SecretRef,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    site: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    site: String,
    database: String,
}

impl Step for CreateSite {
    const NAME: &'static str = "bench-create-site";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { site: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let administrator = self.vault.read(&params.administrator).await?;
        self.make(cx, handle, administrator).await
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.bench.undo(Kind::Site, &handle.subject(mark), clock::now()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        Ok(Presence::from(self.bench.holds(Kind::Site, &handle.subject(mark)).await?))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.bench.list(Kind::Site, after).await?;
        let held = part.items.into_iter().map(|Marked { name, owner, made_at }| Held {
            owner,
            handle: Handle { site: name },
            made_at: Some(made_at),
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

/// What its people have written and put there. How the site is set beside its database is made anew.
impl BackUp for CreateSite {
    async fn back_up(&self, mark: &Mark, handle: &Handle, take: &str) -> Result<Holding, Fault> {
        let subject = handle.subject(mark);
        let site = self.bench.site(&subject).await?;
        if !site.is_some_and(|site| site.exists && site.owner.as_ref() == Some(&subject.owner)) {
            return Ok(Holding::Copies(Vec::new()));
        }
        let Backup { files } = self.bench.run(&subject, take, &Task::BackUp {}).await?;
        let mebibytes = files.iter().map(|file| file.bytes).sum::<u64>() >> 20;
        if mebibytes >= CARRIED {
            return Ok(Holding::OutOfReach(format!(
                "a backup of {mebibytes} MiB is not carried: it is on the bench's host for three days, in the agent's folder \
                 transfer/{}/{take}",
                subject.name
            )));
        }
        let mut copies = Vec::with_capacity(files.len());
        for file in files {
            let body = self.bench.read(&subject, take, &file).await?;
            copies.push(Copied { path: file.file, content_type: "application/gzip".to_owned(), body });
        }
        Ok(Holding::Copies(copies))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        // As `vault-store-password` calls it: what is put back comes without parameters.
        let administrator = SecretRef(format!("{}/tenants/{}/owner", mark.deployment, mark.tenant));
        let administrator = self.vault.read(&administrator).await?;
        self.fill(&handle.subject(mark), copies, administrator).await
    }
}

impl CreateSite {
    async fn make(
        &self,
        cx: &Context,
        handle: &Handle,
        administrator: SecretString,
    ) -> Result<Output, Fault> {
        let (subject, task) = (handle.subject(&cx.mark), Task::NewSite { administrator });
        self.bench.look_for_others(Kind::Site, &subject).await?;
        let NewSite { site, database } = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { site, database })
    }

    /// Puts files into a site, once: it is named by when it was made.
    async fn fill(
        &self,
        subject: &Subject,
        copies: Vec<Copied>,
        administrator: SecretString,
    ) -> Result<(), Fault> {
        if copies.is_empty() {
            return Ok(());
        }
        let Holder::Subject { since } = self.bench.holder(Kind::Site, subject).await? else {
            return Err(Fault::terminal(format!("there is no site {} to fill", subject.name)));
        };
        let key = format!("restore-{}", since.as_second());
        let mut files: Vec<File> = Vec::with_capacity(copies.len());
        for Copied { path, body, .. } in copies {
            files.push(self.bench.write(subject, &key, &path, &body).await?);
        }
        let Done {} = self.bench.run(subject, &key, &Task::Restore { files, administrator }).await?;
        Ok(())
    }
}

impl Handle {
    fn subject(&self, mark: &Mark) -> Subject {
        Subject { name: self.site.clone(), owner: mark.to_string() }
    }
}

#[cfg(test)]
mod tests;

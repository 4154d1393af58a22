use std::future::Future;

use fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tenancy::{Mark, OperationId, TenantId};

use crate::runner::{decode, encode};
use crate::{Intent, Invocation, Lease, Ledger, Resource, Runner, Standing, Step};

/// A step whose resource holds what cannot be made again: what its people put there.
///
/// As for the other acts of a step: any number of times, after a crash anywhere.
pub trait BackUp: Step {
    /// Reads all that the resource holds. What is not there any more holds nothing. A take names this time that it is read: what
    /// is under way is [`Fault::not_ready`], and found again by it.
    fn back_up(
        &self,
        mark: &Mark,
        handle: &Self::Handle,
        take: &str,
    ) -> impl Future<Output = Result<Holding, Fault>> + Send;

    /// Puts back what was read, into a resource that was made anew. The copies are those that were kept, to the byte.
    fn restore(
        &self,
        mark: &Mark,
        handle: &Self::Handle,
        copies: Vec<Copied>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    Copies(Vec<Copied>),
    /// It holds something, and there is no way to have it: why.
    OutOfReach(String),
}

/// A copy of one thing that a resource holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What it is called in the resource.
    pub path: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// Where copies are kept.
pub trait Archive: Send + Sync {
    /// Keeps a copy for long, at little cost. Its key names its content, so that no call can spoil another's.
    fn keep(&self, key: &str, body: Vec<u8>) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Writes down what is kept, to be read at once. Says whether this call did: what was written first stands.
    fn note(&self, key: &str, body: Vec<u8>) -> impl Future<Output = Result<bool, Fault>> + Send;

    /// What is kept or written under a key. What is in cold storage is [`Fault::not_ready`].
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, Fault>> + Send;
}

/// What was kept of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub step: String,
    pub objects: Vec<Kept>,
    /// Why what it holds is not here, though it holds something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_reach: Option<String>,
}

/// A copy in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub path: String,
    pub content_type: String,
    pub key: String,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

/// Names a note of the archive, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub key: String,
    /// In hex.
    pub sha256: String,
}

impl Noted {
    /// Writes a note, unless there is one: then that is it.
    pub async fn write<T: Serialize>(archive: &impl Archive, key: String, note: &T) -> Result<Self, Fault> {
        let body = serde_json::to_vec(note).map_err(|e| Fault::terminal(format!("cannot be noted: {e}")))?;
        let sha256 = checksum(&body);
        if archive.note(&key, body).await? {
            return Ok(Self { key, sha256 });
        }
        let found = archive.read(&key).await?;
        let found = found.ok_or_else(|| Fault::transient(format!("{key} is not seen yet")))?;
        Ok(Self { sha256: checksum(&found), key })
    }

    /// What it says, once that is proven to be what was written.
    pub async fn read<T: serde::de::DeserializeOwned>(&self, archive: &impl Archive) -> Result<T, Fault> {
        let body = verified(archive, &self.key, &self.sha256).await?;
        serde_json::from_slice(&body)
            .map_err(|e| Fault::terminal(format!("{} does not decode: {e}", self.key)))
    }
}

/// Runs the calls of a step that can be backed up: those of any step, and two more.
#[derive(Debug)]
pub struct BackedUp<S, L, A> {
    runner: Runner<S, L>,
    archive: A,
}

/// `{action: "backup", operation, tenant, take}`. A take is one time that all of a tenant was read.
#[derive(Deserialize)]
struct Backup {
    operation: OperationId,
    tenant: Named,
    take: String,
}

/// `{action: "restore", operation, tenant, part}`.
#[derive(Deserialize)]
struct Restore {
    operation: OperationId,
    tenant: Named,
    part: Noted,
}

#[derive(Deserialize)]
struct Named {
    id: TenantId,
}

impl<S: BackUp, L: Ledger, A: Archive> BackedUp<S, L, A> {
    pub fn new(runner: Runner<S, L>, archive: A) -> Self {
        Self { runner, archive }
    }

    pub async fn run(&self, payload: Value, invocation: &Invocation) -> Result<Value, Fault> {
        match payload["action"].as_str() {
            Some("backup") => encode(&self.back_up(decode("payload", payload)?).await?),
            Some("restore") => {
                let lease = Lease { holder: invocation.id.clone(), until: invocation.deadline };
                self.restore(decode("payload", payload)?, lease, &invocation.function)
                    .await
                    .map(|()| Value::Null)
            }
            _ => self.runner.run(payload, invocation).await,
        }
    }

    /// Only looks, so it takes no lease: a copy that comes too late is under a key of its own.
    async fn back_up(&self, Backup { operation, tenant, take }: Backup) -> Result<Option<Noted>, Fault> {
        let Some(handle) = self.handle(&tenant.id, operation).await? else { return Ok(None) };
        let folder = format!("tenants/{}/{operation}/{take}/{}", tenant.id, S::NAME);
        let take = format!("{operation}-{take}");
        let holding = self.runner.step.back_up(&self.runner.mark(tenant.id), &handle, &take).await?;
        let mut part = Part { step: S::NAME.to_owned(), objects: Vec::new(), out_of_reach: None };
        match holding {
            Holding::OutOfReach(why) => part.out_of_reach = Some(why),
            Holding::Copies(copies) => {
                for Copied { path, content_type, body } in copies {
                    let (bytes, sha256) = (body.len() as u64, checksum(&body));
                    let key = format!("{folder}/{sha256}");
                    self.archive.keep(&key, body).await?;
                    part.objects.push(Kept { path, content_type, key, bytes, sha256 });
                }
            }
        }
        Noted::write(&self.archive, format!("{folder}/part.json"), &part).await.map(Some)
    }

    /// Everything is read and compared before anything is written. Written under a lease, as anything is made: the
    /// fence and the drain know of it. What the resource was made with is another now, so that the step's next `apply`
    /// runs, and has it fit the tenant as that is today.
    async fn restore(
        &self,
        Restore { operation, tenant, part: note }: Restore,
        lease: Lease,
        function: &str,
    ) -> Result<(), Fault> {
        let Some(found) = self.row(&tenant.id, operation).await? else { return Ok(()) };
        let part: Part = note.read(&self.archive).await?;
        let mut copies = Vec::with_capacity(part.objects.len());
        for Kept { path, content_type, key, sha256, .. } in part.objects {
            let body = verified(&self.archive, &key, &sha256).await?;
            copies.push(Copied { path, content_type, body });
        }
        let intent = Intent {
            tenant: tenant.id.clone(),
            step: S::NAME,
            operation,
            handle: found.handle.clone(),
            input: format!("restored from {}", note.sha256),
            destroyer: function.to_owned(),
            lease,
        };
        let output = found.output.unwrap_or_default();
        let fill = async |mark: &Mark, handle: &S::Handle| {
            self.runner.step.restore(mark, handle, copies).await.map(|()| output)
        };
        self.runner.make(intent, fill).await.map(|_| ())
    }

    /// What to find the resource by, if there is one and the operation may go on.
    async fn handle(&self, tenant: &TenantId, operation: OperationId) -> Result<Option<S::Handle>, Fault> {
        let row = self.row(tenant, operation).await?;
        row.map(|row| decode("handle", row.handle)).transpose()
    }

    async fn row(&self, tenant: &TenantId, operation: OperationId) -> Result<Option<Resource>, Fault> {
        match self.runner.ledger.standing(tenant, operation, S::NAME).await? {
            Standing::Open => {}
            Standing::Skipped => return Ok(None),
            Standing::Fenced => {
                return Err(Fault::fenced("the operation was stopped before this step began"));
            }
        }
        Ok(self.runner.ledger.resource(tenant, S::NAME).await?.filter(Resource::is_left))
    }
}

/// What is under a key, once that is proven to be what was kept.
async fn verified(archive: &impl Archive, key: &str, sha256: &str) -> Result<Vec<u8>, Fault> {
    let body = archive.read(key).await?;
    let body = body.ok_or_else(|| Fault::terminal(format!("the archive has no {key}")))?;
    if checksum(&body) != sha256 {
        return Err(Fault::terminal(format!(
            "{key} of the archive is not what was kept: its checksum differs"
        ))
        .hint("Somebody has written to the archive. Its manifest has the checksum that is certified."));
    }
    Ok(body)
}

fn checksum(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

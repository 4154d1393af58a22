//! What is kept of tenants that are gone: copies of what they held, and a manifest of these, in one bucket.
//!
//! Copies go into the class of storage that the deployment names, which may be one from which they come back hours
//! later. Manifests stay at hand: they are what is certified, and what a restoration begins with.

use std::future::ready;

use fault::Fault;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use s3::{Bucket, Object};
use saga::{Archive, Noted, Part};
use serde::{Deserialize, Serialize};
use tenancy::{OperationId, Tenant, Without};

/// For how many days copies stay at hand that were brought back.
const THAWED_DAYS: i32 = 7;

/// How many copies are asked for at once.
const AT_ONCE: usize = 16;

/// The archive of a deployment.
#[derive(Clone, Debug)]
pub struct ColdStorage {
    bucket: Bucket,
    class: String,
}

/// All that is kept of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// As it was recorded when it went.
    pub tenant: Tenant,
    pub operation: OperationId,
    pub made_at: Timestamp,
    pub parts: Vec<Filed>,
    pub without: Vec<Without>,
}

/// What was kept of one resource, and the note that says so: by that its step puts it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    #[serde(flatten)]
    pub part: Part,
    pub note: Noted,
}

impl Manifest {
    #[must_use]
    pub fn objects(&self) -> usize {
        self.parts.iter().map(|filed| filed.part.objects.len()).sum()
    }

    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().flat_map(|filed| &filed.part.objects).map(|object| object.bytes).sum()
    }
}

impl ColdStorage {
    /// From `ARCHIVE_BUCKET` and `ARCHIVE_STORAGE_CLASS`, one of S3's names.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        let bucket = Bucket::from_env("ARCHIVE_BUCKET").await?;
        Ok(Self::new(bucket, aws::variable("ARCHIVE_STORAGE_CLASS")?))
    }

    #[must_use]
    pub fn new(bucket: Bucket, class: String) -> Self {
        Self { bucket, class }
    }

    #[must_use]
    pub fn bucket(&self) -> &str {
        self.bucket.name()
    }

    /// Has copies brought back from cold storage. Says how many of them are still to come.
    pub async fn thaw(&self, keys: Vec<&str>) -> Result<usize, Fault> {
        let asked = stream::iter(keys).map(|key| self.bucket.thaw(key, THAWED_DAYS));
        let cold = asked.buffer_unordered(AT_ONCE).try_filter(|here| ready(!here));
        cold.try_fold(0, async |count, _| Ok(count + 1)).await
    }
}

impl Archive for ColdStorage {
    async fn keep(&self, key: &str, body: Vec<u8>) -> Result<(), Fault> {
        self.bucket.put_object(key, body, &self.class).await
    }

    async fn note(&self, key: &str, body: Vec<u8>) -> Result<bool, Fault> {
        self.bucket.put_object_once(key, body).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        match self.bucket.get_object(key).await? {
            Object::Absent => Ok(None),
            Object::Here(body) => Ok(Some(body)),
            Object::Cold => Err(Fault::not_ready(format!("{key} is in cold storage"))),
        }
    }
}

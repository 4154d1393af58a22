use std::fmt;

use fault::Fault;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::dynamo::Dynamo;
use crate::index::{Index, Listed, Place};

/// The tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    Tenants,
    Ledger,
    Claims,
    Catalogue,
    Webhooks,
}

impl Table {
    pub const ALL: [Self; 5] = [Self::Tenants, Self::Ledger, Self::Claims, Self::Catalogue, Self::Webhooks];
}

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub table: Table,
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(table: Table, pk: impl fmt::Display, sk: impl fmt::Display) -> Self {
        Self { table, pk: pk.to_string(), sk: sk.to_string() }
    }

    /// Whether an item can stand there (DynamoDB, "Quotas": 1 to 2048 bytes, and 1 to 1024).
    fn is_possible(&self) -> bool {
        (1..=2048).contains(&self.pk.len()) && (1..=1024).contains(&self.sk.len())
    }

    /// What kind of item stands there, `OPERATION` or `SUBDOMAIN`: the keyword that one of its keys begins with.
    #[must_use]
    pub fn kind(&self) -> &str {
        let words = [&self.pk, &self.sk].map(|key| key.split('#').next().unwrap_or_default());
        let keyword = |word: &&str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_uppercase());
        words.into_iter().find(keyword).unwrap_or_default()
    }
}

/// An item as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub key: Key,
    /// Counts the item's changes, from 1.
    pub version: u64,
    /// After this the item is as good as gone, although DynamoDB may take days to remove it.
    pub expires_at: Option<Timestamp>,
    /// Its place in the lists that it is in ([`Index`]).
    pub listed_as: Option<String>,
    pub body: Map<String, Value>,
}

impl Row {
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(&self.body).map_err(|e| {
            Error::Unusable(format!("the item {}/{} does not decode: {e}", self.key.pk, self.key.sk))
        })
    }

    #[must_use]
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// Attributes that the store keeps beside an item's own fields. Plans, themes and blueprints have a `version` of
/// their own, so ours is called something nobody else would.
pub(crate) const OWN: [&str; 10] = [
    "pk",
    "sk",
    "row_version",
    "expires_at",
    Index::ORDER,
    Index::Everyone.name(),
    Index::Status.name(),
    Index::Plan.name(),
    Index::Blueprint.name(),
    Index::Theme.name(),
];

/// What must hold for a write to happen. There is no unconditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is there.
    Absent,
    /// Nothing is there, or what is there has expired by then.
    Free(Timestamp),
    /// It has not changed since it was read at that version.
    Version(u64),
}

impl Condition {
    /// The version that a successful put writes.
    pub(crate) fn next_version(self) -> u64 {
        match self {
            Self::Absent | Self::Free(_) => 1,
            Self::Version(version) => version + 1,
        }
    }
}

/// One conditional write.
#[derive(Clone, Debug)]
pub enum Write {
    Put {
        key: Key,
        body: Map<String, Value>,
        expires_at: Option<Timestamp>,
        listed: Option<Listed>,
        condition: Condition,
    },
    Delete {
        key: Key,
        condition: Condition,
    },
}

impl Write {
    pub fn put(key: Key, body: &impl Serialize, condition: Condition) -> Result<Self, Error> {
        match serde_json::to_value(body) {
            Ok(Value::Object(body)) => match OWN.iter().find(|own| body.contains_key(**own)) {
                Some(own) => {
                    Err(Error::Unusable(format!("a field cannot be named '{own}': the store's own is")))
                }
                None => Ok(Self::Put { key, body, expires_at: None, listed: None, condition }),
            },
            Ok(_) => Err(Error::Unusable("only structures can be stored".to_owned())),
            Err(e) => Err(Error::Unusable(format!("cannot be encoded: {e}"))),
        }
    }

    /// Lets the item of a put expire, at the whole second: DynamoDB counts no finer.
    #[must_use]
    pub fn until(mut self, at: Timestamp) -> Self {
        if let Self::Put { expires_at, .. } = &mut self {
            *expires_at = Timestamp::from_second(at.as_second()).ok();
        }
        self
    }

    /// Has the item of a put listed.
    #[must_use]
    pub(crate) fn listed(mut self, lists: Listed) -> Self {
        if let Self::Put { listed, .. } = &mut self {
            *listed = Some(lists);
        }
        self
    }

    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// A condition did not hold: which write of the transaction, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub index: usize,
    pub existing: Option<Row>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the item changed meanwhile")]
    Conflict(Box<Conflict>),
    /// Others want the same items at the same time, and this one was not through after several tries.
    #[error("too many writers want the same record at once")]
    Rivals,
    /// The database did not do it, or did not say so.
    #[error("{0}")]
    Unavailable(Fault),
    /// An item or the configuration is not what this code can work with.
    #[error("{0}")]
    Unusable(String),
    /// Whoever asks has it from somewhere else, or has changed it.
    #[error("this page token does not belong to this list")]
    NoSuchPage,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict(_) => Self::transient("the record changed meanwhile; it is read again"),
            error @ Error::Rivals => Self::transient(error.to_string()),
            Error::Unavailable(fault) => fault,
            Error::Unusable(cause) => Self::terminal(cause),
            Error::NoSuchPage => Self::terminal(error.to_string()),
        }
    }
}

/// Where a query goes on. Opaque to callers; the sort key of the last item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page(pub String);

/// The five tables, on DynamoDB or in memory. Reads are strongly consistent, but for those of an index.
#[derive(Clone, Debug)]
pub enum Database {
    Dynamo(Dynamo),
    #[cfg(feature = "memory")]
    Memory(crate::memory::Memory),
}

impl Database {
    /// DynamoDB, with the table names of the function's environment: `TENANTS_TABLE`, `LEDGER_TABLE`,
    /// `CLAIMS_TABLE`, `CATALOGUE_TABLE`, `WEBHOOKS_TABLE`, whichever the function may use.
    pub async fn from_env() -> Self {
        Self::Dynamo(Dynamo::from_env().await)
    }

    /// DynamoDB in that region, or in the environment's, and of its tables those that are named.
    pub async fn at(region: Option<String>, name: impl Fn(Table) -> Option<String>) -> Self {
        Self::Dynamo(Dynamo::with(name).await.at(region))
    }

    /// DynamoDB, with tables of other names: for a suite that must not wake what reads a deployment's streams.
    pub async fn named(name: impl Fn(Table) -> String) -> Self {
        Self::Dynamo(Dynamo::with(|table| Some(name(table))).await)
    }

    #[cfg(feature = "memory")]
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(crate::memory::Memory::default())
    }

    pub async fn get(&self, key: &Key) -> Result<Option<Row>, Error> {
        if !key.is_possible() {
            return Ok(None);
        }
        match self {
            Self::Dynamo(dynamo) => dynamo.get(key).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.get(key).await,
        }
    }

    /// The items of those keys, all of one table, in their order.
    pub(crate) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, Error> {
        match self {
            Self::Dynamo(dynamo) => dynamo.get_all(keys).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.get_all(keys).await,
        }
    }

    /// The items of a partition whose sort key has a prefix, in order, `limit` at a time.
    pub async fn query(
        &self,
        table: Table,
        pk: &str,
        prefix: &str,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Row>, Option<Page>), Error> {
        if after.is_some_and(|Page(after)| !after.starts_with(prefix) || !(1..=1024).contains(&after.len())) {
            return Err(Error::NoSuchPage);
        }
        match self {
            Self::Dynamo(dynamo) => dynamo.query(table, pk, prefix, limit, after).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.query(table, pk, prefix, limit, after).await,
        }
    }

    /// The items of one list of an index, in order, `limit` at a time, and whether there may be more. Eventually
    /// consistent: what was written in the last second may be missing, or be listed as it was.
    pub(crate) async fn list(
        &self,
        index: Index,
        list: &str,
        limit: usize,
        after: Option<&Place>,
    ) -> Result<(Vec<Row>, bool), Error> {
        match self {
            Self::Dynamo(dynamo) => dynamo.list(index, list, limit, after).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.list(index, list, limit, after).await,
        }
    }

    /// All items of a partition whose sort key has a prefix: for partitions that are small by nature.
    pub async fn query_all(&self, table: Table, pk: &str, prefix: &str) -> Result<Vec<Row>, Error> {
        let (mut rows, mut next) = self.query(table, pk, prefix, 100, None).await?;
        while let Some(page) = next {
            let (more, after) = self.query(table, pk, prefix, 100, Some(&page)).await?;
            rows.extend(more);
            next = after;
        }
        Ok(rows)
    }

    /// Does one write, and gives the version it left.
    pub async fn write(&self, write: Write) -> Result<u64, Error> {
        match self {
            Self::Dynamo(dynamo) => dynamo.write(write).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.transact(vec![write]).await.map(|versions| versions[0]),
        }
    }

    /// Does all of the writes or none. The first whose condition fails is reported.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<(), Error> {
        match self {
            Self::Dynamo(dynamo) => dynamo.transact(writes).await,
            #[cfg(feature = "memory")]
            Self::Memory(memory) => memory.transact(writes).await.map(|_| ()),
        }
    }
}

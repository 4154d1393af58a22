use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault::Fault;
use jiff::Timestamp;
use serde_json::Value;

use crate::database::{Condition, Conflict, Error, Key, Page, Row, Table, Write};
use crate::index::{Index, Listed, Place};

/// The tables in memory: what DynamoDB does with our four operations, and nothing else of it.
///
/// Each operation first gives way, as a call over the network does: what races in production races in a test,
/// and whoever polls the futures chooses who is first.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: Arc<Mutex<Rows>>,
    line: Option<Arc<dyn Line>>,
}

/// Partitions are found by their hash and sorted within, as DynamoDB's are: however many there are, one costs the same.
#[derive(Debug, Default)]
struct Rows {
    tables: BTreeMap<Table, HashMap<String, Partition>>,
    lists: BTreeMap<Index, HashMap<String, BTreeSet<(String, Key)>>>,
}

/// By sort key.
type Partition = BTreeMap<String, Item>;

/// An item lies together, as a text: of many thousand those not read lately are in no cache of the machine's.
#[derive(Debug)]
struct Item {
    version: u64,
    expires_at: Option<Timestamp>,
    listed: Option<Listed>,
    body: Box<str>,
}

/// What lies between a caller and the tables, as a network does: it may delay an operation, keep it from
/// happening, or lose its answer.
pub trait Line: fmt::Debug + Send + Sync {
    /// The way there, which gives the way back.
    fn there(&self, operation: Operation<'_>) -> Way<Way<()>>;
    /// These writes have just taken effect, all of them.
    fn written(&self, writes: &[Write]);
}

/// A way through, or not.
pub type Way<T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>>;

/// What is asked of the tables.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    Get(&'a Key),
    /// The keys from this one on, in its partition.
    Query(&'a Key),
    Write(&'a [Write]),
}

impl Memory {
    /// The same tables, at the other end of a line.
    #[must_use]
    pub fn over(&self, line: Arc<dyn Line>) -> Self {
        Self { rows: Arc::clone(&self.rows), line: Some(line) }
    }

    /// A whole table, as somebody sees it who stands beside it.
    #[must_use]
    pub fn table(&self, table: Table) -> Vec<Row> {
        let rows = self.rows();
        let partitions = rows.tables.get(&table).into_iter().flatten();
        let mut found: Vec<Row> = partitions
            .flat_map(|(pk, items)| items.iter().map(move |(sk, item)| item.row(Key::new(table, pk, sk))))
            .collect();
        found.sort_by(|one, other| one.key.cmp(&other.key));
        found
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn there(&self, operation: Operation<'_>) -> Result<Way<()>, Error> {
        tokio::task::yield_now().await;
        match &self.line {
            Some(line) => line.there(operation).await.map_err(Error::Unavailable),
            None => Ok(Box::pin(async { Ok(()) })),
        }
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Row>, Error> {
        let back = self.there(Operation::Get(key)).await?;
        let found = self.rows().get(key);
        back.await.map_err(Error::Unavailable)?;
        Ok(found)
    }

    pub(crate) async fn query(
        &self,
        table: Table,
        pk: &str,
        prefix: &str,
        limit: usize,
        after: Option<&Page>,
    ) -> Result<(Vec<Row>, Option<Page>), Error> {
        let from = Key::new(table, pk, prefix);
        let back = self.there(Operation::Query(&from)).await?;
        let found = self.page(&from, limit, after);
        back.await.map_err(Error::Unavailable)?;
        Ok(found)
    }

    fn page(&self, from: &Key, limit: usize, after: Option<&Page>) -> (Vec<Row>, Option<Page>) {
        let rows = self.rows();
        let Some(partition) = rows.partition(from) else { return (Vec::new(), None) };
        let begin = match after {
            Some(Page(last)) if *last >= from.sk => Bound::Excluded(last),
            _ => Bound::Included(&from.sk),
        };
        let range = partition.range::<String, _>((begin, Bound::Unbounded));
        let mut found = range.take_while(|(sk, _)| sk.starts_with(&from.sk));
        let row = |(sk, item): (&String, &Item)| item.row(Key { sk: sk.clone(), ..from.clone() });
        let page: Vec<Row> = found.by_ref().take(limit).map(row).collect();
        let next = found.next().and(page.last()).map(|last| Page(last.key.sk.clone()));
        (page, next)
    }

    pub(crate) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.get(key).await?);
        }
        Ok(found)
    }

    pub(crate) async fn list(
        &self,
        index: Index,
        list: &str,
        limit: usize,
        after: Option<&Place>,
    ) -> Result<(Vec<Row>, bool), Error> {
        let asked = Key::new(Table::Tenants, index.name().to_ascii_uppercase(), list);
        let back = self.there(Operation::Query(&asked)).await?;
        let found = self.rows().list(index, list, limit, after);
        back.await.map_err(Error::Unavailable)?;
        Ok(found)
    }

    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Vec<u64>, Error> {
        let back = self.there(Operation::Write(&writes)).await?;
        let versions = self.commit(&writes)?;
        if let Some(line) = &self.line {
            line.written(&writes);
        }
        back.await.map_err(Error::Unavailable)?;
        Ok(versions)
    }

    fn commit(&self, writes: &[Write]) -> Result<Vec<u64>, Error> {
        let mut keys = BTreeSet::new();
        if let Some(twice) = writes.iter().find(|write| !keys.insert(write.key())) {
            let cause = format!("a transaction names the item {:?} twice", twice.key());
            return Err(Error::Unavailable(Fault::terminal(cause)));
        }
        let mut rows = self.rows();
        for (index, write) in writes.iter().enumerate() {
            let existing = rows.get(write.key());
            let (Write::Put { condition, .. } | Write::Delete { condition, .. }) = write;
            let holds = match (condition, &existing) {
                (Condition::Absent | Condition::Free(_), None) => true,
                (Condition::Free(now), Some(row)) => row.expired(*now),
                (Condition::Version(version), Some(row)) => row.version == *version,
                (Condition::Absent, Some(_)) | (Condition::Version(_), None) => false,
            };
            if !holds {
                return Err(Error::Conflict(Box::new(Conflict { index, existing })));
            }
        }
        let mut versions = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Put { key, body, expires_at, listed, condition } => {
                    let version = condition.next_version();
                    versions.push(version);
                    let body = Value::Object(body.clone()).to_string().into_boxed_str();
                    let item = Item { version, expires_at: *expires_at, listed: listed.clone(), body };
                    rows.put(key, item);
                }
                Write::Delete { key, .. } => {
                    versions.push(0);
                    rows.delete(key);
                }
            }
        }
        Ok(versions)
    }
}

impl Rows {
    fn partition(&self, key: &Key) -> Option<&Partition> {
        self.tables.get(&key.table)?.get(&key.pk)
    }

    fn get(&self, key: &Key) -> Option<Row> {
        self.partition(key)?.get(&key.sk).map(|item| item.row(key.clone()))
    }

    fn put(&mut self, key: &Key, item: Item) {
        self.delete(key);
        for (index, list, place) in item.places(key) {
            self.lists.entry(index).or_default().entry(list.to_owned()).or_default().insert(place);
        }
        let table = self.tables.entry(key.table).or_default();
        table.entry(key.pk.clone()).or_default().insert(key.sk.clone(), item);
    }

    fn delete(&mut self, key: &Key) {
        let partition = self.tables.get_mut(&key.table).and_then(|table| table.get_mut(&key.pk));
        let deleted = partition.and_then(|partition| partition.remove(&key.sk));
        for (index, list, place) in deleted.iter().flat_map(|item| item.places(key)) {
            self.lists.entry(index).or_default().entry(list.to_owned()).or_default().remove(&place);
        }
    }

    fn list(&self, index: Index, list: &str, limit: usize, after: Option<&Place>) -> (Vec<Row>, bool) {
        let Some(list) = self.lists.get(&index).and_then(|lists| lists.get(list)) else {
            return (Vec::new(), false);
        };
        let begin = after.map_or(Bound::Unbounded, |Place { listed_as, key }| {
            Bound::Excluded((listed_as.clone(), key.clone()))
        });
        let mut found = list.range((begin, Bound::Unbounded));
        let rows: Vec<Row> = found.by_ref().take(limit).filter_map(|(_, key)| self.get(key)).collect();
        (rows, found.next().is_some())
    }
}

impl Item {
    fn row(&self, key: Key) -> Row {
        Row {
            key,
            version: self.version,
            expires_at: self.expires_at,
            listed_as: self.listed.as_ref().map(|listed| listed.listed_as.clone()),
            body: serde_json::from_str(&self.body).unwrap_or_default(),
        }
    }

    /// Its place in every list that it is in.
    fn places(&self, key: &Key) -> impl Iterator<Item = (Index, &str, (String, Key))> {
        let lists = self.listed.iter().flat_map(|listed| listed.lists.iter().map(move |list| (listed, list)));
        lists.map(|(listed, (index, list))| (*index, &**list, (listed.listed_as.clone(), key.clone())))
    }
}

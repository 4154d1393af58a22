use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault::Fault;

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

#[derive(Debug, Default)]
struct Rows {
    all: BTreeMap<Key, Row>,
    listed: BTreeMap<Key, Listed>,
    /// Every item's place in every list that it is in.
    places: BTreeSet<(Index, String, String, Key)>,
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
        self.rows().all.values().filter(|row| row.key.table == table).cloned().collect()
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
        let found = self.rows().all.get(key).cloned();
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
        let here = |key: &Key| key.table == from.table && key.pk == from.pk && key.sk.starts_with(&from.sk);
        let after = after.map(|Page(last)| Key { sk: last.clone(), ..from.clone() });
        let begin = match &after {
            Some(last) if last >= from => Bound::Excluded(last),
            _ => Bound::Included(from),
        };
        let mut found =
            rows.all.range((begin, Bound::Unbounded)).map(|(_, row)| row).take_while(|row| here(&row.key));
        let page: Vec<Row> = found.by_ref().take(limit).cloned().collect();
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
            let existing = rows.all.get(write.key());
            let (Write::Put { condition, .. } | Write::Delete { condition, .. }) = write;
            let holds = match (condition, existing) {
                (Condition::Absent | Condition::Free(_), None) => true,
                (Condition::Free(now), Some(row)) => row.expired(*now),
                (Condition::Version(version), Some(row)) => row.version == *version,
                (Condition::Absent, Some(_)) | (Condition::Version(_), None) => false,
            };
            if !holds {
                return Err(Error::Conflict(Box::new(Conflict { index, existing: existing.cloned() })));
            }
        }
        let mut versions = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Put { key, body, expires_at, listed, condition } => {
                    let version = condition.next_version();
                    versions.push(version);
                    let listed_as = listed.as_ref().map(|listed| listed.listed_as.clone());
                    let (expires_at, body) = (*expires_at, body.clone());
                    let row = Row { key: key.clone(), version, expires_at, listed_as, body };
                    rows.put(row, listed.clone());
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
    fn put(&mut self, row: Row, listed: Option<Listed>) {
        self.delete(&row.key);
        if let Some(listed) = listed {
            self.places.extend(places(&listed, &row.key));
            self.listed.insert(row.key.clone(), listed);
        }
        self.all.insert(row.key.clone(), row);
    }

    fn delete(&mut self, key: &Key) {
        self.all.remove(key);
        for place in self.listed.remove(key).iter().flat_map(|listed| places(listed, key)) {
            self.places.remove(&place);
        }
    }

    fn list(&self, index: Index, list: &str, limit: usize, after: Option<&Place>) -> (Vec<Row>, bool) {
        let here = |place: &&(Index, String, String, Key)| place.0 == index && place.1 == list;
        let begin = match after {
            Some(Place { listed_as, key }) => (listed_as.clone(), key.clone()),
            None => (String::new(), Key::new(Table::Tenants, "", "")),
        };
        let begin = Bound::Excluded((index, list.to_owned(), begin.0, begin.1));
        let mut found = self.places.range((begin, Bound::Unbounded)).take_while(here);
        let rows: Vec<Row> =
            found.by_ref().take(limit).filter_map(|(.., key)| self.all.get(key).cloned()).collect();
        (rows, found.next().is_some())
    }
}

fn places(listed: &Listed, key: &Key) -> impl Iterator<Item = (Index, String, String, Key)> {
    listed.lists.iter().map(|(index, list)| (*index, list.clone(), listed.listed_as.clone(), key.clone()))
}

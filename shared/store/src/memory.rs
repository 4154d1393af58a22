use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault::Fault;

use crate::database::{Condition, Conflict, Error, Key, Page, Row, Table, Write};

/// The tables in memory: what DynamoDB does with our four operations, and nothing else of it.
///
/// Each operation first gives way, as a call over the network does: what races in production races in a test,
/// and whoever polls the futures chooses who is first.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: Arc<Mutex<BTreeMap<Key, Row>>>,
}

impl Memory {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn get(&self, key: &Key) -> Option<Row> {
        tokio::task::yield_now().await;
        self.rows().get(key).cloned()
    }

    pub(crate) async fn query(
        &self,
        table: Table,
        pk: &str,
        prefix: &str,
        limit: usize,
        after: Option<&Page>,
    ) -> (Vec<Row>, Option<Page>) {
        tokio::task::yield_now().await;
        let rows = self.rows();
        let from = Key::new(table, pk, prefix);
        let mut found = rows
            .range(&from..)
            .map(|(_, row)| row)
            .take_while(|row| row.key.table == table && row.key.pk == pk && row.key.sk.starts_with(prefix))
            .filter(|row| after.is_none_or(|Page(last)| row.key.sk > *last));
        let page: Vec<Row> = found.by_ref().take(limit).cloned().collect();
        let next = found.next().and(page.last()).map(|last| Page(last.key.sk.clone()));
        (page, next)
    }

    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Vec<u64>, Error> {
        tokio::task::yield_now().await;
        let mut keys = BTreeSet::new();
        if let Some(twice) = writes.iter().find(|write| !keys.insert(write.key())) {
            let cause = format!("a transaction names the item {:?} twice", twice.key());
            return Err(Error::Unavailable(Fault::terminal(cause)));
        }
        let mut rows = self.rows();
        for (index, write) in writes.iter().enumerate() {
            let existing = rows.get(write.key());
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
                Write::Put { key, body, expires_at, condition } => {
                    let version = condition.next_version();
                    versions.push(version);
                    rows.insert(key.clone(), Row { key, version, expires_at, body });
                }
                Write::Delete { key, .. } => {
                    versions.push(0);
                    rows.remove(&key);
                }
            }
        }
        Ok(versions)
    }
}

//! What has been written, row by row: each write builds on the one that its writer read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use store::{Condition, Key, Write};

/// The rows that were written on the way from our functions. What was put there beside it is not known.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<Key, Option<Row>>);

#[derive(Debug)]
struct Row {
    version: u64,
    expires_at: Option<Timestamp>,
}

impl History {
    /// Whether a write that took effect was about the row as its writer knew it.
    pub(super) fn goes_on_with(&mut self, write: &Write) -> bool {
        let (Write::Put { key, condition, .. } | Write::Delete { key, condition }) = write;
        let known = self.0.get(key);
        let goes_on = match (condition, known) {
            (Condition::Absent | Condition::Free(_), None | Some(None)) | (Condition::Version(_), None) => {
                true
            }
            (Condition::Absent, Some(Some(_))) | (Condition::Version(_), Some(None)) => false,
            (Condition::Free(now), Some(Some(row))) => row.expires_at.is_some_and(|at| at <= *now),
            (Condition::Version(version), Some(Some(row))) => row.version == *version,
        };
        let row = match write {
            Write::Put { expires_at, .. } => {
                let version = if let Condition::Version(version) = condition { version + 1 } else { 1 };
                Some(Row { version, expires_at: *expires_at })
            }
            Write::Delete { .. } => None,
        };
        self.0.insert(key.clone(), row);
        goes_on
    }
}

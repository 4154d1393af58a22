//! Counts what still runs, so that a run can tell when nothing does; and what it takes that services answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde_json::Value;
use store::Write;

use crate::chaos::pass;

/// What DynamoDB rounds a written item up to ("Write consumption"), and what it adds to a nested value
/// ("Constraints", item size).
const UNIT_BYTES: usize = 1024;
const NESTED: usize = 3;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    running: Arc<AtomicUsize>,
    drawn: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    answering_ns: Arc<AtomicU64>,
    invoked: Arc<Mutex<BTreeMap<String, Invoked>>>,
    write_units: Arc<AtomicU64>,
    ledger_units: Arc<AtomicU64>,
    streamed: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
    largest: Arc<AtomicUsize>,
}

/// What AWS bills, and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Calls of each function.
    pub invoked: BTreeMap<String, Invoked>,
    /// DynamoDB's, of tables and indexes.
    pub write_units: u64,
    /// Those of them that steps take, for what they make.
    pub ledger_units: u64,
    /// Writes that a stream tells of.
    pub streamed: u64,
    /// Items and lists that were asked for.
    pub reads: u64,
    /// The largest payload between a machine and what it calls, in bytes.
    pub largest: usize,
}

/// Calls of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Invoked {
    pub times: u64,
    /// How long they took together, in milliseconds of the simulation: what they wait, not what they compute.
    pub ms: u64,
}

/// What this thread has computed for.
pub fn busy() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock").into()
}

/// Something that runs, until this is dropped.
#[derive(Debug)]
pub struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tally {
    pub fn running(&self) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(&self.running))
    }

    /// Has a service answer.
    pub fn answered<T>(&self, answer: impl FnOnce() -> T) -> T {
        let begun = busy();
        let answer = answer();
        let took = u64::try_from((busy() - begun).as_nanos()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.answering_ns.fetch_add(took, Ordering::Relaxed);
        answer
    }

    /// How often services were called so far, and what they have computed for.
    pub fn calls(&self) -> (usize, Duration) {
        let busy = Duration::from_nanos(self.answering_ns.load(Ordering::Relaxed));
        (self.calls.load(Ordering::Relaxed), busy)
    }

    /// A function has answered, or died.
    pub fn invoked(&self, function: &str, took: Duration) {
        let mut invoked = self.invoked.lock().unwrap_or_else(PoisonError::into_inner);
        let invoked = invoked.entry(function.to_owned()).or_default();
        invoked.times += 1;
        invoked.ms += u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    }

    /// Writes have taken effect together. In a transaction each costs twice as much.
    pub fn written(&self, writes: &[Write]) {
        let times = if writes.len() > 1 { 2 } else { 1 };
        for write in writes {
            let units = times * units(write);
            let units = u64::try_from(units).unwrap_or(u64::MAX);
            self.write_units.fetch_add(units, Ordering::Relaxed);
            if write.key().table == store::Table::Ledger {
                self.ledger_units.fetch_add(units, Ordering::Relaxed);
            }
            let streamed = u64::from(write.key().table == store::Table::Tenants);
            self.streamed.fetch_add(streamed, Ordering::Relaxed);
        }
    }

    pub fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// A payload goes from a machine to what it calls, or back.
    pub fn carried(&self, payload: &Value) {
        self.largest.fetch_max(payload.to_string().len(), Ordering::Relaxed);
    }

    pub fn taken(&self) -> Taken {
        Taken {
            invoked: self.invoked.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            write_units: self.write_units.load(Ordering::Relaxed),
            ledger_units: self.ledger_units.load(Ordering::Relaxed),
            streamed: self.streamed.load(Ordering::Relaxed),
            reads: self.reads.load(Ordering::Relaxed),
            largest: self.largest.load(Ordering::Relaxed),
        }
    }

    /// A number that nobody else got.
    pub fn next(&self) -> usize {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until nothing runs. Gives whether that came within a week.
    pub async fn rest(&self) -> bool {
        let mut waited = Duration::ZERO;
        while self.running.load(Ordering::Relaxed) > 0 {
            if waited > Duration::from_secs(7 * 24 * 3600) {
                return false;
            }
            let step = Duration::from_secs(if waited < Duration::from_secs(60) { 1 } else { 30 });
            pass(step).await;
            waited += step;
        }
        true
    }
}

/// The units of a write by itself: of the item, and of each list that it is in. What moves within a list is dearer than
/// what stays, and what is deleted there costs what it was: neither is known here.
fn units(write: &Write) -> usize {
    let Write::Put { key, body, listed, .. } = write else { return 1 };
    let fields: usize = body.iter().map(|(name, value)| name.len() + size(value)).sum();
    let bytes = key.pk.len() + key.sk.len() + fields;
    bytes.div_ceil(UNIT_BYTES) * (1 + listed.as_ref().map_or(0, store::Listed::count))
}

/// Developer Guide, "DynamoDB item sizes and formats".
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::String(text) => text.len(),
        Value::Array(items) => NESTED + items.iter().map(|item| 1 + size(item)).sum::<usize>(),
        Value::Object(fields) => {
            NESTED + fields.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
    }
}

//! Counts what still runs, so that a run can tell when nothing does; and what it takes that services answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::chaos::pass;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    running: Arc<AtomicUsize>,
    drawn: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
    answering_ns: Arc<AtomicU64>,
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

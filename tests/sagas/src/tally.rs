//! Counts what still runs, so that a run can tell when nothing does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::chaos::pass;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    running: Arc<AtomicUsize>,
    drawn: Arc<AtomicUsize>,
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

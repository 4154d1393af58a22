use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Letter;

/// A queue in memory: what is sent is there until it is deleted, whatever its delay.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<(Letter, Duration)>>>);

impl Memory {
    /// What is in it, in order, and for how long each was to be held back.
    #[must_use]
    pub fn letters(&self) -> Vec<(String, Duration)> {
        self.lock().iter().map(|(letter, delay)| (letter.body.clone(), *delay)).collect()
    }

    pub(crate) fn send(&self, body: &str, delay: Duration) {
        let mut letters = self.lock();
        let id = letters.last().map_or(0, |(last, _)| last.id.parse().unwrap_or(0)) + 1;
        let letter = Letter { id: id.to_string(), body: body.to_owned(), receipt: id.to_string() };
        letters.push((letter, delay));
    }

    pub(crate) fn take(&self) -> Vec<Letter> {
        self.lock().iter().take(10).map(|(letter, _)| letter.clone()).collect()
    }

    pub(crate) fn delete(&self, letter: &Letter) {
        self.lock().retain(|(kept, _)| kept.receipt != letter.receipt);
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.lock().len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Letter, Duration)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

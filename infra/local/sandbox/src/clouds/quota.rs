//! A limit on calls in a window of time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// So many calls in a window; whoever exceeds it is refused until the window ends, or for the whole penalty.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    limit: u64,
    window: SignedDuration,
    penalty: SignedDuration,
    began: Option<Timestamp>,
    calls: u64,
    refused_until: Option<Timestamp>,
}

impl Quota {
    pub(crate) fn new(limit: u64, window: Duration, penalty: Duration) -> Self {
        let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let (window, penalty) = (signed(window), signed(penalty));
        Self { limit, window, penalty, began: None, calls: 0, refused_until: None }
    }

    /// Counts a call; the error is how many seconds to wait.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), i64> {
        if let Some(until) = self.refused_until.filter(|until| now < *until) {
            return Err(until.duration_since(now).as_secs() + 1);
        }
        let began = match self.began {
            Some(began) if now.duration_since(began) < self.window => began,
            _ => {
                self.calls = 0;
                *self.began.insert(now)
            }
        };
        self.calls += 1;
        if self.calls <= self.limit {
            return Ok(());
        }
        let rest = self.window.saturating_sub(now.duration_since(began));
        let wait = if self.penalty.is_zero() { rest } else { self.penalty };
        self.refused_until = now.checked_add(wait).ok();
        self.began = None;
        Err(wait.as_secs().max(1))
    }
}

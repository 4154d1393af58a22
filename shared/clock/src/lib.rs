//! What time it is: the machine's time, or that of a simulation.
//!
//! Leases, fences and the order of a teardown are moments, so whatever writes or compares one asks here.

use jiff::Timestamp;

#[must_use]
pub fn now() -> Timestamp {
    #[cfg(feature = "simulated")]
    if let Some(now) = simulated::now() {
        return now;
    }
    Timestamp::now()
}

#[cfg(feature = "simulated")]
pub use simulated::simulate;

#[cfg(feature = "simulated")]
mod simulated {
    use std::cell::Cell;

    use jiff::{SignedDuration, Timestamp};
    use tokio::time::Instant;

    thread_local! {
        static BEGUN: Cell<Option<(Timestamp, Instant)>> = const { Cell::new(None) };
    }

    /// From now on time is `begin` and whatever has passed on tokio's clock since, on this thread.
    pub fn simulate(begin: Timestamp) {
        BEGUN.set(Some((begin, Instant::now())));
    }

    pub(super) fn now() -> Option<Timestamp> {
        let (begin, instant) = BEGUN.get()?;
        let passed = SignedDuration::try_from(instant.elapsed()).unwrap_or(SignedDuration::MAX);
        Some(begin.saturating_add(passed).unwrap_or(Timestamp::MAX))
    }
}

//! When an outside API may be asked: what those who call one, those who know its limits and whoever keeps count agree on.
//!
//! A provider says what it allows ([`Quota`]). Whoever sends a request asks a [`Governor`] first, and tells it what came of
//! that. Whoever works through a lot says so ([`at_leisure`]), and is behind those who wait for one thing.

mod haste;
mod quota;

use std::fmt;
use std::pin::Pin;

use fault::Fault;
pub use haste::{Haste, at_leisure, haste};
use jiff::Timestamp;
pub use quota::Quota;

/// Says whether a provider may be asked now, and hears how it answers.
///
/// It never waits: a call that may not be made now is [`Fault::not_ready`], with when it may be and why not before. It is
/// never the reason that a call fails: when it does not know, the call goes ahead.
pub trait Governor: fmt::Debug + Send + Sync {
    /// Lets one call through.
    fn admit(&self, quota: Quota, haste: Haste) -> Saying<'_, Result<Pass, Fault>>;

    /// Hears how the call went that was let through with this pass.
    fn hear(&self, quota: Quota, pass: Pass, heard: Heard) -> Saying<'_, ()>;
}

/// What a governor says, once it has looked.
pub type Saying<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Permission for one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "whoever was let through says how it went"]
pub struct Pass {
    /// The provider has been failing, and this call finds out whether it still does. Nobody else asks meanwhile.
    pub trial: bool,
}

/// How a call went, as far as it says something of the provider as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answered, be it with a refusal.
    Answered,
    /// It has had too many calls, and wants none until then, if it says when.
    Throttled { until: Option<Timestamp> },
    /// It failed or did not answer, and may have said when to come back.
    Failed { until: Option<Timestamp> },
}

use std::time::Duration;

use crate::emf::{milliseconds, record};
use crate::metric::{Metric, Unit};

pub(crate) static CALL: Metric = Metric {
    name: "ProviderCall",
    unit: Unit::Milliseconds,
    by: &[&["outcome"], &["provider", "outcome"]],
    from: "whoever calls a provider's API, or a bench host",
    tells: "How long a provider took to answer. `outcome` is `ok`, `refused`, `throttled` (429), `failed` (5xx) or `unanswered`; as a count, how many calls ended so. AWS' own services have metrics of their own.",
};

pub(crate) static DEFERRED: Metric = Metric {
    name: "ProviderDeferred",
    unit: Unit::Count,
    by: &[&[], &["provider"]],
    from: "whoever asks the rate governor",
    tells: "A call was not made, because the provider may not or will not be asked now.",
};

pub(crate) static SHUT: Metric = Metric {
    name: "ProviderShut",
    unit: Unit::Count,
    by: &[&[], &["provider"]],
    from: "whoever asks the rate governor",
    tells: "1 while a provider is not asked, because it has failed too often in a row or wants no calls; 0 when it is. Recorded when calls are leased.",
};

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Ok,
    Refused,
    Throttled,
    Failed,
    Unanswered,
}

impl Answered {
    /// What a status of HTTP says.
    #[must_use]
    pub fn with(status: u16) -> Self {
        match status {
            429 => Self::Throttled,
            ..400 => Self::Ok,
            400..500 => Self::Refused,
            500.. => Self::Failed,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Records what came of a call of a provider.
pub fn provider_answered(provider: &str, answered: Answered, took: Duration) {
    record(&[("provider", provider), ("outcome", answered.name())], &[(&CALL, milliseconds(took))]);
}

/// Records that a call of a provider was put off.
pub fn provider_deferred(provider: &str) {
    record(&[("provider", provider)], &[(&DEFERRED, 1)]);
}

/// Records whether a provider is asked at all.
pub fn provider_shut(provider: &str, shut: bool) {
    record(&[("provider", provider)], &[(&SHUT, u64::from(shut))]);
}

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was heard of payments. A payment makes good all that failed before it, in whatever order that is heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dunning {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
    /// Those since then. All of them: a payment that is heard late may make good the first few alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    failures: BTreeSet<Timestamp>,
}

impl Dunning {
    /// Whether that is news.
    pub(crate) fn paid(&mut self, at: Timestamp) -> bool {
        let news = self.paid_at.is_none_or(|paid| paid < at);
        self.paid_at = self.paid_at.max(Some(at));
        self.failures.retain(|failure| *failure > at);
        news
    }

    /// Whether that is news.
    pub(crate) fn failed(&mut self, at: Timestamp) -> bool {
        self.paid_at.is_none_or(|paid| paid < at) && self.failures.insert(at)
    }

    /// Since when money is owed.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.failures.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_that_is_heard_late_makes_good_only_what_failed_before_it() {
        let at = |second| Timestamp::from_second(second).expect("a moment");
        let mut dunning = Dunning::default();
        assert!(dunning.failed(at(10)) && dunning.failed(at(30)) && dunning.since() == Some(at(10)));
        assert!(dunning.paid(at(20)) && dunning.since() == Some(at(30)));
        assert!(!dunning.failed(at(15)) && !dunning.paid(at(5)) && dunning.since() == Some(at(30)));
        assert!(dunning.paid(at(40)) && dunning.since().is_none());
    }
}

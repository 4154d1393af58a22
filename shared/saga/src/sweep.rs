use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::TenantId;

/// How many orphans of a step are listed. A sweep of all steps must fit into what a state machine passes on, which
/// is 256 KiB; and where there are more, something else is wrong than an orphan.
const LISTED: usize = 20;

/// How far the sweep of a step has come: what its provider holds with our mark that the ledger does not.
///
/// The machine hands it back until there is no `next`, for a provider may hold more than one call can look through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    pub step: String,
    /// The function that can destroy what is listed.
    pub destroyer: String,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub orphans: Vec<Orphan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A resource that carries our mark, and that the ledger of its tenant does not hold as left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    pub tenant: TenantId,
    pub handle: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
}

impl Swept {
    #[must_use]
    pub fn new(step: &str, destroyer: &str) -> Self {
        let (step, destroyer) = (step.to_owned(), destroyer.to_owned());
        Self { step, destroyer, count: 0, orphans: Vec::new(), next: None }
    }

    pub(crate) fn found(&mut self, orphan: Orphan) {
        self.count += 1;
        if self.orphans.len() < LISTED {
            self.orphans.push(orphan);
        }
    }
}

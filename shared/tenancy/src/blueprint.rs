use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Hibernation, Workflow};

/// What a tenant of a product is made of: settings, and the state machine of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    pub name: String,
    pub version: u32,
    pub description: String,
    /// Whether new tenants can be made of it.
    pub active: bool,
    /// Whether an operator approves each signup first.
    #[serde(default)]
    pub approval: bool,
    /// Ids of the plans it is sold with; the first is the default.
    pub plans: Vec<String>,
    /// Ids of the themes its storefront can wear; the first is the default, none means no storefront.
    #[serde(default)]
    pub themes: Vec<String>,
    #[serde(default)]
    pub categories: BTreeSet<String>,
    #[serde(default)]
    pub integrations: BTreeSet<String>,
    /// What becomes of what a failed provisioning made, unless the signup says.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Steps that a tenant can live without: its machine goes on when one fails, and an operator may skip them.
    #[serde(default)]
    pub optional: BTreeSet<String>,
    /// The step that serves a tenant's own domain, where tenants may have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_domain: Option<String>,
    /// Whether its steps can make a tenant from the backups of one.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub clones: bool,
    /// Whether its tenants can be put to sleep: its steps know how, and whoever comes finds them awake.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub hibernates: bool,
    /// When those are that nobody uses.
    #[serde(default, skip_serializing_if = "Hibernation::is_never")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub hibernation: Hibernation,
    /// The outside APIs that its steps ask and whose limits they share, as the rate governor calls them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<String>,
    /// What each step's resource costs a month, roughly, in cents of a US dollar: shown before it is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub costs: BTreeMap<String, u32>,
    /// Free settings its steps ask for by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Drawn from the state machine when the catalogue is applied, never written by hand.
    #[serde(default = "nothing")]
    pub workflow: Workflow,
    /// What each step usually takes, in milliseconds: learnt from the operations that succeeded.
    #[serde(default)]
    pub usual_ms: BTreeMap<String, u64>,
}

/// What becomes of what a provisioning made, when it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is destroyed: nothing is left.
    #[default]
    Compensate,
    /// It is kept for a retry to go on from, or a deletion to take away.
    Hold,
}

fn nothing() -> Workflow {
    Workflow::Sequence(Vec::new())
}

/// The version of a blueprint a tenant is pinned to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlueprintRef {
    pub name: String,
    pub version: u32,
}

impl fmt::Display for BlueprintRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl Blueprint {
    #[must_use]
    pub fn reference(&self) -> BlueprintRef {
        BlueprintRef { name: self.name.clone(), version: self.version }
    }

    /// Learns from one more run: the usual time moves a fifth of the way to what was just measured, so one
    /// slow day does not bend the percentages of the next.
    pub fn learn(&mut self, measured_ms: impl IntoIterator<Item = (String, u64)>) {
        for (step, ms) in measured_ms {
            self.usual_ms.entry(step).and_modify(|usual| *usual = (*usual * 4 + ms) / 5).or_insert(ms);
        }
    }
}

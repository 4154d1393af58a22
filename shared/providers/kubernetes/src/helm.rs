//! Charts that a controller installs: Flux's HelmRelease, `helm.toolkit.fluxcd.io/v2`, and K3s's HelmChart,
//! `helm.cattle.io/v1`. <https://fluxcd.io/flux/components/helm/helmreleases/>, <https://docs.k3s.io/add-ons/helm>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Conditions;
use crate::{Custom, Definition, Progress, State};

pub type HelmRelease = Custom<HelmReleaseSpec>;

/// A job installs it, and has done so before what it installed serves. Why one failed is in the job's log alone.
pub type HelmChart = Custom<HelmChartSpec>;

/// What somebody else's says otherwise, or not at all, is read as empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmReleaseSpec {
    /// `10m`; how often it is compared with what there is.
    pub interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_name: Option<String>,
    /// `5m`; how long an action may take, until all that it made serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    pub chart: ChartTemplate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Attempts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Attempts>,
    pub values: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartTemplate {
    pub spec: ChartSpec,
}

/// A chart of a repository that Flux knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChartSpec {
    pub chart: String,
    pub version: String,
    pub source_ref: SourceRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceRef {
    /// `HelmRepository`
    pub kind: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attempts {
    pub remediation: Remediation,
}

/// What is done about an action that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remediation {
    /// How often it is tried again; for ever, if below nought.
    pub retries: i32,
    /// Whether the last failure is made good, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediate_last_failure: Option<bool>,
    /// `rollback` or `uninstall`: of an upgrade alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmReleaseStatus {
    #[serde(flatten)]
    pub conditions: Conditions,
    /// The newest first.
    pub history: Vec<Snapshot>,
    /// The version of the chart that was tried last.
    pub last_attempted_revision: String,
    /// `install` or `upgrade`.
    pub last_attempted_release_action: String,
}

/// A revision of the release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Snapshot {
    /// It counts from 1, rollbacks too.
    pub version: i64,
    /// `deployed`, `superseded`, `failed`, `pending-upgrade`, ...
    pub status: String,
    pub chart_name: String,
    pub chart_version: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmChartSpec {
    pub repo: String,
    pub chart: String,
    pub version: String,
    pub target_namespace: String,
    /// YAML, of which JSON is a part.
    pub values_content: String,
    /// Values by their names, over those. They stand in the job's arguments, by which one job is told from another.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// How often the job is tried again. K3s's own thousand is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_off_limit: Option<i32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmChartStatus {
    /// `helm-install-<name>`, in the chart's own namespace.
    pub job_name: Option<String>,
    #[serde(flatten)]
    pub conditions: Conditions,
}

impl Definition for HelmReleaseSpec {
    const GROUP: &'static str = "helm.toolkit.fluxcd.io";
    const VERSION: &'static str = "v2";
    const KIND: &'static str = "HelmRelease";
    const PLURAL: &'static str = "helmreleases";
    type Status = HelmReleaseStatus;
}

impl Definition for HelmChartSpec {
    const GROUP: &'static str = "helm.cattle.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "HelmChart";
    const PLURAL: &'static str = "helmcharts";
    type Status = HelmChartStatus;
}

/// Flux notes the generation in its status when it is done with it, well or not, and on each condition as soon as it says
/// something. Of a release that it rolled back, `Ready` tells how that went: why it had to is in `Released`.
impl Progress for HelmRelease {
    fn progress(&self) -> State {
        let Some(status) = &self.status else {
            return State::waiting("Pending", "Flux has not looked at it yet");
        };
        let (said, generation) = (&status.conditions, self.metadata.generation);
        let ready = said.ready(generation);
        let State::Waiting { .. } = &ready else { return ready };
        let of_now = |kind: &str, is: &str| {
            let condition = said.find(kind).filter(|it| it.status == is)?;
            condition.observed_generation.is_none_or(|seen| Some(seen) >= generation).then_some(condition)
        };
        let stalled = of_now("Stalled", "True");
        let is_over = generation.is_some() && said.observed_generation >= generation;
        if stalled.is_none() && !(is_over && of_now("Ready", "False").is_some()) {
            return ready;
        }
        match of_now("Released", "False").or(stalled).or_else(|| of_now("Ready", "False")) {
            Some(cause) => State::failed(&cause.reason, &cause.message),
            None => ready,
        }
    }
}

/// How far the job has come is the job's to say.
impl HelmChart {
    /// The name of its job, once it has one.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        self.status.as_ref()?.job_name.as_deref()
    }
}

//! Charts that a controller installs: Flux's HelmRelease, `helm.toolkit.fluxcd.io/v2`, and K3s's HelmChart,
//! `helm.cattle.io/v1`. <https://fluxcd.io/flux/components/helm/helmreleases/>, <https://docs.k3s.io/add-ons/helm>

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Conditions;
use crate::{Custom, Definition, Progress, State};

pub type HelmRelease = Custom<HelmReleaseSpec>;

/// It says which job installs it, and no more: how that ended is the job's to say.
pub type HelmChart = Custom<HelmChartSpec>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseSpec {
    /// `10m`; how often it is compared with what there is.
    pub interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    pub chart_ref: ChartRef,
    pub values: Value,
}

/// A chart that Flux has fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartRef {
    /// `OCIRepository` or `HelmChart`.
    pub kind: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartSpec {
    pub repo: String,
    pub chart: String,
    pub version: String,
    pub target_namespace: String,
    /// YAML, of which JSON is a part.
    pub values_content: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmChartStatus {
    pub job_name: Option<String>,
    #[serde(flatten)]
    pub conditions: Conditions,
}

impl Definition for HelmReleaseSpec {
    const GROUP: &'static str = "helm.toolkit.fluxcd.io";
    const VERSION: &'static str = "v2";
    const KIND: &'static str = "HelmRelease";
    const PLURAL: &'static str = "helmreleases";
    type Status = Conditions;
}

impl Definition for HelmChartSpec {
    const GROUP: &'static str = "helm.cattle.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "HelmChart";
    const PLURAL: &'static str = "helmcharts";
    type Status = HelmChartStatus;
}

/// It gives up after as many tries as it was allowed, and says so by a condition of its own.
impl Progress for HelmRelease {
    fn progress(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        match status.find("Stalled").filter(|stalled| stalled.status == "True") {
            Some(stalled) => State::failed(&stalled.reason, &stalled.message),
            None => status.ready(self.metadata.generation),
        }
    }
}

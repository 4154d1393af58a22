//! Argo CD's Application, `argoproj.io/v1alpha1`. <https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Custom, Definition, Progress, State};

/// What is in a folder of a repository, brought to a namespace of a cluster.
pub type Application = Custom<ApplicationSpec>;

/// An Application that carries it takes what it made along when it goes.
pub const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// The cluster that Argo CD itself runs in.
pub const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// What somebody else's says otherwise, or not at all, is read as empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSpec {
    /// The AppProject, which says from where and to where it may be.
    pub project: String,
    pub source: Source,
    pub destination: Destination,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<SyncPolicy>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    pub path: String,
    /// A branch, a tag or a commit.
    pub target_revision: String,
    /// Saying anything about Helm instead would say that the folder is a chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<Kustomize>,
}

/// What is done to what `kustomize build` makes of the folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Kustomize {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub common_labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub common_annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<Replicas>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicas {
    /// Of the deployment.
    pub name: String,
    pub count: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Destination {
    pub server: String,
    pub namespace: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automated: Option<Automated>,
    /// `CreateNamespace=true`, `ServerSideApply=true`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sync_options: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Automated {
    /// What is not in the folder any more goes.
    pub prune: bool,
    /// What somebody changed by hand is changed back.
    pub self_heal: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationStatus {
    pub sync: Sync,
    pub health: Health,
    pub conditions: Vec<ApplicationCondition>,
    pub operation_state: Option<OperationState>,
    pub resources: Vec<ManagedResource>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sync {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub status: String,
    pub compared_to: Option<ComparedTo>,
}

/// What the status is about: it lags behind the spec.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ComparedTo {
    pub source: Source,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`.
    pub status: String,
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApplicationCondition {
    /// What ends in `Error` keeps it from being synced.
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OperationState {
    /// `Running`, `Succeeded`, `Failed`, `Error` or `Terminating`.
    pub phase: String,
    pub message: String,
}

/// One of the things it made. Its health is not told there as of Argo CD 3: look at the thing itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedResource {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub status: String,
}

impl Definition for ApplicationSpec {
    const GROUP: &'static str = "argoproj.io";
    const VERSION: &'static str = "v1alpha1";
    const KIND: &'static str = "Application";
    const PLURAL: &'static str = "applications";
    type Status = ApplicationStatus;
}

/// Synced and healthy, of the source that it has now. A failed sync may be made good by the next, which Argo CD begins
/// by itself; a spec that is wrong is not.
impl Progress for Application {
    fn progress(&self) -> State {
        let Some(status) = &self.status else {
            return State::waiting("Pending", "Argo CD has not looked at it yet");
        };
        if let Some(wrong) = status.conditions.iter().find(|it| it.kind == "InvalidSpecError") {
            return State::failed(&wrong.kind, &wrong.message);
        }
        if let Some(wrong) = status.conditions.iter().find(|it| it.kind.ends_with("Error")) {
            return State::waiting(&wrong.kind, &wrong.message);
        }
        if status.sync.compared_to.as_ref().is_none_or(|it| it.source != self.spec.source) {
            return State::waiting("Pending", "its change has not been looked at yet");
        }
        match (status.sync.status.as_str(), status.health.status.as_str()) {
            ("Synced", "Healthy") => State::Ready,
            ("Synced", "Degraded") => State::failed("Degraded", &status.health.message),
            ("Synced", health) => State::waiting(health, &status.health.message),
            (sync, _) => State::waiting(sync, ""),
        }
    }
}

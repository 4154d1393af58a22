use std::collections::BTreeMap;

use fault::Fault;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, PodStatus};

use crate::{Cluster, Object, Progress, State};

/// What makes pods, and by which labels they are known.
pub trait Workload: Object + Progress {
    fn pods(&self) -> Option<&BTreeMap<String, String>>;
}

impl Workload for Deployment {
    fn pods(&self) -> Option<&BTreeMap<String, String>> {
        self.spec.as_ref()?.selector.match_labels.as_ref()
    }
}

impl Workload for StatefulSet {
    fn pods(&self) -> Option<&BTreeMap<String, String>> {
        self.spec.as_ref()?.selector.match_labels.as_ref()
    }
}

impl Workload for Job {
    fn pods(&self) -> Option<&BTreeMap<String, String>> {
        // The job's own label is on its pods alone, and is the server's to write.
        self.spec.as_ref()?.template.metadata.as_ref()?.labels.as_ref()
    }
}

/// A pod that does not come up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub pod: String,
    /// `ImagePullBackOff`, `CrashLoopBackOff`, `CreateContainerConfigError`, `Unschedulable`, ...
    pub reason: String,
    pub message: String,
}

/// What a deployment says whose pods have not come within its own time. It says so no more once they have.
const LATE: &str = "ProgressDeadlineExceeded";
/// What the kubelet says of a container that is only on its way.
const ON_THE_WAY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

impl Trouble {
    /// What keeps a pod from running, if something other than time does.
    #[must_use]
    pub fn of(pod: &Pod) -> Option<Self> {
        let status = pod.status.as_ref()?;
        let (reason, message) = waiting(status).or_else(|| unplaced(status)).or_else(|| ended(status))?;
        Some(Self { pod: pod.metadata.name.clone().unwrap_or_default(), reason, message })
    }
}

fn waiting(status: &PodStatus) -> Option<(String, String)> {
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let mut waiting = containers.filter_map(|container| container.state.as_ref()?.waiting.as_ref());
    let waiting = waiting.find(|it| !ON_THE_WAY.contains(&it.reason.as_deref().unwrap_or_default()))?;
    Some((waiting.reason.clone()?, waiting.message.clone().unwrap_or_default()))
}

fn unplaced(status: &PodStatus) -> Option<(String, String)> {
    let placed = status.conditions.as_ref()?.iter().find(|condition| condition.type_ == "PodScheduled")?;
    (placed.status == "False")
        .then(|| (placed.reason.clone().unwrap_or_default(), placed.message.clone().unwrap_or_default()))
}

/// Of a job: how its container ended, if not well.
fn ended(status: &PodStatus) -> Option<(String, String)> {
    let mut containers = status.container_statuses.iter().flatten();
    let ended = containers.find_map(|container| container.state.as_ref()?.terminated.as_ref())?;
    (ended.exit_code != 0).then(|| {
        let reason = ended.reason.clone().unwrap_or_default();
        (reason, ended.message.clone().unwrap_or_else(|| format!("it exited with {}", ended.exit_code)))
    })
}

impl Cluster {
    /// How far a workload has come; when it is not ready, with the first of its pods that says what keeps it. One that is
    /// late goes on all the same: where no pod says what keeps it, what it waited for has come.
    pub async fn state<W: Workload>(&self, workload: &W) -> Result<State, Fault> {
        let state = workload.progress();
        let (State::Waiting { .. } | State::Failed { .. }, Some(pods)) = (&state, workload.pods()) else {
            return Ok(state);
        };
        let selector: Vec<String> = pods.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let namespace = workload.meta().namespace.as_deref();
        let pods = self.list::<Pod>(namespace, &selector.join(","), None).await?.items;
        let Some(Trouble { pod, reason, message }) = pods.iter().find_map(Trouble::of) else {
            return Ok(match state {
                State::Failed { reason, message } if reason == LATE && !pods.is_empty() => {
                    State::Waiting { reason, message }
                }
                state => state,
            });
        };
        let message = format!("pod {pod}: {message}");
        Ok(match state {
            State::Failed { .. } => State::Failed { reason, message },
            _ => State::Waiting { reason, message },
        })
    }
}

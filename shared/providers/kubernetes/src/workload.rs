use std::collections::BTreeMap;

use fault::Fault;
use jiff::Timestamp;
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

    /// Why a container of a pod had to be started again after a time, if one had to.
    #[must_use]
    pub fn restarted(pod: &Pod, since: Timestamp) -> Option<Self> {
        let containers = pod.status.as_ref()?.container_statuses.iter().flatten();
        let mut again = containers.filter(|container| container.restart_count > 0);
        let ended = again.find_map(|container| {
            let ended = container.last_state.as_ref()?.terminated.as_ref()?;
            ended.finished_at.as_ref().is_none_or(|at| at.0 >= since).then_some(ended)
        })?;
        let told = format!("it had to be started again, for it had exited with {}", ended.exit_code);
        Some(Self {
            pod: pod.metadata.name.clone().unwrap_or_default(),
            reason: ended.reason.clone().unwrap_or_default(),
            message: ended.message.clone().unwrap_or(told),
        })
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
        if state == State::Ready {
            return Ok(state);
        }
        let pods = self.pods_of(workload).await?;
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

    /// The pods of a workload, also those that are still of a template before.
    pub async fn pods_of<W: Workload>(&self, workload: &W) -> Result<Vec<Pod>, Fault> {
        let Some(labels) = workload.pods() else { return Ok(Vec::new()) };
        let selector: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let namespace = workload.meta().namespace.as_deref();
        Ok(self.list::<Pod>(namespace, &selector.join(","), None).await?.items)
    }
}

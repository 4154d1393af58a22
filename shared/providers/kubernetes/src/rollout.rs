use fault::Fault;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde::Deserialize;

use crate::{Cluster, State, Trouble};

/// How a new version takes the place of the one that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// Pod by pod.
    Rolling,
    /// First one pod of it beside all others, whom nobody is sent to.
    Canary,
    /// As many pods of it as serve, and then all visitors at once.
    BlueGreen,
}

impl Rollout {
    /// How many pods of a deployment there are at most meanwhile, of which as many serve. Whichever way it goes, what serves may
    /// have something else to be changed, pod by pod.
    #[must_use]
    pub fn pods(self, serving: u32) -> u32 {
        let beside = match self {
            Self::Rolling => 0,
            Self::Canary => serving.min(1),
            Self::BlueGreen => serving,
        };
        serving.saturating_add(beside).saturating_add(serving.min(1))
    }
}

/// What a deployment says once all of its pods are of its present template and serve. It says so still when one of them does not.
const COMPLETE: &str = "NewReplicaSetAvailable";

/// When the last rollout of a deployment was over, if it is.
#[must_use]
pub fn rolled_out(deployment: &Deployment) -> Option<Timestamp> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let progressing = conditions.iter().find(|condition| condition.type_ == "Progressing")?;
    let over = progressing.reason.as_deref() == Some(COMPLETE);
    progressing.last_update_time.as_ref().filter(|_| over).map(|at| at.0)
}

impl Cluster {
    /// How a deployment does that was rolled out at some time. If one of its pods had to be started again since, it failed: however
    /// that pod does now.
    pub async fn steady(&self, deployment: &Deployment, since: Timestamp) -> Result<State, Fault> {
        for pod in self.pods_of(deployment).await? {
            if let Some(Trouble { pod, reason, message }) = Trouble::restarted(&pod, since) {
                return Ok(State::Failed { reason, message: format!("pod {pod}: {message}") });
            }
        }
        self.state(deployment).await
    }
}

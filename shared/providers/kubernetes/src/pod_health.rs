use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;

use crate::Trouble;

/// How a pod is, for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PodHealth {
    pub pod: String,
    pub containers: usize,
    /// Of all its containers.
    pub restarts: i32,
    pub ready: bool,
    /// What keeps it, if something other than time does: see [`Trouble`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PodHealth {
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        let statuses =
            pod.status.as_ref().and_then(|status| status.container_statuses.as_deref()).unwrap_or_default();
        Self {
            pod: pod.metadata.name.clone().unwrap_or_default(),
            containers: statuses.len(),
            restarts: statuses.iter().fold(0, |all, it| all.saturating_add(it.restart_count)),
            ready: !statuses.is_empty() && statuses.iter().all(|it| it.ready),
            reason: Trouble::of(pod).map(|trouble| trouble.reason),
        }
    }
}

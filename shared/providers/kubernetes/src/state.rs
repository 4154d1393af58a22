use fault::{Actor, Fault};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
use serde::Deserialize;

use crate::SERVICE;

/// How far what was asked for has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Ready,
    /// The controller's word for why not yet, and what it says of it.
    Waiting {
        reason: String,
        message: String,
    },
    /// It will not be, unless somebody changes something.
    Failed {
        reason: String,
        message: String,
    },
}

impl State {
    pub(crate) fn waiting(reason: &str, message: impl Into<String>) -> Self {
        Self::Waiting { reason: reason.to_owned(), message: message.into() }
    }

    pub(crate) fn failed(reason: &str, message: impl Into<String>) -> Self {
        Self::Failed { reason: reason.to_owned(), message: message.into() }
    }

    /// Ready, or a fault: waited for, or not.
    pub fn demand(self, what: &str) -> Result<(), Fault> {
        match self {
            Self::Ready => Ok(()),
            Self::Waiting { reason, message } => {
                Err(Fault::not_ready(format!("{what} is not ready: {}", told(&reason, &message)))
                    .from_provider(SERVICE, None))
            }
            Self::Failed { reason, message } => {
                Err(Fault::terminal(format!("{what} failed: {}", told(&reason, &message)))
                    .for_actor(Actor::Us)
                    .from_provider(SERVICE, None))
            }
        }
    }
}

fn told(reason: &str, message: &str) -> String {
    match (reason, message) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

/// What says of itself how far it has come. A workload does not say which of its pods keeps it:
/// [`crate::Cluster::state`] does.
pub trait Progress {
    fn progress(&self) -> State;
}

/// A condition, as most kinds have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
    /// Since when it is what it is.
    #[serde(default)]
    pub last_transition_time: Option<Timestamp>,
    /// The generation of the object that this was said of, where it is told.
    #[serde(default)]
    pub observed_generation: Option<i64>,
}

/// What an operator says that speaks by conditions alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    #[serde(default)]
    pub conditions: Vec<Condition>,
    #[serde(default)]
    pub observed_generation: Option<i64>,
}

impl Conditions {
    #[must_use]
    pub fn find(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether `Ready` is true, of the generation that is there now.
    pub(crate) fn ready(&self, generation: Option<i64>) -> State {
        let Some(ready) = self.find("Ready") else {
            return State::waiting("Pending", "nobody has looked at it yet");
        };
        let seen = ready.observed_generation.or(self.observed_generation);
        if seen.is_some_and(|seen| Some(seen) < generation) {
            return State::waiting("Pending", "its change has not been looked at yet");
        }
        if ready.status == "True" {
            return State::Ready;
        }
        State::waiting(&ready.reason, &ready.message)
    }
}

impl Progress for Namespace {
    fn progress(&self) -> State {
        let phase = self.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
        if phase == "Active" { State::Ready } else { State::waiting(phase, "") }
    }
}

/// A rollout is over when the controller has seen this generation, all pods are of it, all serve, and none is left of
/// the one before.
impl Progress for Deployment {
    fn progress(&self) -> State {
        let wanted = self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let status = self.status.clone().unwrap_or_default();
        if status.observed_generation < self.metadata.generation {
            return State::waiting("Pending", "its change has not been looked at yet");
        }
        let conditions = status.conditions.unwrap_or_default();
        let find = |kind: &str| conditions.iter().find(|condition| condition.type_ == kind);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let updated = status.updated_replicas.unwrap_or_default();
        let available = status.available_replicas.unwrap_or_default();
        let all = status.replicas.unwrap_or_default();
        if updated >= wanted && available >= wanted && all <= updated {
            return State::Ready;
        }
        if let Some(late) =
            find("Progressing").filter(|it| it.reason.as_deref() == Some("ProgressDeadlineExceeded"))
        {
            // Why no pod could be made says more than that there is none.
            let why = find("ReplicaFailure").map_or_else(|| text(&late.message), |it| text(&it.message));
            return State::failed("ProgressDeadlineExceeded", why);
        }
        if let Some(failure) = find("ReplicaFailure").filter(|it| it.status == "True") {
            return State::waiting(&text(&failure.reason), text(&failure.message));
        }
        State::waiting("Progressing", format!("{available} of {wanted} pods serve"))
    }
}

impl Progress for StatefulSet {
    fn progress(&self) -> State {
        let wanted = self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let status = self.status.clone().unwrap_or_default();
        if status.observed_generation < self.metadata.generation {
            return State::waiting("Pending", "its change has not been looked at yet");
        }
        let ready = status.ready_replicas.unwrap_or_default();
        let updated = status.updated_replicas.unwrap_or_default();
        if ready >= wanted && updated >= wanted {
            return State::Ready;
        }
        State::waiting("Progressing", format!("{ready} of {wanted} pods serve"))
    }
}

impl Progress for Job {
    fn progress(&self) -> State {
        let conditions = self.status.as_ref().and_then(|status| status.conditions.as_ref());
        let holds = |kind: &str| conditions?.iter().find(|it| it.type_ == kind && it.status == "True");
        if holds("Complete").is_some() {
            return State::Ready;
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match holds("Failed") {
            Some(failed) => State::failed(&text(&failed.reason), text(&failed.message)),
            None => State::waiting("Running", ""),
        }
    }
}

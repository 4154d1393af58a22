//! The whole error contract between steps, state machines and people.
//!
//! A state machine reads one of four names ([`Kind`]) and nothing else. A person reads the rest of the
//! [`Fault`]: what happened, who must act, and where to look. The same object is shown by the API, the
//! console, events, mail and logs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The four error names a state machine can match on. Renaming one changes every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FaultKind))]
pub enum Kind {
    /// May pass if tried again: throttled, unavailable, a lost response. Retried with backoff.
    Transient,
    /// Under way, look again: the provider accepted and is still working. Polled at an interval.
    NotReady,
    /// Will not pass by itself: refused, invalid, owned by someone else. Never retried.
    Terminal,
    /// The operation was stopped; no step of it may begin. Never retried.
    Fenced,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Transient, Self::NotReady, Self::Terminal, Self::Fenced];

    /// The name as Step Functions sees it (`errorType` of the Lambda response).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "Transient",
            Self::NotReady => "NotReady",
            Self::Terminal => "Terminal",
            Self::Fenced => "Fenced",
        }
    }
}

/// Who can do something about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// We, the operators of this deployment: configuration, permissions, capacity, a bug.
    Us,
    /// The customer: their name, their domain, their card.
    Customer,
    /// The outside API: it is down, slow or throttling. Usually only patience is needed.
    Provider,
}

/// A failure somebody can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{cause}")]
pub struct Fault {
    pub kind: Kind,
    /// What happened, in a sentence; never a secret.
    pub cause: String,
    pub actor: Actor,
    /// The outside API that answered, for example `cognito`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's own id of the refused request: what its support asks for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// When the provider said to come back (`Retry-After`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Nobody said how the call ended: what it asked for may still happen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
}

impl Fault {
    #[must_use]
    pub fn new(kind: Kind, actor: Actor, cause: impl Into<String>) -> Self {
        Self {
            kind,
            cause: cause.into(),
            actor,
            provider: None,
            request_id: None,
            retry_at: None,
            hint: None,
            unanswered: false,
        }
    }

    #[must_use]
    pub fn transient(cause: impl Into<String>) -> Self {
        Self::new(Kind::Transient, Actor::Provider, cause)
    }

    #[must_use]
    pub fn not_ready(cause: impl Into<String>) -> Self {
        Self::new(Kind::NotReady, Actor::Provider, cause)
    }

    #[must_use]
    pub fn terminal(cause: impl Into<String>) -> Self {
        Self::new(Kind::Terminal, Actor::Us, cause)
    }

    #[must_use]
    pub fn fenced(cause: impl Into<String>) -> Self {
        Self::new(Kind::Fenced, Actor::Us, cause)
    }

    /// Names the outside API and its request id.
    #[must_use]
    pub fn from_provider(mut self, provider: &str, request_id: Option<&str>) -> Self {
        self.provider = Some(provider.to_owned());
        self.request_id = request_id.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The fault of a call that got no answer.
    #[must_use]
    pub fn unanswered(mut self) -> Self {
        self.unanswered = true;
        self
    }

    #[must_use]
    pub fn for_actor(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_serialise_as_the_names_the_machines_match() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a string"), kind.name());
        }
    }
}

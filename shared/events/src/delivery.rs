use std::fmt;
use std::str::FromStr;

use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenancy::WebhookId;

use crate::Event;

/// So many attempts of a delivery are kept: those of two rounds.
const KEPT: usize = 20;

/// Names a delivery among those of its webhook: when its event was, and which. Sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        pattern = "^[0-9]{10}-evt_[0-9a-f]{32}$",
        example = "1795327200-evt_5f0d1c2b7a9e4d3c8b6a5f4e3d2c1b0a"
    )
)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryId(String);

impl DeliveryId {
    #[must_use]
    pub fn of<D>(event: &Event<D>) -> Self {
        Self(format!("{}{}", Self::since(event.time), event.id))
    }

    /// What the ids of that second begin with, and no earlier one is as great as.
    #[must_use]
    pub fn since(at: Timestamp) -> String {
        format!("{:010}-", at.as_second().max(0))
    }
}

impl FromStr for DeliveryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once("-evt_").filter(|(at, id)| {
            at.len() == 10
                && at.bytes().all(|c| c.is_ascii_digit())
                && id.len() == 32
                && id.bytes().all(|c| c.is_ascii_hexdigit())
        });
        parts
            .map(|_| Self(text.to_owned()))
            .ok_or_else(|| format!("there is no delivery '{}'", text.escape_default()))
    }
}

impl TryFrom<String> for DeliveryId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeliveryId> for String {
    fn from(id: DeliveryId) -> Self {
        id.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event on its way to an endpoint, with what became of each attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    /// As it is sent.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub event: Event,
    pub state: DeliveryState,
    /// Counts how often it was begun with: once, and with each replay.
    pub round: u32,
    /// Attempts of this round.
    pub tries: u32,
    /// The newest first.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried, or will be.
    Waiting,
    Delivered,
    /// Given up. A replay begins anew.
    Dead,
    /// Its endpoint was disabled. A replay begins anew.
    Held,
}

/// One visit of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DeliveryAttempt))]
pub struct Attempt {
    pub at: Timestamp,
    /// What it answered, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of its answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    pub duration_ms: u64,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What is asked of whoever delivers: which attempt of which delivery, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    pub webhook: WebhookId,
    pub delivery: DeliveryId,
    pub round: u32,
    /// From 1.
    pub attempt: u32,
    pub due: Timestamp,
}

impl Delivery {
    #[must_use]
    pub fn new(webhook: WebhookId, event: Event, enabled: bool) -> Self {
        let state = if enabled { DeliveryState::Waiting } else { DeliveryState::Held };
        let id = DeliveryId::of(&event);
        Self { id, webhook, event, state, round: 1, tries: 0, attempts: Vec::new(), next_at: None }
    }

    /// The next attempt there is to be.
    #[must_use]
    pub fn errand(&self, due: Timestamp) -> Errand {
        let (webhook, delivery) = (self.webhook, self.id.clone());
        Errand { webhook, delivery, round: self.round, attempt: self.tries + 1, due }
    }

    /// Whether an errand is still to be run: of what a queue delivers twice, one is.
    #[must_use]
    pub fn expects(&self, errand: &Errand) -> bool {
        let due = (self.round, self.tries + 1);
        self.state == DeliveryState::Waiting && (errand.round, errand.attempt) == due
    }

    /// Begins anew.
    pub fn replay(&mut self, now: Timestamp) {
        self.state = DeliveryState::Waiting;
        self.round += 1;
        self.tries = 0;
        self.next_at = Some(now);
    }

    /// Keeps what became of an attempt, and when there is to be another.
    pub fn tried(&mut self, attempt: Attempt, state: DeliveryState, next_at: Option<Timestamp>) {
        self.tries += 1;
        self.state = state;
        self.next_at = next_at;
        self.attempts.insert(0, attempt);
        self.attempts.truncate(KEPT);
    }

    /// When this round's first attempt was.
    #[must_use]
    pub fn begun_at(&self) -> Option<Timestamp> {
        let first =
            usize::try_from(self.tries).unwrap_or(usize::MAX).min(self.attempts.len()).checked_sub(1)?;
        self.attempts.get(first).map(|attempt| attempt.at)
    }
}

//! How far a new version has come to serve. Each stage is what the release's own values say, and is told from them again: nobody else
//! remembers it.

use fault::Fault;
use kubernetes::Rollout;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::OperationId;

/// Which version serves, where, and what runs beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) slot: Slot,
    pub(crate) tag: String,
    pub(crate) beside: Beside,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// A version is tried.
    Canary(String),
    /// The other slot has what is to serve.
    Next(String),
    /// The other slot has what served, for as long as it may have to serve again.
    Last(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Slot {
    #[default]
    Blue,
    Green,
}

/// What of the values says it.
#[derive(Deserialize)]
struct Said {
    image: Tagged,
    #[serde(default)]
    canary: Tagged,
    #[serde(default)]
    slot: Slot,
    #[serde(default)]
    other: Tagged,
}

#[derive(Default, Deserialize)]
struct Tagged {
    tag: String,
}

/// Ends the revision of a stage in which the other slot has what served: by its tags alone it might be what is to serve.
const LAST: &str = "-last";

impl Stage {
    /// By the values of a release, and its revision.
    pub(crate) fn of(values: Value, revision: &str) -> Result<Self, Fault> {
        let Said { image, canary, slot, other } = serde_json::from_value(values).map_err(|e| {
            Fault::terminal(format!("which version serves cannot be read from the release's values: {e}"))
                .hint("Somebody else has changed them. Give image.tag, slot, other.tag and canary.tag back what they were.")
        })?;
        let beside = match (canary.tag.is_empty(), other.tag.is_empty()) {
            (false, _) => Beside::Canary(canary.tag),
            (true, true) => Beside::Nothing,
            (true, false) if revision.ends_with(LAST) => Beside::Last(other.tag),
            (true, false) => Beside::Next(other.tag),
        };
        Ok(Self { slot, tag: image.tag, beside })
    }

    pub(crate) fn alone(slot: Slot, version: &str) -> Self {
        Self { slot, tag: version.to_owned(), beside: Beside::Nothing }
    }

    /// The stage to be in now, from this one, for a version to serve. What has begun goes on, also if it was begun by another
    /// operation. Where a version was to be replaced and is wanted again it has never gone: nothing is tried.
    pub(crate) fn toward(&self, version: &str, rollout: Rollout) -> Self {
        let beside = |beside| Self { beside, ..self.clone() };
        match (&self.beside, rollout) {
            (Beside::Canary(it), Rollout::Canary) | (Beside::Next(it), Rollout::BlueGreen)
                if it == version =>
            {
                self.clone()
            }
            (Beside::Last(_), Rollout::BlueGreen) if self.tag == version => self.clone(),
            (Beside::Last(it), _) if it == version => Self::alone(self.slot.other(), version),
            (_, Rollout::Canary) if self.tag != version => beside(Beside::Canary(version.to_owned())),
            (_, Rollout::BlueGreen) if self.tag != version => beside(Beside::Next(version.to_owned())),
            _ => Self::alone(self.slot, version),
        }
    }

    /// Whether it has something come up beside what serves, which before had not.
    pub(crate) fn begins(&self, before: &Self) -> bool {
        self.beside != Beside::Nothing && self.beside != before.beside
    }

    /// Once this one has proved good; none, if it is the last.
    pub(crate) fn next(&self) -> Option<Self> {
        match &self.beside {
            Beside::Nothing => None,
            Beside::Canary(tag) => Some(Self::alone(self.slot, tag)),
            Beside::Next(tag) => Some(Self {
                slot: self.slot.other(),
                tag: tag.clone(),
                beside: Beside::Last(self.tag.clone()),
            }),
            Beside::Last(_) => Some(Self::alone(self.slot, &self.tag)),
        }
    }

    /// Whether what may fail in it is nothing that people are served by.
    pub(crate) fn tries(&self) -> bool {
        matches!(self.beside, Beside::Canary(_) | Beside::Next(_))
    }

    /// Told from that of any other stage of the operation.
    pub(crate) fn revision(&self, operation: OperationId) -> String {
        let stage = match self.beside {
            Beside::Nothing => "",
            Beside::Canary(_) => "-canary",
            Beside::Next(_) => "-next",
            Beside::Last(_) => LAST,
        };
        format!("{operation}{stage}")
    }

    /// The deployments that the services lead to.
    pub(crate) fn serving(&self) -> [String; 2] {
        self.slot.deployments()
    }

    /// Those that are to prove good before the next stage.
    pub(crate) fn tried(&self) -> [String; 2] {
        match self.beside {
            Beside::Canary(_) => COMPONENTS.map(|name| format!("{name}-canary")),
            Beside::Next(_) => self.slot.other().deployments(),
            Beside::Last(_) | Beside::Nothing => self.serving(),
        }
    }
}

const COMPONENTS: [&str; 2] = ["api", "web"];

impl Slot {
    fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    fn deployments(self) -> [String; 2] {
        COMPONENTS.map(|name| match self {
            Self::Blue => name.to_owned(),
            Self::Green => format!("{name}-green"),
        })
    }
}

impl Beside {
    /// The chart's `canary.tag` and `other.tag`.
    pub(crate) fn tags(&self) -> [&str; 2] {
        match self {
            Self::Nothing => ["", ""],
            Self::Canary(tag) => [tag, ""],
            Self::Next(tag) | Self::Last(tag) => ["", tag],
        }
    }
}

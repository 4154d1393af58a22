use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Mode;

/// What an agent answers: one JSON object with one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Job(Job),
    /// A [`Site`], a [`Served`] or a [`Certificate`]; `None` when there is neither a thing nor a mark.
    Look(Option<Value>),
    List(Part<Marked>),
    Part(Piece),
    /// How many bytes of the file there are so far.
    Written(u64),
    Refused(Refusal),
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub task: String,
    pub state: State,
    pub attempt: u32,
    pub begun_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub result: Option<Value>,
    pub failure: Option<Failure>,
    /// What runs for the same name and kind, and is waited for.
    pub busy_with: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Running,
    Waiting,
    Done,
    Failed,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub code: Code,
    pub cause: String,
    /// Whether it may pass.
    pub again: bool,
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    Foreign,
    AppMissing,
    DatabaseExists,
    DatabaseRefused,
    DatabaseUnreachable,
    NoSpace,
    AddressInUse,
    NginxInvalid,
    NginxDown,
    OauthMissing,
    ChallengeFailed,
    RateLimited,
    CertificateRefused,
    TimedOut,
    Interrupted,
    Absent,
    /// Anything else: its cause is what the program said last.
    #[serde(other)]
    Failed,
}

/// Why an agent did not begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub code: Refused,
    pub cause: String,
    #[serde(default)]
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    Invalid,
    Foreign,
    Absent,
    TooOld,
    Misconfigured,
    /// Something on the host does not answer, and may again.
    Unavailable,
}

/// A Frappe site. Without an owner it is nobody's that we know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    pub owner: Option<String>,
    pub made_at: Option<Timestamp>,
    pub exists: bool,
    pub database: bool,
    pub apps: Vec<String>,
    pub suspended: bool,
    pub read_only: bool,
}

/// What nginx has of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    pub owner: Option<String>,
    pub made_at: Option<Timestamp>,
    pub exists: bool,
    pub mode: Option<Mode>,
    pub tls: bool,
    pub hosts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub owner: Option<String>,
    pub made_at: Option<Timestamp>,
    pub exists: bool,
    pub hosts: Vec<String>,
    pub not_after: Option<Timestamp>,
    pub issuer: Option<String>,
}

/// Something with a mark, whoever's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marked {
    pub name: String,
    pub owner: String,
    pub made_at: Timestamp,
}

/// A part of a listing, and after which name the next one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// A piece of a file, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// In base64.
    pub data: String,
    pub next: Option<u64>,
}

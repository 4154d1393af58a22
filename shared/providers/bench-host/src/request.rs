use secrets::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::Task;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// Of what an agent says, so many characters are repeated.
const SAID: usize = 1000;

/// What is asked of an agent: one JSON object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub version: u32,
    #[serde(flatten)]
    pub ask: Ask,
}

/// The five things that an agent can be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
pub enum Ask {
    Run(Run),
    Look {
        at: Kind,
        #[serde(flatten)]
        subject: Subject,
    },
    List {
        of: Kind,
        after: Option<String>,
    },
    Read {
        #[serde(flatten)]
        subject: Subject,
        key: String,
        file: String,
        offset: u64,
    },
    Write {
        #[serde(flatten)]
        subject: Subject,
        key: String,
        file: String,
        offset: u64,
        /// In base64.
        data: String,
    },
}

/// A task to be begun, or found again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    #[serde(flatten)]
    pub subject: Subject,
    /// The operation's id: a task is done once under it.
    pub key: String,
    #[serde(flatten)]
    pub task: Task,
    pub secrets: Secrets,
    /// For how many seconds the agent may wait for the task to end before it answers.
    pub wait: u8,
}

/// What a thing on the host is called, and whose it is: `acme-7f3a9c` of `prod/acme-7f3a9c`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub name: String,
    pub owner: String,
}

/// What there is of a name, each with a mark of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Site,
    /// A file of nginx'.
    Served,
    Certificate,
}

/// What a task may know and nobody may keep: beside its input, which is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The password of the site's Administrator.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    pub administrator: Option<SecretString>,
}

impl Request {
    /// Reads one, for whoever answers in an agent's place.
    pub fn read(request: &[u8]) -> Result<Self, serde_json::Error> {
        let mut read: Self = serde_json::from_slice(request)?;
        if let Ask::Run(run) = &mut read.ask {
            run.task.know(&run.secrets);
        }
        Ok(read)
    }
}

impl Secrets {
    /// The end of what an agent says, as that is where programs say what is wrong. They may quote what they were given.
    pub(crate) fn said(&self, words: &str) -> String {
        let secret = self.administrator.as_ref().map(ExposeSecret::expose_secret).filter(|s| !s.is_empty());
        let words = secret.map_or_else(|| words.to_owned(), |secret| words.replace(secret, "[a secret]"));
        let words = words.trim();
        let from = words.char_indices().rev().nth(SAID - 1).map_or(0, |(at, _)| at);
        words[from..].chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
    }
}

fn expose<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

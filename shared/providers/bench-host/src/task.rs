use std::fmt;

use jiff::Timestamp;
use secrets::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Secrets;

/// For how many seconds the agent waits for a task to end. A function has thirty in all, and may begin another task in them.
const WAIT: u8 = 12;

/// What an agent can be told to do. What it gives when it is done is said with each; where nothing is said, [`Done`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "task", content = "input", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// [`NewSite`].
    NewSite {
        #[serde(skip)]
        administrator: SecretString,
    },
    /// [`InstalledApp`].
    InstallApp {
        app: String,
    },
    ConfigureSite(Settings),
    /// [`NewUser`]. There already is success: it is enabled, and given the roles.
    CreateUser {
        email: String,
        first_name: String,
        roles: Vec<String>,
    },
    /// [`SeedData`]. Once: a company of the name is left as it is.
    SeedData {
        company: String,
        country: String,
        currency: String,
    },
    DropSite {},
    /// [`BackUp`].
    BackUp {},
    /// Reads what was [written](crate::BenchHost::write) under the same key.
    Restore {
        files: Vec<File>,
        #[serde(skip)]
        administrator: SecretString,
    },
    /// [`Serve`].
    Serve {
        site: String,
        api: String,
        mode: Mode,
    },
    Withdraw {},
    /// [`IssueCertificate`].
    IssueCertificate {
        hosts: Vec<String>,
    },
    DeleteCertificate {},
}

/// How a site is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it answers, `api.acme.example.com`.
    pub host: String,
    /// As Frappe calls it, `United States`. Without one it is left as it is.
    pub country: Option<String>,
    pub time_zone: Option<String>,
    pub oauth: OAuth,
    pub suspended: bool,
    pub read_only: bool,
    pub max_file_mb: u32,
}

/// Who knows a site's people. Its client's id and secret are in the bench's own configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    pub name: String,
    pub base_url: String,
}

/// What visitors are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Live,
    Suspended,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub file: String,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Done, and there is nothing to say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    pub site: String,
    pub database: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledApp {
    pub app: String,
    /// All that the site has, Frappe first.
    pub installed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    pub user: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedData {
    pub company: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackUp {
    pub files: Vec<File>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    pub tls: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueCertificate {
    pub not_after: Timestamp,
    pub issuer: String,
}

impl File {
    #[must_use]
    pub fn of(file: &str, content: &[u8]) -> Self {
        let sha256 = hex::encode(Sha256::digest(content));
        Self { file: file.to_owned(), bytes: content.len() as u64, sha256 }
    }
}

impl Task {
    pub(crate) fn secrets(&self) -> Secrets {
        match self {
            Self::NewSite { administrator } | Self::Restore { administrator, .. } => {
                Secrets { administrator: Some(administrator.clone()) }
            }
            _ => Secrets::default(),
        }
    }

    /// A function that carries backups has much memory, and is paid for it while it waits: it asks again instead.
    pub(crate) fn wait(&self) -> u8 {
        match self {
            Self::NewSite { .. } | Self::DropSite {} | Self::BackUp {} | Self::Restore { .. } => 0,
            _ => WAIT,
        }
    }

    /// Takes up what came beside its input.
    pub(crate) fn know(&mut self, secrets: &Secrets) {
        if let Self::NewSite { administrator } | Self::Restore { administrator, .. } = self {
            *administrator = secrets.administrator.clone().unwrap_or_default();
        }
    }

    /// As the agent calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NewSite { .. } => "new-site",
            Self::InstallApp { .. } => "install-app",
            Self::ConfigureSite(_) => "configure-site",
            Self::CreateUser { .. } => "create-user",
            Self::SeedData { .. } => "seed-data",
            Self::DropSite {} => "drop-site",
            Self::BackUp {} => "back-up",
            Self::Restore { .. } => "restore",
            Self::Serve { .. } => "serve",
            Self::Withdraw {} => "withdraw",
            Self::IssueCertificate { .. } => "issue-certificate",
            Self::DeleteCertificate {} => "delete-certificate",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstallApp { app } => write!(f, "install-app {app}"),
            _ => f.write_str(self.name()),
        }
    }
}

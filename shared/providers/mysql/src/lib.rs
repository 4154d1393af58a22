#![doc = include_str!("../README.md")]

mod database;
mod dump;
mod failure;
#[cfg(feature = "memory")]
mod memory;
mod name;
mod owner;
mod quote;
mod restore;
mod server;
mod statement;
mod user;

use std::sync::Arc;

pub use failure::Failure;
use fault::Fault;
#[cfg(feature = "memory")]
pub use memory::Memory;
pub use name::{database_name, user_name};
pub use owner::{Holder, Kind, Owned, Part};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
pub use server::Server;
pub use statement::{Answer, Answers, Asking, Statement};

const SERVICE: &str = "mysql";

/// The database of our own, in which the server keeps whose everything is.
pub const ADMINISTRATION: &str = "tenantry";

/// A server, as one of its administrators.
#[derive(Clone, Debug)]
pub struct MySql {
    wire: Wire,
}

/// Where statements are answered: by a server, or by something in this process in its place.
#[derive(Clone, Debug)]
pub enum Wire {
    Network(Server),
    InProcess(Arc<dyn Answers>),
}

/// The administrator, as the vault has it: `{"host": "...", "port": 3306, "username": "...", "password": "..."}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    pub host: String,
    #[serde(default = "port")]
    pub port: u16,
    pub username: String,
    pub password: SecretString,
    /// Whether the connection is encrypted, and the server's name proven. `false` is for a server on this machine.
    #[serde(default = "encrypted")]
    pub tls: bool,
    /// Who vouches for the server's name, as PEM; the public authorities, if none. RDS has an authority of its own.
    pub ca: Option<String>,
}

impl MySql {
    /// Reads the login from the vault: `MYSQL_SECRET` names it there. Connects when something is asked.
    pub async fn from_env() -> Result<Self, Fault> {
        let reference = aws::variable("MYSQL_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let secret = Vault::from_env().await.read(&SecretRef(reference.clone())).await?;
        let login: Login = serde_json::from_str(secret.expose_secret()).map_err(|_| {
            Fault::terminal(format!("the secret {reference} is no login for mysql"))
                .hint(r#"It is to be {"host": "...", "port": 3306, "username": "...", "password": "..."}."#)
        })?;
        Ok(Self::new(Wire::Network(Server::new(&login))))
    }

    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire }
    }

    async fn answer(&self, statement: Statement<'_>) -> Result<Answer, Failure> {
        match &self.wire {
            Wire::Network(server) => server.answer(statement).await,
            Wire::InProcess(answers) => answers.answer(statement).await,
        }
    }

    /// What is done, or a fault.
    async fn tell(&self, statement: Statement<'_>) -> Result<(), Fault> {
        self.answer(statement).await.map(drop).map_err(Failure::into_fault)
    }
}

fn port() -> u16 {
    3306
}

fn encrypted() -> bool {
    true
}

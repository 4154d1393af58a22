#![doc = include_str!("../README.md")]

mod connection;
mod refusal;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::timeout;

use crate::connection::Connection;

const SERVICE: &str = "ssh";

/// How long a host may take until it lets us in.
const CONNECT: Duration = Duration::from_secs(5);

/// A host, as one of its users. It is connected to when something is asked.
#[derive(Clone)]
pub struct Host {
    address: (String, u16),
    user: String,
    ours: Arc<PrivateKey>,
    theirs: Arc<PublicKey>,
}

/// How we sign in to a host, and how we know that it is the one.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    pub host: String,
    #[serde(default = "port")]
    pub port: u16,
    pub user: String,
    /// As `ssh-keygen -t ed25519 -N ''` writes it.
    pub private_key: SecretString,
    /// The line of the host's `/etc/ssh/ssh_host_ed25519_key.pub`.
    pub host_key: String,
}

/// What is asked of a host. The command is a constant of ours: nothing that somebody typed can be a part of it.
#[derive(Clone)]
pub struct Request {
    pub command: &'static str,
    pub input: Vec<u8>,
    /// How long the answer may take, once the host has let us in.
    pub within: Duration,
    /// How many bytes the answer may have.
    pub at_most: usize,
}

/// What a program said before it ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u32,
    pub output: Vec<u8>,
    /// The end of what it complained about.
    pub complaint: String,
}

impl Host {
    /// Nothing is connected yet.
    pub fn new(login: &Login) -> Result<Self, Fault> {
        let ours = PrivateKey::from_openssh(login.private_key.expose_secret());
        // Not with the parser's words: they may be of the key.
        let ours = ours.ok().filter(|key| key.algorithm() == Algorithm::Ed25519 && !key.is_encrypted());
        let ours = ours.ok_or_else(|| {
            Fault::terminal("the private key is none that we sign in with").hint(
                "It is to be an ed25519 key without a passphrase, in OpenSSH's form: ssh-keygen -t ed25519 -N ''.",
            )
        })?;
        let theirs = PublicKey::from_openssh(&login.host_key);
        let theirs = theirs.ok().filter(|key| key.algorithm() == Algorithm::Ed25519);
        let theirs = theirs.ok_or_else(|| {
            Fault::terminal("the host's key is none that we know a host by").hint(
                "It is to be the line of the host's /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA...",
            )
        })?;
        Ok(Self {
            address: (login.host.clone(), login.port),
            user: login.user.clone(),
            ours: Arc::new(ours),
            theirs: Arc::new(theirs),
        })
    }

    /// Has the host run a program, hands it the input to its end, and waits until it ended.
    pub async fn execute(&self, request: Request) -> Result<Answer, Fault> {
        let within = request.within;
        let connected = timeout(CONNECT, Box::pin(Connection::open(self))).await;
        let connection = connected.unwrap_or_else(|_| {
            Err(Fault::transient(format!("{self} did not let us in for {} s", CONNECT.as_secs())))
        });
        let connection = connection.map_err(|fault| fault.from_provider(SERVICE, None))?;
        let answered = timeout(within, Box::pin(connection.execute(request))).await;
        let answer = answered.unwrap_or_else(|_| {
            Err(Fault::transient(format!("{self} did not answer for {} s", within.as_secs())).unanswered())
        });
        answer.map_err(|fault| fault.from_provider(SERVICE, None))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address.0, self.address.1)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("address", &self.address)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a program is handed may be a secret.
        let Self { command, input, within, at_most } = self;
        f.debug_struct("Request")
            .field("command", command)
            .field("input", &format_args!("{} bytes", input.len()))
            .field("within", within)
            .field("at_most", at_most)
            .finish()
    }
}

fn port() -> u16 {
    22
}

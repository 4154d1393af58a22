#![doc = include_str!("../README.md")]

mod network;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use fault::Fault;
pub use network::Network;

const SERVICE: &str = "dns";

/// The servers that are responsible for a zone.
#[derive(Clone, Debug)]
pub struct Authority {
    wire: Wire,
}

/// Where questions are answered: by servers, or by something in this process in their place.
#[derive(Clone, Debug)]
pub enum Wire {
    Network(Network),
    InProcess(Arc<dyn Answers>),
}

/// What one of the servers says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name, if it was found by one, and its address.
    pub server: String,
    pub told: Told,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// None, when the name is there and has no address.
    Addresses(BTreeSet<IpAddr>),
    NoSuchName,
    /// There was no answer, or none that counts; and why.
    Nothing(String),
}

/// The answers of all servers, to come.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Vec<Answer>, Fault>> + Send + 'a>>;

/// Answers in the servers' place.
pub trait Answers: fmt::Debug + Send + Sync {
    fn addresses<'a>(&'a self, name: &'a str) -> Asking<'a>;
}

impl Authority {
    /// The servers that `DNS_SERVERS` says, or else those of the zone `DNS_ZONE`. They are asked when something is asked.
    pub fn from_env() -> Result<Self, Fault> {
        let network = match aws::variable("DNS_SERVERS") {
            Ok(servers) => Network::told(&servers)?,
            Err(_) => {
                Network::found(&aws::variable("DNS_ZONE").map_err(|e| Fault::terminal(e.to_string()))?)?
            }
        };
        Ok(Self::new(Wire::Network(network)))
    }

    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self { wire }
    }

    /// What each server says of a name. A fault says that it is not known who they are.
    pub async fn addresses(&self, name: &str) -> Result<Vec<Answer>, Fault> {
        match &self.wire {
            Wire::Network(network) => network.addresses(name).await,
            Wire::InProcess(answers) => answers.addresses(name).await,
        }
    }
}

impl Told {
    /// What is said of a name as a whole, by what is said of its IPv4 and of its IPv6 addresses.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing(why), _) | (_, Self::Nothing(why)) => Self::Nothing(why),
            (Self::NoSuchName, _) | (_, Self::NoSuchName) => Self::NoSuchName,
            (Self::Addresses(mut all), Self::Addresses(others)) => {
                all.extend(others);
                Self::Addresses(all)
            }
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(none) if none.is_empty() => f.write_str("it has no address"),
            Self::Addresses(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
                write!(f, "it is at {}", addresses.join(" and "))
            }
            Self::NoSuchName => f.write_str("there is no such name (NXDOMAIN)"),
            Self::Nothing(why) => write!(f, "no answer: {why}"),
        }
    }
}

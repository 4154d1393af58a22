use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::{Answer, SERVICE, Told};

/// Where servers answer.
const PORT: u16 = 53;
/// How long one question may take, and how often it is asked again.
const PATIENCE: Duration = Duration::from_secs(2);
const REPEATS: usize = 1;

/// Servers over the network.
#[derive(Clone, Debug)]
pub struct Network {
    servers: Servers,
}

#[derive(Clone, Debug)]
enum Servers {
    Told(Vec<SocketAddr>),
    Found(Arc<Found>),
}

/// Those of a zone, as a resolver knows them.
#[derive(Debug)]
struct Found {
    zone: Name,
    resolver: TokioResolver,
    port: u16,
}

/// A server, or one that has no address to ask it at.
struct Server {
    called: String,
    at: Option<SocketAddr>,
}

impl Network {
    /// These servers, by commas: `192.0.2.1,192.0.2.2:5353`.
    pub fn told(servers: &str) -> Result<Self, Fault> {
        let read = |server: &str| {
            let server = server.trim();
            let at = server.parse().or_else(|_| server.parse().map(|ip: IpAddr| SocketAddr::new(ip, PORT)));
            at.map_err(|_| {
                Fault::terminal(format!("DNS_SERVERS has '{server}', which is no address"))
                    .hint("It is to be like 192.0.2.1,192.0.2.2:5353.")
            })
        };
        let servers = servers.split(',').map(read).collect::<Result<_, _>>()?;
        Ok(Self { servers: Servers::Told(servers) })
    }

    /// The name servers of a zone, as the machine's resolver has them.
    pub fn found(zone: &str) -> Result<Self, Fault> {
        let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
        let resolver =
            resolver.map_err(|e| Fault::terminal(format!("this machine's resolver cannot be used: {e}")))?;
        Self::found_by(resolver, zone, PORT)
    }

    /// The same as another resolver has them, where they answer at another port.
    pub fn found_by(resolver: TokioResolver, zone: &str, port: u16) -> Result<Self, Fault> {
        let found = Found { zone: absolute(zone)?, resolver, port };
        Ok(Self { servers: Servers::Found(Arc::new(found)) })
    }

    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<Answer>, Fault> {
        let (name, servers) = (absolute(name)?, self.servers().await?);
        let ask = async |Server { called, at }: Server| {
            let told = match at {
                Some(at) => ask(at, &name).await,
                None => Told::Nothing("it has no IPv4 address itself".to_owned()),
            };
            Answer { server: called, told }
        };
        Ok(join_all(servers.into_iter().map(ask)).await)
    }

    async fn servers(&self) -> Result<Vec<Server>, Fault> {
        match &self.servers {
            Servers::Told(servers) => {
                let server = |at: &SocketAddr| Server { called: at.to_string(), at: Some(*at) };
                Ok(servers.iter().map(server).collect())
            }
            Servers::Found(found) => found.servers().await,
        }
    }
}

impl Found {
    async fn servers(&self) -> Result<Vec<Server>, Fault> {
        let Self { zone, resolver, port } = self;
        let found = resolver.lookup(zone.clone(), RecordType::NS).await;
        let found = found.map_err(|e| unknown(&format!("the name servers of {zone}"), &e))?;
        let mut servers = Vec::new();
        for record in found.answers() {
            let RData::NS(name) = &record.data else { continue };
            let called = name.0.to_ascii().trim_end_matches('.').to_owned();
            let addresses = match resolver.lookup(name.0.clone(), RecordType::A).await {
                Ok(found) => addresses(&found).collect(),
                Err(e) if e.is_no_records_found() => Vec::new(),
                Err(e) => return Err(unknown(&format!("the name server {called}"), &e)),
            };
            if addresses.is_empty() {
                servers.push(Server { called: called.clone(), at: None });
            }
            servers.extend(addresses.into_iter().map(|ip| Server {
                called: format!("{called} ({ip})"),
                at: Some(SocketAddr::new(ip, *port)),
            }));
        }
        Ok(servers)
    }
}

/// One server, which is to answer what it has itself.
async fn ask(server: SocketAddr, name: &Name) -> Told {
    let mut at = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut at.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_name_servers(vec![at]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = PATIENCE;
    options.attempts = REPEATS;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.recursion_desired = false;
    let resolver = match builder.build() {
        Ok(resolver) => resolver,
        Err(e) => return Told::Nothing(e.to_string()),
    };
    let (v4, v6) = tokio::join!(
        resolver.lookup(name.clone(), RecordType::A),
        resolver.lookup(name.clone(), RecordType::AAAA)
    );
    told(v4).and(told(v6))
}

fn told(answer: Result<Lookup, NetError>) -> Told {
    match answer {
        Ok(found) if found.message().authoritative => Told::Addresses(addresses(&found).collect()),
        // What has no records comes with the zone's SOA, from whoever is responsible for the zone.
        Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords { soa: Some(_), response_code, .. }))) => {
            if response_code == ResponseCode::NXDomain {
                Told::NoSuchName
            } else {
                Told::Addresses([].into())
            }
        }
        Ok(_) | Err(NetError::Dns(DnsError::NoRecordsFound(_))) => {
            Told::Nothing("it is not responsible for the zone".to_owned())
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => Told::Nothing(code.to_string()),
        Err(e) => Told::Nothing(e.to_string()),
    }
}

fn addresses(found: &Lookup) -> impl Iterator<Item = IpAddr> {
    found.answers().iter().filter_map(|record| record.data.ip_addr())
}

/// A name as it is, which no search list is appended to.
fn absolute(name: &str) -> Result<Name, Fault> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.')))
        .map_err(|e| Fault::terminal(format!("'{name}' is no name: {e}")))
}

fn unknown(what: &str, error: &NetError) -> Fault {
    let cause = format!("{what} cannot be found: {error}");
    let fault = if error.is_no_records_found() {
        Fault::terminal(cause).hint("Is DNS_ZONE a zone, and delegated to its name servers?")
    } else {
        Fault::transient(cause)
    };
    fault.from_provider(SERVICE, None)
}

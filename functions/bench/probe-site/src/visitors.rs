use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use fault::Fault;
use http_client::{Answers, Http, Method, Request, Response};
use saga::whole_number;

const SERVICE: &str = "tenant";

/// How a tenant is visited.
#[derive(Debug)]
pub enum Visitors {
    /// Over the network, believing this authority, in PEM, beside the public ones.
    Network {
        authority: Option<Vec<u8>>,
    },
    InProcess(Arc<dyn Answers>),
}

/// Where tenants are served.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub http: u16,
    pub https: u16,
}

/// Somebody who visits a tenant.
#[derive(Debug)]
pub(crate) struct Visitor(Http);

impl Visitors {
    /// Believing nobody but the public authorities, if the text is empty.
    #[must_use]
    pub fn trusting(authority: &str) -> Self {
        let authority = Some(authority.trim()).filter(|authority| !authority.is_empty());
        Self::Network { authority: authority.map(|authority| authority.as_bytes().to_vec()) }
    }

    /// One who finds these names at these addresses, or wherever they lead if none is said.
    pub(crate) fn one(
        &self,
        names: [&str; 2],
        addresses: Option<&BTreeSet<IpAddr>>,
    ) -> Result<Visitor, Fault> {
        let authority = match self {
            Self::InProcess(answers) => return Ok(Visitor(Http::InProcess(Arc::clone(answers)))),
            Self::Network { authority } => authority.as_deref(),
        };
        let addresses = addresses.into_iter().flatten();
        // The port is the URL's.
        let addresses: Vec<SocketAddr> = addresses.map(|ip| SocketAddr::new(*ip, 0)).collect();
        let places = names.map(|name| (name, addresses.as_slice()));
        let places = if addresses.is_empty() { &[] } else { places.as_slice() };
        Ok(Visitor(Http::Network(http_client::visiting(places, authority)?)))
    }
}

impl Ports {
    pub fn of(http: &str, https: &str) -> Result<Self, Fault> {
        let port = |name, text| whole_number(name, text);
        Ok(Self { http: port("TENANT_HTTP_PORT", http)?, https: port("TENANT_HTTPS_PORT", https)? })
    }

    /// Where a name is served: a port that goes without saying is not said.
    pub(crate) fn url(self, name: &str, tls: bool) -> String {
        let (scheme, port, usual) = if tls { ("https", self.https, 443) } else { ("http", self.http, 80) };
        if port == usual { format!("{scheme}://{name}") } else { format!("{scheme}://{name}:{port}") }
    }
}

impl Visitor {
    /// What is answered, whatever it is. Where nothing is, something may in a moment.
    pub(crate) async fn ask(&self, method: Method, url: &str) -> Result<Response, Fault> {
        let address = url.parse().map_err(|e| Fault::terminal(format!("'{url}' is no address: {e}")))?;
        let answer = self.0.send(SERVICE, Request::new(method, address)).await;
        answer.map_err(|fault| {
            Fault::not_ready(format!("{url}: {}", fault.cause)).from_provider(SERVICE, None).hint(
                "If it stays so: does the name lead to the bench's host, are its ports open, and does nginx run there? With https: is \
                 the certificate of an authority that is believed?",
            )
        })
    }
}

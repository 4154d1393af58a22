//! The HTTP client every outside API is called with, and what its answers mean.

mod api;
mod governed;
mod refusal;

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

pub use api::Api;
use fault::Fault;
pub use governor::{Governor, Quota};
pub use refusal::refused;
use reqwest::dns::Resolve;
use reqwest::{Certificate, Client, ClientBuilder, redirect};
pub use reqwest::{Method, Request, RequestBuilder, Response, StatusCode};
use telemetry::Answered;

/// A client reads all of the system's certificates: one is enough for all that a function asks.
pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(client);

/// A client that gives up in time and follows no redirect: an API that moves is an error to be told about, and
/// a redirect is how a request is led to an address it was not meant for.
///
/// # Panics
/// Never in practice: building fails only when the TLS back end cannot start.
#[must_use]
pub fn client() -> Client {
    built(builder())
}

/// The same, which asks nobody but this resolver where a name leads, and goes through no proxy: neither of them is to
/// lead a request to where it must not go.
///
/// # Panics
/// As [`client`].
#[must_use]
pub fn guarded(resolver: Arc<dyn Resolve>) -> Client {
    built(builder().dns_resolver(resolver).no_proxy())
}

/// The same, which believes this authority alone, in PEM: that of a server for which no public one vouches.
pub fn trusting(authority: &[u8]) -> Result<Client, Fault> {
    let certificates = Certificate::from_pem_bundle(authority).map_err(|e| unusable(&e))?;
    builder().tls_certs_only(certificates).build().map_err(|e| unusable(&e))
}

/// The same, which finds these names at these addresses, and goes through no proxy. It believes this authority, in PEM, beside the
/// public ones, if there is one.
pub fn visiting(places: &[(&str, &[SocketAddr])], authority: Option<&[u8]>) -> Result<Client, Fault> {
    let mut client = builder().no_proxy();
    for (name, addresses) in places {
        client = client.resolve_to_addrs(name, addresses);
    }
    if let Some(authority) = authority {
        let certificates = Certificate::from_pem_bundle(authority).map_err(|e| unusable(&e))?;
        client = client.tls_certs_merge(certificates);
    }
    client.build().map_err(|e| unusable(&e))
}

fn unusable(error: &reqwest::Error) -> Fault {
    Fault::terminal(format!("this is no certificate of an authority: {error}"))
}

#[allow(clippy::disallowed_methods)] // Lambda names the function; it tells the other side who calls.
fn builder() -> ClientBuilder {
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "none".to_owned());
    // A second install is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .redirect(redirect::Policy::none())
        .user_agent(format!("tenantry/{} app/{function}", env!("CARGO_PKG_VERSION")))
}

fn built(builder: ClientBuilder) -> Client {
    builder.build().expect("the TLS back end starts")
}

/// Sends requests: over the network, or to something in this process that answers in its place.
#[derive(Clone, Debug)]
pub enum Http {
    Network(Client),
    InProcess(Arc<dyn Answers>),
}

/// Answers in the network's place.
pub trait Answers: fmt::Debug + Send + Sync {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>>;
}

impl Http {
    /// Over the network.
    #[must_use]
    pub fn network() -> Self {
        Self::Network(CLIENT.clone())
    }

    /// What a `GET` of an address gives, whatever its status.
    pub async fn get(&self, provider: &str, url: &str) -> Result<Response, Fault> {
        let url = url.parse().map_err(|e| Fault::terminal(format!("'{url}' is no address: {e}")))?;
        self.send(provider, Request::new(Method::GET, url)).await
    }

    /// The answer to a request, whatever its status. A fault means that there was none.
    pub async fn send(&self, provider: &str, request: Request) -> Result<Response, Fault> {
        match self {
            Self::Network(client) => client.execute(request).await.map_err(|e| no_answer(provider, &e)),
            Self::InProcess(answers) => Ok(answers.answer(request).await),
        }
    }

    /// The same of a provider: how long it takes and what comes of it is recorded.
    pub async fn ask(&self, provider: &str, request: Request) -> Result<Response, Fault> {
        let clock = Instant::now();
        let answer = self.send(provider, request).await;
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        let answered = status.map_or(Answered::Unanswered, Answered::with);
        telemetry::provider_answered(provider, answered, clock.elapsed());
        answer
    }
}

/// The fault in a request that got no answer: refused, reset, timed out.
#[must_use]
pub fn no_answer(provider: &str, error: &reqwest::Error) -> Fault {
    // The URL may carry a token in its query, and is known from the call: it stays out of the message.
    let cause = error.to_string().split(" for url").next().unwrap_or_default().to_owned();
    Fault::transient(format!("{provider} did not answer: {cause}")).from_provider(provider, None).unanswered()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A second connection would never be accepted.
    #[tokio::test]
    async fn what_asks_over_the_network_shares_its_connections() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            for _ in 0..2 {
                let read = stream.read(&mut [0; 4096]).await.expect("a request");
                assert!(read > 0, "the connection was closed");
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("answered");
            }
        };
        let client = async {
            for _ in 0..2 {
                let answer = Http::network().get("lab", &url).await.expect("an answer");
                assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            }
        };
        tokio::join!(server, client);
    }
}

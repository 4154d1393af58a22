//! Requests to addresses that customers name. A name is resolved, every address it has is looked at, and the connection
//! goes to one of those very addresses: between the look and the connection no second question is asked, so no second
//! answer can lead elsewhere. Redirects are not followed, nor is a proxy.

mod address;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

pub use address::is_public;
use fault::{Actor, Fault, Kind};
use http_client::{Answers, Http, Method, Request, Response, StatusCode};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;

type Refused = Box<dyn std::error::Error + Send + Sync>;

/// So much of an answer is read.
const BEGINNING: usize = 1024;

/// Visits addresses that customers name.
#[derive(Clone, Debug)]
pub struct Reach {
    http: Http,
    anywhere: bool,
}

/// What an address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    /// The beginning of its body, as far as it is text.
    pub beginning: String,
}

impl Reach {
    /// Over the network, by the resolver of the machine.
    #[must_use]
    pub fn network() -> Self {
        Self::by(
            |name: String| async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect::<Vec<_>>()) },
        )
    }

    /// Over the network to whatever is named, also inside: for a deployment whose customers are its own people. Still no
    /// redirect is followed.
    #[must_use]
    pub fn anywhere() -> Self {
        Self { http: Http::network(), anywhere: true }
    }

    /// To something in this process that answers in the network's place.
    #[must_use]
    pub fn in_process(answers: Arc<dyn Answers>) -> Self {
        Self { http: Http::InProcess(answers), anywhere: false }
    }

    fn by<L, F>(lookup: L) -> Self
    where
        L: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = std::io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        let guard = Guard(Arc::new(move |name| Box::pin(lookup(name))));
        Self { http: Http::Network(http_client::guarded(Arc::new(guard))), anywhere: false }
    }

    /// The status that an address answers with, over TLS with a certificate of that name.
    pub async fn visit(&self, url: &str) -> Result<StatusCode, Fault> {
        let answer = self.http.send("domain", Request::new(Method::GET, self.open(url)?)).await?;
        Ok(answer.status())
    }

    /// Posts a body, and gives what is answered. A fault means that nothing was.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, Fault> {
        let mut request = Request::new(Method::POST, self.open(url)?);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let answer = self.http.send("endpoint", request).await?;
        Ok(Answer { status: answer.status(), beginning: beginning(answer).await })
    }

    fn open(&self, url: &str) -> Result<Url, Fault> {
        let url: Url = url.parse().map_err(|e| closed(format!("'{url}' is no address: {e}")))?;
        // A number is not resolved, so nobody would look at it; and no customer has one for a name.
        let open = url.scheme() == "https" && url.domain().is_some() && url.port().is_none();
        if !(open || self.anywhere) {
            return Err(closed(format!("{url} is not visited: it has to be https, a name and no port")));
        }
        Ok(url)
    }
}

/// As much of a body as there is before it breaks off or is too long: whoever answers chooses how much it is.
async fn beginning(mut answer: Response) -> String {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(BEGINNING - read.len())]);
        if read.len() == BEGINNING {
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// Resolves names, and gives out public addresses alone.
#[derive(Clone)]
struct Guard(Arc<Lookup>);

type Lookup = dyn Fn(String) -> LookedUp + Send + Sync;
type LookedUp = std::pin::Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = looked_up.await?;
            // One bad address among good ones is somebody's try: all are refused.
            if let Some(bad) = found.iter().find(|found| !is_public(found.ip())) {
                return Err(Refused::from(format!("{} is not on the public internet", bad.ip())));
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn closed(cause: String) -> Fault {
    Fault::new(Kind::Terminal, Actor::Customer, cause)
}

#[cfg(test)]
mod tests;

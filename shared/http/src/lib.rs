//! The HTTP client every outside API is called with, and what its answers mean.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use reqwest::{Client, Method, Request, Response, StatusCode, redirect};

/// A client that gives up in time and follows no redirect: an API that moves is an error to be told about, and
/// a redirect is how a request is led to an address it was not meant for.
///
/// # Panics
/// Never in practice: building fails only when the TLS back end cannot start.
#[must_use]
#[allow(clippy::disallowed_methods)] // Lambda names the function; it tells the other side who calls.
pub fn client() -> Client {
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "none".to_owned());
    // A second install is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .redirect(redirect::Policy::none())
        .user_agent(format!("tenantry/{} app/{function}", env!("CARGO_PKG_VERSION")))
        .build()
        .expect("the TLS back end starts")
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
    /// What a `GET` of an address gives, whatever its status.
    pub async fn get(&self, provider: &str, url: &str) -> Result<Response, Fault> {
        let url = url.parse().map_err(|e| Fault::terminal(format!("'{url}' is no address: {e}")))?;
        let request = Request::new(Method::GET, url);
        match self {
            Self::Network(client) => client.execute(request).await.map_err(|e| no_answer(provider, &e)),
            Self::InProcess(answers) => Ok(answers.answer(request).await),
        }
    }
}

/// The fault in a request that got no answer: refused, reset, timed out.
#[must_use]
pub fn no_answer(provider: &str, error: &reqwest::Error) -> Fault {
    // The URL may carry a token in its query, and is known from the call: it stays out of the message.
    let cause = error.to_string().split(" for url").next().unwrap_or_default().to_owned();
    Fault::transient(format!("{provider} did not answer: {cause}")).from_provider(provider, None).unanswered()
}

/// The fault in an answer that is not the wanted one: 408, 429 and 5xx pass by themselves (RFC 9110), the rest
/// does not.
#[must_use]
pub fn refused(provider: &str, answer: &Response) -> Fault {
    let status = answer.status();
    let request_id = answer.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let cause = format!("{provider} answered {status}");
    let passing = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    let fault = if passing { Fault::transient(cause) } else { Fault::terminal(cause) };
    fault.from_provider(provider, request_id)
}

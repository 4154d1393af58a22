#![doc = include_str!("../README.md")]

mod session;
mod store;
mod users;

use fault::Fault;
use http_client::{Api, Http, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
pub use session::Session;
pub use store::{PublishableKey, Store};
pub use users::{Invite, User};

const SERVICE: &str = "medusa";

/// One instance.
#[derive(Clone, Debug)]
pub struct Medusa {
    api: Api,
}

/// What Medusa says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    r#type: String,
    message: String,
}

impl Medusa {
    /// The instance that answers at this address.
    pub fn new(http: Http, url: &str) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)? })
    }

    /// Whether the process answers. An address where nobody listens yet answers, too: that is `false`.
    pub async fn is_healthy(&self) -> Result<bool, Fault> {
        let answer = self.api.send(self.request(Method::GET, &["health"])?).await?;
        Ok(answer.status().is_success())
    }

    /// Whether the dashboard's page answers; an instance may be built without it.
    pub async fn has_dashboard(&self) -> Result<bool, Fault> {
        let answer = self.api.send(self.request(Method::GET, &["app"])?).await?;
        Ok(answer.status().is_success())
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        self.api.request(method, path)
    }

    /// What must succeed.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() { self.decode(answer).await } else { Err(self.refused(answer).await) }
    }

    /// While an instance takes the place of another, either may answer. What is no JSON is not Medusa's.
    async fn decode<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Fault> {
        let kind =
            answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/json") {
            return self.api.decode(answer).await;
        }
        Err(Fault::not_ready("a page answers in the store's place").from_provider(SERVICE, None))
    }

    async fn refused(&self, answer: Response) -> Fault {
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { r#type, message }) = said {
            fault.cause = format!("medusa refused: {type}: {message}", r#type = r#type);
        }
        fault
    }
}

#[cfg(test)]
mod tests;

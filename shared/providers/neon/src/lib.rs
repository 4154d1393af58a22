#![doc = include_str!("../README.md")]

mod branch;
mod database;
mod endpoint;
mod operation;
mod project;

use std::sync::Arc;

pub use branch::{Branch, Init, NewBranch};
pub use database::Database;
pub use endpoint::{Compute, Endpoint};
use fault::Fault;
use http_client::{Api, Governor, Http, Method, Quota, RequestBuilder, Response, StatusCode};
pub use operation::Work;
pub use project::{NewProject, Project};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const SERVICE: &str = "neon";

/// Where Neon answers.
pub const URL: &str = "https://console.neon.tech/api/v2";

/// The annotation that carries our ownership mark.
pub const OWNER: &str = "tenantry_owner";

/// 700 calls a minute for each account, and 40 a second of one kind (<https://api-docs.neon.tech/reference/api-rate-limiting>).
/// A second has two slots at most, so whatever their kinds there are no more than 40.
pub const CALLS: Quota = Quota { provider: SERVICE, of: "calls", calls: 630, seconds: 60, burst: 20 };

/// As many as we ask for at once.
const PART: &str = "100";

/// Neon, as one of its accounts.
#[derive(Clone, Debug)]
pub struct Neon {
    api: Api,
    key: SecretString,
    /// Whose the projects are; a personal key must say so.
    organisation: Option<String>,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// What Neon says when it refuses (`GeneralError`).
#[derive(Debug, Deserialize)]
struct Refusal {
    request_id: Option<String>,
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(alias = "cursor")]
    next: Option<String>,
}

impl Pagination {
    /// Where a listing goes on that was asked for `after`. The same once more would lead in a circle.
    fn onward(self, after: Option<&str>) -> Result<Option<String>, Fault> {
        if self.next.is_some() && self.next.as_deref() == after {
            let cause = "neon lists the same part of a listing again and again";
            return Err(Fault::transient(cause).from_provider(SERVICE, None));
        }
        Ok(self.next)
    }
}

impl Neon {
    /// Reads the key from the vault: `NEON_KEY_SECRET` names it there. `NEON_URL` says where Neon answers, and
    /// `NEON_ORGANISATION` whose the projects are; without them Neon itself, and whoever's the key is.
    pub async fn from_env(governor: Arc<dyn Governor>) -> Result<Self, Fault> {
        let reference = aws::variable("NEON_KEY_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let key = Vault::from_env().await.read(&SecretRef(reference)).await?;
        let url = aws::variable("NEON_URL").ok().unwrap_or_else(|| URL.to_owned());
        let neon = Self::new(Http::network(), &url, key, aws::variable("NEON_ORGANISATION").ok())?;
        Ok(neon.governed(governor))
    }

    pub fn new(
        http: Http,
        url: &str,
        key: SecretString,
        organisation: Option<String>,
    ) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, key, organisation })
    }

    /// The same, asked only when the governor lets it be.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>) -> Self {
        Self { api: self.api.governed(governor, |_| CALLS), ..self }
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        Ok(self.api.request(method, path)?.bearer_auth(self.key.expose_secret()))
    }

    /// The answer to what must succeed.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// The answer about something that need not be there.
    async fn find<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if answer.status().is_success() {
            self.api.decode(answer).await.map(Some)
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// The answer to making what was not there a moment ago.
    async fn create<T: DeserializeOwned>(&self, request: RequestBuilder, name: &str) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status() == StatusCode::CONFLICT {
            let (mut fault, _) = self.api.refusal::<Refusal>(answer).await;
            fault.kind = fault::Kind::Transient;
            fault.cause = format!("{name} appeared in neon meanwhile; look again");
            return Err(fault);
        }
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// Already gone is success.
    async fn delete(&self, path: &[&str]) -> Result<(), Fault> {
        let answer = self.api.send(self.request(Method::DELETE, path)?).await?;
        if answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(self.refused(answer).await)
    }

    async fn refused(&self, answer: Response) -> Fault {
        let status = answer.status();
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { request_id, code, message }) = said {
            fault.cause = format!("neon refused: {code}: {message}");
            fault.request_id = request_id.or(fault.request_id);
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                fault.hint("Neon does not know the key: compare the vault's with Neon's console.")
            }
            StatusCode::LOCKED => fault.hint("Neon is still at work on an earlier change of this project."),
            _ => fault,
        }
    }
}

#[cfg(test)]
mod tests;

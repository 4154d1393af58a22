#![doc = include_str!("../README.md")]

mod dashboard;
mod data_source;
mod org;
mod user;

pub use data_source::{DataSource, Only};
use fault::{Fault, Kind};
use http_client::{Api, Http, Method, RequestBuilder, Response, StatusCode};
pub use org::Org;
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
pub use user::{Membership, NewUser, Role, User};

const SERVICE: &str = "grafana";

/// As many as we ask for at once.
const PART: usize = 100;

/// One server, as its admin.
#[derive(Clone, Debug)]
pub struct Grafana {
    api: Api,
    admin: Admin,
}

/// A server admin, as the vault has one: `{"user": "admin", "password": "..."}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Admin {
    pub user: String,
    pub password: SecretString,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    message: String,
}

impl Grafana {
    /// `GRAFANA_URL` says where its API is, `http://grafana.monitoring:3000/api`, and `GRAFANA_ADMIN_SECRET` names the admin
    /// in the vault.
    pub async fn from_env() -> Result<Self, Fault> {
        let missing = |e: aws::MissingVariable| Fault::terminal(e.to_string());
        let url = aws::variable("GRAFANA_URL").map_err(missing)?;
        let reference = aws::variable("GRAFANA_ADMIN_SECRET").map_err(missing)?;
        let kept = Vault::from_env().await.read(&SecretRef(reference)).await?;
        Self::new(Http::network(), &url, Admin::read(&kept)?)
    }

    pub fn new(http: Http, url: &str, admin: Admin) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, admin })
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        let request = self.api.request(method, path)?;
        Ok(request.basic_auth(&self.admin.user, Some(self.admin.password.expose_secret())))
    }

    /// The same, acting in an organisation.
    fn within(&self, org: i64, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        Ok(self.request(method, path)?.header("x-grafana-org-id", org))
    }

    /// What must succeed.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// What need not be there.
    async fn find<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Fault> {
        let answer = self.api.send(request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => self.api.decode(answer).await.map(Some),
            _ => Err(self.refused(answer).await),
        }
    }

    /// Making what was not there a moment ago.
    async fn create<T: DeserializeOwned>(&self, request: RequestBuilder, name: &str) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        match answer.status() {
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => {
                let mut fault = self.refused(answer).await;
                fault.kind = Kind::Transient;
                fault.cause = format!("{name} appeared in grafana meanwhile; look again");
                Err(fault)
            }
            status if status.is_success() => self.api.decode(answer).await,
            _ => Err(self.refused(answer).await),
        }
    }

    /// Already gone is success.
    async fn delete(&self, path: &[&str]) -> Result<(), Fault> {
        self.find::<IgnoredAny>(self.request(Method::DELETE, path)?).await.map(drop)
    }

    async fn refused(&self, answer: Response) -> Fault {
        let status = answer.status();
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { message }) = said {
            fault.cause = format!("grafana refused: {message}");
        }
        self.hinted(status, fault)
    }

    fn hinted(&self, status: StatusCode, fault: Fault) -> Fault {
        match status {
            StatusCode::UNAUTHORIZED => fault.hint(
                "Grafana does not know this user or password: compare the vault's with the server's admin.",
            ),
            StatusCode::FORBIDDEN => {
                fault.hint(format!("'{}' must be a Grafana server admin.", self.admin.user))
            }
            _ => fault,
        }
    }
}

impl Admin {
    fn read(kept: &SecretString) -> Result<Self, Fault> {
        serde_json::from_str(kept.expose_secret()).map_err(|e| {
            // Not with its words: they may be the password.
            Fault::terminal(format!("grafana's secret is no {{user, password}}: line {}", e.line()))
        })
    }
}

/// Where the part behind this one begins: a part that is not full is the last.
fn next(page: u32, found: usize) -> Option<String> {
    (found >= PART).then(|| (page + 1).to_string())
}

fn page(after: Option<&str>, first: u32) -> Result<u32, Fault> {
    let unknown = |e| Fault::terminal(format!("this is no part of a listing of grafana's: {e}"));
    after.map_or(Ok(first), |after| after.parse().map_err(unknown))
}

/// A name with its owner's mark.
fn marked(name: &str, owner: &str) -> String {
    format!("{name} [{owner}]")
}

/// A name and its owner, if it has one.
fn unmarked(name: &str) -> (String, Option<String>) {
    match name.strip_suffix(']').and_then(|name| name.rsplit_once(" [")) {
        Some((name, owner)) => (name.to_owned(), Some(owner.to_owned())),
        None => (name.to_owned(), None),
    }
}

#[cfg(test)]
mod tests;

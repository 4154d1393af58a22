#![doc = include_str!("../README.md")]

mod dns;
mod hostname;

use std::sync::Arc;

pub use dns::{Kind, NewRecord, Record};
use fault::{Actor, Fault};
pub use hostname::{CertificateStatus, Hostname, HostnameStatus, Proof, Validation};
use http_client::{Api, Governor, Http, Method, Quota, RequestBuilder, StatusCode};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

const SERVICE: &str = "cloudflare";

/// Where Cloudflare answers.
pub const URL: &str = "https://api.cloudflare.com/client/v4";

/// 1200 calls in five minutes for each user, whatever they are made with, and then none for five minutes; 200 a second from
/// one address (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>). The dashboard's count, too.
pub const CALLS: Quota = Quota { provider: SERVICE, of: "calls", calls: 1000, seconds: 300, burst: 100 };

/// Already there: a custom hostname; a DNS record of the name; the very same record.
const THERE: [u32; 3] = [1406, 81057, 81058];
/// Not there: a custom hostname; a DNS record.
const MISSING: [u32; 2] = [1436, 81044];

/// One zone, as the holder of a token.
#[derive(Clone, Debug)]
pub struct Zone {
    api: Api,
    id: String,
    token: SecretString,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// What every answer comes in.
#[derive(Debug, Deserialize)]
struct Envelope<T> {
    // Deleting a hostname answers with its id alone.
    #[serde(default = "yes")]
    success: bool,
    #[serde(default)]
    errors: Vec<Said>,
    result: Option<T>,
}

#[derive(Debug, Deserialize)]
struct Said {
    code: u32,
    message: String,
}

/// How a call went that may have found nothing, or too much.
enum Outcome<T> {
    Done(Option<T>),
    Refused(Fault, Vec<u32>),
}

impl Zone {
    /// The zone that `CLOUDFLARE_ZONE` has the id of. Reads the token from the vault: `CLOUDFLARE_TOKEN_SECRET` names
    /// it there. `CLOUDFLARE_URL` says where Cloudflare answers, if elsewhere.
    pub async fn from_env(governor: Arc<dyn Governor>) -> Result<Self, Fault> {
        let missing = |e: aws::MissingVariable| Fault::terminal(e.to_string());
        let reference = aws::variable("CLOUDFLARE_TOKEN_SECRET").map_err(missing)?;
        let token = Vault::from_env().await.read(&SecretRef(reference)).await?;
        let url = aws::variable("CLOUDFLARE_URL").ok().unwrap_or_else(|| URL.to_owned());
        let zone =
            Self::new(Http::network(), &url, aws::variable("CLOUDFLARE_ZONE").map_err(missing)?, token)?;
        Ok(zone.governed(governor))
    }

    pub fn new(http: Http, url: &str, id: String, token: SecretString) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, id, token })
    }

    /// The same, asked only when the governor lets it be.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>) -> Self {
        Self { api: self.api.governed(governor, |_| CALLS), ..self }
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        let path: Vec<&str> = ["zones", &self.id].iter().chain(path).copied().collect();
        Ok(self.api.request(method, &path)?.bearer_auth(self.token.expose_secret()))
    }

    /// What must succeed.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        match self.exchange(request).await? {
            Outcome::Done(Some(result)) => Ok(result),
            Outcome::Done(None) => {
                Err(Fault::terminal("cloudflare succeeded with nothing").from_provider(SERVICE, None))
            }
            Outcome::Refused(fault, _) => Err(fault),
        }
    }

    /// What need not be there.
    async fn find<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Fault> {
        match self.exchange(request).await? {
            Outcome::Done(result) => Ok(result),
            Outcome::Refused(_, codes) if codes.iter().any(|code| MISSING.contains(code)) => Ok(None),
            Outcome::Refused(fault, _) => Err(fault),
        }
    }

    /// Making what was not there a moment ago.
    async fn create<T: DeserializeOwned>(&self, request: RequestBuilder, name: &str) -> Result<T, Fault> {
        match self.exchange(request).await? {
            Outcome::Refused(mut fault, codes) if codes.iter().any(|code| THERE.contains(code)) => {
                fault.kind = fault::Kind::Transient;
                fault.cause = format!("{name} appeared in cloudflare meanwhile; look again");
                Err(fault)
            }
            Outcome::Done(Some(result)) => Ok(result),
            Outcome::Done(None) => {
                Err(Fault::transient(format!("cloudflare did not say what {name} became"))
                    .from_provider(SERVICE, None))
            }
            Outcome::Refused(fault, _) => Err(fault),
        }
    }

    /// Already gone is success.
    async fn delete(&self, path: &[&str]) -> Result<(), Fault> {
        self.find::<IgnoredAny>(self.request(Method::DELETE, path)?).await.map(drop)
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Outcome<T>, Fault> {
        let answer = self.api.send(request).await?;
        if !answer.status().is_success() {
            let missing = answer.status() == StatusCode::NOT_FOUND;
            let (fault, said) = self.api.refusal::<Envelope<IgnoredAny>>(answer).await;
            let errors = said.map(|said| said.errors).unwrap_or_default();
            let mut codes: Vec<u32> = errors.iter().map(|error| error.code).collect();
            // A route that is not there is 404, too, with a code of its own (7003): that is no absence.
            if missing && codes.is_empty() {
                codes.push(MISSING[0]);
            }
            return Ok(Outcome::Refused(because(fault, &errors), codes));
        }
        let envelope: Envelope<T> = self.api.decode(answer).await?;
        if envelope.success {
            return Ok(Outcome::Done(envelope.result));
        }
        let codes = envelope.errors.iter().map(|error| error.code).collect();
        let fault = Fault::terminal("cloudflare refused").from_provider(SERVICE, None);
        Ok(Outcome::Refused(because(fault, &envelope.errors), codes))
    }
}

/// What a refusal says of itself, who must act and how.
fn because(mut fault: Fault, errors: &[Said]) -> Fault {
    let Some(first) = errors.first() else { return fault };
    let said: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.code, error.message)).collect();
    fault.cause = format!("cloudflare refused: {}", said.join("; "));
    match first.code {
        1407..=1411 => fault.for_actor(Actor::Customer).hint("Cloudflare does not take this name; choose another domain."),
        1404 | 1405 => fault.hint("The zone's custom hostnames are used up: raise the quota in Cloudflare's dashboard."),
        1000 | 1003 | 9109 | 10000 => {
            fault.hint("The token needs 'SSL and Certificates: Edit' and 'DNS: Edit' on the zone, and must not have ended.")
        }
        _ => fault,
    }
}

/// Where the part behind this one begins: a part that is not full is the last.
fn next(after: Option<&str>, found: usize, of: usize) -> Result<Option<String>, Fault> {
    let page = page(after)?;
    Ok((found >= of).then(|| (page + 1).to_string()))
}

fn page(after: Option<&str>) -> Result<u32, Fault> {
    let unknown = |e| Fault::terminal(format!("this is no part of a listing of cloudflare's: {e}"));
    after.map_or(Ok(1), |after| after.parse().map_err(unknown))
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;

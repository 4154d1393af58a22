#![doc = include_str!("../README.md")]

use fault::{Fault, Kind};
use http_client::{Api, Http, Method, RequestBuilder, Response, StatusCode};
use jiff::Timestamp;
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const SERVICE: &str = "websites";

/// As many as the service lists at once.
const PART: usize = 100;

/// The service, as the holder of its token.
#[derive(Clone, Debug)]
pub struct Websites {
    api: Api,
    token: SecretString,
}

/// A tenant's record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Website {
    pub id: i64,
    pub name: String,
    /// Where its shop is, `acme.collectverything.com`.
    pub domain: String,
    #[serde(rename = "tenant_id")]
    pub owner: String,
    pub tier: String,
    pub status: Status,
    #[serde(rename = "created_at")]
    pub made_at: Timestamp,
}

/// Whether its shop is served, or being taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Deprovisioning,
}

/// A record to be made; it begins as active.
#[derive(Clone, Copy, Debug)]
pub struct NewWebsite<'a> {
    pub name: &'a str,
    pub domain: &'a str,
    pub owner: &'a str,
    pub subscription: Option<&'a str>,
    pub tier: &'a str,
}

/// What a record is to become; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Website>,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    message: String,
}

impl Websites {
    /// `WEBSITES_URL` says where the service is, up to `/api/v1`, and `WEBSITES_TOKEN_SECRET` names its token in the vault.
    pub async fn from_env() -> Result<Self, Fault> {
        let missing = |e: aws::MissingVariable| Fault::terminal(e.to_string());
        let url = aws::variable("WEBSITES_URL").map_err(missing)?;
        let reference = aws::variable("WEBSITES_TOKEN_SECRET").map_err(missing)?;
        let token = Vault::from_env().await.read(&SecretRef(reference)).await?;
        Self::new(Http::network(), &url, token)
    }

    pub fn new(http: Http, url: &str, token: SecretString) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, token })
    }

    /// The record of an owner.
    pub async fn find(&self, owner: &str) -> Result<Option<Website>, Fault> {
        let request = self.request(Method::GET, &["websites"])?.query(&[("tenant_id", owner)]);
        let Listing { data } = self.ask(request).await?;
        Ok(data.into_iter().find(|website| website.owner == owner))
    }

    /// All records, a hundred at a time.
    pub async fn list(&self, after: Option<&str>) -> Result<Part<Website>, Fault> {
        let unknown = |e| Fault::terminal(format!("this is no part of a listing of websites: {e}"));
        let page: u32 = after.map_or(Ok(1), |after| after.parse().map_err(unknown))?;
        let request = self.request(Method::GET, &["websites"])?;
        let request = request.query(&[("page", page.to_string()), ("per_page", PART.to_string())]);
        let Listing { data } = self.ask(request).await?;
        let next = (data.len() >= PART).then(|| (page + 1).to_string());
        Ok(Part { items: data, next })
    }

    /// Makes a record. The caller has looked that its owner has none.
    pub async fn create(&self, new: &NewWebsite<'_>) -> Result<Website, Fault> {
        let body = serde_json::json!({
            "name": new.name, "domain": new.domain, "tenant_id": new.owner, "subscription_id": new.subscription,
            "tier": new.tier, "status": Status::Active,
        });
        let answer = self.api.send(self.request(Method::POST, &["websites"])?.json(&body)).await?;
        let status = answer.status();
        if status.is_success() {
            return self.api.decode(answer).await;
        }
        let mut fault = self.refused(answer).await;
        if status == StatusCode::CONFLICT {
            // Of the owner, and looking again finds it; or of the domain, and trying again ends with the same words.
            fault.kind = Kind::Transient;
            let hint = format!("If it stays so, another record has the domain {}.", new.domain);
            fault = fault.hint(hint);
        }
        Err(fault)
    }

    /// Changes a record. `None` when it is gone.
    pub async fn change(&self, id: i64, change: &Change<'_>) -> Result<Option<Website>, Fault> {
        let request = self.request(Method::PATCH, &["websites", &id.to_string()])?.json(change);
        let answer = self.api.send(request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => self.api.decode(answer).await.map(Some),
            _ => Err(self.refused(answer).await),
        }
    }

    /// Already gone is success.
    pub async fn delete(&self, id: i64) -> Result<(), Fault> {
        let answer = self.api.send(self.request(Method::DELETE, &["websites", &id.to_string()])?).await?;
        if answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(self.refused(answer).await)
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        Ok(self.api.request(method, path)?.bearer_auth(self.token.expose_secret()))
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    async fn refused(&self, answer: Response) -> Fault {
        let status = answer.status();
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { message }) = said {
            fault.cause = format!("websites refused: {message}");
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                fault.hint("The service does not take the token: compare the vault's with the service's own.")
            }
            _ => fault,
        }
    }
}

#[cfg(test)]
mod tests;

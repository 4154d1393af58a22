use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Part, Zone, next, page};

/// As many as Cloudflare lists at once.
const PART: usize = 50;

/// A customer's domain that Cloudflare serves for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostname {
    pub id: String,
    pub hostname: String,
    pub status: HostnameStatus,
    /// `None` until Cloudflare has begun with one.
    pub certificate: Option<CertificateStatus>,
    /// What the domain's holder must publish; any one of a kind will do.
    pub proofs: Vec<Proof>,
    /// What is wrong with what was published, in Cloudflare's words.
    pub errors: Vec<String>,
    pub made_at: Option<Timestamp>,
}

impl Hostname {
    /// Visitors reach us there, over TLS.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.status, HostnameStatus::Active | HostnameStatus::ActiveRedeploying)
            && self.certificate == Some(CertificateStatus::Active)
    }
}

/// Whether the domain points to us, and we may have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostnameStatus {
    Pending,
    PendingProvisioned,
    PendingMigration,
    Provisioned,
    Active,
    ActiveRedeploying,
    /// Pointed to us, and no longer does.
    Moved,
    PendingBlocked,
    /// Cloudflare does not serve this domain.
    Blocked,
    PendingDeletion,
    Deleted,
    #[serde(untagged)]
    Other(String),
}

/// How far its certificate is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateStatus {
    Initializing,
    PendingValidation,
    PendingIssuance,
    PendingDeployment,
    Active,
    PendingExpiration,
    Expired,
    PendingDeletion,
    Deleted,
    InitializingTimedOut,
    ValidationTimedOut,
    IssuanceTimedOut,
    DeploymentTimedOut,
    DeletionTimedOut,
    #[serde(untagged)]
    Other(String),
}

/// How the certificate authority sees that the domain is ours to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// By a file, which Cloudflare serves itself once the domain points to it.
    Http,
    /// By a TXT record.
    Txt,
}

/// What shows that whoever asks holds the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    Txt { name: String, value: String },
    File { url: String, body: String },
}

#[derive(Deserialize)]
pub(crate) struct Told {
    id: String,
    hostname: String,
    status: HostnameStatus,
    ssl: Option<Ssl>,
    ownership_verification: Option<Published>,
    ownership_verification_http: Option<Published>,
    #[serde(default)]
    verification_errors: Vec<String>,
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Ssl {
    status: Option<CertificateStatus>,
    #[serde(default)]
    validation_records: Vec<Published>,
    #[serde(default)]
    validation_errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Published {
    #[serde(alias = "txt_name")]
    name: Option<String>,
    #[serde(alias = "txt_value")]
    value: Option<String>,
    http_url: Option<String>,
    http_body: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    message: Option<String>,
}

impl Zone {
    /// The custom hostname of exactly this name. Whose it is, the caller compares.
    pub async fn find_hostname(&self, hostname: &str) -> Result<Option<Hostname>, Fault> {
        let request = self.request(Method::GET, &["custom_hostnames"])?.query(&[("hostname", hostname)]);
        let found: Vec<Told> = self.ask(request).await?;
        Ok(found.into_iter().map(Told::read).find(|found| found.hostname.eq_ignore_ascii_case(hostname)))
    }

    pub async fn hostname(&self, id: &str) -> Result<Option<Hostname>, Fault> {
        let found: Option<Told> = self.find(self.request(Method::GET, &["custom_hostnames", id])?).await?;
        Ok(found.map(Told::read))
    }

    /// The zone's custom hostnames, fifty at a time.
    pub async fn hostnames(&self, after: Option<&str>) -> Result<Part<Hostname>, Fault> {
        let request = self.request(Method::GET, &["custom_hostnames"])?;
        let request = request.query(&[("page", page(after)?.to_string()), ("per_page", PART.to_string())]);
        let found: Vec<Told> = self.ask(request).await?;
        let next = next(after, found.len(), PART)?;
        Ok(Part { items: found.into_iter().map(Told::read).collect(), next })
    }

    /// Makes a custom hostname, with a certificate to come. The caller has looked that there is none of this name, and
    /// keeps whose it is: nothing about a hostname can say so.
    pub async fn create_hostname(&self, hostname: &str, by: Validation) -> Result<Hostname, Fault> {
        let body = json!({ "hostname": hostname, "ssl": by.ssl() });
        let request = self.request(Method::POST, &["custom_hostnames"])?.json(&body);
        let made: Told = self.create(request, &format!("the hostname {hostname}")).await?;
        Ok(made.read())
    }

    /// Begins the certificate's validation anew, when it has timed out. What was published before may no longer count.
    pub async fn revalidate(&self, id: &str, by: Validation) -> Result<Hostname, Fault> {
        let request =
            self.request(Method::PATCH, &["custom_hostnames", id])?.json(&json!({ "ssl": by.ssl() }));
        let changed: Told = self.ask(request).await?;
        Ok(changed.read())
    }

    /// Deletes a custom hostname with its certificate. Already gone is success.
    pub async fn delete_hostname(&self, id: &str) -> Result<(), Fault> {
        self.delete(&["custom_hostnames", id]).await
    }
}

impl Validation {
    fn ssl(self) -> Value {
        let method = match self {
            Self::Http => "http",
            Self::Txt => "txt",
        };
        json!({ "method": method, "type": "dv" })
    }
}

impl Told {
    fn read(self) -> Hostname {
        let mut published: Vec<Published> =
            self.ownership_verification.into_iter().chain(self.ownership_verification_http).collect();
        let mut errors = self.verification_errors;
        let mut certificate = None;
        if let Some(ssl) = self.ssl {
            certificate = ssl.status;
            published.extend(ssl.validation_records);
            errors.extend(ssl.validation_errors.into_iter().filter_map(|problem| problem.message));
        }
        let proofs = published.into_iter().filter_map(Published::read).collect();
        let (id, hostname, status, made_at) = (self.id, self.hostname, self.status, self.created_at);
        Hostname { id, hostname, status, certificate, proofs, errors, made_at }
    }
}

impl Published {
    fn read(self) -> Option<Proof> {
        match self {
            Self { name: Some(name), value: Some(value), .. } => Some(Proof::Txt { name, value }),
            Self { http_url: Some(url), http_body: Some(body), .. } => Some(Proof::File { url, body }),
            _ => None,
        }
    }
}

#![doc = include_str!("../README.md")]

mod admin;
mod bucket;
mod connector;
mod object;
mod policy;
mod seal;
mod user;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
pub use bucket::{Bucket, Settings, bucket_name};
use fault::Fault;
use http_client::Http;
pub use object::{Listed, Object};
pub use policy::{Access, FolderPolicy, Lent, NewPolicy, Policy};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
pub use user::User;

use crate::admin::Admin;
use crate::connector::{Clock, Connector};

const SERVICE: &str = "object-store";

/// MinIO's own, unless it is told another.
const REGION: &str = "us-east-1";

/// One server, as whoever signed in.
#[derive(Clone, Debug)]
pub struct ObjectStore {
    s3: Client,
    admin: Admin,
}

/// Who signs in, and where; as it is kept in the vault.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    /// `http://minio.e-commerce-shared.svc.cluster.local:9000`
    pub endpoint: String,
    /// Where the admin API is, if elsewhere.
    pub admin_endpoint: Option<String>,
    pub access_key: String,
    pub secret_key: SecretString,
}

/// A part of a listing, and where the next part begins.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl ObjectStore {
    /// Signs in as whom `OBJECT_STORE_SECRET` names in the vault.
    pub async fn from_env() -> Result<Self, Fault> {
        let reference = aws::variable("OBJECT_STORE_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        let kept = Vault::from_env().await.read(&SecretRef(reference)).await?;
        Self::new(Http::network(), &Login::read(&kept)?)
    }

    pub fn new(http: Http, login: &Login) -> Result<Self, Fault> {
        let (key, secret) = (&login.access_key, login.secret_key.expose_secret());
        let credentials = Credentials::new(key, secret, None, None, SERVICE);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            // With a slash: the SDK puts a bucket's name right behind a path.
            .endpoint_url(format!("{}/", login.endpoint.trim_end_matches('/')))
            .force_path_style(true)
            .credentials_provider(credentials.clone())
            .http_client(Connector(http.clone()))
            .time_source(Clock)
            .retry_config(aws::retries())
            .timeout_config(aws::timeouts())
            // Older servers know none of the newer checksums; where one must be, it is sent all the same.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        let url = login.admin_endpoint.as_ref().unwrap_or(&login.endpoint);
        Ok(Self {
            s3: Client::from_conf(config),
            admin: Admin::new(http, url, credentials, login.secret_key.clone())?,
        })
    }

    /// The same, sealing through less memory than any MinIO opens: a simulation seals many thousand times.
    #[cfg(feature = "simulated")]
    #[must_use]
    pub fn sealing_through(mut self, memory_kib: u32) -> Self {
        self.admin.memory_kib = memory_kib;
        self
    }
}

impl Login {
    /// Reads what the vault keeps.
    pub fn read(kept: &SecretString) -> Result<Self, Fault> {
        serde_json::from_str(kept.expose_secret()).map_err(|e| {
            // Not with its words: they may be the key.
            let cause = format!("the object store's secret is not what it should be: line {}", e.line());
            Fault::terminal(cause)
                .hint("It is {\"endpoint\", \"admin_endpoint\"?, \"access_key\", \"secret_key\"}.")
        })
    }
}

/// What a refusal of the S3 side means.
fn refused<E, R>(error: &SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let fault = aws::fault(SERVICE, error);
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("AccessDenied") => {
            fault.hint("The user that signs in may not do this: compare its policies with what it is for.")
        }
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
            fault.hint("MinIO does not know this key or its secret: compare the vault's with the server's.")
        }
        _ => fault,
    }
}

/// Whether a call was refused with this code.
fn says<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, code: &str) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(code)
}

#[cfg(test)]
mod tests;

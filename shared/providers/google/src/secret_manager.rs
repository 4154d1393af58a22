use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum};
use fault::Fault;
use http_client::{Governor, Http, Method, Quota};
use jiff::Timestamp;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::{DEPLOYMENT, OWNER, Part, SECRETS_URL, Tokens, iam};

const SERVICE: &str = "google-secret-manager";

/// 600 reads and 600 changes a minute for each project; of reading values there may be more
/// (<https://cloud.google.com/secret-manager/quotas>).
pub const SECRET_READS: Quota = Quota { provider: SERVICE, of: "reads", calls: 540, seconds: 60, burst: 60 };
pub const SECRET_CHANGES: Quota = Quota { of: "changes", ..SECRET_READS };

/// The secrets of one Google Cloud project.
#[derive(Clone, Debug)]
pub struct SecretManager {
    caller: Caller,
    project: String,
}

/// A secret: a name with an owner. Its values are versions of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// 1 to 255 letters, digits, hyphens and underscores.
    pub id: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    pub made_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    /// `projects/{number}/secrets/{id}`
    name: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    create_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    secrets: Vec<Told>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    create_time: Timestamp,
}

#[derive(Deserialize)]
struct Access {
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    data: SecretString,
    /// CRC32C, a 64-bit number as text.
    data_crc32c: Option<String>,
}

impl SecretManager {
    /// The project that `GOOGLE_PROJECT` names; `GOOGLE_SECRETS_URL` says where Secret Manager answers, if elsewhere.
    pub fn from_env(tokens: Tokens, governor: Arc<dyn Governor>) -> Result<Self, Fault> {
        let project = aws::variable("GOOGLE_PROJECT").map_err(|e| Fault::terminal(e.to_string()))?;
        let url = aws::variable("GOOGLE_SECRETS_URL").ok().unwrap_or_else(|| SECRETS_URL.to_owned());
        Ok(Self::new(Http::network(), &url, tokens, project)?.governed(governor))
    }

    pub fn new(http: Http, url: &str, tokens: Tokens, project: String) -> Result<Self, Fault> {
        Ok(Self { caller: Caller::new(http, SERVICE, url, tokens)?, project })
    }

    /// The same, asked only when the governor lets it be.
    #[must_use]
    pub fn governed(self, governor: Arc<dyn Governor>) -> Self {
        let quota = |method: &Method| if *method == Method::GET { SECRET_READS } else { SECRET_CHANGES };
        Self { caller: self.caller.governed(governor, quota), ..self }
    }

    pub async fn find(&self, id: &str) -> Result<Option<Secret>, Fault> {
        let found: Option<Told> = self.caller.find(self.caller.request(Method::GET, &self.path(id))?).await?;
        Ok(found.map(Told::read))
    }

    /// A deployment's secrets, a hundred at a time.
    pub async fn list(&self, deployment: &str, after: Option<&str>) -> Result<Part<Secret>, Fault> {
        let request = self
            .caller
            .request(Method::GET, &["v1", "projects", &self.project, "secrets"])?
            .query(&[("filter", format!("labels.{DEPLOYMENT}={deployment}"))])
            .query(&[("pageSize", Some("100")), ("pageToken", after)]);
        let Listing { secrets, next_page_token } = self.caller.ask(request).await?;
        let next = next_page_token.filter(|token| !token.is_empty());
        Ok(Part { items: secrets.into_iter().map(Told::read).collect(), next })
    }

    /// Makes a secret without a value. The caller has looked that there is none of this id.
    pub async fn create(&self, id: &str, owner: &str, deployment: &str) -> Result<(), Fault> {
        let request = self
            .caller
            .request(Method::POST, &["v1", "projects", &self.project, "secrets"])?
            .query(&[("secretId", id)])
            .json(&json!({
                "replication": { "automatic": {} },
                "labels": { DEPLOYMENT: deployment },
                "annotations": { OWNER: owner },
            }));
        self.caller.ask::<IgnoredAny>(request).await.map(drop)
    }

    /// Adds a value, at most 64 KiB, and says when. It is the latest from now on. Each call adds one.
    pub async fn add_version(&self, id: &str, value: &SecretString) -> Result<Timestamp, Fault> {
        let data = value.expose_secret().as_bytes();
        let last = format!("{id}:addVersion");
        let request = self.caller.request(Method::POST, &self.path(&last))?.json(&json!({
            "payload": { "data": STANDARD.encode(data), "dataCrc32c": crc32c(data) },
        }));
        let version: Version = self.caller.ask_quietly(request).await?;
        Ok(version.create_time)
    }

    /// When the latest value was added; `None` when there is no secret, or no value in it.
    pub async fn changed_at(&self, id: &str) -> Result<Option<Timestamp>, Fault> {
        let path = ["v1", "projects", &self.project, "secrets", id, "versions", "latest"];
        let found: Option<Version> = self.caller.find(self.caller.request(Method::GET, &path)?).await?;
        Ok(found.map(|version| version.create_time))
    }

    /// The latest value; `None` when there is no secret, or no value in it.
    pub async fn latest(&self, id: &str) -> Result<Option<SecretString>, Fault> {
        let path = ["v1", "projects", &self.project, "secrets", id, "versions", "latest:access"];
        let found: Option<Access> = self.caller.find(self.caller.request(Method::GET, &path)?).await?;
        let Some(Access { payload }) = found else { return Ok(None) };
        let spoilt =
            |what: &str| Fault::terminal(format!("the secret {id} {what}")).from_provider(SERVICE, None);
        let data = STANDARD.decode(payload.data.expose_secret()).map_err(|_| spoilt("is not in base64"))?;
        if payload.data_crc32c.is_some_and(|said| said != crc32c(&data)) {
            let cause = format!("the secret {id} did not come as it was sent");
            return Err(Fault::transient(cause).from_provider(SERVICE, None));
        }
        String::from_utf8(data).map(|text| Some(text.into())).map_err(|_| spoilt("holds no text"))
    }

    /// Deletes a secret with all its values, at once. Already gone is success.
    pub async fn delete(&self, id: &str) -> Result<(), Fault> {
        self.caller.find::<Value>(self.caller.request(Method::DELETE, &self.path(id))?).await.map(drop)
    }

    /// Lets somebody have a role on a secret: `serviceAccount:a@b`, `roles/secretmanager.secretAccessor`. It may take
    /// minutes to be felt.
    pub async fn grant(&self, id: &str, member: &str, role: &str) -> Result<(), Fault> {
        iam::grant(&self.caller, &self.path(id), member, role).await
    }

    /// Whether somebody has a role on a secret itself; not whether they have it on the project.
    pub async fn holds(&self, id: &str, member: &str, role: &str) -> Result<bool, Fault> {
        iam::holds(&self.caller, &self.path(id), member, role).await
    }

    /// Who does not have the role is success.
    pub async fn revoke(&self, id: &str, member: &str, role: &str) -> Result<(), Fault> {
        iam::revoke(&self.caller, &self.path(id), member, role).await
    }

    fn path<'a>(&'a self, id: &'a str) -> [&'a str; 5] {
        ["v1", "projects", &self.project, "secrets", id]
    }
}

impl Told {
    fn read(mut self) -> Secret {
        let id = self.name.rsplit('/').next().unwrap_or_default().to_owned();
        Secret { id, owner: self.annotations.remove(OWNER), made_at: self.create_time }
    }
}

fn crc32c(data: &[u8]) -> String {
    checksum(CrcAlgorithm::Crc32Iscsi, data).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        // The check value of the algorithm's definition.
        assert_eq!(crc32c(b"123456789"), 0xE306_9283_u32.to_string());
    }
}

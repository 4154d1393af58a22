use fault::Fault;
use http_client::Method;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::ObjectStore;

const MISSING: &str = "XMinioAdminNoSuchUser";

/// Somebody who may sign in; what they may do is their policies'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub enabled: bool,
    /// The names of what is attached.
    pub policies: Vec<String>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    status: String,
    #[serde(rename = "policyName", default)]
    policies: String,
}

impl ObjectStore {
    pub async fn find_user(&self, name: &str) -> Result<Option<User>, Fault> {
        let request = self.admin.request(Method::GET, &["user-info"])?.query(&[("accessKey", name)]);
        let found: Option<Told> = self.admin.find(request, MISSING).await?;
        Ok(found.map(|told| User {
            enabled: told.status == "enabled",
            policies: told.policies.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        }))
    }

    /// Makes a user be there, with this secret key of at least 8 characters, and enabled. It may do nothing yet.
    pub async fn put_user(&self, name: &str, secret_key: &SecretString) -> Result<(), Fault> {
        let body = json!({ "secretKey": secret_key.expose_secret(), "status": "enabled" });
        let sealed = self.admin.sealed(body.to_string().as_bytes())?;
        let request = self.admin.request(Method::PUT, &["add-user"])?.query(&[("accessKey", name)]);
        self.admin.done(request.body(sealed), &[]).await
    }

    /// Whether a user may sign in; it keeps all else.
    pub async fn enable_user(&self, name: &str, enabled: bool) -> Result<(), Fault> {
        let status = if enabled { "enabled" } else { "disabled" };
        let request = self.admin.request(Method::PUT, &["set-user-status"])?;
        self.admin.done(request.query(&[("accessKey", name), ("status", status)]), &[]).await
    }

    /// Makes a policy be one of a user's.
    pub async fn attach_policy(&self, user: &str, policy: &str) -> Result<(), Fault> {
        let body = json!({ "policies": [policy], "user": user });
        let sealed = self.admin.sealed(body.to_string().as_bytes())?;
        let request = self.admin.request(Method::POST, &["idp", "builtin", "policy", "attach"])?;
        // The answer is sealed, too, and says what we asked for.
        self.admin.done(request.body(sealed), &["XMinioAdminPolicyChangeAlreadyApplied"]).await
    }

    /// Already gone is success.
    pub async fn remove_user(&self, name: &str) -> Result<(), Fault> {
        let request = self.admin.request(Method::DELETE, &["remove-user"])?.query(&[("accessKey", name)]);
        self.admin.done(request, &[MISSING]).await
    }
}

use clap::Args;
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::{Tenant, TenantId};

use super::{Accepted, Api, Error, answer};

/// A signup, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Signup {
    /// The store's name, as customers read it.
    #[arg(long)]
    pub(crate) name: String,
    /// Its name under our domain.
    #[arg(long)]
    pub(crate) subdomain: String,
    /// The owner's address.
    #[arg(long)]
    pub(crate) email: String,
    /// What it is made of.
    #[arg(long, default_value = "merchant-workspace")]
    pub(crate) blueprint: String,
    /// Defaults to the blueprint's first.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    /// Defaults to the blueprint's first.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme: Option<String>,
    /// What the store sells.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// An outside service to connect; may be repeated.
    #[arg(long = "integration")]
    pub(crate) integrations: Vec<String>,
    /// What becomes of what is made, should it fail; defaults to the blueprint's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<String>,
}

/// A retry, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Again {
    /// Why: it is written down.
    #[arg(long)]
    pub(crate) reason: String,
    /// Whether what is done is taken as it is, or every step runs again.
    #[arg(long, value_parser = ["failed_step", "start"], default_value = "failed_step")]
    pub(crate) from: String,
    /// What becomes of what it makes, should it fail again; defaults to the signup's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<String>,
    /// An optional step to do without; may be repeated.
    #[arg(long)]
    pub(crate) skip: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) edit: Edit,
}

/// What of a signup is to be different when it is tried again; what is not named stays.
#[derive(Clone, Debug, Default, Args, Serialize)]
#[command(next_help_heading = "Changes to the signup")]
pub(crate) struct Edit {
    /// The store's name.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Its name under our domain; the old one is free for others then.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subdomain: Option<String>,
    /// The owner's address.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme: Option<String>,
    /// What the store sells.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// An outside service to connect, instead of those there are; may be repeated.
    #[arg(long = "integration")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) integrations: Vec<String>,
}

/// What somebody did to a tenant.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Audit {
    pub(crate) at: Timestamp,
    pub(crate) who: String,
    pub(crate) why: String,
    pub(crate) action: String,
}

impl Api {
    pub(crate) async fn sign_up(&self, signup: &Signup, key: &str) -> Result<Accepted, Error> {
        let request = self.request(Method::POST, &["tenants"]).header("idempotency-key", key).json(signup);
        answer(request).await
    }

    pub(crate) async fn tenant(&self, id: &TenantId) -> Result<Tenant, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str()])).await
    }

    pub(crate) async fn retry(&self, id: &TenantId, retry: &Again) -> Result<Accepted, Error> {
        self.act(id, "retry", retry).await
    }

    pub(crate) async fn delete(&self, id: &TenantId, reason: Option<&str>) -> Result<Accepted, Error> {
        let request = self.request(Method::DELETE, &["tenants", id.as_str()]);
        answer(match reason {
            Some(reason) => request.json(&json!({ "reason": reason })),
            None => request,
        })
        .await
    }

    pub(crate) async fn force_delete(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "force-delete", &json!({ "reason": reason })).await
    }

    pub(crate) async fn suspend(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "suspend", &json!({ "reason": reason })).await
    }

    pub(crate) async fn resume(&self, id: &TenantId, reason: &str) -> Result<Accepted, Error> {
        self.act(id, "resume", &json!({ "reason": reason })).await
    }

    pub(crate) async fn change_plan(
        &self,
        id: &TenantId,
        plan: &str,
        reason: &str,
    ) -> Result<Accepted, Error> {
        self.act(id, "change-plan", &json!({ "reason": reason, "plan": plan })).await
    }

    /// What is asked of a tenant as a whole.
    async fn act(&self, id: &TenantId, act: &str, wish: &impl Serialize) -> Result<Accepted, Error> {
        answer(self.request(Method::POST, &["tenants", id.as_str(), act]).json(wish)).await
    }

    /// Who did what to a tenant, and why.
    pub(crate) async fn audit(&self, id: &TenantId) -> Result<Vec<Audit>, Error> {
        self.all(&["tenants", id.as_str(), "audit"]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signup_is_sent_as_the_api_reads_it() {
        let signup = Signup {
            name: "Acme".to_owned(),
            subdomain: "acme".to_owned(),
            email: "owner@acme.example".to_owned(),
            blueprint: "merchant-workspace".to_owned(),
            plan: None,
            theme: Some("modern".to_owned()),
            category: None,
            integrations: vec!["stripe".to_owned()],
            on_failure: Some("hold".to_owned()),
        };
        let sent = serde_json::to_value(signup).expect("JSON");
        let read: tenancy::SignupRequest = serde_json::from_value(sent).expect("a signup request");
        assert_eq!(read.theme.as_deref(), Some("modern"));
        assert_eq!(read.plan, None);
        assert!(read.integrations.contains("stripe"));
        assert_eq!(read.on_failure, Some(tenancy::OnFailure::Hold));
    }

    #[test]
    fn a_retry_names_what_is_to_be_different_and_nothing_else() {
        let retry = Again {
            reason: "mistyped".to_owned(),
            from: "failed_step".to_owned(),
            on_failure: None,
            skip: Vec::new(),
            edit: Edit { email: Some("owner@acme.example".to_owned()), ..Edit::default() },
        };
        let sent = serde_json::to_value(retry).expect("JSON");
        let wanted = json!({
            "reason": "mistyped", "from": "failed_step", "skip": [], "email": "owner@acme.example",
        });
        assert_eq!(sent, wanted);
    }
}

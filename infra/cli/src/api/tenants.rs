use clap::{Args, ValueEnum};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use tenancy::{Tenant, TenantId};

use super::{Api, Change, Error, Reply, Said, answer};

/// Whose backups it is made from. For admins alone.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Origin {
    /// Makes it from the backups of that tenant.
    #[arg(long = "origin", value_name = "ID", required = false)]
    pub(crate) tenant: TenantId,
    /// As they were at that moment; the last there are, if left out.
    #[arg(long = "origin-at", value_name = "TIME", requires = "tenant")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
}

/// A signup, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Signup {
    /// Its name, as customers read it.
    pub(crate) name: String,
    /// Its name under our domain; made of the other, if left out.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subdomain: Option<String>,
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
    /// A domain of the customer's own, to begin with once it is active.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_domain: Option<String>,
    /// A setting it gets instead of its plan's; may be repeated. For admins alone.
    #[arg(long = "override", value_name = "NAME=VALUE", value_parser = setting)]
    #[serde(serialize_with = "settings", skip_serializing_if = "Vec::is_empty")]
    pub(crate) overrides: Vec<(String, String)>,
    /// What becomes of what is made, should it fail; defaults to the blueprint's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<String>,
    #[command(flatten)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
}

fn setting(given: &str) -> Result<(String, String), String> {
    let (name, value) = given.split_once('=').ok_or("expected one like memory=1Gi")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn settings<S: Serializer>(settings: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(settings.iter().map(|(name, value)| (name, value)))
}

/// What customers see of a store. What is not named stays.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub(crate) struct Storefront {
    /// The store's name.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// What the store sells.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// An outside service to connect, instead of those there are; may be repeated.
    #[arg(long = "integration")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    integrations: Vec<String>,
}

/// What of a signup is to be different; what is not named stays.
#[derive(Clone, Debug, Default, Args, Serialize)]
#[command(next_help_heading = "Changes to the signup")]
pub(crate) struct Edit {
    /// Its name under our domain; the old one is free for others then.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    subdomain: Option<String>,
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    storefront: Storefront,
}

/// Where a retry begins.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    FailedStep,
    Start,
}

/// A retry, as it is typed and as it is sent.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Again {
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// Whether what is done is taken as it is, or every step runs again.
    #[arg(long, default_value = "failed-step")]
    from: From,
    /// What becomes of what it makes, should it fail again; defaults to the signup's.
    #[arg(long, value_parser = ["compensate", "hold"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<String>,
    /// An optional step to do without; may be repeated.
    #[arg(long)]
    skip: Vec<String>,
    /// The owner's address.
    #[arg(long, help_heading = "Changes to the signup")]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    edit: Edit,
}

/// The approval of a signup, with what is to be different about it.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Approval {
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    #[serde(flatten)]
    edit: Edit,
}

/// What is to be different about a tenant.
#[derive(Clone, Debug, Args, Serialize)]
#[group(skip)]
pub(crate) struct Update {
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// The owner's address.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    storefront: Storefront,
}

/// Another plan, or settings of the tenant's own.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct PlanChange {
    /// It keeps its plan, if only overrides are given.
    #[arg(required_unless_present = "overrides")]
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
    /// A setting it gets instead of its plan's; may be repeated, what is not named is as the plan says. For admins alone.
    #[arg(long = "override", value_name = "NAME=VALUE", value_parser = setting)]
    #[serde(serialize_with = "settings", skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<(String, String)>,
    /// Does not wait for somebody else's approval. For admins alone, and told.
    #[arg(long)]
    break_glass: bool,
}

/// Another version of what a tenant is made of.
#[derive(Clone, Debug, Args, Serialize)]
#[group(skip)]
pub(crate) struct Upgrade {
    /// The newest, if none is named; an older one leads back to that.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// Why: it is written down.
    #[arg(long)]
    reason: String,
}

/// A tenant as it is shown.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ShownTenant {
    #[serde(flatten)]
    pub(crate) tenant: Tenant,
    /// The newest version of its blueprint, where that is newer than its own.
    #[serde(default)]
    pub(crate) newer_version: Option<u32>,
}

/// How a tenant is deleted.
#[derive(Clone, Debug, Default, Args, Serialize)]
pub(crate) struct Deletion {
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// For how many days it can be restored.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    grace_days: u16,
    /// Does not wait for somebody else's approval. For admins alone, and told.
    #[arg(long)]
    pub(crate) break_glass: bool,
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
    pub(crate) fn sign_up(&self, signup: &Signup) -> Change {
        Change(self.request(Method::POST, &["tenants"]).json(signup))
    }

    pub(crate) async fn tenant(&self, id: &TenantId) -> Result<Said<Tenant>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str()])).await
    }

    pub(crate) async fn shown_tenant(&self, id: &TenantId) -> Result<Said<ShownTenant>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str()])).await
    }

    /// Everything that is held about a tenant.
    pub(crate) async fn export(&self, id: &TenantId) -> Result<Said<Value>, Error> {
        answer(self.request(Method::GET, &["tenants", id.as_str(), "export"])).await
    }

    pub(crate) fn update(&self, id: &TenantId, update: &Update) -> Change {
        Change(self.request(Method::PATCH, &["tenants", id.as_str()]).json(update))
    }

    pub(crate) fn change_plan(&self, id: &TenantId, change: &PlanChange) -> Change {
        Change(self.request(Method::POST, &["tenants", id.as_str(), "change-plan"]).json(change))
    }

    pub(crate) fn upgrade(&self, id: &TenantId, upgrade: &Upgrade) -> Change {
        Change(self.request(Method::POST, &["tenants", id.as_str(), "upgrade"]).json(upgrade))
    }

    pub(crate) fn delete(&self, id: &TenantId, deletion: &Deletion) -> Change {
        Change(self.request(Method::DELETE, &["tenants", id.as_str()]).json(deletion))
    }

    pub(crate) async fn force_delete(
        &self,
        id: &TenantId,
        reason: &str,
        break_glass: bool,
    ) -> Result<Said<Reply>, Error> {
        self.act(id, "force-delete", &json!({ "reason": reason, "break_glass": break_glass })).await
    }

    pub(crate) async fn change_access(
        &self,
        id: &TenantId,
        access: &str,
        reason: &str,
    ) -> Result<Said<Reply>, Error> {
        self.act(id, "access", &json!({ "access": access, "reason": reason })).await
    }

    pub(crate) fn retry(&self, id: &TenantId, retry: &Again) -> Change {
        Change(self.request(Method::POST, &["tenants", id.as_str(), "retry"]).json(retry))
    }

    pub(crate) async fn approve(&self, id: &TenantId, approval: &Approval) -> Result<Said<Reply>, Error> {
        self.act(id, "approve", approval).await
    }

    /// What is asked of a tenant as a whole, for which there is nothing to say but why.
    pub(crate) async fn because(&self, id: &TenantId, act: &str, reason: &str) -> Result<Said<Reply>, Error> {
        self.act(id, act, &json!({ "reason": reason })).await
    }

    pub(crate) async fn restore(
        &self,
        id: &TenantId,
        subdomain: Option<&str>,
        reason: &str,
    ) -> Result<Said<Reply>, Error> {
        let mut wish = json!({ "reason": reason });
        if let Some(subdomain) = subdomain {
            wish["subdomain"] = subdomain.into();
        }
        self.act(id, "restore", &wish).await
    }

    async fn act(&self, id: &TenantId, act: &str, wish: &impl Serialize) -> Result<Said<Reply>, Error> {
        answer(self.request(Method::POST, &["tenants", id.as_str(), act]).json(wish)).await
    }

    /// Who did what to a tenant, and why.
    pub(crate) async fn audit(&self, id: &TenantId) -> Result<Said<Vec<Audit>>, Error> {
        self.all("audit", self.url(&["tenants", id.as_str(), "audit"])).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signup_is_sent_as_the_api_reads_it() {
        let signup = Signup {
            name: "Acme".to_owned(),
            subdomain: None,
            email: "owner@acme.example".to_owned(),
            blueprint: "merchant-workspace".to_owned(),
            plan: None,
            theme: Some("modern".to_owned()),
            category: None,
            integrations: vec!["stripe".to_owned()],
            custom_domain: None,
            overrides: vec![setting("memory=1Gi").expect("a setting")],
            on_failure: Some("hold".to_owned()),
            origin: Some(Origin { tenant: "other-9c0d1e".parse().expect("an id"), at: None }),
        };
        let sent = serde_json::to_value(signup).expect("JSON");
        let read: tenancy::SignupRequest = serde_json::from_value(sent).expect("a signup request");
        assert_eq!(read.theme.as_deref(), Some("modern"));
        assert_eq!(read.plan, None);
        assert!(read.integrations.contains("stripe"));
        assert_eq!(read.on_failure, Some(tenancy::OnFailure::Hold));
        assert_eq!((read.subdomain, &*read.overrides["memory"]), (None, "1Gi"));
        assert_eq!(read.origin.map(|origin| origin.tenant.to_string()).as_deref(), Some("other-9c0d1e"));
    }

    #[test]
    fn a_retry_names_what_is_to_be_different_and_nothing_else() {
        let retry = Again {
            reason: "mistyped".to_owned(),
            from: From::FailedStep,
            on_failure: None,
            skip: Vec::new(),
            email: Some("owner@acme.example".to_owned()),
            edit: Edit::default(),
        };
        let sent = serde_json::to_value(retry).expect("JSON");
        let wanted = json!({
            "reason": "mistyped", "from": "failed_step", "skip": [], "email": "owner@acme.example",
        });
        assert_eq!(sent, wanted);
    }
}

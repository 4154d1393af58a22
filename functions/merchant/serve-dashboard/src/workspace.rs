use fault::Fault;
use minijinja::{Value as Shown, context};
use s3::{Bucket, File};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tenancy::{Access, Email, TenantId};

use crate::values;

/// What can be connected, in the order it is shown.
const INTEGRATIONS: [(&str, &str); 4] =
    [("meta-ads", "Meta Ads"), ("stripe", "Stripe"), ("paypal", "PayPal"), ("analytics", "Analytics")];

/// One tenant's folder, as its dashboard reads it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) tenant: TenantId,
    bucket: Bucket,
    /// Our ownership mark for the tenant.
    mark: String,
    /// `dashboard/settings.json`, as merchant-configure-dashboard wrote it.
    settings: Value,
}

impl Workspace {
    pub(crate) async fn open(
        bucket: Bucket,
        deployment: &str,
        tenant: TenantId,
    ) -> Result<Option<Self>, Fault> {
        let Some(file) = bucket.get_file(&format!("workspaces/{tenant}/dashboard"), "settings.json").await?
        else {
            return Ok(None);
        };
        let settings = decode(&file)?;
        let mark = format!("{deployment}/{tenant}");
        Ok(Some(Self { tenant, bucket, mark, settings }))
    }

    /// Where this dashboard begins, without the closing slash.
    pub(crate) fn base(&self) -> String {
        format!("/dashboard/{}", self.settings["store"]["subdomain"].as_str().unwrap_or_default())
    }

    /// The owner's name in the user pool.
    pub(crate) fn username(&self) -> &str {
        self.tenant.as_str()
    }

    pub(crate) fn owner(&self) -> &str {
        self.settings["owner"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_owner(&self, email: &Email) -> bool {
        self.owner().eq_ignore_ascii_case(email.as_str())
    }

    /// Whether nobody is let in. One that was configured before tenants could be says nothing.
    pub(crate) fn is_suspended(&self) -> bool {
        self.settings["suspended"] == true
    }

    /// Full, where nothing is said.
    pub(crate) fn access(&self) -> Access {
        Access::deserialize(&self.settings["access"]).unwrap_or_default()
    }

    pub(crate) fn store(&self) -> Shown {
        values(&self.settings["store"])
    }

    /// What the first page shows.
    pub(crate) async fn home(&self) -> Result<Shown, Fault> {
        let onboarding = self.data("onboarding.json").await?;
        let catalogue = self.data("store.json").await?;
        let chosen = |id: &str| {
            self.settings["integrations"].as_array().is_some_and(|all| all.iter().any(|i| i == id))
        };
        let integrations =
            INTEGRATIONS.map(|(id, name)| json!({ "id": id, "name": name, "enabled": chosen(id) }));
        Ok(context! {
            owner => self.owner(),
            read_only => self.access() == Access::ReadOnly,
            site => self.settings["site"].as_str(),
            plan => values(&self.settings["plan"]),
            theme => values(&self.settings["theme"]),
            integrations => values(&json!(integrations)),
            onboarding => values(&onboarding["items"]),
            catalogue => values(&catalogue),
        })
    }

    /// Ticks an item of the checklist, or unticks it. An item that is not there changes nothing.
    pub(crate) async fn tick(&self, item: &str, done: bool) -> Result<(), Fault> {
        let mut onboarding = self.data("onboarding.json").await?;
        let items = onboarding["items"].as_array_mut();
        let Some(found) = items.and_then(|items| items.iter_mut().find(|i| i["id"] == item)) else {
            return Ok(());
        };
        found["done"] = done.into();
        let file = File::new("onboarding.json", "application/json", onboarding.to_string());
        self.bucket.put_file(&self.data_folder(), &self.mark, &file).await
    }

    async fn data(&self, path: &str) -> Result<Value, Fault> {
        let file = self.bucket.get_file(&self.data_folder(), path).await?;
        file.as_ref().map_or(Ok(Value::Null), decode)
    }

    fn data_folder(&self) -> String {
        format!("workspaces/{}/data", self.tenant)
    }
}

fn decode(file: &File) -> Result<Value, Fault> {
    serde_json::from_slice(&file.body)
        .map_err(|e| Fault::terminal(format!("{} is not valid JSON: {e}", file.path)))
}

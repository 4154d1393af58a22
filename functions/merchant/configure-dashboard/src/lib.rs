//! Writes what the tenant's dashboard shows: its plan and limits, theme, category, integrations and address, and what it
//! may be used for.
//!
//! A file of JSON in a folder of the tenant's own; the dashboard reads it and nothing else of the platform.

use fault::Fault;
use s3::{Bucket, File, Owned};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenancy::Mark;

#[derive(Debug)]
pub struct ConfigureDashboard {
    pub workspaces: Bucket,
    pub site_url: String,
    pub dashboard_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    folder: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    dashboard: String,
    /// Where the owner chooses a password, by the link of the welcome mail.
    first_sign_in: String,
}

impl Step for ConfigureDashboard {
    const NAME: &'static str = "merchant-configure-dashboard";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { folder: format!("workspaces/{}/dashboard", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let tenant = &cx.tenant;
        let settings = json!({
            "store": { "name": tenant.name, "subdomain": tenant.subdomain, "category": tenant.category },
            "owner": tenant.email,
            "plan": tenant.plan,
            "theme": tenant.theme,
            "integrations": tenant.integrations,
            "access": tenant.access,
            "suspended": tenant.suspended,
            "site": tenant.subdomain.address(&self.site_url),
        });
        let file = File::new("settings.json", "application/json", settings.to_string());
        self.workspaces.put_folder(&handle.folder, &cx.mark.to_string(), &[file]).await?;
        let dashboard = tenant.subdomain.address(&self.dashboard_url);
        Ok(Output { first_sign_in: format!("{dashboard}/set-password"), dashboard })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.workspaces.delete_folder(&handle.folder, &mark.to_string()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let owner = self.workspaces.owner(&handle.folder).await?;
        Ok(Presence::from(owner == Some(mark.to_string())))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let (names, next) = self.workspaces.names("workspaces", after).await?;
        let mut held = Vec::new();
        for name in names {
            let folder = format!("workspaces/{name}/dashboard");
            if let Some(Owned { owner, made_at }) = self.workspaces.owned(&folder).await? {
                held.push(Held { owner, handle: Handle { folder }, made_at });
            }
        }
        Ok(Inventory { held, next })
    }
}

impl BackUp for ConfigureDashboard {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let files = self.workspaces.read_folder(&handle.folder, &mark.to_string()).await?;
        let copy = |File { path, content_type, body }| Copied { path, content_type, body };
        Ok(Holding::Copies(files.into_iter().map(copy).collect()))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        let file = |Copied { path, content_type, body }| File { path, content_type, body };
        let files: Vec<File> = copies.into_iter().map(file).collect();
        self.workspaces.put_folder(&handle.folder, &mark.to_string(), &files).await
    }
}

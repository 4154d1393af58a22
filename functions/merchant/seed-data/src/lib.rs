//! Gives a new store what it starts with: currency, tax and shipping defaults, first collections, and the
//! onboarding checklist.
//!
//! What the owner has changed since is theirs: a file that is already there is kept, so that running the step
//! again for a repair or another plan does not reset the store.

use fault::Fault;
use s3::{Bucket, File, Owned};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy::{Mark, Snapshot};

#[derive(Debug)]
pub struct SeedData {
    pub workspaces: Bucket,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    folder: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    files: Vec<&'static str>,
}

impl Step for SeedData {
    const NAME: &'static str = "merchant-seed-data";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { folder: format!("workspaces/{}/data", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let defaults = [("store.json", store(&cx.tenant)), ("onboarding.json", onboarding(&cx.tenant))];
        let mut files = Vec::with_capacity(defaults.len());
        for (path, default) in &defaults {
            let kept = self.workspaces.get_file(&handle.folder, path).await?;
            files.push(kept.unwrap_or_else(|| File::new(path, "application/json", default.to_string())));
        }
        self.workspaces.put_folder(&handle.folder, &cx.mark.to_string(), &files).await?;
        Ok(Output { files: defaults.iter().map(|(path, _)| *path).collect() })
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
            let folder = format!("workspaces/{name}/data");
            if let Some(Owned { owner, made_at }) = self.workspaces.owned(&folder).await? {
                held.push(Held { owner, handle: Handle { folder }, made_at });
            }
        }
        Ok(Inventory { held, next })
    }
}

impl BackUp for SeedData {
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

fn store(tenant: &Snapshot) -> Value {
    let setting =
        |name: &str, default: &str| tenant.settings.get(name).map_or(default, String::as_str).to_owned();
    json!({
        "currency": setting("currency", "USD"),
        "country": setting("country", "US"),
        "timezone": setting("timezone", "UTC"),
        "taxes": { "included_in_prices": false },
        "shipping": [{ "id": "standard", "title": "Standard shipping", "active": false }],
        "collections": [
            { "id": "featured", "title": "Featured" },
            { "id": "new-arrivals", "title": "New arrivals" },
        ],
    })
}

/// The way from a live site to a first sale.
fn onboarding(tenant: &Snapshot) -> Value {
    let connected = |name: &str| tenant.integrations.contains(name);
    let payment = if connected("stripe") || connected("paypal") {
        "Finish connecting the payment providers you chose."
    } else {
        "Connect a payment provider, so that customers can pay."
    };
    let items = [
        ("business-info", "Business information", "Add your legal name, address and tax number."),
        ("branding", "Branding", "Upload a logo and choose your colours."),
        ("payments", "Payments", payment),
        ("marketing", "Marketing", "Connect your ads and analytics accounts."),
        ("products", "Products", "Add your first product, with a picture and a price."),
        ("website", "Website", "Look through your pages and make them yours."),
    ];
    let item = |(id, title, description)| json!({ "id": id, "title": title, "description": description, "done": false });
    json!({ "items": items.map(item) })
}

//! Publishes the storefront: renders the pages of the chosen theme with the store's name and puts them where
//! the site is served from. Of a tenant that is suspended there is one page, which says so.
//!
//! The pages are files, not code that runs for each visitor, so the site stays up whatever the platform does.

use fault::Fault;
use include_dir::{Dir, DirEntry, include_dir};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use s3::{Bucket, File, Owned};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::{Layout, Mark, Snapshot};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// What is published; the other templates are parts of these.
const PAGES: [(&str, &str); 7] = [
    ("index.html", HTML),
    ("shop.html", HTML),
    ("about.html", HTML),
    ("contact.html", HTML),
    ("policies.html", HTML),
    ("404.html", HTML),
    ("style.css", "text/css; charset=utf-8"),
];
const HTML: &str = "text/html; charset=utf-8";
/// What is published while a tenant is suspended: with none of its own pages there, whoever serves the site answers 503
/// with this.
const CLOSED: [(&str, &str); 2] = [("503.html", HTML), ("style.css", "text/css; charset=utf-8")];

#[derive(Debug)]
pub struct PublishWebsite {
    pub sites: Bucket,
    /// Where sites answer, with `{subdomain}` in it.
    pub site_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    folder: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    site: String,
    pages: usize,
}

impl Step for PublishWebsite {
    const NAME: &'static str = "merchant-publish-website";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { folder: format!("sites/{}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let files = render(&cx.tenant)?;
        self.sites.put_folder(&handle.folder, &cx.mark.to_string(), &files).await?;
        Ok(Output { site: cx.tenant.subdomain.address(&self.site_url), pages: files.len() })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.sites.delete_folder(&handle.folder, &mark.to_string()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let owner = self.sites.owner(&handle.folder).await?;
        Ok(Presence::from(owner == Some(mark.to_string())))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let (names, next) = self.sites.names("sites", after).await?;
        let mut held = Vec::new();
        for name in names {
            let folder = format!("sites/{name}");
            if let Some(Owned { owner, made_at }) = self.sites.owned(&folder).await? {
                held.push(Held { owner, handle: Handle { folder }, made_at });
            }
        }
        Ok(Inventory { held, next })
    }
}

impl BackUp for PublishWebsite {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let files = self.sites.read_folder(&handle.folder, &mark.to_string()).await?;
        let copy = |File { path, content_type, body }| Copied { path, content_type, body };
        Ok(Holding::Copies(files.into_iter().map(copy).collect()))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        let file = |Copied { path, content_type, body }| File { path, content_type, body };
        let files: Vec<File> = copies.into_iter().map(file).collect();
        self.sites.put_folder(&handle.folder, &mark.to_string(), &files).await
    }
}

/// Every page of the theme's layout. Names ending in `.html` are escaped by minijinja.
fn render(tenant: &Snapshot) -> Result<Vec<File>, Fault> {
    let Some(theme) = &tenant.theme else {
        return Err(Fault::terminal("the tenant has no theme").hint("Give its blueprint at least one theme."));
    };
    let broken = |e: minijinja::Error| Fault::terminal(format!("a page does not render: {e:#}"));
    let mut pages = Environment::new();
    for template in TEMPLATES.dirs().flat_map(Dir::entries).filter_map(DirEntry::as_file) {
        if let (Some(name), Some(source)) = (template.path().to_str(), template.contents_utf8()) {
            pages.add_template(name, source).map_err(broken)?;
        }
    }
    let layout = match theme.layout {
        Layout::Modern => "modern",
        Layout::Classic => "classic",
        Layout::Minimal => "minimal",
    };
    let store = context! {
        name => tenant.name.as_str(),
        email => tenant.email.as_str(),
        category => tenant.category.as_deref(),
    };
    let values = context! {
        tenant => tenant.id.as_str(),
        store,
        theme => Serde(theme),
        integrations => Serde(&tenant.integrations),
    };
    let wanted = if tenant.suspended { &CLOSED[..] } else { &PAGES[..] };
    let file = |(page, content_type): &(&str, &str)| {
        // The page that a closed store shows is every layout's.
        let folder = if *page == "503.html" { "shared" } else { layout };
        let template = pages.get_template(&format!("{folder}/{page}")).map_err(broken)?;
        Ok(File::new(page, content_type, template.render(&values).map_err(broken)?))
    };
    wanted.iter().map(file).collect()
}

#[cfg(test)]
mod tests;

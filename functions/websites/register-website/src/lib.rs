//! Enters a tenant's shop into the product's own list of shops, where its other services find it.

use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;
use websites::{Change, NewWebsite, Status, Websites};

#[derive(Debug)]
pub struct RegisterWebsite {
    pub websites: Websites,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// What shops' names end with: `collectverything.example`.
    domain: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// Its id there is told when it is made; it is found by whose it is.
    website: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    id: i64,
}

impl Step for RegisterWebsite {
    const NAME: &'static str = "websites-register-website";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { website: mark.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (name, tier) = (&cx.tenant.name, &cx.tenant.plan.id);
        let host = format!("{}.{}", cx.tenant.subdomain, params.domain);
        let found = match self.websites.find(&handle.website).await? {
            Some(found) => found,
            None => {
                let new =
                    NewWebsite { name, domain: &host, owner: &handle.website, subscription: None, tier };
                self.websites.create(&new).await?
            }
        };
        // The service knows of two states, and of none that is closed for a while.
        let status = if cx.tenant.suspended { Status::Deprovisioning } else { Status::Active };
        let is_so = (&found.name, &found.domain, &found.tier, found.status) == (name, &host, tier, status);
        if !is_so {
            let change =
                Change { name: Some(name), domain: Some(&host), tier: Some(tier), status: Some(status) };
            let changed = self.websites.change(found.id, &change).await?;
            changed.ok_or_else(|| Fault::transient("the website's record is gone meanwhile; look again"))?;
        }
        Ok(Output { id: found.id })
    }

    async fn destroy(&self, _: &Mark, handle: &Handle) -> Result<(), Fault> {
        match self.websites.find(&handle.website).await? {
            Some(found) => self.websites.delete(found.id).await,
            None => Ok(()),
        }
    }

    async fn observe(&self, _: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.websites.find(&handle.website).await?;
        Ok(Presence::from(found.is_some()))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.websites.list(after).await?;
        let held = part.items.into_iter().map(|website| Held {
            owner: website.owner.clone(),
            handle: Handle { website: website.owner },
            made_at: Some(website.made_at),
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

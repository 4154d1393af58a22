//! Makes a tenant's service on Cloud Run while its database is being made, with a page that says what is coming.
//!
//! A revision that reads a secret does not start before the secret is there, so the store itself cannot come first. What
//! can is all that takes Google its time or is refused for good: the name, the address, the right of everybody to call.

use fault::Fault;
use google::{CloudRun, EnvVar, Found, Listed, Progress, Service, Template};
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct ReserveService {
    pub run: CloudRun,
    pub deployment: String,
    /// The image of the page.
    pub page: String,
    /// The service account that stores run as: an address.
    pub account: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    service: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    service: String,
    /// Where Google answers for it.
    uri: String,
}

impl Step for ReserveService {
    const NAME: &'static str = "google-reserve-service";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { service: format!("tenant-{}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (service, owner) = (&handle.service, cx.mark.to_string());
        let found = match self.run.find(service).await? {
            None => {
                let page = EnvVar::Plain { name: "PAGE".to_owned(), value: "preparing".to_owned() };
                let template = Template::small(&self.page, &self.account, vec![page]);
                let wanted = Service::owned(&owner, &self.deployment, template);
                let operation = self.run.create(service, &wanted).await?;
                if self.run.wait(&operation, google::PATIENCE).await? == Progress::Running {
                    return Err(Fault::not_ready(format!("the service {service} is being made")));
                }
                self.run.find(service).await?
            }
            found => found,
        };
        let ours = |found: &Found| found.owner.as_deref() == Some(&owner);
        let found =
            found.ok_or_else(|| Fault::not_ready(format!("the service {service} is not seen yet")))?;
        if !ours(&found) {
            return Err(Fault::terminal(format!("the service {service} belongs to somebody else")));
        }
        // Whether it runs well is another step's to say: it may be the store already.
        let uri =
            found.uri.ok_or_else(|| Fault::not_ready(format!("the service {service} has no address yet")))?;
        if !self.run.is_public(service).await? {
            self.run.publish(service).await?;
        }
        Ok(Output { service: service.clone(), uri })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let Presence::Present = self.observe(mark, handle).await? else { return Ok(()) };
        match self.run.delete(&handle.service).await? {
            Some(operation) if self.run.wait(&operation, google::PATIENCE).await? == Progress::Running => {
                Err(Fault::not_ready(format!("the service {} is being deleted", handle.service)))
            }
            _ => Ok(()),
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.run.find(&handle.service).await?;
        let ours = found.is_some_and(|found| found.owner.as_deref() == Some(&mark.to_string()));
        Ok(Presence::from(ours))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.run.list(&self.deployment, after).await?;
        let held = part.items.into_iter().filter_map(|Listed { id, owner, made_at }| {
            Some(Held { owner: owner?, handle: Handle { service: id }, made_at })
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

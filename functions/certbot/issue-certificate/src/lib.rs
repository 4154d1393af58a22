//! Gets a certificate for a tenant's two names, each by its name: one for all names below would need a record for each proof. certbot on
//! the bench's host asks for it, and nginx there serves it at once.
//!
//! It may come late, and a tenant does not wait for it: the host keeps the authority's limits, goes on asking within them, and renews.
//! The wish itself has the mark, so that its end also ends the asking. A certificate that is not needed any more is revoked.

use bench_host::{BenchHost, IssueCertificate as Issued, Kind, Marked, Subject, Task};
use fault::Fault;
use jiff::Timestamp;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct IssueCertificate {
    pub bench: BenchHost,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    site: String,
    api: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// What certbot calls it.
    certificate: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    not_after: Timestamp,
}

impl Step for IssueCertificate {
    const NAME: &'static str = "certbot-issue-certificate";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { certificate: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let subject = handle.subject(&cx.mark);
        self.bench.look_for_others(Kind::Certificate, &subject).await?;
        let task = Task::IssueCertificate { hosts: vec![params.site.clone(), params.api.clone()] };
        let Issued { not_after, .. } = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { not_after })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.bench.undo(Kind::Certificate, &handle.subject(mark), clock::now()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        Ok(Presence::from(self.bench.holds(Kind::Certificate, &handle.subject(mark)).await?))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.bench.list(Kind::Certificate, after).await?;
        let held = part.items.into_iter().map(|Marked { name, owner, made_at }| Held {
            owner,
            handle: Handle { certificate: name },
            made_at: Some(made_at),
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

impl Handle {
    fn subject(&self, mark: &Mark) -> Subject {
        Subject { name: self.certificate.clone(), owner: mark.to_string() }
    }
}

#[cfg(test)]
mod tests;

//! Has nginx on the bench's host serve a tenant's two names: the front end at one, the site at the other, where nobody signs in with a
//! password. Of a tenant that is suspended, a page that says so.
//!
//! nginx does not start with a certificate that is not there, and then serves nobody. So the agent writes what fits the day: without TLS
//! until there is a certificate, and then with it. It has nginx test the whole before it is taken, and puts back what was there before
//! when nginx says no: one tenant's file never breaks another's.

use bench_host::{BenchHost, Kind, Marked, Mode, Serve, Subject, Task};
use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct ServeSite {
    pub bench: BenchHost,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    site: String,
    api: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// What the file is called.
    served: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    tls: bool,
}

impl Step for ServeSite {
    const NAME: &'static str = "nginx-serve-site";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { served: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let subject = handle.subject(&cx.mark);
        self.bench.look_for_others(Kind::Served, &subject).await?;
        let mode = if cx.tenant.rests() { Mode::Suspended } else { Mode::Live };
        let task = Task::Serve { site: params.site.clone(), api: params.api.clone(), mode };
        let Serve { tls } = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { tls })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        self.bench.undo(Kind::Served, &handle.subject(mark), clock::now()).await
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        Ok(Presence::from(self.bench.holds(Kind::Served, &handle.subject(mark)).await?))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.bench.list(Kind::Served, after).await?;
        let held = part.items.into_iter().map(|Marked { name, owner, made_at }| Held {
            owner,
            handle: Handle { served: name },
            made_at: Some(made_at),
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

impl Handle {
    fn subject(&self, mark: &Mark) -> Subject {
        Subject { name: self.served.clone(), owner: mark.to_string() }
    }
}

#[cfg(test)]
mod tests;

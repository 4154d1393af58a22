//! Makes the owner a user of the tenant's site, who may do anything there but what only its Administrator may. Without a password:
//! they sign in by OAuth, with this address.
//!
//! Whoever was made for the site before, of an address that was put right, is called by the new one. Once the site is its people's, they
//! say who is among them.

use bench_host::{BenchHost, NewUser, Subject, Task};
use fault::Fault;
use saga::{Context, Setup};
use serde::{Deserialize, Serialize};

/// What Frappe calls whoever sets a site up.
const ROLE: &str = "System Manager";

#[derive(Debug)]
pub struct CreateUser {
    pub bench: BenchHost,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize)]
pub struct Output {
    /// As the site calls them; nobody, if that is not ours to say any more.
    user: Option<String>,
}

impl Setup for CreateUser {
    const NAME: &'static str = "bench-create-user";
    type Params = Params;
    type Output = Output;

    async fn set_up(&self, cx: &Context, _: &Params) -> Result<Output, Fault> {
        if cx.tenant.inhabited {
            return Ok(Output { user: None });
        }
        let subject = Subject { name: cx.mark.tenant.to_string(), owner: cx.mark.to_string() };
        let task = Task::CreateUser {
            email: cx.tenant.email.to_string(),
            first_name: cx.tenant.name.clone(),
            roles: vec![ROLE.to_owned()],
        };
        let NewUser { user } = self.bench.run(&subject, &cx.operation.to_string(), &task).await?;
        Ok(Output { user: Some(user) })
    }
}

#[cfg(test)]
mod tests;

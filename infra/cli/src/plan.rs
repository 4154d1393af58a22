use clap::Subcommand;

use crate::Outcome;
use crate::api::{Again, Deletion, PlanChange, Signup, Update, Upgrade};
use crate::preview::show;
use crate::session::Session;
use crate::tenant::Of;

/// What can be rehearsed: each is written as it is when it is meant.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A signup.
    Provision(Box<Signup>),
    /// Another try at provisioning a tenant.
    Retry(Of<Again>),
    /// A change of what a tenant was signed up with.
    Update(Of<Update>),
    /// Another plan, or settings of a tenant's own.
    ChangePlan(Of<PlanChange>),
    /// Another version of what a tenant is made of.
    Upgrade(Of<Upgrade>),
    /// A deletion.
    Delete(Of<Deletion>),
}

impl Command {
    pub(crate) async fn run(self, Session { api, form, .. }: &Session) -> Outcome {
        let change = match self {
            Self::Provision(signup) => api.sign_up(&signup),
            Self::Retry(Of { tenant, wish }) => api.retry(&tenant, &wish),
            Self::Update(Of { tenant, wish }) => api.update(&tenant, &wish),
            Self::ChangePlan(Of { tenant, wish }) => api.change_plan(&tenant, &wish),
            Self::Upgrade(Of { tenant, wish }) => api.upgrade(&tenant, &wish),
            Self::Delete(Of { tenant, wish }) => api.delete(&tenant, &wish),
        };
        show(*form, change.plan().await?)
    }
}

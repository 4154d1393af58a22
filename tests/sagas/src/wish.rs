//! What somebody wants of a tenant, beside its life: an owner, or an operator who has the ways out.

use std::fmt;
use std::str::FromStr;

use serde_json::json;
use store::{RepairTask, Table};
use tenancy::Tenant;

use crate::client::Ask;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Delete,
    /// A deletion with days of grace.
    Leave,
    /// That it does not leave.
    Restore,
    ForceDelete,
    Retry,
    /// A retry with another input.
    Edit,
    Cancel,
    Suspend,
    Resume,
    ChangePlan,
    /// To the other of two versions of its blueprint.
    Upgrade,
    ReadOnly,
    FullAccess,
    Hibernate,
    Wake,
    /// Of the optional steps, as many as there are.
    Skip,
    /// Its first repair task is tried again.
    Repair,
    /// What would not go is taken away by hand, and its repair task resolved.
    Resolve,
    /// Nothing: the janitor sees to it.
    Wait,
}

/// What an edit makes of a signup.
pub(crate) const EDITED: [(&str, &str); 3] =
    [("name", "Better Beans"), ("email", "better@example.com"), ("subdomain", "better-beans")];

impl Wish {
    pub const ALL: [Self; 19] = [
        Self::Delete,
        Self::Leave,
        Self::Restore,
        Self::ForceDelete,
        Self::Retry,
        Self::Edit,
        Self::Cancel,
        Self::Suspend,
        Self::Resume,
        Self::ChangePlan,
        Self::Upgrade,
        Self::ReadOnly,
        Self::FullAccess,
        Self::Hibernate,
        Self::Wake,
        Self::Skip,
        Self::Repair,
        Self::Resolve,
        Self::Wait,
    ];

    /// What is asked of the API: nothing, where there is nothing to ask it about.
    pub(crate) fn asks(self, world: &World, tenant: &Tenant, key: &str) -> Vec<Ask> {
        let path = format!("/v1/tenants/{}", tenant.id);
        let under_way = tenant.operation.map(|operation| format!("{path}/operations/{operation}"));
        let ask = |action: &str, path: String| Ask::post(action, path, key, json!({}));
        let task =
            || tasks(world, tenant).into_iter().next().map(|task| format!("/v1/repair-tasks/{}", task.id));
        match self {
            Self::Delete => vec![Ask::delete(tenant.id.as_str(), key)],
            Self::Leave => vec![Ask::leave(tenant.id.as_str(), key)],
            Self::Restore => vec![ask("restore", format!("{path}/restore"))],
            Self::ForceDelete => vec![ask("force-delete", format!("{path}/force-delete"))],
            Self::Retry => vec![ask("retry", format!("{path}/retry"))],
            Self::Edit => {
                let edit = EDITED.map(|(field, value)| (field.to_owned(), json!(value)));
                vec![Ask::post("edit", format!("{path}/retry"), key, edit.into_iter().collect())]
            }
            Self::Cancel => {
                under_way.map(|path| ask("cancel", format!("{path}/cancel"))).into_iter().collect()
            }
            Self::Suspend => vec![ask("suspend", format!("{path}/suspend"))],
            Self::Resume => vec![ask("resume", format!("{path}/resume"))],
            Self::Hibernate => vec![ask("hibernate", format!("{path}/hibernate"))],
            Self::Wake => vec![ask("wake", format!("{path}/wake"))],
            Self::ChangePlan => {
                let plan = world.other_plan(&tenant.plan);
                vec![Ask::post("change-plan", format!("{path}/change-plan"), key, json!({ "plan": plan }))]
            }
            Self::Upgrade => {
                let version = world.other_version(tenant.blueprint.version);
                vec![Ask::post("upgrade", format!("{path}/upgrade"), key, json!({ "version": version }))]
            }
            Self::ReadOnly | Self::FullAccess => {
                let access = if self == Self::ReadOnly { "read_only" } else { "full" };
                vec![Ask::post("access", format!("{path}/access"), key, json!({ "access": access }))]
            }
            Self::Skip => {
                let optional: Vec<_> = world.optional().into_iter().enumerate().collect();
                let skip = |path: &String, (n, step): &(usize, String)| {
                    Ask::post("skip", format!("{path}/skip"), &format!("{key}-{n}"), json!({ "step": step }))
                };
                under_way.iter().flat_map(|path| optional.iter().map(move |step| skip(path, step))).collect()
            }
            Self::Repair => task().map(|path| ask("repair", format!("{path}/retry"))).into_iter().collect(),
            Self::Resolve => {
                task().map(|path| ask("resolve", format!("{path}/resolve"))).into_iter().collect()
            }
            Self::Wait => Vec::new(),
        }
    }

    /// Whether a tenant may not come to live because of it.
    pub(crate) fn may_end_it(self) -> bool {
        matches!(self, Self::Delete | Self::ForceDelete | Self::Cancel)
    }
}

/// The repair tasks of a tenant.
pub(crate) fn tasks(world: &World, tenant: &Tenant) -> Vec<RepairTask> {
    let rows = world.tables().table(Table::Ledger);
    let tasks = rows.iter().filter(|row| row.key.pk == "REPAIR").map(|row| row.decode::<RepairTask>());
    tasks.map(|task| task.expect("a repair task")).filter(|task| task.id.tenant == tenant.id).collect()
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|wish| wish.to_string() == text);
        named.ok_or_else(|| format!("nobody wishes for '{text}'"))
    }
}

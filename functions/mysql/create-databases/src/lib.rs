//! Gives each of a tenant's services a database, and a user who gets into that one and no other.
//!
//! A suspended tenant keeps them as they are: nothing computes there, and its services, which would ask, do not run.
//! Whose each is, is in a table of our own on the server: `mysql` says why. So a name that was only claimed counts, too.

use std::collections::{BTreeMap, BTreeSet};

use fault::Fault;
use jiff::Timestamp;
use mysql::{Holder, Kind, MySql, Owned, database_name, user_name};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

/// What runs for a tenant and keeps rows.
pub const SERVICES: [&str; 11] = [
    "auth",
    "products",
    "orders",
    "baskets",
    "addresses",
    "deliveries",
    "newsletters",
    "sav",
    "contacts",
    "questions",
    "websites",
];

#[derive(Debug)]
pub struct CreateDatabases {
    pub mysql: MySql,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    logins: SecretRef,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// A tenant's id.
    databases_of: String,
    /// Those of the day: one that is not made any more is still to be undone.
    services: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// By service.
    databases: BTreeMap<String, Names>,
}

#[derive(Debug, Serialize)]
pub struct Names {
    database: String,
    user: String,
}

impl Step for CreateDatabases {
    const NAME: &'static str = "mysql-create-databases";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { databases_of: mark.tenant.to_string(), services: services().collect() }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (owner, logins) = (cx.mark.to_string(), Logins::read(&self.vault, &params.logins).await?);
        let databases = handle.databases();
        for (service, Names { database, user }) in &databases {
            self.mysql.create_database(database, &owner).await?;
            self.mysql.put_user(user, &owner, logins.of(service)?).await?;
            self.mysql.grant(user, database, &owner).await?;
        }
        Ok(Output { databases })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        let (owner, databases) = (mark.to_string(), handle.databases());
        // Users first: whoever makes a database of that name again would have its grants.
        for Names { user, .. } in databases.values() {
            self.mysql.drop_user(user, &owner).await?;
        }
        for Names { database, .. } in databases.values() {
            self.mysql.drop_database(database, &owner).await?;
        }
        Ok(())
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        for Names { database, user } in handle.databases().values() {
            for (kind, name) in [(Kind::User, user), (Kind::Database, database)] {
                if self.holds(kind, name, mark).await? {
                    return Ok(Presence::Present);
                }
            }
        }
        Ok(Presence::Absent)
    }

    /// The databases, and then the users: where one ended, the next part begins.
    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let users = after.and_then(|after| after.strip_prefix("users/"));
        let kind = if users.is_some() { Kind::User } else { Kind::Database };
        let part = self.mysql.owned(kind, users.or(after).filter(|name| !name.is_empty())).await?;
        let next = match kind {
            Kind::Database => Some(part.next.unwrap_or_else(|| "users/".to_owned())),
            Kind::User => part.next.map(|name| format!("users/{name}")),
        };
        Ok(Inventory { held: self.held(part.items), next })
    }
}

/// What a tenant's services have written. Who gets in is made anew.
impl BackUp for CreateDatabases {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        let (owner, mut copies) = (mark.to_string(), Vec::new());
        for (service, Names { database, .. }) in handle.databases() {
            if self.holds(Kind::Database, &database, mark).await? {
                let dump = self.mysql.dump(&database, &owner).await?;
                let content_type = || "application/sql".to_owned();
                copies.extend(dump.map(|body| Copied {
                    path: path(&service),
                    content_type: content_type(),
                    body,
                }));
            }
        }
        Ok(Holding::Copies(copies))
    }

    async fn restore(&self, mark: &Mark, handle: &Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        let databases = handle.databases();
        for Copied { path: copied, body, .. } in copies {
            let names = databases.iter().find(|(service, _)| path(service) == copied).map(|(_, names)| names);
            let none = || Fault::terminal(format!("the tenant has no database for {copied}"));
            let Names { database, .. } = names.ok_or_else(none)?;
            self.mysql.restore(database, &mark.to_string(), &body).await?;
        }
        Ok(())
    }
}

impl CreateDatabases {
    async fn holds(&self, kind: Kind, name: &str, mark: &Mark) -> Result<bool, Fault> {
        Ok(self.mysql.holder(kind, name).await? == Holder::Owner(mark.to_string()))
    }

    /// What a tenant has is held once.
    fn held(&self, owned: Vec<Owned>) -> Vec<Held<Handle>> {
        let mut owners: BTreeMap<String, Timestamp> = BTreeMap::new();
        for Owned { owner, made_at, .. } in owned {
            let first = owners.entry(owner).or_insert(made_at);
            *first = made_at.min(*first);
        }
        let held = |(owner, made_at): (String, Timestamp)| {
            let handle = self.handle(&owner.parse().ok()?);
            Some(Held { owner, handle, made_at: Some(made_at) })
        };
        owners.into_iter().filter_map(held).collect()
    }
}

impl Handle {
    /// By service: those that it names, and those of today.
    fn databases(&self) -> BTreeMap<String, Names> {
        let names = |service: String| {
            let tenant = &self.databases_of;
            let names =
                Names { database: database_name(tenant, &service), user: user_name(tenant, &service) };
            (service, names)
        };
        self.services.iter().cloned().chain(services()).map(names).collect()
    }
}

fn services() -> impl Iterator<Item = String> {
    SERVICES.map(str::to_owned).into_iter()
}

fn path(service: &str) -> String {
    format!("databases/{service}.sql")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_an_older_version_keeps_its_names() {
        let services = BTreeSet::from(["auth".to_owned(), "wishes".to_owned()]);
        let databases = Handle { databases_of: "acme-7f3a9c".to_owned(), services }.databases();
        assert_eq!(databases.len(), SERVICES.len() + 1);
        let Names { database, user } = &databases["wishes"];
        assert_eq!((database.as_str(), user.as_str()), ("acme_7f3a9c_wishes_db", "acme_7f3a9c_wishes"));
    }
}

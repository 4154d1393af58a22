//! Signs in to each of a tenant's databases as the service that uses it. That a database is listed says nothing of its
//! user, its password and its rights.
//!
//! The administrator's login is read for where the server is, and is not used.

use std::collections::BTreeMap;

use fault::Fault;
use mysql::MySql;
use saga::{Context, Probe};
use secrets::{Logins, SecretRef, Vault};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct ProbeDatabases {
    pub mysql: MySql,
    pub vault: Vault,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    logins: SecretRef,
    /// By service.
    databases: BTreeMap<String, Names>,
}

#[derive(Debug, Deserialize)]
pub struct Names {
    database: String,
    user: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    /// How many let their services in.
    databases: usize,
}

impl Probe for ProbeDatabases {
    const NAME: &'static str = "mysql-probe-databases";
    type Params = Params;
    type Output = Output;

    async fn look(&self, _: &Context, params: &Params) -> Result<Output, Fault> {
        let logins = Logins::read(&self.vault, &params.logins).await?;
        for (service, Names { database, user }) in &params.databases {
            if !self.mysql.can_use(database, user, logins.of(service)?).await? {
                return Err(Fault::not_ready(format!("the database {database} does not let {user} in"))
                    .from_provider("mysql", None)
                    .hint(
                        "Was its password changed by hand? Applying mysql-create-databases sets it again.",
                    ));
            }
        }
        Ok(Output { databases: params.databases.len() })
    }
}

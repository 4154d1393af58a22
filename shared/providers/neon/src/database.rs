use fault::Fault;
use http_client::Method;
use secrets::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::Neon;

/// A database in a branch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Database {
    pub name: String,
    /// The role that may do everything in it.
    #[serde(rename = "owner_name")]
    pub owner: String,
}

#[derive(Deserialize)]
struct Found {
    database: Database,
}

#[derive(Deserialize)]
struct Address {
    uri: SecretString,
}

impl Neon {
    /// Whether a branch has a role of this name.
    pub async fn has_role(&self, project: &str, branch: &str, role: &str) -> Result<bool, Fault> {
        let request = self.request(Method::GET, &["projects", project, "branches", branch, "roles", role])?;
        Ok(self.find::<IgnoredAny>(request).await?.is_some())
    }

    /// Makes a role that may sign in, with a password that Neon chooses. The caller has looked that there is none.
    pub async fn create_role(&self, project: &str, branch: &str, role: &str) -> Result<(), Fault> {
        let request = self.request(Method::POST, &["projects", project, "branches", branch, "roles"])?;
        let request = request.json(&json!({ "role": { "name": role } }));
        self.create::<IgnoredAny>(request, &format!("the role {role}")).await.map(drop)
    }

    pub async fn find_database(
        &self,
        project: &str,
        branch: &str,
        name: &str,
    ) -> Result<Option<Database>, Fault> {
        let request =
            self.request(Method::GET, &["projects", project, "branches", branch, "databases", name])?;
        Ok(self.find::<Found>(request).await?.map(|found| found.database))
    }

    /// Makes a database that a role owns. The caller has looked that there is none of this name.
    pub async fn create_database(
        &self,
        project: &str,
        branch: &str,
        database: &Database,
    ) -> Result<(), Fault> {
        let request = self.request(Method::POST, &["projects", project, "branches", branch, "databases"])?;
        let request =
            request.json(&json!({ "database": { "name": database.name, "owner_name": database.owner } }));
        self.create::<IgnoredAny>(request, &format!("the database {}", database.name)).await.map(drop)
    }

    /// `postgresql://role:password@host/database?sslmode=require`. `pooled` goes through Neon's pooler, which migrations
    /// cannot: it does not keep a session.
    pub async fn connection_uri(
        &self,
        project: &str,
        branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<SecretString, Fault> {
        let request = self
            .request(Method::GET, &["projects", project, "connection_uri"])?
            .query(&[("branch_id", branch), ("database_name", database), ("role_name", role)])
            .query(&[("pooled", pooled)]);
        Ok(self.ask::<Address>(request).await?.uri)
    }
}

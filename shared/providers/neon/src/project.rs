use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::{Compute, Neon, PART, Pagination, Part};

/// A project: its branches share nothing with those of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// `shiny-wind-028834`, given by Neon.
    pub id: String,
    pub name: String,
    /// The ownership mark at the end of its name.
    pub owner: Option<String>,
    pub made_at: Timestamp,
}

/// A project to be made, with a default branch, a role and a database.
#[derive(Clone, Copy, Debug)]
pub struct NewProject<'a> {
    pub name: &'a str,
    pub owner: &'a str,
    /// `aws-us-east-1`
    pub region: &'a str,
    /// The major version of Postgres.
    pub postgres: u8,
    pub role: &'a str,
    pub database: &'a str,
    pub compute: Compute,
}

#[derive(Deserialize)]
struct Listing {
    projects: Vec<Told>,
    #[serde(default)]
    unavailable_project_ids: Vec<String>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Made {
    project: Told,
}

#[derive(Deserialize)]
struct Told {
    id: String,
    name: String,
    created_at: Timestamp,
}

impl Neon {
    /// The project of this name and owner; of several the oldest.
    pub async fn find_project(&self, name: &str, owner: &str) -> Result<Option<Project>, Fault> {
        let mut found: Option<Project> = None;
        let mut after = None;
        loop {
            let part = self.list_projects(Some(&marked(name, owner)), after.as_deref()).await?;
            let same = part.items.into_iter().filter(|p| p.name == name && p.owner.as_deref() == Some(owner));
            found = found.into_iter().chain(same).min_by_key(|project| project.made_at);
            match part.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// The account's projects, a hundred at a time.
    pub async fn projects(&self, after: Option<&str>) -> Result<Part<Project>, Fault> {
        self.list_projects(None, after).await
    }

    /// Makes a project. The caller has looked that there is none of this name and owner.
    pub async fn create_project(&self, new: &NewProject<'_>) -> Result<Project, Fault> {
        let mut project = json!({
            "name": marked(new.name, new.owner),
            "region_id": new.region,
            "pg_version": new.postgres,
            "branch": { "role_name": new.role, "database_name": new.database },
            "default_endpoint_settings": {
                "autoscaling_limit_min_cu": new.compute.min_cu,
                "autoscaling_limit_max_cu": new.compute.max_cu,
            },
        });
        if let Some(organisation) = &self.organisation {
            project["org_id"] = json!(organisation);
        }
        let request = self.request(Method::POST, &["projects"])?.json(&json!({ "project": project }));
        let Made { project } = self.create(request, &format!("the project {}", new.name)).await?;
        Ok(project.read())
    }

    /// Deletes a project with all its branches. Already gone is success.
    pub async fn delete_project(&self, project: &str) -> Result<(), Fault> {
        self.delete(&["projects", project]).await
    }

    async fn list_projects(&self, search: Option<&str>, after: Option<&str>) -> Result<Part<Project>, Fault> {
        let request = self.request(Method::GET, &["projects"])?.query(&[("limit", PART)]).query(&[
            ("search", search),
            ("cursor", after),
            ("org_id", self.organisation.as_deref()),
        ]);
        let Listing { projects, unavailable_project_ids, pagination } = self.ask(request).await?;
        // Nobody can say that something is absent from what could not be listed.
        if !unavailable_project_ids.is_empty() {
            let cause =
                format!("neon could not list {} of the projects in time", unavailable_project_ids.len());
            return Err(Fault::transient(cause).from_provider(crate::SERVICE, None));
        }
        // Neon gives a cursor also with the last part; behind it is an empty one.
        let pagination = pagination.filter(|_| !projects.is_empty());
        let next = pagination.map(|pagination| pagination.onward(after)).transpose()?.flatten();
        Ok(Part { items: projects.into_iter().map(Told::read).collect(), next })
    }
}

impl Told {
    fn read(self) -> Project {
        let parts = self.name.strip_suffix(']').and_then(|name| name.rsplit_once(" ["));
        let (name, owner) = match parts {
            Some((name, owner)) => (name.to_owned(), Some(owner.to_owned())),
            None => (self.name, None),
        };
        Project { id: self.id, name, owner, made_at: self.created_at }
    }
}

fn marked(name: &str, owner: &str) -> String {
    format!("{name} [{owner}]")
}

use std::collections::BTreeMap;

use fault::Fault;
use http_client::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::{Compute, Neon, OWNER, PART, Pagination, Part};

/// A branch: a Postgres of its own, with an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// `br-...`, given by Neon.
    pub id: String,
    pub name: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    pub made_at: Timestamp,
}

/// What a new branch begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// The parent's tables, empty.
    SchemaOnly,
    /// The parent's tables with all that is in them.
    ParentData,
}

/// A branch to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewBranch<'a> {
    /// At most 256 characters.
    pub name: &'a str,
    pub owner: &'a str,
    /// The id of the branch it begins as; the project's default branch if none.
    pub parent: Option<&'a str>,
    pub init: Init,
    pub compute: Compute,
}

#[derive(Deserialize)]
struct Listing {
    branches: Vec<Told>,
    annotations: BTreeMap<String, Annotation>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Made {
    branch: Told,
}

#[derive(Deserialize)]
struct Told {
    id: String,
    name: String,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct Annotation {
    value: BTreeMap<String, String>,
}

impl Neon {
    /// The branch of exactly this name. Whose it is, the caller compares.
    pub async fn find_branch(&self, project: &str, name: &str) -> Result<Option<Branch>, Fault> {
        let mut after = None;
        loop {
            let part = self.list_branches(project, Some(name), after.as_deref()).await?;
            if let Some(found) = part.items.into_iter().find(|branch| branch.name == name) {
                return Ok(Some(found));
            }
            match part.next {
                Some(next) => after = Some(next),
                None => return Ok(None),
            }
        }
    }

    /// The project's branches, a hundred at a time.
    pub async fn branches(&self, project: &str, after: Option<&str>) -> Result<Part<Branch>, Fault> {
        self.list_branches(project, None, after).await
    }

    /// Makes a branch with an endpoint to write through. The caller has looked that there is none of this name.
    /// It is not there yet when this returns: [`Neon::work`] says when.
    pub async fn create_branch(&self, project: &str, new: &NewBranch<'_>) -> Result<Branch, Fault> {
        let init = match new.init {
            Init::SchemaOnly => "schema-only",
            Init::ParentData => "parent-data",
        };
        let mut branch = json!({ "name": new.name, "init_source": init });
        if let Some(parent) = new.parent {
            branch["parent_id"] = json!(parent);
        }
        let body = json!({
            "branch": branch,
            "endpoints": [{
                "type": "read_write",
                "autoscaling_limit_min_cu": new.compute.min_cu,
                "autoscaling_limit_max_cu": new.compute.max_cu,
            }],
            "annotation_value": { OWNER: new.owner },
        });
        let request = self.request(Method::POST, &["projects", project, "branches"])?.json(&body);
        let Made { branch } = self.create(request, &format!("the branch {}", new.name)).await?;
        Ok(branch.owned_by(Some(new.owner.to_owned())))
    }

    /// Deletes a branch with its endpoints, roles and databases. Already gone is success.
    pub async fn delete_branch(&self, project: &str, branch: &str) -> Result<(), Fault> {
        self.delete(&["projects", project, "branches", branch]).await
    }

    async fn list_branches(
        &self,
        project: &str,
        search: Option<&str>,
        after: Option<&str>,
    ) -> Result<Part<Branch>, Fault> {
        // By when they were made, so that a change in between moves none to a part that was read already.
        let request = self
            .request(Method::GET, &["projects", project, "branches"])?
            .query(&[("limit", PART), ("sort_by", "created_at"), ("sort_order", "asc")])
            .query(&[("search", search), ("cursor", after)]);
        let Listing { branches, mut annotations, pagination } = self.ask(request).await?;
        let owned = |told: Told| {
            let owner =
                annotations.remove(&told.id).and_then(|mut annotation| annotation.value.remove(OWNER));
            told.owned_by(owner)
        };
        let items = branches.into_iter().map(owned).collect();
        let next = pagination.map(|pagination| pagination.onward(after)).transpose()?.flatten();
        Ok(Part { items, next })
    }
}

impl Told {
    fn owned_by(self, owner: Option<String>) -> Branch {
        Branch { id: self.id, name: self.name, owner, made_at: self.created_at }
    }
}

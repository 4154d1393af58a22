//! Gives a tenant a Postgres of its own: a branch of one project, or a project, with a role and a database in it. Of one that
//! sleeps or is suspended nothing computes.
//!
//! Neon works behind its answers and refuses other changes meanwhile, so each call does the next thing that can be
//! done, and the machine asks again. A branch begins as its parent's schema, without what is in it, and with a role
//! of its own: the parent's roles come with the parent's passwords.

use std::str::FromStr;

use fault::Fault;
use neon::{Branch, Compute, Database, Init, Neon, NewBranch, NewProject, Project, Work};
use saga::{BackUp, Context, Copied, Held, Holding, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

/// The tenant's role, and its database.
const ROLE: &str = "store";
const DATABASE: &str = "store";

#[derive(Debug)]
pub struct CreateDatabase {
    pub neon: Neon,
    pub place: Place,
}

/// Where tenants' databases are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A branch each, of this project: made in a second, and paid by what differs.
    Branches { project: String },
    /// A project each, in this region: nothing is shared, not even limits.
    Projects { region: String },
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// Compute units, `0.25` or more.
    min_cu: String,
    max_cu: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The project of the branch; a project of its own, if none.
    project: Option<String>,
    name: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    project: String,
    branch: String,
    database: String,
    role: String,
    host: String,
}

impl Step for CreateDatabase {
    const NAME: &'static str = "neon-create-database";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { project: self.place.project(), name: format!("tenant-{}", mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let (owner, compute) = (cx.mark.to_string(), params.compute()?);
        let (project, branch) = match &handle.project {
            Some(project) => (project.clone(), self.branch(project, &handle.name, &owner, compute).await?),
            None => self.project(&handle.name, &owner, compute).await?,
        };
        self.at_rest(&project, &branch).await?;
        if !self.neon.has_role(&project, &branch, ROLE).await? {
            self.neon.create_role(&project, &branch, ROLE).await?;
            self.at_rest(&project, &branch).await?;
        }
        if self.neon.find_database(&project, &branch, DATABASE).await?.is_none() {
            let database = Database { name: DATABASE.to_owned(), owner: ROLE.to_owned() };
            self.neon.create_database(&project, &branch, &database).await?;
            self.at_rest(&project, &branch).await?;
        }
        let endpoint = self.neon.find_endpoint(&project, &branch).await?;
        let endpoint = endpoint.ok_or_else(|| Fault::not_ready(format!("{branch} has no compute yet")))?;
        if endpoint.compute != compute {
            self.neon.set_compute(&project, &endpoint.id, compute).await?;
            self.at_rest(&project, &branch).await?;
        }
        // Until the next connection. A store that still runs may be that; Neon does the same after five idle minutes.
        if cx.tenant.rests() && endpoint.awake {
            self.neon.suspend_endpoint(&project, &endpoint.id).await?;
            self.at_rest(&project, &branch).await?;
        }
        let (database, role) = (DATABASE.to_owned(), ROLE.to_owned());
        Ok(Output { project, branch, database, role, host: endpoint.host })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        match &handle.project {
            Some(project) => match self.own_branch(project, mark, handle).await? {
                Some(branch) => self.neon.delete_branch(project, &branch.id).await,
                None => Ok(()),
            },
            None => match self.own_project(mark, handle).await? {
                Some(project) => self.neon.delete_project(&project.id).await,
                None => Ok(()),
            },
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let there = match &handle.project {
            Some(project) => self.own_branch(project, mark, handle).await?.is_some(),
            None => self.own_project(mark, handle).await?.is_some(),
        };
        Ok(Presence::from(there))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        Ok(match &self.place {
            Place::Branches { project } => {
                let part = self.neon.branches(project, after).await?;
                let held = |Branch { name, owner, made_at, .. }: Branch| {
                    let handle = Handle { project: Some(project.clone()), name };
                    Some(Held { owner: owner?, handle, made_at: Some(made_at) })
                };
                Inventory { held: part.items.into_iter().filter_map(held).collect(), next: part.next }
            }
            Place::Projects { .. } => {
                let part = self.neon.projects(after).await?;
                let held = |Project { name, owner, made_at, .. }: Project| {
                    Some(Held {
                        owner: owner?,
                        handle: Handle { project: None, name },
                        made_at: Some(made_at),
                    })
                };
                Inventory { held: part.items.into_iter().filter_map(held).collect(), next: part.next }
            }
        })
    }
}

/// Neon gives what is in a database to whoever connects to it, and to nobody by its API.
impl BackUp for CreateDatabase {
    async fn back_up(&self, mark: &Mark, handle: &Handle, _: &str) -> Result<Holding, Fault> {
        Ok(match self.observe(mark, handle).await? {
            Presence::Present => Holding::OutOfReach("a database at Neon is not dumped".to_owned()),
            Presence::Absent => Holding::Copies(Vec::new()),
        })
    }

    async fn restore(&self, _: &Mark, _: &Handle, _: Vec<Copied>) -> Result<(), Fault> {
        Ok(())
    }
}

impl CreateDatabase {
    /// The id of the tenant's branch, made if there is none.
    async fn branch(
        &self,
        project: &str,
        name: &str,
        owner: &str,
        compute: Compute,
    ) -> Result<String, Fault> {
        match self.neon.find_branch(project, name).await? {
            Some(branch) if branch.owner.as_deref() == Some(owner) => Ok(branch.id),
            Some(_) => Err(Fault::terminal(format!("the branch {name} belongs to somebody else"))),
            None => {
                let new = NewBranch { name, owner, parent: None, init: Init::SchemaOnly, compute };
                Ok(self.neon.create_branch(project, &new).await?.id)
            }
        }
    }

    /// The ids of the tenant's project and of its one branch, made if there is none.
    async fn project(&self, name: &str, owner: &str, compute: Compute) -> Result<(String, String), Fault> {
        let project = match (self.neon.find_project(name, owner).await?, &self.place) {
            (Some(project), _) => project,
            (None, Place::Projects { region }) => {
                let postgres = 17;
                let new =
                    NewProject { name, owner, region, postgres, role: ROLE, database: DATABASE, compute };
                self.neon.create_project(&new).await?
            }
            (None, Place::Branches { .. }) => {
                return Err(Fault::terminal(format!(
                    "the project {name} is gone, and projects are not made any more"
                ))
                .hint("Delete the tenant, or set NEON_REGION again."));
            }
        };
        let branch = self.neon.branches(&project.id, None).await?.items.into_iter().next();
        let branch =
            branch.ok_or_else(|| Fault::not_ready(format!("the project {name} has no branch yet")))?;
        Ok((project.id, branch.id))
    }

    /// Nothing can be asked of a branch at which Neon is at work.
    async fn at_rest(&self, project: &str, branch: &str) -> Result<(), Fault> {
        match self.neon.work(project, branch).await? {
            Work::Done => Ok(()),
            Work::Running { action } => {
                Err(Fault::not_ready(format!("neon is at work on {branch}: {action}"))
                    .from_provider("neon", None))
            }
        }
    }

    async fn own_branch(&self, project: &str, mark: &Mark, handle: &Handle) -> Result<Option<Branch>, Fault> {
        let found = self.neon.find_branch(project, &handle.name).await?;
        Ok(found.filter(|branch| branch.owner.as_deref() == Some(&mark.to_string())))
    }

    async fn own_project(&self, mark: &Mark, handle: &Handle) -> Result<Option<Project>, Fault> {
        self.neon.find_project(&handle.name, &mark.to_string()).await
    }
}

impl Place {
    /// `NEON_REGION` asks for projects there, `NEON_PROJECT` names the one whose branches are made.
    pub fn from_env() -> Result<Self, aws::MissingVariable> {
        match aws::variable("NEON_REGION") {
            Ok(region) => Ok(Self::Projects { region }),
            Err(_) => Ok(Self::Branches { project: aws::variable("NEON_PROJECT")? }),
        }
    }

    fn project(&self) -> Option<String> {
        match self {
            Self::Branches { project } => Some(project.clone()),
            Self::Projects { .. } => None,
        }
    }
}

impl Params {
    fn compute(&self) -> Result<Compute, Fault> {
        let (min_cu, max_cu) = (units("min_cu", &self.min_cu)?, units("max_cu", &self.max_cu)?);
        if min_cu > max_cu {
            return Err(Fault::terminal(format!("a compute of {min_cu} to {max_cu} units is none"))
                .hint("Set min_cu and max_cu in the plan or the blueprint."));
        }
        Ok(Compute { min_cu, max_cu })
    }
}

/// Quarters of a unit up to one half, and whole ones up to 56 (`ComputeUnit` of Neon's API).
fn units(name: &str, given: &str) -> Result<f64, Fault> {
    let units = f64::from_str(given).ok().filter(|units| (0.25..=56.0).contains(units));
    units.ok_or_else(|| {
        Fault::terminal(format!("the setting {name} is '{given}'")).hint("0.25 to 56, in compute units.")
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn params(min_cu: &str, max_cu: &str) -> Params {
        Params { min_cu: min_cu.to_owned(), max_cu: max_cu.to_owned() }
    }

    #[test]
    fn a_plan_says_how_much_a_database_computes() {
        let compute = params("0.25", "2").compute().expect("a compute");
        assert_eq!(compute, Compute { min_cu: 0.25, max_cu: 2.0 });
    }

    #[rstest]
    #[case("2", "1")]
    #[case("0", "1")]
    #[case("0.25", "64")]
    #[case("a lot", "1")]
    #[case("NaN", "1")]
    fn a_setting_that_neon_would_refuse_is_told_as_such(#[case] min_cu: &str, #[case] max_cu: &str) {
        let fault = params(min_cu, max_cu).compute().expect_err("no compute");
        assert!(fault.kind == fault::Kind::Terminal && fault.hint.is_some(), "{fault:?}");
    }
}

//! Makes the tenant's group in the user pool: the boundary of its workspace. Everyone who may work in it is a
//! member; nobody else is.
//!
//! Cognito groups carry no tags: the ownership mark is the group's description.

use cognito::{Group, UserPool};
use fault::Fault;
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::Mark;

#[derive(Debug)]
pub struct CreateGroup {
    pub pool: UserPool,
}

#[derive(Debug, Deserialize)]
pub struct Params {}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    group: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    group: String,
}

impl Step for CreateGroup {
    const NAME: &'static str = "merchant-create-group";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { group: mark.tenant.to_string() }
    }

    async fn apply(&self, cx: &Context, _: &Params, handle: &Handle) -> Result<Output, Fault> {
        let wanted = Group { name: handle.group.clone(), description: cx.mark.to_string() };
        // Made first and looked at afterwards: a look may still show the group of a tenant's former life.
        if self.pool.create_group(&wanted).await? {
            return Ok(Output { group: wanted.name });
        }
        match self.pool.find_group(&handle.group).await? {
            Some(found) if found == wanted => Ok(Output { group: wanted.name }),
            Some(_) => Err(Fault::terminal(format!("the group {} belongs to somebody else", handle.group))),
            None => {
                Err(Fault::transient(format!("the group {} is there, and is not seen yet", handle.group)))
            }
        }
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        match self.observe(mark, handle).await? {
            Presence::Present => self.pool.delete_group(&handle.group).await,
            Presence::Absent => Ok(()),
        }
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        let found = self.pool.find_group(&handle.group).await?;
        Ok(if found.is_some_and(|group| group.description == mark.to_string()) {
            Presence::Present
        } else {
            Presence::Absent
        })
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.pool.groups(after).await?;
        let held = part.items.into_iter().map(|(group, made_at)| Held {
            owner: group.description,
            handle: Handle { group: group.name },
            made_at,
        });
        Ok(Inventory { held: held.collect(), next: part.next })
    }
}

use std::collections::BTreeMap;

use fault::Fault;
use http_client::Method;
use serde::Deserialize;
use serde_json::json;

use crate::{RabbitMq, foreign};

/// The tag of all vhosts of ours: a description alone may be anybody's.
const TAG: &str = "tenantry";

/// A vhost: exchanges, queues and permissions of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vhost {
    pub name: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    /// Every node of the broker serves it. A listing does not say so.
    pub running: bool,
}

#[derive(Deserialize)]
struct Told {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    cluster_state: BTreeMap<String, String>,
}

impl RabbitMq {
    pub async fn find_vhost(&self, name: &str) -> Result<Option<Vhost>, Fault> {
        let found: Option<Told> = self.find(self.request(Method::GET, &["vhosts", name])?).await?;
        Ok(found.map(Told::read))
    }

    /// All vhosts, whoever's. The API has no parts of this listing that all versions know.
    pub async fn vhosts(&self) -> Result<Vec<Vhost>, Fault> {
        let request = self.request(Method::GET, &["vhosts"])?.query(&[("columns", "name,description,tags")]);
        Ok(self.ask::<Vec<Told>>(request).await?.into_iter().map(Told::read).collect())
    }

    /// Makes a vhost of this owner's, and leaves one that is there as it is. Somebody else's is terminal.
    pub async fn create_vhost(&self, name: &str, owner: &str) -> Result<(), Fault> {
        match self.find_vhost(name).await? {
            Some(vhost) if vhost.owner.as_deref() == Some(owner) => Ok(()),
            // Another `PUT` would put our mark on it.
            Some(_) => Err(foreign(&format!("the vhost {name}"))),
            None => {
                let body = json!({ "description": owner, "tags": TAG });
                self.put(self.request(Method::PUT, &["vhosts", name])?.json(&body)).await
            }
        }
    }

    /// Deletes a vhost of this owner's with its exchanges, queues and permissions; users stay. Already gone is success, and
    /// so is one that is somebody else's: it is not touched.
    pub async fn delete_vhost(&self, name: &str, owner: &str) -> Result<(), Fault> {
        match self.find_vhost(name).await? {
            Some(vhost) if vhost.owner.as_deref() == Some(owner) => self.delete(&["vhosts", name]).await,
            _ => Ok(()),
        }
    }
}

impl Told {
    fn read(self) -> Vhost {
        let ours = self.tags.iter().any(|tag| tag == TAG);
        let running =
            !self.cluster_state.is_empty() && self.cluster_state.values().all(|state| state == "running");
        Vhost { name: self.name, owner: ours.then_some(self.description), running }
    }
}

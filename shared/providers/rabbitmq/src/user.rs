use fault::Fault;
use http_client::Method;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::password::{ALGORITHM, digest, is_of};
use crate::{RabbitMq, foreign};

/// How the tag begins that carries our ownership mark: a user has no other place for one. RabbitMQ gives rights for five tags
/// of its own; any other allows nothing.
const OWNER: &str = "tenantry_owner:";

/// Somebody who may connect, and may not use the management API.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    /// The ownership mark it was made with.
    pub owner: Option<String>,
    tags: Vec<String>,
    /// Absent in a listing.
    digest: Option<SecretString>,
    algorithm: String,
}

#[derive(Deserialize)]
struct Told {
    name: String,
    tags: Vec<String>,
    password_hash: Option<SecretString>,
    #[serde(default)]
    hashing_algorithm: String,
}

impl User {
    /// Whether this is how [`RabbitMq::put_user`] leaves it.
    fn is_as_wanted(&self, owner: &str, password: &SecretString) -> bool {
        let known = self.digest.as_ref().is_some_and(|digest| is_of(digest.expose_secret(), password));
        known && self.algorithm == ALGORITHM && self.tags == [mark(owner)]
    }
}

impl RabbitMq {
    pub async fn find_user(&self, name: &str) -> Result<Option<User>, Fault> {
        let found: Option<Told> = self.find(self.request(Method::GET, &["users", name])?).await?;
        Ok(found.map(Told::read))
    }

    /// All users, whoever's, without their digests.
    pub async fn users(&self) -> Result<Vec<User>, Fault> {
        let request = self.request(Method::GET, &["users"])?.query(&[("columns", "name,tags")]);
        Ok(self.ask::<Vec<Told>>(request).await?.into_iter().map(Told::read).collect())
    }

    /// Makes a user of this owner's who signs in with this password, or has one that is there do so. Somebody else's is
    /// terminal. One that is as wanted is not written.
    pub async fn put_user(&self, name: &str, owner: &str, password: &SecretString) -> Result<(), Fault> {
        match self.find_user(name).await? {
            Some(user) if user.owner.as_deref() != Some(owner) => {
                return Err(foreign(&format!("the user {name}")));
            }
            Some(user) if user.is_as_wanted(owner, password) => return Ok(()),
            Some(_) | None => {}
        }
        let body = json!({
            "password_hash": digest(name, password), "hashing_algorithm": ALGORITHM, "tags": [mark(owner)],
        });
        self.put(self.request(Method::PUT, &["users", name])?.json(&body)).await
    }

    /// Deletes a user of this owner's with its permissions, and ends its connections. Already gone is success, and so is
    /// one that is somebody else's: it is not touched.
    pub async fn delete_user(&self, name: &str, owner: &str) -> Result<(), Fault> {
        match self.find_user(name).await? {
            Some(user) if user.owner.as_deref() == Some(owner) => self.delete(&["users", name]).await,
            _ => Ok(()),
        }
    }
}

impl Told {
    fn read(self) -> User {
        let owner = self.tags.iter().find_map(|tag| tag.strip_prefix(OWNER)).map(str::to_owned);
        let (digest, algorithm) = (self.password_hash, self.hashing_algorithm);
        User { name: self.name, owner, tags: self.tags, digest, algorithm }
    }
}

fn mark(owner: &str) -> String {
    format!("{OWNER}{owner}")
}

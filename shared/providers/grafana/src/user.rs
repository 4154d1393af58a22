use fault::{Fault, Kind};
use http_client::{Method, StatusCode};
use secrets::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Grafana, PART, Part, marked, next, page, unmarked};

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub login: String,
    pub email: String,
    pub name: String,
    /// The ownership mark at the end of its name.
    pub owner: Option<String>,
}

/// A user to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    pub login: &'a str,
    pub email: &'a str,
    pub name: &'a str,
    pub owner: &'a str,
    /// The organisation it begins in.
    pub org: i64,
    pub password: &'a SecretString,
}

/// What a user may do in an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    Viewer,
    Editor,
    Admin,
    #[serde(untagged)]
    Other(String),
}

/// An organisation that a user is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Membership {
    #[serde(rename = "orgId")]
    pub org: i64,
    pub role: Role,
}

#[derive(Deserialize)]
struct Told {
    id: i64,
    login: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Made {
    id: i64,
}

impl Grafana {
    /// The user of this login. Whose it is, the caller compares.
    pub async fn find_user(&self, login: &str) -> Result<Option<User>, Fault> {
        let request = self.request(Method::GET, &["users", "lookup"])?.query(&[("loginOrEmail", login)]);
        let found: Option<Told> = self.find(request).await?;
        // It may be another's address of mail.
        Ok(found.filter(|found| found.login.eq_ignore_ascii_case(login)).map(Told::read))
    }

    /// The server's users, a hundred at a time.
    pub async fn users(&self, after: Option<&str>) -> Result<Part<User>, Fault> {
        let page = page(after, 1)?;
        let request = self.request(Method::GET, &["users"])?;
        let request = request.query(&[("page", page.to_string()), ("perpage", PART.to_string())]);
        let found: Vec<Told> = self.ask(request).await?;
        let next = next(page, found.len());
        Ok(Part { items: found.into_iter().map(Told::read).collect(), next })
    }

    /// Makes a user in its organisation; [`Grafana::confine_user`] makes it a Viewer there, and nothing elsewhere. The caller has
    /// looked that there is none of this login; the address of mail must be free, too. Gives its id.
    pub async fn create_user(&self, new: &NewUser<'_>) -> Result<i64, Fault> {
        let body = json!({
            "login": new.login, "email": new.email, "name": marked(new.name, new.owner), "orgId": new.org,
            "password": new.password.expose_secret(),
        });
        let answer = self.api.send(self.request(Method::POST, &["admin", "users"])?.json(&body)).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(self.api.decode::<Made>(answer).await?.id);
        }
        // Not with Grafana's own words: a password was sent.
        let mut fault = self.hinted(status, http_client::refused(self.api.provider(), &answer));
        if status == StatusCode::PRECONDITION_FAILED {
            fault.kind = Kind::Transient;
            fault.cause = format!("the user {} or its address is in grafana already; look again", new.login);
        }
        Err(fault)
    }

    /// Where a user is, and as what. `None` when there is no such user.
    pub async fn memberships(&self, user: i64) -> Result<Option<Vec<Membership>>, Fault> {
        self.find(self.request(Method::GET, &["users", &user.to_string(), "orgs"])?).await
    }

    /// Makes a user a Viewer of one organisation, and takes it out of all others.
    pub async fn confine_user(&self, user: &User, org: i64) -> Result<(), Fault> {
        let memberships = self.memberships(user.id).await?;
        let memberships = memberships.ok_or_else(|| {
            Fault::transient(format!("the user {} is gone from grafana", user.login))
                .from_provider(crate::SERVICE, None)
        })?;
        // In first, then out: whoever is nowhere may be deleted for it.
        match memberships.iter().find(|membership| membership.org == org) {
            None => self.add(user, org).await?,
            Some(Membership { role: Role::Viewer, .. }) => {}
            Some(_) => self.set_role(user, org).await?,
        }
        for other in memberships.iter().filter(|membership| membership.org != org) {
            self.delete(&["orgs", &other.org.to_string(), "users", &user.id.to_string()]).await?;
        }
        Ok(())
    }

    /// Already gone is success.
    pub async fn delete_user(&self, id: i64) -> Result<(), Fault> {
        self.delete(&["admin", "users", &id.to_string()]).await
    }

    async fn add(&self, user: &User, org: i64) -> Result<(), Fault> {
        let request = self.request(Method::POST, &["orgs", &org.to_string(), "users"])?;
        let request = request.json(&json!({ "loginOrEmail": user.login, "role": Role::Viewer }));
        let answer = self.api.send(request).await?;
        match answer.status() {
            // Somebody was quicker, and may have wanted another role.
            StatusCode::CONFLICT => self.set_role(user, org).await,
            status if status.is_success() => Ok(()),
            _ => Err(self.refused(answer).await),
        }
    }

    async fn set_role(&self, user: &User, org: i64) -> Result<(), Fault> {
        let path = ["orgs", &org.to_string(), "users", &user.id.to_string()];
        let request = self.request(Method::PATCH, &path)?.json(&json!({ "role": Role::Viewer }));
        self.ask::<IgnoredAny>(request).await.map(drop)
    }
}

impl Told {
    fn read(self) -> User {
        let (name, owner) = unmarked(&self.name);
        User { id: self.id, login: self.login, email: self.email, name, owner }
    }
}

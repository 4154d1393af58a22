use fault::{Fault, Kind};
use http_client::{Method, StatusCode};
use jiff::Timestamp;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::{Medusa, Refusal, Session};

/// Somebody who may sign in to the dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    pub id: String,
    pub email: String,
}

/// An invite to become a user.
#[derive(Clone, Debug)]
pub struct Invite {
    pub id: String,
    pub email: String,
    /// Whoever has it may become a user.
    pub token: SecretString,
    pub accepted: bool,
    pub expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct Accepted {
    user: User,
}

#[derive(Deserialize)]
struct Invites {
    invites: Vec<Told>,
}

#[derive(Deserialize)]
struct Invited {
    invite: Told,
}

#[derive(Deserialize)]
struct Told {
    id: String,
    email: String,
    accepted: bool,
    token: SecretString,
    expires_at: Option<Timestamp>,
}

impl Medusa {
    /// The first hundred users.
    pub async fn users(&self, by: &Session) -> Result<Vec<User>, Fault> {
        let request = self.request(Method::GET, &["admin", "users"])?.query(&[("limit", "100")]);
        let Users { users } = self.ask(by.on(request)).await?;
        Ok(users)
    }

    /// Already gone is success. The identity stays, and can sign in to nothing.
    pub async fn delete_user(&self, by: &Session, id: &str) -> Result<(), Fault> {
        self.delete(by, &["admin", "users", id]).await
    }

    /// The first hundred invites.
    pub async fn invites(&self, by: &Session) -> Result<Vec<Invite>, Fault> {
        let request = self.request(Method::GET, &["admin", "invites"])?.query(&[("limit", "100")]);
        let Invites { invites } = self.ask(by.on(request)).await?;
        Ok(invites.into_iter().map(Told::read).collect())
    }

    /// Invites somebody; Medusa itself sends no mail. The caller has looked that there is no invite for this address.
    pub async fn create_invite(&self, by: &Session, email: &str) -> Result<Invite, Fault> {
        let request = self.request(Method::POST, &["admin", "invites"])?;
        let request = request.json(&json!({ "email": email }));
        match self.ask::<Invited>(by.on(request)).await {
            Ok(made) => Ok(made.invite.read()),
            // The status and the type are those of an invalid address.
            Err(mut fault) if fault.cause.contains("already exist") => {
                fault.kind = Kind::Transient;
                Err(fault)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Already gone is success.
    pub async fn delete_invite(&self, by: &Session, id: &str) -> Result<(), Fault> {
        self.delete(by, &["admin", "invites", id]).await
    }

    /// Whether it takes changes: it is asked to delete an invite that is none, which changes nothing where it does. Medusa
    /// itself always takes them; an image that is run read-only answers 400 `not_allowed`.
    pub async fn takes_changes(&self, by: &Session) -> Result<bool, Fault> {
        let path = ["admin", "invites", "invite_none"];
        let answer = self.api.send(by.on(self.request(Method::DELETE, &path)?)).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(true),
            status if status.is_success() => self.decode::<IgnoredAny>(answer).await.map(|_| true),
            StatusCode::BAD_REQUEST => match self.api.refusal::<Refusal>(answer).await {
                (_, Some(Refusal { r#type, .. })) if r#type == "not_allowed" => Ok(false),
                (fault, _) => Err(fault),
            },
            _ => Err(self.refused(answer).await),
        }
    }

    /// Makes an identity the user that was invited. `by` is the identity's own session. `None` when Medusa refuses, for it
    /// says no more than that: the token was used or is too old, or the identity is a user already.
    pub async fn accept_invite(&self, by: &Session, invite: &Invite) -> Result<Option<User>, Fault> {
        let request = self
            .request(Method::POST, &["admin", "invites", "accept"])?
            .query(&[("token", invite.token.expose_secret())])
            .json(&json!({ "email": invite.email }));
        let answer = self.api.send(by.on(request)).await?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Ok(None),
            status if status.is_success() => Ok(Some(self.decode::<Accepted>(answer).await?.user)),
            _ => Err(self.refused(answer).await),
        }
    }

    async fn delete(&self, by: &Session, path: &[&str]) -> Result<(), Fault> {
        let answer = self.api.send(by.on(self.request(Method::DELETE, path)?)).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => self.decode::<IgnoredAny>(answer).await.map(drop),
            _ => Err(self.refused(answer).await),
        }
    }
}

impl Told {
    fn read(self) -> Invite {
        Invite {
            id: self.id,
            email: self.email,
            token: self.token,
            accepted: self.accepted,
            expires_at: self.expires_at,
        }
    }
}

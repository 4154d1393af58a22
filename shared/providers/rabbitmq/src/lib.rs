#![doc = include_str!("../README.md")]

mod definitions;
mod limits;
mod password;
mod permissions;
mod topology;
mod user;
mod vhost;

use fault::Fault;
use http_client::{Api, Http, Method, RequestBuilder, Response, StatusCode};
pub use limits::Limits;
pub use permissions::Permissions;
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
pub use topology::Queue;
pub use user::User;
pub use vhost::Vhost;

const SERVICE: &str = "rabbitmq";

/// A broker, as one of its administrators.
#[derive(Clone, Debug)]
pub struct RabbitMq {
    api: Api,
    login: Login,
}

/// The administrator, as the vault has it: `{"username": "...", "password": "..."}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Login {
    pub username: String,
    pub password: SecretString,
}

/// What RabbitMQ says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
    reason: Option<Reason>,
}

/// A sentence, or a word followed by what was sent: the latter may be a digest of a password, and is not repeated.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Reason {
    Sentence(String),
    Word((String, IgnoredAny)),
    Other(IgnoredAny),
}

impl RabbitMq {
    /// `RABBITMQ_URL` says where the management API answers, `https://rabbitmq.example.com:15671/api`, and `RABBITMQ_SECRET`
    /// where in the vault the administrator's login is.
    pub async fn from_env() -> Result<Self, Fault> {
        let variable = |name| aws::variable(name).map_err(|e| Fault::terminal(e.to_string()));
        let (url, reference) = (variable("RABBITMQ_URL")?, SecretRef(variable("RABBITMQ_SECRET")?));
        let secret = Vault::from_env().await.read(&reference).await?;
        let login = serde_json::from_str(secret.expose_secret())
            .map_err(|_| Fault::terminal(format!("the secret {} is no login for rabbitmq", reference.0)))
            .map_err(|fault| fault.hint(r#"It is to be {"username": "...", "password": "..."}."#))?;
        Self::new(Http::network(), &url, login)
    }

    pub fn new(http: Http, url: &str, login: Login) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(http, SERVICE, url)?, login })
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, Fault> {
        let Login { username, password } = &self.login;
        Ok(self.api.request(method, path)?.basic_auth(username, Some(password.expose_secret())))
    }

    /// The answer to a question that must have one.
    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() {
            self.api.decode(answer).await
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// The answer about something that need not be there.
    async fn find<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Fault> {
        let answer = self.api.send(request).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if answer.status().is_success() {
            self.api.decode(answer).await.map(Some)
        } else {
            Err(self.refused(answer).await)
        }
    }

    /// Writing: the answer to success says nothing.
    async fn put(&self, request: RequestBuilder) -> Result<(), Fault> {
        let answer = self.api.send(request).await?;
        if answer.status().is_success() { Ok(()) } else { Err(self.refused(answer).await) }
    }

    /// Already gone is success.
    async fn delete(&self, path: &[&str]) -> Result<(), Fault> {
        let answer = self.api.send(self.request(Method::DELETE, path)?).await?;
        if answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(self.refused(answer).await)
    }

    async fn refused(&self, answer: Response) -> Fault {
        let status = answer.status();
        let (mut fault, said) = self.api.refusal::<Refusal>(answer).await;
        let reason = said.map_or_else(String::new, |Refusal { error, reason }| match reason {
            Some(Reason::Sentence(reason) | Reason::Word((reason, _))) => format!("{error}: {reason}"),
            Some(Reason::Other(_)) | None => error,
        });
        if !reason.is_empty() {
            fault.cause = format!("rabbitmq refused: {reason}");
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                fault.hint("The login in the vault must be RabbitMQ's, of a user with the tag administrator.")
            }
            _ if reason.contains("inequivalent arg") => fault.hint(
                "It was made with other settings, and they cannot be changed. Delete it, with what is in it; then retry.",
            ),
            _ if reason.contains("vhost_or_user_not_found") => {
                fault.hint("The vhost or the user is gone: apply the step that makes it again.")
            }
            _ => fault,
        }
    }
}

/// The fault in finding somebody else's where ours was to be.
fn foreign(what: &str) -> Fault {
    Fault::terminal(format!("{what} in rabbitmq belongs to somebody else"))
        .from_provider(SERVICE, None)
        .hint("Find out whose it is, and delete it if it is nobody's; then retry.")
}

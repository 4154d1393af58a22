use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use http_client::{Api, Http, Method};
use jiff::{SignedDuration, Timestamp};
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;

const SERVICE: &str = "identity";
/// What the canary asks of the issuer: to be let in to synthetic tenants alone.
const SCOPE: &str = "tenantry/canary";
/// A token is let go so long before it ends: a call takes its time.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// Who the canary is to the issuer, as its secret has it in JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct Credentials {
    pub client_id: String,
    pub client_secret: SecretString,
    /// Where it gets its tokens.
    pub token_url: String,
}

/// Its access tokens, by client credentials (RFC 6749, 4.4). Clones share what they hold.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    api: Api,
    credentials: Credentials,
    held: Mutex<Option<Held>>,
}

#[derive(Clone, Debug)]
struct Held {
    token: SecretString,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u32,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Tokens {
    pub(crate) fn new(http: Http, credentials: Credentials) -> Result<Self, Fault> {
        let api = Api::new(http, SERVICE, &credentials.token_url)?;
        Ok(Self(Arc::new(Inner { api, credentials, held: Mutex::default() })))
    }

    /// A token that is good for a minute at least.
    pub(crate) async fn get(&self) -> Result<SecretString, Fault> {
        let now = clock::now();
        if let Some(held) = self.held().filter(|held| now < held.until) {
            return Ok(held.token);
        }
        let Granted { access_token: token, expires_in } = self.ask().await?;
        let lasts = SignedDuration::from_secs(expires_in.into()) - EARLY;
        let held = Held { token: token.clone(), until: now.saturating_add(lasts).unwrap_or(now) };
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(token)
    }

    /// Lets go of a token that is not taken any more.
    pub(crate) fn forget(&self) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn held(&self) -> Option<Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self) -> Result<Granted, Fault> {
        let Inner { api, credentials, .. } = &*self.0;
        let request = api.request(Method::POST, &[])?;
        let request =
            request.basic_auth(&credentials.client_id, Some(credentials.client_secret.expose_secret()));
        let answer =
            api.send(request.form(&[("grant_type", "client_credentials"), ("scope", SCOPE)])).await?;
        if answer.status().is_success() {
            return api.decode(answer).await;
        }
        let (mut fault, said) = api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { error }) = said {
            fault.cause = format!("the issuer refused the canary's credentials: {error}");
        }
        Err(fault)
    }
}

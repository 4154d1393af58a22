use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use http_client::{Api, Http, Method};
use jiff::{SignedDuration, Timestamp};
use secrets::{ExposeSecret, SecretRef, SecretString, Vault};
use serde::Deserialize;
use serde_json::json;

use crate::key::Key;

const SERVICE: &str = "google-oauth";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// As long as Google lets a request for a token be good.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A token is let go so long before it ends: a call takes its time.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// The access tokens of a service account. Clones share what they hold.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    api: Api,
    key: Key,
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
    error_description: Option<String>,
}

impl Tokens {
    /// Reads the key file from the vault: `GOOGLE_KEY_SECRET` names it there.
    pub async fn from_env() -> Result<Self, Fault> {
        let reference = aws::variable("GOOGLE_KEY_SECRET").map_err(|e| Fault::terminal(e.to_string()))?;
        Self::new(Http::network(), &Vault::from_env().await.read(&SecretRef(reference)).await?)
    }

    /// Asks where the key file says (`token_uri`).
    pub fn new(http: Http, key_file: &SecretString) -> Result<Self, Fault> {
        let key = Key::read(key_file)?;
        let api = Api::new(http, SERVICE, &key.token_uri)?;
        Ok(Self(Arc::new(Inner { api, key, held: Mutex::default() })))
    }

    /// A token that is good for a minute at least.
    pub(crate) async fn get(&self) -> Result<SecretString, Fault> {
        let now = clock::now();
        if let Some(held) = self.held().filter(|held| now < held.until) {
            return Ok(held.token);
        }
        let granted = self.ask(now).await?;
        let lasts = SignedDuration::from_secs(granted.expires_in.into()) - EARLY;
        let held = Held { token: granted.access_token, until: now.saturating_add(lasts).unwrap_or(now) };
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held.token)
    }

    /// Lets go of the token that Google no longer takes.
    pub(crate) fn forget(&self) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn held(&self) -> Option<Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self, now: Timestamp) -> Result<Granted, Fault> {
        let Inner { api, key, .. } = &*self.0;
        let issued = now.as_second();
        let assertion = key.sign(&json!({
            "iss": key.email(), "scope": SCOPE, "aud": key.token_uri, "iat": issued, "exp": issued + HOUR.as_secs(),
        }))?;
        let form = [("grant_type", GRANT), ("assertion", assertion.expose_secret())];
        let answer = api.send(api.request(Method::POST, &[])?.form(&form)).await?;
        if answer.status().is_success() {
            return api.decode(answer).await;
        }
        let (mut fault, said) = api.refusal::<Refusal>(answer).await;
        if let Some(Refusal { error, error_description }) = said {
            let why = error_description.unwrap_or_default();
            fault.cause = format!("google refused {} a token: {error}: {why}", key.email());
        }
        Err(fault.hint("Is the key deleted or disabled in Google's console, or this machine's clock wrong?"))
    }
}

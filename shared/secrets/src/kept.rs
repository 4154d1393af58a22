use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use jiff::{SignedDuration, Timestamp};

use crate::{ExposeSecret, SecretRef, SecretString, Vault};

/// For how long what the vault said is believed: so long it takes until a new secret counts.
const LASTS: SignedDuration = SignedDuration::from_mins(1);

/// A secret whose lines are all good, two while one follows the other: read when it is asked for, and kept for a minute. Clones
/// share what they keep.
#[derive(Clone, Debug)]
pub struct Kept(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Without it, the value never changes.
    vault: Option<(Vault, SecretRef)>,
    known: Mutex<Option<(Timestamp, Vec<SecretString>)>>,
}

impl Kept {
    #[must_use]
    pub fn new(vault: Vault, name: SecretRef) -> Self {
        Self(Arc::new(Inner { vault: Some((vault, name)), known: Mutex::default() }))
    }

    /// Its lines, without those that are blank. Where the vault does not answer, what it said last is believed for another minute.
    pub async fn lines(&self) -> Result<Vec<SecretString>, Fault> {
        let (now, known) = (clock::now(), self.known());
        let is_fresh = |at: Timestamp| at.duration_since(now).abs() < LASTS;
        let (vault, name) = match (&self.0.vault, &known) {
            (Some(_), Some((at, lines))) if is_fresh(*at) => return Ok(lines.clone()),
            (Some((vault, name)), _) => (vault, name),
            (None, known) => return Ok(known.clone().map(|(_, lines)| lines).unwrap_or_default()),
        };
        let lines = match (vault.read(name).await, known) {
            (Ok(text), _) => lines(&text),
            (Err(fault), Some((_, lines))) => {
                tracing::warn!(fault = fault.kind.name(), "{} is what it was a minute ago: {fault}", name.0);
                lines
            }
            (Err(fault), None) => return Err(fault),
        };
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, lines.clone()));
        Ok(lines)
    }

    fn known(&self) -> Option<(Timestamp, Vec<SecretString>)> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One that never changes.
impl From<SecretString> for Kept {
    fn from(text: SecretString) -> Self {
        let known = Mutex::new(Some((Timestamp::UNIX_EPOCH, lines(&text))));
        Self(Arc::new(Inner { vault: None, known }))
    }
}

fn lines(text: &SecretString) -> Vec<SecretString> {
    let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(SecretString::from).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::config::http::{HttpRequest, HttpResponse};
    use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_types::body::SdkBody;
    use serde_json::json;

    use super::*;

    /// A vault that holds this, or does not answer.
    #[derive(Clone, Debug)]
    struct Told(Arc<Mutex<Option<&'static str>>>);

    impl Told {
        fn say(&self, text: Option<&'static str>) {
            *self.0.lock().expect("a vault") = text;
        }

        fn vault(&self) -> Vault {
            let connector = SharedHttpConnector::new(self.clone());
            let config = Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("key", "secret", None, None, "a test"))
                .retry_config(aws_sdk_secretsmanager::config::retry::RetryConfig::disabled())
                .http_client(http_client_fn(move |_, _| connector.clone()))
                .build();
            Vault::new(aws_sdk_secretsmanager::Client::from_conf(config))
        }
    }

    impl HttpConnector for Told {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let (status, body) = match *self.0.lock().expect("a vault") {
                Some(text) => (200, json!({ "Name": "key", "SecretString": text })),
                None => (500, json!({ "__type": "InternalServiceError" })),
            };
            let status = status.try_into().expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
        }
    }

    async fn read(kept: &Kept) -> Option<Vec<String>> {
        let lines = kept.lines().await.ok()?;
        Some(lines.iter().map(|line| line.expose_secret().to_owned()).collect())
    }

    #[tokio::test]
    async fn a_rotated_secret_counts_after_a_minute_and_a_silent_vault_changes_nothing() {
        let begin: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a moment");
        let after = |seconds| clock::simulate(begin + SignedDuration::from_secs(seconds));
        let told = Told(Arc::default());
        let kept = Kept::new(told.vault(), SecretRef("key".to_owned()));
        after(0);
        assert_eq!(read(&kept).await, None, "nothing was ever heard");
        told.say(Some("old\n\n  new \n"));
        assert_eq!(read(&kept).await.expect("read"), ["old", "new"]);
        told.say(Some("new"));
        after(59);
        assert_eq!(read(&kept).await.expect("known").len(), 2);
        after(61);
        assert_eq!(read(&kept).await.expect("read"), ["new"]);
        told.say(None);
        after(600);
        assert_eq!(read(&kept).await.expect("known"), ["new"]);
    }

    #[tokio::test]
    async fn what_never_changes_needs_no_vault() {
        assert_eq!(read(&SecretString::from("a key").into()).await.expect("known"), ["a key"]);
    }
}

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use billing::SubscriptionId;
use billing_react::Post;
use billing_webhook::Desk;
use fault::Fault;
use jiff::{SignedDuration, Timestamp};
use secrets::SecretString;
use serde_json::json;
use ses::Mail;

use crate::arrival::SECRET;

/// Queues and mail, in memory. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct PostRoom(Arc<Mutex<Letters>>);

#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// What waits to be opened, and since when it may be.
    pub(crate) waiting: Vec<(Timestamp, String)>,
    pub(crate) dead: Vec<String>,
    pub(crate) mails: Vec<Mail>,
}

impl PostRoom {
    pub(crate) fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn leave(&self, at: Timestamp, letter: String) {
        self.letters().waiting.push((at, letter));
    }
}

impl Post for PostRoom {
    async fn look(&self, id: &SubscriptionId, after: Duration) -> Result<(), Fault> {
        let after = SignedDuration::try_from(after).map_err(|e| Fault::terminal(e.to_string()))?;
        self.leave(clock::now() + after, json!({ "look": id }).to_string());
        Ok(())
    }

    async fn bury(&self, body: &str) -> Result<(), Fault> {
        self.letters().dead.push(body.to_owned());
        Ok(())
    }

    async fn mail(&self, mail: &Mail) -> Result<(), Fault> {
        self.letters().mails.push(mail.clone());
        Ok(())
    }
}

impl Desk for PostRoom {
    async fn stripe(&self) -> Result<Vec<SecretString>, Fault> {
        Ok(vec![SECRET.into()])
    }

    async fn subscriptions(&self) -> Result<Vec<SecretString>, Fault> {
        Ok(vec![SECRET.into()])
    }

    async fn keep(&self, letter: &str) -> Result<(), Fault> {
        self.leave(clock::now(), letter.to_owned());
        Ok(())
    }
}

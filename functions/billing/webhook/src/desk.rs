use std::future::Future;

use fault::Fault;
use secrets::SecretString;
use sqs::Queue;

use crate::Keys;

/// What stands behind the webhook: the secrets that prove a biller, and where letters are left.
pub trait Desk: Send + Sync + 'static {
    /// Those that Stripe may sign with.
    fn stripe(&self) -> impl Future<Output = Result<Vec<SecretString>, Fault>> + Send;

    /// Those that the plain webhook may be called with.
    fn subscriptions(&self) -> impl Future<Output = Result<Vec<SecretString>, Fault>> + Send;

    /// Leaves a letter where `billing-react` finds it.
    fn keep(&self, letter: &str) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The vault's secrets, and the deployment's own queue.
#[derive(Debug)]
pub struct Office {
    pub stripe: Keys,
    pub subscriptions: Keys,
    pub queue: Queue,
}

impl Desk for Office {
    async fn stripe(&self) -> Result<Vec<SecretString>, Fault> {
        self.stripe.read().await
    }

    async fn subscriptions(&self) -> Result<Vec<SecretString>, Fault> {
        self.subscriptions.read().await
    }

    async fn keep(&self, letter: &str) -> Result<(), Fault> {
        self.queue.send(letter).await
    }
}

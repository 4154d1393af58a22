use std::future::Future;
use std::time::Duration;

use billing::SubscriptionId;
use fault::Fault;
use ses::{Mail, Mailer};
use sqs::Queue;

use crate::letter::Letter;

/// What goes out of here: letters to ourselves, what nobody can read, mail.
pub trait Post {
    /// Has a subscription looked at, so much later.
    fn look(&self, id: &SubscriptionId, after: Duration) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Puts a letter with the dead ones, where somebody sees to it.
    fn bury(&self, body: &str) -> impl Future<Output = Result<(), Fault>> + Send;

    fn mail(&self, mail: &Mail) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// The deployment's own queues, and SES.
#[derive(Clone, Debug)]
pub struct Office {
    pub queue: Queue,
    pub dead: Queue,
    pub mailer: Mailer,
}

impl Post for Office {
    async fn look(&self, id: &SubscriptionId, after: Duration) -> Result<(), Fault> {
        self.queue.send_with(&Letter::look(id), after).await
    }

    async fn bury(&self, body: &str) -> Result<(), Fault> {
        self.dead.send(body).await
    }

    async fn mail(&self, mail: &Mail) -> Result<(), Fault> {
        self.mailer.send(mail).await.map(|_| ())
    }
}

//! Has an event delivered to every endpoint that listens to it: writes the delivery down, and then has it done.
//!
//! What is for an endpoint that is disabled is written down, too, and held: whoever enables it again can have it replayed.

use aws_lambda_events::sqs::SqsEvent;
use events::{DeliveryState, Event};
use fault::Fault;
use serde::Deserialize;
use sqs::Queue;
use store::Webhooks;

#[derive(Debug)]
pub struct FanOut {
    pub webhooks: Webhooks,
    pub errands: Queue,
}

/// An event as the bus puts it into a queue.
#[derive(Debug, Deserialize)]
struct Put {
    detail: Event,
}

impl FanOut {
    /// Each letter is one event. If anything fails, the letters come again: what is written down by then is known by its id.
    pub async fn run(&self, letters: SqsEvent) -> Result<(), Fault> {
        for letter in letters.records {
            let put = serde_json::from_str(letter.body.as_deref().unwrap_or_default());
            let Put { detail } = put.map_err(|e| Fault::terminal(format!("a letter is no event: {e}")))?;
            Box::pin(self.spread(detail)).await?;
        }
        Ok(())
    }

    async fn spread(&self, event: Event) -> Result<(), Fault> {
        let now = clock::now();
        let mut told = 0;
        for webhook in self.webhooks.all().await?.iter().filter(|webhook| webhook.listens_to(&event)) {
            let delivery = self.webhooks.offer(webhook, event.clone(), now).await?.value;
            // One that is further on has an errand of its own.
            if delivery.state == DeliveryState::Waiting && delivery.tries == 0 {
                self.errands.send(&serde_json::json!(delivery.errand(now)).to_string()).await?;
                told += 1;
            }
        }
        tracing::info!(event.id, event.kind = event.kind.name(), count.webhooks = told, "spread");
        Ok(())
    }
}

#[cfg(test)]
mod tests;

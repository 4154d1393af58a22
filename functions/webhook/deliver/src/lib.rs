//! Delivers an event to an endpoint of somebody else's: signed, to public addresses alone, and again at growing intervals
//! until it is taken or given up.
//!
//! How long is waited is in the errand, not in the queue, which can hold one back for a quarter of an hour: an errand that
//! is not due yet goes in again. An errand that was run before is known by the delivery's own count.

mod signature;

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::SqsEvent;
use events::{Attempt, Delivery, DeliveryState, Errand, Patience, Webhook};
use fault::{Actor, Fault, Kind};
use jiff::Timestamp;
use reach::Reach;
use seal::Seal;
use secrets::SecretString;
use sqs::Queue;
use store::{Error, Versioned, Webhooks};
use telemetry::Finding;
use tenancy::WebhookId;

/// What an endpoint says that wants to hear nothing more, ever.
const GONE: u16 = 410;

/// How often what is known of an endpoint is read again because another delivery has changed it.
const RIVALS: u32 = 8;

#[derive(Debug)]
pub struct Deliver {
    pub webhooks: Webhooks,
    pub errands: Queue,
    pub seal: Seal,
    pub reach: Reach,
    pub patience: Patience,
}

impl Deliver {
    /// Each letter is an errand. One that fails for reasons of our own comes again.
    pub async fn run(&self, letters: SqsEvent) -> Result<(), Fault> {
        for letter in letters.records {
            let errand = serde_json::from_str(letter.body.as_deref().unwrap_or_default());
            let errand: Errand =
                errand.map_err(|e| Fault::terminal(format!("a letter is no errand: {e}")))?;
            Box::pin(self.go(&errand)).await?;
        }
        Ok(())
    }

    async fn go(&self, errand: &Errand) -> Result<(), Fault> {
        let now = clock::now();
        if now < errand.due {
            return self.later(errand, now).await;
        }
        // Deleted meanwhile, or forgotten after its time.
        let Some(webhook) = self.webhooks.get(errand.webhook).await? else { return Ok(()) };
        let Some(mut delivery) = self.webhooks.delivery(errand.webhook, &errand.delivery).await? else {
            return Ok(());
        };
        if !delivery.value.expects(errand) {
            return Ok(());
        }
        if !webhook.value.enabled && !is_test(&delivery.value) {
            delivery.value.state = DeliveryState::Held;
            return Ok(self.webhooks.keep(&delivery, now).await?);
        }
        let attempt = self.attempt(&webhook.value, &delivery.value, now).await?;
        self.conclude(delivery, attempt).await
    }

    /// Visits the endpoint. What comes of that is an outcome; a fault is ours.
    async fn attempt(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Attempt, Fault> {
        let body = serde_json::to_vec(&delivery.event).map_err(|e| Fault::terminal(e.to_string()))?;
        let headers = signature::headers(&self.secrets(webhook, now).await?, &delivery.event.id, now, &body)?;
        let clock = Instant::now();
        let answer = self.reach.post(webhook.url.as_str(), headers, body).await;
        let duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, answer, fault) = match answer {
            Ok(answer) => (Some(answer.status.as_u16()), answer.beginning, None),
            Err(fault) => (None, String::new(), Some(fault)),
        };
        tracing::info!(
            webhook.id = %webhook.id, event.id = delivery.event.id, http.status = status, duration_ms,
            attempt = delivery.tries + 1, fault = fault.as_ref().map(|fault| fault.kind.name()), "visited"
        );
        Ok(Attempt { at: now, status, answer, duration_ms, fault })
    }

    async fn secrets(&self, webhook: &Webhook, now: Timestamp) -> Result<Vec<SecretString>, Fault> {
        let mut secrets = Vec::new();
        for sealed in webhook.good(now) {
            secrets.push(self.seal.open(&sealed.text, &webhook.id.to_string()).await?);
        }
        Ok(secrets)
    }

    /// Writes down what became of an attempt, and has another one made where there is to be one. The webhook comes first
    /// and the delivery last: who dies between them makes the attempt again, and nothing is forgotten.
    async fn conclude(&self, mut delivery: Versioned<Delivery>, attempt: Attempt) -> Result<(), Fault> {
        let now = clock::now();
        let taken = attempt.status.is_some_and(|status| (200..300).contains(&status));
        let gone = attempt.status == Some(GONE);
        let Delivery { event, round, tries, .. } = &delivery.value;
        // A replay comes as late as whoever wanted it.
        let lag = (taken && *round == 1 && !is_test(&delivery.value))
            .then(|| now.duration_since(event.time).unsigned_abs());
        let first = *tries == 0;
        let begun_at = delivery.value.begun_at().unwrap_or(attempt.at);
        let pause = self.patience.pause(delivery.value.tries + 1, random());
        let next_at = pause.filter(|_| !taken && !gone && !is_test(&delivery.value)).map(|pause| now + pause);
        let state = match (taken, next_at) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Waiting,
            (false, None) => DeliveryState::Dead,
        };
        let dead = state == DeliveryState::Dead && !is_test(&delivery.value);
        let given_up = dead.then(|| refused(&attempt));
        self.judge(delivery.value.webhook, taken, given_up.as_ref(), gone, (begun_at, attempt.at)).await?;
        delivery.value.tried(attempt, state, next_at);
        if let Some(next_at) = next_at {
            self.later(&delivery.value.errand(next_at), now).await?;
        }
        match self.webhooks.keep(&delivery, now).await {
            Ok(()) => lag.into_iter().for_each(|lag| telemetry::webhook_delivered(first, lag)),
            // A twin of this errand was quicker, and has written the same.
            Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
        telemetry::found(Finding::WebhookDead, usize::from(dead));
        Ok(())
    }

    /// Keeps since when nothing has got through, and gives an endpoint up to which nothing has since before a delivery
    /// that is given up was begun with. Many deliveries of one endpoint end at once.
    async fn judge(
        &self,
        id: WebhookId,
        taken: bool,
        given_up: Option<&Fault>,
        gone: bool,
        (begun_at, at): (Timestamp, Timestamp),
    ) -> Result<(), Fault> {
        for _ in 0..RIVALS {
            let Some(mut webhook) = self.webhooks.get(id).await? else { return Ok(()) };
            let before = webhook.value.clone();
            let known = &mut webhook.value;
            known.failing_since = if taken { None } else { known.failing_since.or(Some(at)) };
            let silent = known.failing_since.is_some_and(|since| since <= begun_at);
            let given_up = given_up.filter(|_| known.enabled && (gone || silent));
            if let Some(fault) = given_up {
                known.disable(fault.clone(), at);
            }
            if webhook.value == before {
                return Ok(());
            }
            match self.webhooks.note(&webhook).await {
                Ok(()) => {
                    telemetry::found(Finding::WebhookDisabled, usize::from(given_up.is_some()));
                    return Ok(());
                }
                Err(Error::Conflict(_) | Error::Rivals) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Rivals.into())
    }

    async fn later(&self, errand: &Errand, now: Timestamp) -> Result<(), Fault> {
        // Rounded up: what comes back a moment too early goes in again.
        let wait = u64::try_from(errand.due.duration_since(now).as_millis()).unwrap_or_default();
        let seconds = wait.div_ceil(1000);
        self.errands.send_with(&serde_json::json!(errand).to_string(), Duration::from_secs(seconds)).await
    }
}

/// A test is tried once, and also where nothing else is sent.
fn is_test(delivery: &Delivery) -> bool {
    delivery.event.kind == events::Type::WebhookTest
}

/// Why a delivery is given up.
fn refused(attempt: &Attempt) -> Fault {
    let fault = match (&attempt.fault, attempt.status) {
        (Some(fault), _) => fault.clone(),
        (None, status) => {
            let cause = format!("the endpoint answered {}", status.unwrap_or_default());
            Fault::new(Kind::Terminal, Actor::Customer, cause)
        }
    };
    fault.hint("Have the endpoint answer with 2xx within ten seconds, enable the webhook again, and replay what it missed.")
}

/// Where the operating system has no randomness, everybody waits as long.
fn random() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

#[cfg(test)]
mod tests;

//! Tells the bus what has changed, as the tables' streams deliver it. What is not written down has not happened, and what
//! is written down is told: there is no second list of what is still to be told.
//!
//! A stream delivers at least once, and a batch that failed whole again. So an event's id follows from the change alone.

mod domains;
mod operation;
mod record;
mod subscription;
mod tenant;
mod webhook;

use aws_lambda_events::dynamodb::Event as Delivered;
use event_bridge::{Bus, Entry};
use events::{Data, Event, Type};
use fault::Fault;

pub use record::Record;

/// What rules know our events by.
const SOURCE: &str = "tenantry";

#[derive(Debug)]
pub struct Publish {
    pub bus: Bus,
    pub deployment: String,
}

/// What of a change is told: nothing of most.
pub type Told = Result<Vec<(Type, Data)>, serde_json::Error>;

type Tell = fn(&Record) -> Told;

/// A kind of record, by its sort key's first word, and what is told of its changes. The mapping's filter lets these through.
const KINDS: [(&str, Tell); 5] = [
    ("TENANT", tenant::told),
    ("OPERATION", operation::told),
    ("DOMAINS", domains::told),
    ("SUBSCRIPTION", subscription::told),
    ("WEBHOOK", webhook::told),
];

impl Publish {
    /// Tells all of it. If the bus did not take all, the whole batch is delivered again.
    pub async fn run(&self, delivered: Delivered) -> Result<(), Fault> {
        let mut entries = Vec::new();
        for record in delivered.records {
            match Record::read(record).and_then(|record| events(&record, &self.deployment)) {
                Ok(events) => entries.extend(events.iter().map(entry)),
                // Whatever comes after it is told: a record that is not understood must not stop a stream for a day.
                Err(error) => {
                    tracing::error!("a change cannot be told: {error}");
                    telemetry::found(telemetry::Finding::ChangeUntold, 1);
                }
            }
        }
        self.bus.put(&entries).await?;
        tracing::info!(count.events = entries.len(), "told");
        Ok(())
    }
}

/// The events of a change.
///
/// # Errors
/// When a record is not what it is called.
pub fn events(record: &Record, deployment: &str) -> Result<Vec<Event<Data>>, serde_json::Error> {
    let Some((_, told)) = KINDS.iter().find(|(kind, _)| *kind == record.kind()) else {
        return Ok(Vec::new());
    };
    let events = told(record)?.into_iter();
    Ok(events.map(|(kind, data)| Event::new(kind, deployment, &record.change, data)).collect())
}

fn entry(event: &Event<Data>) -> Entry {
    Entry {
        source: SOURCE.to_owned(),
        detail_type: event.kind.name().to_owned(),
        detail: serde_json::json!(event).to_string(),
        time: event.time,
    }
}

#[cfg(test)]
mod tests;

#![doc = include_str!("../README.md")]

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_types::DateTime;
use fault::Fault;
use jiff::Timestamp;

const SERVICE: &str = "event-bridge";

/// So many entries one call takes.
const BATCH: usize = 10;

/// A bus.
#[derive(Clone, Debug)]
pub enum Bus {
    EventBridge {
        client: Client,
        name: String,
    },
    /// Keeps what is put onto it, in order.
    #[cfg(feature = "memory")]
    Memory(std::sync::Arc<std::sync::Mutex<Vec<Entry>>>),
}

/// An event as rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub source: String,
    pub detail_type: String,
    /// JSON.
    pub detail: String,
    pub time: Timestamp,
}

impl Bus {
    /// The bus whose name or ARN is in `EVENT_BUS`.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        Ok(Self::new(Client::new(&aws::config().await), aws::variable("EVENT_BUS")?))
    }

    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self::EventBridge { client, name }
    }

    /// Puts events onto the bus, in their order. A fault means that some of them may not be there.
    pub async fn put(&self, events: &[Entry]) -> Result<(), Fault> {
        let (client, name) = match self {
            Self::EventBridge { client, name } => (client, name),
            #[cfg(feature = "memory")]
            Self::Memory(kept) => {
                kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(events);
                return Ok(());
            }
        };
        for batch in events.chunks(BATCH) {
            let entries = batch.iter().map(|event| {
                PutEventsRequestEntry::builder()
                    .event_bus_name(name)
                    .source(&event.source)
                    .detail_type(&event.detail_type)
                    .detail(&event.detail)
                    .time(DateTime::from_secs(event.time.as_second()))
                    .build()
            });
            let request = client.put_events().set_entries(Some(entries.collect()));
            let answer = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
            if let Some(refused) = answer.entries().iter().find(|entry| entry.error_code().is_some()) {
                let code = refused.error_code().unwrap_or_default();
                let message = refused.error_message().unwrap_or("no message");
                let cause =
                    format!("{} events were not taken: {code}: {message}", answer.failed_entry_count());
                return Err(Fault::transient(cause).from_provider(SERVICE, None));
            }
        }
        Ok(())
    }
}

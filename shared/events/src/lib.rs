//! What Tenantry tells the world: a closed set of events, each a [CloudEvent 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)
//! in structured JSON. `docs/events.md` lists them for those who listen; `docs/events/*.schema.json` describes each.
//!
//! Pure: no I/O, no clock, no randomness. What makes an event of a change is `functions/event/publish`.

mod data;
mod event;
mod kind;
#[cfg(feature = "openapi")]
mod schema;

pub use data::{Data, DomainData, OperationData, TenantData, TestData, WebhookData};
pub use event::{Change, Event};
pub use kind::Type;
#[cfg(feature = "openapi")]
pub use schema::schema;

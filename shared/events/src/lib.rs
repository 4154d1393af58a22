//! What Tenantry tells the world: a closed set of events, each a [CloudEvent 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)
//! in structured JSON. `docs/events.md` lists them for those who listen; `docs/events/*.schema.json` describes each.
//!
//! And to whom: webhooks, and what becomes of each delivery.
//!
//! Pure: no I/O, no clock, no randomness. What makes an event of a change is `functions/event/publish`.

mod data;
mod delivery;
mod event;
mod kind;
mod patience;
#[cfg(feature = "openapi")]
mod schema;
mod target;
mod webhook;

pub use data::{Data, DomainData, OperationData, SubscriptionData, TenantData, TestData, WebhookData};
pub use delivery::{Attempt, Delivery, DeliveryId, DeliveryState, Errand};
pub use event::{Change, Event};
pub use kind::Type;
pub use patience::Patience;
#[cfg(feature = "openapi")]
pub use schema::schema;
pub use target::Target;
pub use webhook::{Disabled, Sealed, Webhook};

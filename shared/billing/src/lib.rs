//! What billers say of subscriptions, and what their tenants are due because of it.
//!
//! Two billers are understood: Stripe ([`stripe`]), by webhook or through EventBridge, and whoever sends the plain
//! [`subscription_webhook`]. What either says becomes an [`Event`]; a [`Subscription`] is all that was heard of one, in
//! whatever order it came; its [`Standing`] at a moment says what its tenant is due then.
//!
//! Pure: no I/O, no clock. The same events give the same standing, however often and in whatever order they came.

mod dunning;
mod event;
mod event_id;
mod plan_history;
mod plan_names;
mod policy;
mod standing;
pub mod stripe;
mod subscription;
pub mod subscription_webhook;
mod terms;

pub use dunning::Dunning;
pub use event::{Event, Fact, Read};
pub use event_id::EventId;
pub use plan_history::{Offered, PlanHistory};
pub use plan_names::PlanNames;
pub use policy::Policy;
pub use standing::{Notice, Standing, Subject, Wanted};
pub use subscription::{Hearing, Subscription};
pub use tenancy::SubscriptionId;
pub use terms::{Customer, State, Terms};

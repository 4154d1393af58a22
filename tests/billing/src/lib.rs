//! What billers say in half a year, in order and as it comes, and a platform that lives by it.
//!
//! [`lives`] writes the half years of so many subscriptions, as Stripe and the plain webhook tell of them, and knows what becomes of
//! each. [`clean`] and [`disorderly`] say how that arrives. [`replay`] has a platform live by it: the webhook and `billing-react` as
//! they are, on the store in memory, on a clock of its own.

mod arrival;
mod platform;
mod post;
mod story;
mod wire;

pub use arrival::{Arrival, Fate, Flaw, Way, clean, disorderly};
pub use platform::{Aftermath, Outcomes, Platform, Tally, replay};
pub use story::{Biller, Ending, Life, Plot, Saying, lives};

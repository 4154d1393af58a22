//! What a step is, what a set-up and a probe are, and the runtime around them, so that nobody who writes one can get the
//! ledger protocol wrong.
//!
//! The runtime keeps the invariants of the design: intent before effect (1), apply converges (3), destroy is
//! verified (4), the fence (5), and errors a state machine and a person can act on (13).

mod backup;
mod caught;
mod ended;
mod function;
mod ledger;
mod probe;
mod renewed;
mod runner;
mod setting;
mod setup;
mod step;
mod subject;
mod sweep;

pub use backup::{Archive, BackUp, BackedUp, Copied, Holding, Kept, Noted, Part};
pub use caught::Caught;
pub use ended::{Effort, ended};
pub use function::{Error, Function, Invocation, function, serve, serve_backed_up, serve_probe, serve_setup};
pub use ledger::{
    Begun, Committed, Destroying, Intent, Lease, Ledger, Report, Resource, ResourceState, Standing,
};
pub use probe::Probe;
pub use runner::{ProbeRunner, Runner};
pub use setting::whole_number;
pub use setup::{SettingUp, Setup};
pub use step::{Context, Held, Inventory, Presence, Step};
pub use subject::Subject;
pub use sweep::{Orphan, Swept};

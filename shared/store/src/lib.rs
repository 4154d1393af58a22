//! What Tenantry remembers, in five DynamoDB tables: tenants with their operations and outbox, the resource
//! ledger, claims, the catalogue, and webhooks with their deliveries.
//!
//! Everything is written by one of three conditions (see [`Condition`]), so a lost race is always noticed, and
//! read by `GetItem`, `BatchGetItem` or a `Query` with a page token; there is no `Scan` anywhere. The same code runs
//! on the in-memory twin (feature `memory`); `tests/contract.rs` holds both to one contract.

mod audit;
mod buckets;
mod catalogue;
mod change_requests;
mod claims;
mod correspondence;
mod database;
mod decisions;
mod domains;
mod dynamo;
mod figures;
mod histogram;
mod idle;
mod index;
mod ledger;
mod listing;
#[cfg(feature = "memory")]
mod memory;
mod offboarding;
mod open;
mod orders;
mod orphans;
mod outbox;
mod progress;
mod rate_governor;
mod repairs;
mod subscriptions;
mod sweeps;
mod tenants;
mod usage;
mod webhooks;
mod words;

pub use audit::{Audit, By};
pub use buckets::{Bucket, Buckets, Exhausted, Rate};
pub use catalogue::{Catalogue, Entry};
pub use change_requests::{ChangeRequest, Wish};
pub use claims::{Claims, Invitation, RequestKey};
pub use correspondence::Correspondence;
pub use database::{Condition, Conflict, Database, Error, Key, Page, Row, Table, Write};
pub use figures::{Day, Failure, Figures, Subject, Waiting, Waits};
pub use histogram::Histogram;
pub use idle::Idle;
pub use index::{Index, Listed};
pub use ledger::{ResourceLedger, doomed, last_gone, next_wave};
pub use listing::Filter;
#[cfg(feature = "memory")]
pub use memory::{Line, Memory, Operation, Way};
pub use offboarding::{Certified, Look, certificate_keys, keep_certificate_key};
pub use open::Open;
pub use orders::Order;
pub use outbox::Outbox;
pub use progress::progress;
pub use rate_governor::{Headroom, RateGovernor};
pub use repairs::{RepairTask, TaskId};
pub use subscriptions::{Account, Ordered, UnknownEvent, Voided};
pub use sweeps::{Finding, Sweep, SweepOutcome, Unswept, Verdict};
pub use tenants::{Accepted, Outcome, Refusal, Tenants, Versioned};
pub use webhooks::Webhooks;

use std::future::Future;
use std::time::Duration;

use fault::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::{OperationId, TenantId};

/// A resource of a tenant, as the ledger names it: written before the resource is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub tenant: TenantId,
    /// The step that makes and unmakes it.
    pub step: String,
    pub state: ResourceState,
    /// The operation that made it: what a compensation of that operation must destroy.
    pub made_by: OperationId,
    /// The operation that touched it last.
    pub operation: OperationId,
    pub handle: Value,
    #[serde(default)]
    pub output: Option<Value>,
    /// A digest of what it was last applied with.
    pub input: String,
    /// The function that can destroy it.
    pub destroyer: String,
    /// The call that is in flight, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Calls so far by the operation that touched it last, in the direction it is going.
    pub attempts: u32,
    /// Time spent inside the step's own provider calls by the last operation, in milliseconds.
    #[serde(default)]
    pub busy_ms: u64,
    /// First intent. Whatever was live before this moment may be what it stands on.
    pub intended_at: Timestamp,
    /// When it first was live. Unset while it may be half made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_at: Option<Timestamp>,
    /// First call of the last operation.
    pub begun_at: Timestamp,
    /// Last change of this row.
    pub changed_at: Timestamp,
    /// Why the last call failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Counts the row's changes; every write is conditional on the one it read.
    #[serde(skip)]
    pub version: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    /// Named; may or may not exist.
    Intended,
    Live,
    Destroying,
    /// Its absence was observed, or it was never asked for.
    Destroyed,
    /// Would not go within its budget: a repair task.
    Stuck,
    /// An operator took it off our hands: it is gone by their word, or theirs to keep.
    Resolved,
}

impl Resource {
    /// Whether it exists, or may.
    #[must_use]
    pub fn is_left(&self) -> bool {
        !matches!(self.state, ResourceState::Destroyed | ResourceState::Resolved)
    }

    /// Whether a call on it may still be running.
    #[must_use]
    pub fn in_flight(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.until > now)
    }
}

/// A call's claim on a row. It lasts exactly as long as the Lambda can run, so it never needs renewal and
/// never outlives its holder by more than a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The Lambda request id.
    pub holder: String,
    pub until: Timestamp,
}

impl Lease {
    /// For how long the call may still run.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.until.duration_since(now)).unwrap_or_default()
    }
}

/// What a step is about to make.
#[derive(Clone, Debug)]
pub struct Intent {
    pub tenant: TenantId,
    pub step: &'static str,
    pub operation: OperationId,
    pub handle: Value,
    pub input: String,
    pub destroyer: String,
    pub lease: Lease,
}

/// How an intent was received.
#[derive(Debug)]
pub enum Begun {
    /// The row is ours until the lease ends: go on. (Fresh, or resumed after a failure, which is the row's fault, or a crash.)
    Started(Box<Resource>),
    /// Already live, made of the same input: this was its output.
    Done(Value),
    /// Another call holds the lease.
    InFlight(Lease),
    /// The operation is fenced, or over. Nothing was begun.
    Fenced,
    /// An operator lets the operation do without this step. Nothing was begun.
    Skipped,
}

/// Whether a step of an operation may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// The operation is fenced, or over.
    Fenced,
    /// An operator lets the operation do without the step.
    Skipped,
}

/// How a success was received.
#[derive(Debug)]
pub enum Committed {
    Live,
    /// The fence went up while the effect was made: what this operation made must go.
    Fenced(Box<Resource>),
}

/// How a wish to destroy was received.
#[derive(Debug)]
pub enum Destroying {
    /// The row is ours until the lease ends: destroy what its handle names.
    Started(Box<Resource>),
    /// No such row, or already destroyed.
    Gone,
    /// Another call holds the lease.
    InFlight(Lease),
    /// The operation has ended: this call comes too late, and the row may be a later one's.
    Over,
}

/// How a probe's look ended, for the operation's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub tenant: TenantId,
    pub operation: OperationId,
    pub step: String,
    pub attempts: u32,
    pub begun_at: Timestamp,
    pub changed_at: Timestamp,
    pub busy_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The output of the look that succeeded, unless that is too large to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Value>,
}

/// The resource ledger as the runtime sees it. Every method is one conditional write; a lost race or an
/// unavailable store is [`Fault::transient`].
pub trait Ledger: Send + Sync {
    /// Takes the row for a call of `apply`, then looks at the fence.
    fn begin(&self, intent: Intent) -> impl Future<Output = Result<Begun, Fault>> + Send;

    /// Looks at the fence, then records that the resource is live and frees the row.
    fn commit(&self, row: Resource, output: &Value) -> impl Future<Output = Result<Committed, Fault>> + Send;

    /// Records why a call failed, and frees the row if the call is over: one that got no answer may still take
    /// effect, so its lease runs out by itself.
    fn release(&self, row: Resource, fault: &Fault) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Takes the row for a call of `destroy`.
    fn begin_destroy(
        &self,
        tenant: &TenantId,
        step: &'static str,
        operation: OperationId,
        lease: Lease,
    ) -> impl Future<Output = Result<Destroying, Fault>> + Send;

    /// Records that the resource's absence was observed and frees the row.
    fn destroyed(&self, row: Resource) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Whether a step of the operation may begin.
    fn standing(
        &self,
        tenant: &TenantId,
        operation: OperationId,
        step: &'static str,
    ) -> impl Future<Output = Result<Standing, Fault>> + Send;

    /// The row of a tenant's resource, if there ever was one.
    fn resource(
        &self,
        tenant: &TenantId,
        step: &str,
    ) -> impl Future<Output = Result<Option<Resource>, Fault>> + Send;

    /// Records a probe's look.
    fn report(&self, report: Report) -> impl Future<Output = Result<(), Fault>> + Send;
}

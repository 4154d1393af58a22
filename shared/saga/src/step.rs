use std::future::Future;

use fault::Fault;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy::{Mark, OperationId, Snapshot};

/// One reversible act on one provider: how a resource is made, and how it is unmade, side by side.
///
/// Each method may run any number of times, after a crash anywhere, but never at the same time as another call
/// for the same tenant: the runtime holds a lease. No retries, no sleeping, no ledger in here.
pub trait Step: Send + Sync {
    /// The step's one name: folder, package, binary, function and state are spelled from it.
    const NAME: &'static str;

    /// What the state machine passes: reads like the `params` object in its definition.
    type Params: DeserializeOwned + Send + Sync;
    /// Names the resource before it exists, enough to find and undo it. Kept in the ledger: an on-disk format,
    /// fields may be added as optional, never renamed.
    type Handle: Serialize + DeserializeOwned + Send + Sync;
    /// What later steps read: ids, hosts, secret references. Never a secret.
    type Output: Serialize + Send + Sync;

    /// The resource's name. Pure: follows from the deployment and the tenant alone.
    fn handle(&self, mark: &Mark) -> Self::Handle;

    /// Makes the resource exist as described. Already there with our mark is success; there with another is
    /// [`Fault::terminal`]; under way is [`Fault::not_ready`].
    fn apply(
        &self,
        cx: &Context,
        params: &Self::Params,
        handle: &Self::Handle,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;

    /// Makes the resource not exist. Already gone is success; one that does not carry our mark is left alone.
    fn destroy(&self, mark: &Mark, handle: &Self::Handle) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Looks whether the resource, with our mark, is there. The runtime writes `destroyed` only on its word.
    fn observe(
        &self,
        mark: &Mark,
        handle: &Self::Handle,
    ) -> impl Future<Output = Result<Presence, Fault>> + Send;

    /// Lists what the provider holds of this step's kind with anybody's mark, a part at a time: `after` is where
    /// the last one ended. The runtime tells whose is whose.
    fn inventory(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Inventory<Self::Handle>, Fault>> + Send;
}

/// A part of what a provider holds.
#[derive(Clone, Debug)]
pub struct Inventory<H> {
    pub held: Vec<Held<H>>,
    /// Where the next part begins, unless this was the last.
    pub next: Option<String>,
}

/// Something that a provider lists.
#[derive(Clone, Debug)]
pub struct Held<H> {
    /// What stands where our mark would.
    pub owner: String,
    pub handle: H,
    /// When it was made, as far as the provider says.
    pub made_at: Option<Timestamp>,
}

/// What a call works from.
#[derive(Clone, Debug)]
pub struct Context {
    pub operation: OperationId,
    pub tenant: Snapshot,
    pub mark: Mark,
}

/// Whether a resource of ours was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Present,
    Absent,
}

impl From<bool> for Presence {
    fn from(there: bool) -> Self {
        if there { Self::Present } else { Self::Absent }
    }
}

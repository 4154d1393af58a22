use std::future::Future;

use fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Context;

/// Looks, and makes nothing: health, readiness. Has no undo, and so no row in the resource ledger.
pub trait Probe: Send + Sync {
    const NAME: &'static str;

    type Params: DeserializeOwned + Send + Sync;
    type Output: Serialize + Send + Sync;

    /// What was seen, or [`Fault::not_ready`] with what is still missing.
    fn look(
        &self,
        cx: &Context,
        params: &Self::Params,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

use std::future::Future;

use fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Probe};

/// Changes what a step has made: fills its database, starts what it reserved. Has no undo of its own, and so no row
/// in the resource ledger: it is undone with what it changed.
///
/// Nothing may outlive that. What exists by itself, costs by itself or is found by itself is a [`crate::Step`]'s to
/// make. As a step, it may run any number of times after a crash anywhere; unlike one, also twice at the same time.
pub trait Setup: Send + Sync {
    const NAME: &'static str;

    type Params: DeserializeOwned + Send + Sync;
    type Output: Serialize + Send + Sync;

    /// Has it be as described. Already so is success; under way is [`Fault::not_ready`].
    fn set_up(
        &self,
        cx: &Context,
        params: &Self::Params,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// The runtime treats it as a look: behind the fence it does not begin, and how it went is reported.
#[derive(Debug)]
pub struct SettingUp<S>(pub S);

impl<S: Setup> Probe for SettingUp<S> {
    const NAME: &'static str = S::NAME;
    type Params = S::Params;
    type Output = S::Output;

    async fn look(&self, cx: &Context, params: &S::Params) -> Result<S::Output, Fault> {
        self.0.set_up(cx, params).await
    }
}

//! Another version of every step, whose resources have other names: deployed in the middle of a tenant's life, it has to
//! go on with what the one before it made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fault::Fault;
use saga::{BackUp, Context, Copied, Holding, Inventory, Presence, Step};
use serde_json::Value;
use tenancy::Mark;

/// What a handle names something by that has no name of its own, or none that could be another: whose it is, in every
/// version.
const WHOSE: [&str; 4] = ["records_of", "site", "served", "certificate"];

/// Whether the next version is deployed.
#[derive(Clone, Debug, Default)]
pub struct NextVersion(Arc<AtomicBool>);

impl NextVersion {
    pub fn deploy(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub struct Versioned<S> {
    pub step: S,
    pub next: NextVersion,
}

impl<S: Step> Step for Versioned<S> {
    const NAME: &'static str = S::NAME;
    type Params = S::Params;
    type Handle = S::Handle;
    type Output = S::Output;

    fn handle(&self, mark: &Mark) -> S::Handle {
        let handle = self.step.handle(mark);
        if !self.next.0.load(Ordering::Relaxed) {
            return handle;
        }
        let mut renamed = serde_json::to_value(handle).expect("a handle is JSON");
        let fields = renamed.as_object_mut().into_iter().flatten();
        for (field, name) in fields {
            if let Value::String(name) = name
                && !WHOSE.contains(&field.as_str())
            {
                name.push_str("-2");
            }
        }
        serde_json::from_value(renamed).expect("a name like the others")
    }

    async fn apply(&self, cx: &Context, params: &S::Params, handle: &S::Handle) -> Result<S::Output, Fault> {
        self.step.apply(cx, params, handle).await
    }

    async fn destroy(&self, mark: &Mark, handle: &S::Handle) -> Result<(), Fault> {
        self.step.destroy(mark, handle).await
    }

    async fn observe(&self, mark: &Mark, handle: &S::Handle) -> Result<Presence, Fault> {
        self.step.observe(mark, handle).await
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<S::Handle>, Fault> {
        self.step.inventory(after).await
    }
}

impl<S: BackUp> BackUp for Versioned<S> {
    async fn back_up(&self, mark: &Mark, handle: &S::Handle, take: &str) -> Result<Holding, Fault> {
        self.step.back_up(mark, handle, take).await
    }

    async fn restore(&self, mark: &Mark, handle: &S::Handle, copies: Vec<Copied>) -> Result<(), Fault> {
        self.step.restore(mark, handle, copies).await
    }
}

use fault::Fault;
use governor::{Governor, Haste, Heard, Pass, Quota, Saying};

/// A governor that lets nothing through, and says what it would have counted against.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

impl Governor for Closed {
    fn admit(&self, Quota { provider, of, .. }: Quota, _: Haste) -> Saying<'_, Result<Pass, Fault>> {
        Box::pin(async move { Err(Fault::not_ready(format!("{of} of {provider}"))) })
    }

    fn hear(&self, _: Quota, _: Pass, _: Heard) -> Saying<'_, ()> {
        Box::pin(async {})
    }
}

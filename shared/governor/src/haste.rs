use std::future::Future;

/// Whether somebody waits for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Haste {
    /// A tenant that is made, changed or deleted.
    #[default]
    Now,
    /// An inventory, a sweep: it gets what is left as long as that is half.
    AtLeisure,
}

tokio::task_local! {
    static HASTE: Haste;
}

/// Whatever this asks of providers, it asks at leisure.
pub async fn at_leisure<F: Future>(what: F) -> F::Output {
    HASTE.scope(Haste::AtLeisure, what).await
}

/// What the call that is being made here is.
#[must_use]
pub fn haste() -> Haste {
    HASTE.try_get().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn leisure_ends_with_what_it_was_said_of() {
        assert_eq!(haste(), Haste::Now);
        let inside = at_leisure(async { (haste(), at_leisure(async { haste() }).await, haste()) }).await;
        assert_eq!(inside, (Haste::AtLeisure, Haste::AtLeisure, Haste::AtLeisure));
        assert_eq!(haste(), Haste::Now);
    }

    #[tokio::test]
    async fn what_goes_on_beside_it_is_not_at_leisure() {
        let beside = async {
            tokio::task::yield_now().await;
            haste()
        };
        let (swept, signed_up) = tokio::join!(at_leisure(beside), async { haste() });
        assert_eq!((swept, signed_up), (Haste::AtLeisure, Haste::Now));
    }
}

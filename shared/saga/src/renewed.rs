use std::fmt::Display;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

/// What a function was made with is believed for so long: then its secrets are read anew, so that one that was rotated is heard of
/// without a deployment.
const LASTS: Duration = Duration::from_mins(15);

/// So long it is not tried again when that did not succeed.
const AGAIN: Duration = Duration::from_mins(1);

/// What is made of secrets, and anew before they are old. Where the vault does not answer, what was made before stays.
#[derive(Debug)]
pub(crate) struct Renewed<T, F> {
    make: F,
    made: Mutex<Made<T>>,
}

#[derive(Debug)]
struct Made<T> {
    value: Arc<T>,
    until: Instant,
}

impl<T> Made<T> {
    fn new(value: T) -> Self {
        Self { value: Arc::new(value), until: Instant::now() + LASTS }
    }
}

impl<T, E: Display, F: AsyncFn() -> Result<T, E>> Renewed<T, F> {
    pub(crate) async fn new(make: F) -> Result<Self, E> {
        let made = Mutex::new(Made::new(make().await?));
        Ok(Self { make, made })
    }

    pub(crate) async fn get(&self) -> Arc<T> {
        let mut made = self.made.lock().await;
        if Instant::now() >= made.until {
            match (self.make)().await {
                Ok(value) => *made = Made::new(value),
                Err(e) => {
                    tracing::warn!("what this function was made with is kept for a minute more: {e}");
                    made.until = Instant::now() + AGAIN;
                }
            }
        }
        Arc::clone(&made.value)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn after(minutes: u64) {
        tokio::time::advance(Duration::from_mins(minutes)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_secret_is_heard_of_within_a_quarter_of_an_hour() {
        let secret = Cell::new("old");
        let renewed = Renewed::new(async || Ok::<_, &str>(secret.get())).await.expect("made");
        secret.set("new");
        after(14).await;
        assert_eq!(*renewed.get().await, "old");
        after(1).await;
        assert_eq!(*renewed.get().await, "new");
        secret.set("newer");
        after(14).await;
        assert_eq!(*renewed.get().await, "new", "it lasts as long again");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_made_anew_stays_and_is_tried_again() {
        let (vault, asked) = (Cell::new(Ok("old")), Cell::new(0));
        let make = async || {
            asked.set(asked.get() + 1);
            vault.get()
        };
        let renewed = Renewed::new(make).await.expect("made");
        vault.set(Err("the vault does not answer"));
        after(15).await;
        for _ in 0..3 {
            assert_eq!(*renewed.get().await, "old");
        }
        assert_eq!(asked.get(), 2, "not with every call");
        vault.set(Ok("new"));
        after(1).await;
        assert_eq!(*renewed.get().await, "new");
    }

    #[tokio::test]
    async fn without_secrets_nothing_begins() {
        let renewed = Renewed::new(async || Err::<(), _>("the vault does not answer")).await;
        assert_eq!(renewed.err(), Some("the vault does not answer"));
    }
}

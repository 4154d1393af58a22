//! What several targets stand on.

pub mod api;
pub mod wire;

use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

/// Runs something to its end, by a clock that jumps to whatever is waited for.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// What is before the first of these bytes, and what behind; all and nothing, where there is none.
pub fn cut<'a>(input: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = input.windows(at.len()).position(|window| window == at);
    found.map_or((input, &[]), |found| (&input[..found], &input[found + at.len()..]))
}

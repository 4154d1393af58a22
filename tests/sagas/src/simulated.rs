use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Runs something on a clock that jumps from one event to the next.
pub fn simulated<T>(run: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), run)
}

//! Writes down what executions come through, branch by branch, for whoever wants to compare it.

use std::cell::RefCell;

use serde_json::Value;

use super::Outcome;

thread_local! {
    /// Nothing is kept unless somebody asks: the matrix runs machines by the thousand.
    static KEPT: RefCell<Option<Vec<Entry>>> = const { RefCell::new(None) };
}

/// A moment of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The execution's ARN.
    pub execution: String,
    /// `Build[1]/Workspace[0]/MerchantCreateGroup`; nothing for the execution itself.
    pub state: String,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Entered,
    /// One attempt of a task.
    Called(Outcome),
    Left(Value),
    /// The execution's end.
    Ended(Outcome),
}

/// Runs something on this thread, and gives what the executions in it came through.
pub fn of<T>(run: impl FnOnce() -> T) -> (T, Vec<Entry>) {
    KEPT.set(Some(Vec::new()));
    let ran = run();
    (ran, KEPT.take().unwrap_or_default())
}

pub(super) fn keep(execution: &str, state: &str, event: impl FnOnce() -> Event) {
    KEPT.with_borrow_mut(|kept| {
        if let Some(kept) = kept {
            kept.push(Entry { execution: execution.to_owned(), state: state.to_owned(), event: event() });
        }
    });
}

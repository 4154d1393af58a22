//! Tasks that somebody else ends: each attempt waits for whoever has its token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use super::{Failure, Outcome};

/// The tokens that were given out.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<String, Option<Waiting>>>>);

/// Why a token was of no use, by the API's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    InvalidToken,
    /// Answered, given up, or aborted with its execution.
    TaskTimedOut,
}

#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Outcome>,
    alive: Arc<Notify>,
}

/// One attempt of a task. Its token is worth nothing once it is dropped.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) token: String,
    answer: oneshot::Receiver<Outcome>,
    alive: Arc<Notify>,
    tokens: Tokens,
}

impl Tokens {
    /// `SendTaskSuccess`
    pub fn success(&self, token: &str, output: Value) -> Result<(), Refused> {
        self.answer(token, Ok(output))
    }

    /// `SendTaskFailure`
    pub fn failure(&self, token: &str, failure: Failure) -> Result<(), Refused> {
        self.answer(token, Err(failure))
    }

    /// `SendTaskHeartbeat`
    pub fn heartbeat(&self, token: &str) -> Result<(), Refused> {
        match self.tasks().get(token) {
            Some(Some(waiting)) => {
                waiting.alive.notify_one();
                Ok(())
            }
            Some(None) => Err(Refused::TaskTimedOut),
            None => Err(Refused::InvalidToken),
        }
    }

    pub(super) fn task(&self) -> Task {
        let mut tasks = self.tasks();
        let token = format!("token-{}", tasks.len());
        let (sender, answer) = oneshot::channel();
        let alive = Arc::new(Notify::new());
        tasks.insert(token.clone(), Some(Waiting { answer: sender, alive: Arc::clone(&alive) }));
        Task { token, answer, alive, tokens: self.clone() }
    }

    fn answer(&self, token: &str, outcome: Outcome) -> Result<(), Refused> {
        let mut tasks = self.tasks();
        let waiting = tasks.get_mut(token).ok_or(Refused::InvalidToken)?.take();
        let answer = waiting.ok_or(Refused::TaskTimedOut)?.answer;
        answer.send(outcome).map_err(|_| Refused::TaskTimedOut)
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Option<Waiting>>> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl Task {
    /// What the task is told, unless nothing is heard of it for too long.
    pub(super) async fn answered(&mut self, heartbeat: Duration) -> Outcome {
        loop {
            tokio::select! {
                biased;
                answer = &mut self.answer => {
                    return answer.unwrap_or_else(|_| Err(Failure::new("States.Runtime", "nobody has its token")));
                }
                () = self.alive.notified() => {}
                () = super::sleep(heartbeat) => return Err(Failure::new("States.HeartbeatTimeout", "")),
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(waiting) = self.tokens.tasks().get_mut(&self.token) {
            *waiting = None;
        }
    }
}

//! Lambda's Runtime API, as a function's process sees it:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Notify;

use crate::process;
use crate::server::Answers;

/// For so long a call may run.
const LIMIT: Duration = Duration::from_secs(30);

/// One process's calls: as many as there are events, one after another. Whoever asks for more waits.
#[derive(Debug)]
pub(crate) struct Runtime {
    events: Vec<Value>,
    seen: Mutex<Seen>,
    over: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whose calls these are.
    pub(crate) process: Option<u32>,
    /// When each answer came.
    pub(crate) answers: Vec<Instant>,
    /// What the process had computed for whenever it asked for an event.
    pub(crate) computed: Vec<Duration>,
    /// What it said went wrong.
    pub(crate) failure: Option<String>,
}

impl Runtime {
    pub(crate) fn new(events: Vec<Value>) -> Self {
        Self { events, seen: Mutex::default(), over: Notify::new() }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all events are through, or something went wrong.
    pub(crate) async fn over(&self) {
        self.over.notified().await;
    }

    fn next(&self) -> Option<Response<Bytes>> {
        let mut seen = self.seen();
        let computed = seen.process.and_then(|process| process::computed(process).ok()).unwrap_or_default();
        seen.computed.push(computed);
        let number = seen.answers.len();
        let Some(event) = self.events.get(number) else {
            self.over.notify_one();
            return None;
        };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + LIMIT;
        let answer = Response::builder()
            .header("Lambda-Runtime-Aws-Request-Id", format!("00000000-0000-4000-8000-{number:012}"))
            .header("Lambda-Runtime-Deadline-Ms", deadline.as_millis().to_string())
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:us-east-1:123456789012:function:step",
            )
            .header("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
            .header("content-type", "application/json")
            .body(event.to_string().into());
        answer.ok()
    }
}

impl Answers for Runtime {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let at = Instant::now();
        match request.uri().path().rsplit('/').next() {
            Some("next") => match self.next() {
                Some(event) => return event,
                None => pending().await,
            },
            Some("response") => self.seen().answers.push(at),
            _ => {
                self.seen().failure = Some(String::from_utf8_lossy(request.body()).into_owned());
                self.over.notify_one();
            }
        }
        let mut taken = Response::new(Bytes::new());
        *taken.status_mut() = StatusCode::ACCEPTED;
        taken
    }
}

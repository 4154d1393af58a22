//! A task is done once under a key: begun, found running, or found done.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::request::{Run, Task};
use super::{BenchHost, Outcome, until};
use crate::clouds::name_servers::NameServers;
use crate::clouds::pace::Moment;

/// So often a task is tried under one key with one input.
const ATTEMPTS: usize = 3;
/// What may pass, and is begun anew when it is asked for again.
const AGAIN: [&str; 6] =
    ["database-unreachable", "nginx-down", "challenge-failed", "timed-out", "interrupted", "failed"];

/// One try at a job.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) key: String,
    pub(super) task: Task,
    pub(super) input: Value,
    number: u32,
    begun_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// When it ended, and how.
    pub(super) end: Option<(Timestamp, Result<Value, Failure>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Failure {
    code: &'static str,
    cause: String,
    retry_at: Option<Timestamp>,
}

impl Failure {
    pub(super) fn new(code: &'static str, cause: impl Into<String>) -> Self {
        Self { code, cause: cause.into(), retry_at: None }
    }

    /// It passes by itself then.
    pub(super) fn until(self, retry_at: Timestamp) -> Self {
        Self { retry_at: Some(retry_at), ..self }
    }

    fn is_passing(&self) -> bool {
        AGAIN.contains(&self.code)
    }
}

impl Attempt {
    pub(super) fn is(&self, name: &str, task: Task, app: &str, key: &str) -> bool {
        (self.name.as_str(), self.task, self.app(), self.key.as_str()) == (name, task, app, key)
    }

    fn app(&self) -> &str {
        self.input["app"].as_str().unwrap_or_default()
    }

    fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it would be tried again.
    fn may_pass(&self) -> bool {
        matches!(&self.end, Some((_, Err(failure))) if failure.is_passing())
    }

    fn told(&self) -> Value {
        let (state, result, failure) = match &self.end {
            None => ("running", None, None),
            Some((_, Ok(result))) => ("done", Some(result), None),
            Some((_, Err(failure))) => ("failed", None, Some(failure)),
        };
        let failure = failure.map(|it| {
            json!({"code": it.code, "cause": it.cause, "again": it.is_passing(), "retry_at": it.retry_at})
        });
        json!({
            "task": self.task.name(), "state": state, "attempt": self.number, "begun_at": self.begun_at,
            "ended_at": self.end.as_ref().map(|(at, _)| at), "result": result, "failure": failure, "busy_with": null,
        })
    }
}

impl BenchHost {
    /// Begins a task or finds it, and says how it stands after the wait.
    pub(super) fn run(&mut self, moment: Moment, run: Run, dns: &NameServers) -> Outcome {
        self.hold(run.task.kind(), &run.name, &run.owner)?;
        let (now, app) = (moment.now, run.input["app"].as_str().unwrap_or_default());
        let tried = self.attempts.iter().filter(|it| it.is(&run.name, run.task, app, &run.key));
        let latest = tried.clone().next_back();
        let number = latest.map_or(0, |it| it.number);
        let waits_for = |other: &Attempt| {
            let job = json!({
                "task": run.task.name(), "state": "waiting", "attempt": number, "begun_at": null, "ended_at": null,
                "result": null, "failure": null, "busy_with": other.task.name(),
            });
            Ok((json!({ "job": job }), until(now, other.ends_at).min(run.wait)))
        };
        if let Some(latest) = latest {
            let is_same = latest.input == run.input;
            if latest.is_running() {
                return if is_same { self.told_later(latest, now, run.wait, dns) } else { waits_for(latest) };
            }
            let tries = tried.filter(|it| it.input == run.input).count();
            if is_same && !(latest.may_pass() && tries < ATTEMPTS) {
                return Ok((json!({"job": latest.told()}), Duration::ZERO));
            }
        }
        let of_its_kind = |it: &&Attempt| it.name == run.name && it.task.kind() == run.task.kind();
        if let Some(other) = self.attempts.iter().filter(of_its_kind).find(|it| it.is_running()) {
            if !run.task.is_ending() {
                return waits_for(other);
            }
            self.interrupt(&run, now);
        }
        let wait = run.wait;
        self.start(moment, run, number + 1);
        match self.attempts.last() {
            Some(begun) => self.told_later(begun, now, wait, dns),
            None => Ok((Value::Null, Duration::ZERO)),
        }
    }

    /// How a running attempt stands after so long. It goes on here as it does there.
    fn told_later(&self, running: &Attempt, now: Timestamp, wait: Duration, dns: &NameServers) -> Outcome {
        let rest = until(now, running.ends_at);
        if rest > wait {
            return Ok((json!({"job": running.told()}), wait));
        }
        let there = self.settled(running.ends_at, dns);
        let same = there.attempts.iter().find(|it| {
            it.number == running.number && it.is(&running.name, running.task, running.app(), &running.key)
        });
        Ok((json!({"job": same.unwrap_or(running).told()}), rest))
    }

    /// What runs for this name and kind dies, and leaves what it has done so far.
    fn interrupt(&mut self, run: &Run, now: Timestamp) {
        for attempt in &mut self.attempts {
            if attempt.is_running() && attempt.name == run.name && attempt.task.kind() == run.task.kind() {
                let failure = Failure::new("interrupted", "it ended without a word: its process was killed");
                attempt.end = Some((now, Err(failure)));
            }
        }
    }

    fn start(&mut self, moment: Moment, run: Run, number: u32) {
        let takes = self.begin(&run, moment.now);
        let Run { name, owner, key, task, input, .. } = run;
        let (begun_at, ends_at) = (moment.now, moment.after(takes));
        self.attempts.push(Attempt { name, owner, key, task, input, number, begun_at, ends_at, end: None });
    }

    /// The end of an attempt that was left alone.
    pub(super) fn finish(&mut self, index: usize, dns: &NameServers) {
        let attempt = self.attempts[index].clone();
        let told = self.told_to_fail.get_mut(&attempt.task).filter(|codes| !codes.is_empty());
        let end = match told.map(|codes| codes.remove(0)) {
            Some(code) => Err(Failure::new(code, "it was told to")),
            None => self.end(&attempt, dns),
        };
        self.attempts[index].end = Some((attempt.ends_at, end));
    }

    /// What a task does at once, and how long it takes.
    fn begin(&mut self, run: &Run, now: Timestamp) -> Duration {
        match run.task {
            Task::Serve | Task::Withdraw => self.begin_serving(run, now),
            Task::IssueCertificate | Task::DeleteCertificate => self.begin_certificate(run, now),
            _ => self.begin_site(run, now),
        }
    }

    /// What it has done at its end.
    fn end(&mut self, attempt: &Attempt, dns: &NameServers) -> Result<Value, Failure> {
        match attempt.task {
            Task::Serve => self.serve(attempt),
            Task::Withdraw => self.withdraw(attempt),
            Task::IssueCertificate => self.issue(attempt, dns),
            Task::DeleteCertificate => self.delete_certificate(attempt),
            _ => self.end_site(attempt),
        }
    }
}

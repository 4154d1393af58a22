//! Jobs: one pod at a time until one succeeds, or as many have failed as are allowed.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/>
//!
//! Deliberately absent: more than one completion, indexes, suspension; and cron jobs never run.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Kubernetes;
use super::store::{Key, second};
use crate::clouds::ask::digits;
use crate::clouds::pace::{KUBERNETES_BACKOFF, Moment};

impl Kubernetes {
    pub(super) fn jobs(&mut self, moment: Moment) {
        for key in self.here("jobs.batch") {
            let Some(job) = self.store.get(&key).filter(|job| !job.is_going()) else { continue };
            let value = job.value.clone();
            if ends(&value).is_some() {
                self.tidy(moment, &key, &value);
            } else {
                let made = job.since("made").unwrap_or(moment.now);
                let uid = job.uid().to_owned();
                self.job(moment, &key, &value, &uid, made);
            }
        }
    }

    fn job(&mut self, moment: Moment, key: &Key, value: &Value, uid: &str, made: Timestamp) {
        let (mut active, mut succeeded, mut failed) = (Vec::new(), 0_u32, 0_u32);
        for (pod, object) in
            self.store.owned_by(uid).into_iter().filter_map(|pod| Some((pod.clone(), self.store.get(&pod)?)))
        {
            match object.value["status"]["phase"].as_str() {
                Some("Succeeded") => succeeded += 1,
                Some("Failed") => failed += 1,
                _ => active.push(pod.clone()),
            }
        }
        let allowed = u32::try_from(value["spec"]["backoffLimit"].as_u64().unwrap_or(6)).unwrap_or(u32::MAX);
        let deadline = value["spec"]["activeDeadlineSeconds"].as_u64().map(Duration::from_secs);
        let late = deadline.is_some_and(|deadline| self.is_done(moment, made, deadline));
        let end = if succeeded > 0 {
            Some(("Complete", "CompletionsReached", "Reached expected number of succeeded pods"))
        } else if failed > allowed {
            Some(("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"))
        } else if late {
            Some(("Failed", "DeadlineExceeded", "Job was active longer than specified deadline"))
        } else {
            None
        };
        let mut status = json!({"startTime": second(made)});
        if let Some((kind, reason, message)) = end {
            let now = moment.now;
            let mut conditions = Vec::new();
            for kind in [if kind == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" }, kind] {
                conditions.push(self.condition(key, now, (kind, true), reason, message));
            }
            status["conditions"] = json!(conditions);
            if kind == "Complete" {
                status["completionTime"] = second(now);
            }
            for pod in active.drain(..) {
                self.doom(now, &pod, "Background");
            }
        } else if active.is_empty() {
            let wait = if failed == 0 {
                Duration::ZERO
            } else {
                KUBERNETES_BACKOFF * 2_u32.saturating_pow(failed - 1)
            };
            let last = self.store.begin(
                key,
                ATTEMPTS[usize::try_from(failed).unwrap_or(0).min(ATTEMPTS.len() - 1)],
                moment.now,
            );
            if self.is_done(moment, last, wait) {
                self.attempt(moment, key, value);
            }
        }
        for (name, count) in [
            ("active", u32::try_from(active.len()).unwrap_or(0)),
            ("succeeded", succeeded),
            ("failed", failed),
        ] {
            if count > 0 {
                status[name] = json!(count);
            }
        }
        self.store.set_status(key, status);
    }

    fn attempt(&mut self, moment: Moment, key: &Key, value: &Value) {
        let template = &value["spec"]["template"];
        let tail = digits(&["job", &key.name, &self.store.version().to_string()], 5);
        let pod = Key::new("pods", &key.namespace, &format!("{}-{tail}", key.name));
        // What does not fit now may fit when something else has gone.
        drop(self.make_pod(moment, &pod, template, &template["metadata"]["labels"], value));
    }

    /// Takes a finished job away when it was to be.
    fn tidy(&mut self, moment: Moment, key: &Key, value: &Value) {
        let Some(seconds) = value["spec"]["ttlSecondsAfterFinished"].as_u64() else { return };
        let ended = self.store.begin(key, "ended", moment.now);
        if self.is_done(moment, ended, Duration::from_secs(seconds)) {
            self.doom(moment.now, key, "Background");
        }
    }
}

/// The labels by which the pods of a job are known are the server's to write.
pub(super) fn name_pods(key: &Key, value: &mut Value) {
    if key.resource == "jobs.batch" {
        for name in ["batch.kubernetes.io/job-name", "job-name"] {
            value["spec"]["template"]["metadata"]["labels"][name] = json!(key.name);
        }
    }
}

/// When each attempt could have begun, by how many failed before it.
const ATTEMPTS: [&str; 8] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "another"];

/// `Complete` or `Failed`, once it is over.
fn ends(job: &Value) -> Option<&str> {
    let conditions = job["status"]["conditions"].as_array()?.iter();
    let over = |it: &&Value| {
        ["Complete", "Failed"].contains(&it["type"].as_str().unwrap_or_default()) && it["status"] == "True"
    };
    conditions.into_iter().find(over)?["type"].as_str()
}

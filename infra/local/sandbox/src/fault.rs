//! Faults that were asked for: which calls they hit, and how often.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::call::{Act, Call};

/// A fault as it is asked for. What is left out matches everything, with one exception: DynamoDB is hit only by
/// name, because the ledger must go on for a fault elsewhere to be compensated.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// A function's name, or the step it runs: `merchant-publish-website` hits `local-merchant-publish-website`.
    pub function: Option<String>,
    /// `s3`, `dynamodb`, `cognito-idp`, `secretsmanager`, `ses`, `states`, or `http` for the front.
    pub service: Option<String>,
    #[serde(default)]
    pub acts: Vec<Act>,
    /// The exact name, `PutObject`.
    pub operation: Option<String>,
    /// Must occur in the path or the body, a tenant's id for instance.
    pub contains: Option<String>,
    pub kind: Kind,
    /// How long `slow` waits.
    #[serde(default = "half_a_second")]
    pub ms: u64,
    /// So many matching calls pass first.
    #[serde(default)]
    pub after: u64,
    /// So many are hit then; all when absent.
    pub times: Option<u64>,
}

fn half_a_second() -> u64 {
    500
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Refused for want of permission.
    Deny,
    /// An internal error of the service; nothing happened.
    Error,
    /// Too many requests; nothing happened.
    Throttle,
    /// It happened, and the connection drops before the answer.
    LostResponse,
    /// It happened, and no answer ever comes.
    Hang,
    /// It happens, later.
    Slow,
}

/// A fault in force, with its counters.
#[derive(Debug, Clone, Serialize)]
pub struct Active {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls it matched, hit or not.
    pub matched: u64,
    pub hits: u64,
}

/// Every fault in force, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    active: Vec<Active>,
}

/// What a request carries, for `contains`.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    pub path: &'a str,
    pub body: &'a [u8],
}

impl Faults {
    pub fn add(&self, fault: Fault) -> u64 {
        let mut state = self.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.active.push(Active { id, fault, matched: 0, hits: 0 });
        id
    }

    pub fn list(&self) -> Vec<Active> {
        self.lock().active.clone()
    }

    /// Whether there was one.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.active.len();
        state.active.retain(|active| active.id != id);
        state.active.len() < before
    }

    pub fn clear(&self) {
        self.lock().active.clear();
    }

    /// Whether any fault could hit this call: only then is its body worth reading.
    pub fn concern(&self, call: &Call) -> bool {
        self.lock().active.iter().any(|active| active.fault.concerns(call))
    }

    /// The fault that hits this call, counted. Faults are asked in the order they were added; the first that is
    /// due takes the call. One lock around matching and counting: `times: 1` hits one of any number of
    /// concurrent calls.
    pub fn strike(&self, call: &Call, content: Content<'_>) -> Option<Fault> {
        let mut state = self.lock();
        for active in &mut state.active {
            if !(active.fault.concerns(call) && active.fault.is_in(content)) {
                continue;
            }
            active.matched += 1;
            let due = active.matched > active.fault.after;
            if due && active.fault.times.is_none_or(|times| active.hits < times) {
                active.hits += 1;
                return Some(active.fault.clone());
            }
        }
        None
    }

    /// No code that can panic runs under the lock, so a poisoned state is a whole one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn concerns(&self, call: &Call) -> bool {
        let service = match &self.service {
            Some(service) => *service == call.service,
            None => call.service != "dynamodb",
        };
        service
            && self.function.as_deref().is_none_or(|step| runs(call.function.as_deref(), step))
            && (self.acts.is_empty() || self.acts.contains(&call.act()))
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
    }

    fn is_in(&self, content: Content<'_>) -> bool {
        self.contains.as_deref().is_none_or(|wanted| {
            content.path.contains(wanted)
                || content.body.windows(wanted.len().max(1)).any(|at| at == wanted.as_bytes())
        })
    }
}

/// A function is named `<deployment>-<step>`.
fn runs(function: Option<&str>, step: &str) -> bool {
    function.is_some_and(|name| {
        name.strip_suffix(step).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    const NOTHING: Content<'static> = Content { path: "/", body: b"" };

    fn fault(json: serde_json::Value) -> Fault {
        serde_json::from_value(json).unwrap()
    }

    fn call(function: &str, service: &str, operation: &str) -> Call {
        Call { function: Some(function.into()), service: service.into(), operation: operation.into() }
    }

    #[test]
    fn a_fault_hits_the_step_in_any_deployment_and_no_other() {
        let faults = Faults::default();
        faults.add(fault(serde_json::json!({"function": "create-owner", "kind": "error"})));
        assert!(faults.strike(&call("t-1-create-owner", "s3", "PutObject"), NOTHING).is_some());
        assert!(faults.strike(&call("create-owner", "s3", "PutObject"), NOTHING).is_some());
        assert!(faults.strike(&call("t-1-recreate-owner", "s3", "PutObject"), NOTHING).is_none());
        assert!(faults.strike(&call("t-1-create-group", "s3", "PutObject"), NOTHING).is_none());
    }

    #[test]
    fn dynamodb_is_hit_only_by_name() {
        let faults = Faults::default();
        faults.add(fault(serde_json::json!({"kind": "deny"})));
        assert!(faults.strike(&call("f", "dynamodb", "PutItem"), NOTHING).is_none());
        faults.add(fault(serde_json::json!({"kind": "deny", "service": "dynamodb"})));
        assert!(faults.strike(&call("f", "dynamodb", "PutItem"), NOTHING).is_some());
    }

    #[test]
    fn acts_operation_and_content_narrow_a_fault() {
        let faults = Faults::default();
        faults.add(fault(serde_json::json!({"kind": "error", "acts": ["destroy"], "contains": "acme"})));
        let acme = Content { path: "/", body: b"{\"tenant\":\"acme\"}" };
        assert!(faults.strike(&call("f", "s3", "DeleteObject"), NOTHING).is_none());
        assert!(faults.strike(&call("f", "s3", "PutObject"), acme).is_none());
        assert!(faults.strike(&call("f", "s3", "DeleteObject"), acme).is_some());
    }

    #[test]
    fn the_first_calls_pass_and_the_last_do_too() {
        let faults = Faults::default();
        let id = faults.add(fault(serde_json::json!({"kind": "throttle", "after": 2, "times": 1})));
        let hits: Vec<bool> =
            (0..5).map(|_| faults.strike(&call("f", "s3", "PutObject"), NOTHING).is_some()).collect();
        assert_eq!(hits, [false, false, true, false, false]);
        let listed = &faults.list()[0];
        assert_eq!((listed.id, listed.matched, listed.hits), (id, 5, 1));
    }

    #[test]
    fn times_holds_for_concurrent_calls() {
        let faults = Arc::new(Faults::default());
        faults.add(fault(serde_json::json!({"kind": "error", "times": 7})));
        let struck: usize = (0..8)
            .map(|_| {
                let faults = Arc::clone(&faults);
                thread::spawn(move || {
                    (0..50)
                        .filter(|_| faults.strike(&call("f", "s3", "PutObject"), NOTHING).is_some())
                        .count()
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(struck, 7);
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        assert!(
            serde_json::from_value::<Fault>(serde_json::json!({"kind": "deny", "functoin": "x"})).is_err()
        );
    }
}

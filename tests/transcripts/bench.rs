//! Machines by name, the function they call, and a clock that costs nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use sagas::asl::transcript::{self, Entry};
use sagas::asl::{self, Execution, Failure, Host, Outcome, Running, Status, Tokens};
use serde_json::{Value, json};
use tokio::time::Instant;

/// What every machine of the folder is given.
pub(crate) fn input() -> Value {
    json!({ "name": "acme", "items": ["a", "b", "c"] })
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("machines")
}

/// The definitions of the folder, by name.
pub(crate) fn machines() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder()).expect("a folder").map(|file| file.expect("a file").path());
    let named = |path: &Path| Some(path.file_name()?.to_str()?.strip_suffix(".asl.json")?.to_owned());
    files
        .filter_map(|path| Some((named(&path)?, std::fs::read_to_string(path).expect("a machine"))))
        .collect()
}

#[derive(Clone, Default)]
pub(crate) struct Bench(Rc<Inner>);

#[derive(Default)]
struct Inner {
    machines: BTreeMap<String, Rc<Value>>,
    tokens: Tokens,
    executions: Cell<usize>,
    calls: RefCell<Vec<Call>>,
}

/// A call of the function. It runs on when nobody waits for it any more.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) payload: Value,
    pub(crate) begun: Instant,
    pub(crate) ended: Option<Instant>,
}

impl Bench {
    pub(crate) fn of(machines: BTreeMap<String, String>) -> Self {
        let machines = machines.into_iter().map(|(name, text)| (name, asl::deployed(&text)));
        Self(Rc::new(Inner { machines: machines.collect(), ..Inner::default() }))
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.borrow().clone()
    }

    /// Runs a machine in an execution of its own.
    pub(crate) async fn run(
        &self,
        machine: &Value,
        name: &str,
        input: Value,
        seed: u64,
    ) -> (String, Status, Outcome) {
        self.0.executions.set(self.0.executions.get() + 1);
        let run = self.0.executions.get();
        let arn = format!("arn:aws:states:us-east-1:000000000000:execution:{name}:run-{run}");
        let execution = Execution::new(self.clone(), arn.clone(), seed);
        let outcome = execution.run(machine, input).await;
        (arn, execution.status(&outcome), outcome)
    }

    async fn function(self, payload: Value) -> Outcome {
        let place = self.0.calls.borrow().len();
        let call = Call { payload: payload.clone(), begun: Instant::now(), ended: None };
        self.0.calls.borrow_mut().push(call);
        let outcome = function(&payload, &self.0.tokens).await;
        self.0.calls.borrow_mut()[place].ended = Some(Instant::now());
        outcome
    }
}

/// `stub.py`, for the simulation; the task is ended at once.
async fn function(payload: &Value, tokens: &Tokens) -> Outcome {
    sleep(payload["takes"].as_u64().unwrap_or_default()).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let token = text(&payload["token"]);
    if let Some(seconds) = payload["beats"].as_u64() {
        sleep(seconds).await;
        tokens.heartbeat(&token).expect("the task waits");
        sleep(seconds).await;
    }
    let then = &payload["then"];
    if then.get("output").is_some() {
        tokens.success(&token, then["output"].clone()).expect("the task waits");
    } else if then.get("error").is_some() {
        let failure = Failure::new(&text(&then["error"]), text(&then["cause"]));
        tokens.failure(&token, failure).expect("the task waits");
    }
    if let Some(error) = payload["fail"].as_str() {
        let cause = json!({ "errorType": error, "errorMessage": text(&payload["cause"]) });
        return Err(Failure::new(error, cause.to_string()));
    }
    let large = payload["large"].as_u64().and_then(|size| usize::try_from(size).ok());
    Ok(large.map_or_else(|| payload["say"].clone(), |size| "x".repeat(size).into()))
}

impl Host for Bench {
    fn call(&self, resource: &str, arguments: Value) -> Running<'_> {
        let child = resource.ends_with(":startExecution.sync:2");
        Box::pin(async move {
            if child {
                let name = arguments["StateMachineArn"].as_str().expect("a machine");
                let machine = self.0.machines.get(name).expect("a machine of the folder");
                let input = &arguments["Input"];
                let (arn, status, outcome) = self.run(machine, name, input.clone(), 1).await;
                return asl::described(&arn, input, status, outcome);
            }
            assert_eq!(arguments["FunctionName"], "stub");
            let call = tokio::task::spawn_local(self.clone().function(arguments["Payload"].clone()));
            let answer = call.await.expect("the function does not panic")?;
            Ok(json!({ "Payload": answer, "StatusCode": 200 }))
        })
    }

    fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }
}

/// Runs something on a clock that jumps from one event to the next, and a while longer.
pub(crate) fn simulated<T>(run: impl Future<Output = T>) -> T {
    sagas::simulated(async {
        clock::simulate("2027-01-01T00:00:00Z".parse().expect("a time"));
        let ran = run.await;
        sleep(3600).await;
        ran
    })
}

/// What one machine of the folder comes through.
pub(crate) fn transcript(name: &str, machines: &BTreeMap<String, String>) -> Vec<Entry> {
    let bench = Bench::of(machines.clone());
    let machine = Rc::clone(&bench.0.machines[name]);
    let ((arn, ..), entries) = transcript::of(|| simulated(bench.run(&machine, name, input(), 1)));
    entries.into_iter().filter(|entry| entry.execution == arn).collect()
}

#[allow(clippy::disallowed_methods)] // The clock is simulated.
pub(crate) async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

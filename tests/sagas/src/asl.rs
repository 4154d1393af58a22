//! Runs state machines as Step Functions does: the states, the retries and the scopes that ours use.
//!
//! Deliberately like AWS and unlike an emulator: the first branch that fails stops the others at once, and
//! nobody tells the calls they had started. `tests/transcripts` replays machines on both and compares.

mod child;
mod failure;
mod jsonata;
mod scope;
mod tokens;
pub mod transcript;

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use child::{Status, described};
pub use failure::Failure;
use scope::{Scope, Step, mistyped, within_limit};
pub use tokens::{Refused, Tokens};
use transcript::Event;

/// What a task may take that says nothing else.
const LONG: u64 = 99_999_999;

/// As many events as an execution may have in its history (Step Functions' quotas).
const HISTORY: u32 = 25_000;
/// Events of a state that is entered and left, and of a call of a task.
const OF_A_STATE: u32 = 2;
const OF_A_CALL: u32 = 3;

pub type Outcome = Result<Value, Failure>;
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// What a machine's tasks call.
pub trait Host {
    /// What an integration answers, `lambda:invoke` or `states:startExecution.sync:2`.
    fn call(&self, resource: &str, arguments: Value) -> Running<'_>;

    /// The tasks that wait for somebody to end them (`.waitForTaskToken`).
    fn tokens(&self) -> &Tokens;

    /// How many branches of a Parallel run at once. Of Step Functions', all.
    fn branches(&self) -> usize {
        usize::MAX
    }

    /// How long a delay before another try is, of what the machine says. Of Step Functions', as long.
    fn delays(&self) -> f64 {
        1.0
    }
}

/// One execution of a machine.
#[derive(Debug)]
pub struct Execution<H> {
    host: H,
    /// `arn:aws:states:<region>:<account>:execution:<machine>:<name>`
    arn: String,
    random: Cell<u64>,
    timed_out: Cell<bool>,
    /// So many events are in its history.
    events: Cell<u32>,
    /// What every state's context has of it.
    context: OnceCell<Map<String, Value>>,
}

impl<H: Host> Execution<H> {
    pub fn new(host: H, arn: String, seed: u64) -> Self {
        let (timed_out, events) = (Cell::new(false), Cell::new(0));
        Self { host, arn, random: Cell::new(seed), timed_out, events, context: OnceCell::new() }
    }

    /// Whether more happened than it can remember.
    pub fn is_full(&self) -> bool {
        self.events.get() > HISTORY
    }

    /// More happens than an execution can remember: what never ends, ends here.
    fn happens(&self, events: u32) -> Result<(), Failure> {
        self.events.set(self.events.get() + events);
        if !self.is_full() {
            return Ok(());
        }
        let cause = format!("The execution reached the maximum number of history events ({HISTORY}).");
        Err(Failure::new("States.Runtime", cause))
    }

    pub async fn run(&self, machine: &Value, input: Value) -> Outcome {
        self.context.get_or_init(|| context(&self.arn, &input));
        let limit = machine["TimeoutSeconds"].as_u64().unwrap_or(LONG);
        let running = self.states(machine, String::new(), input, Map::new());
        let outcome = tokio::time::timeout(Duration::from_secs(limit), running).await.unwrap_or_else(|_| {
            self.timed_out.set(true);
            Err(Failure::new("States.Timeout", ""))
        });
        transcript::keep(&self.arn, "", || Event::Ended(outcome.clone()));
        outcome
    }

    /// What an outcome of this execution is to whoever asks after it.
    pub fn status(&self, outcome: &Outcome) -> Status {
        match outcome {
            Ok(_) => Status::Succeeded,
            Err(_) if self.timed_out.get() => Status::TimedOut,
            Err(_) => Status::Failed,
        }
    }

    /// Runs a machine, a branch or an item. Its variables end with it.
    fn states<'a>(
        &'a self,
        machine: &'a Value,
        branch: String,
        mut input: Value,
        mut variables: Map<String, Value>,
    ) -> Running<'a> {
        Box::pin(async move {
            let mut name = text(&machine["StartAt"]).to_owned();
            loop {
                let (state, path) = (&machine["States"][&name], format!("{branch}{name}"));
                self.happens(OF_A_STATE)?;
                transcript::keep(&self.arn, &path, || Event::Entered);
                let mut states = json!({ "input": input, "context": self.context.get() });
                states["context"]["State"] =
                    json!({ "Name": name, "EnteredTime": time(clock::now()), "RetryCount": 0 });
                let scope = Scope { variables: &mut variables, states };
                let step = self.state(state, &path, input, scope).await?;
                if state["Type"] != "Fail" {
                    transcript::keep(&self.arn, &path, || Event::Left(step.output.clone()));
                }
                input = step.output;
                match step.next {
                    Some(next) => name = next,
                    None => return Ok(input),
                }
            }
        })
    }

    async fn state(
        &self,
        state: &Value,
        path: &str,
        input: Value,
        mut scope: Scope<'_>,
    ) -> Result<Step, Failure> {
        match text(&state["Type"]) {
            "Pass" | "Succeed" => scope.leave(state, input),
            "Fail" => {
                Err(Failure { error: scope.text(&state["Error"])?, cause: scope.text(&state["Cause"])? })
            }
            "Choice" => {
                for rule in state["Choices"].as_array().into_iter().flatten() {
                    match scope.evaluate(&rule["Condition"])? {
                        Value::Bool(true) => return scope.leave(rule, input),
                        Value::Bool(false) => {}
                        other => return Err(mistyped("true or false", &other)),
                    }
                }
                let Some(default) = state["Default"].as_str() else {
                    return Err(Failure::new("States.NoChoiceMatched", ""));
                };
                Ok(Step { next: Some(default.to_owned()), ..scope.leave(state, input)? })
            }
            "Wait" => {
                sleep(waiting(state, &scope)?).await;
                scope.leave(state, input)
            }
            "Task" | "Parallel" | "Map" => self.with_patience(state, path, input, scope).await,
            other => Err(Failure::new("States.Runtime", format!("no such state: {other}"))),
        }
    }

    /// A state that can fail: tried again as its `Retry` says, then caught as its `Catch` does.
    async fn with_patience(
        &self,
        state: &Value,
        path: &str,
        input: Value,
        mut scope: Scope<'_>,
    ) -> Result<Step, Failure> {
        let retriers: Vec<&Value> = state["Retry"].as_array().into_iter().flatten().collect();
        let mut tries = vec![0_i32; retriers.len()];
        loop {
            let outcome = match self.attempt(state, path, &input, &mut scope).await {
                Ok(result) => {
                    scope.states["result"] = result.clone();
                    scope.leave(state, result)
                }
                Err(failure) => Err(failure),
            };
            let Err(failure) = outcome else { return outcome };
            let retrier = retriers.iter().position(|retrier| failure.is_one_of(&retrier["ErrorEquals"]));
            if let Some(index) = retrier
                && i64::from(tries[index]) < retriers[index]["MaxAttempts"].as_i64().unwrap_or(3)
            {
                sleep(self.delay(retriers[index], tries[index])).await;
                tries[index] += 1;
                scope.states["context"]["State"]["RetryCount"] = tries.iter().sum::<i32>().into();
                continue;
            }
            let catchers = state["Catch"].as_array().into_iter().flatten();
            let Some(catcher) =
                catchers.into_iter().find(|catcher| failure.is_one_of(&catcher["ErrorEquals"]))
            else {
                return Err(failure);
            };
            if let Some(states) = scope.states.as_object_mut() {
                states.remove("result");
            }
            scope.states["errorOutput"] = failure.output();
            return scope.leave(catcher, failure.output());
        }
    }

    async fn attempt(&self, state: &Value, path: &str, input: &Value, scope: &mut Scope<'_>) -> Outcome {
        match text(&state["Type"]) {
            "Parallel" => {
                let arguments = arguments(state, input, scope)?;
                let branches = state["Branches"].as_array().into_iter().flatten().enumerate();
                let running = branches.map(|(n, branch)| {
                    self.states(branch, format!("{path}[{n}]/"), arguments.clone(), scope.variables.clone())
                });
                all(running.collect(), self.host.branches()).await
            }
            "Map" => {
                let items = items(state, input, scope)?.into_iter().enumerate();
                // Inline, as many at once as AWS has at most.
                let most = scope.number(&state["MaxConcurrency"])?.filter(|most| *most > 0).unwrap_or(40);
                let processor = &state["ItemProcessor"];
                let running = items.map(|(n, item)| {
                    self.states(processor, format!("{path}[{n}]/"), item, scope.variables.clone())
                });
                all(running.collect(), usize::try_from(most).unwrap_or(usize::MAX)).await
            }
            _ => {
                let outcome = self.task(state, input, scope).await;
                transcript::keep(&self.arn, path, || Event::Called(outcome.clone()));
                outcome
            }
        }
    }

    async fn task(&self, state: &Value, input: &Value, scope: &mut Scope<'_>) -> Outcome {
        let resource = text(&state["Resource"]);
        let awaited = resource.strip_suffix(".waitForTaskToken");
        // Each attempt has a token of its own.
        let mut task = awaited.map(|_| self.host.tokens().task());
        if let Some(task) = &task {
            scope.states["context"]["Task"] = json!({ "Token": task.token });
        }
        let arguments = arguments(state, input, scope)?;
        let limit = scope.number(&state["TimeoutSeconds"])?.unwrap_or(LONG);
        let heartbeat = scope.number(&state["HeartbeatSeconds"])?.unwrap_or(LONG);
        self.happens(OF_A_CALL)?;
        let call = self.host.call(awaited.unwrap_or(resource), arguments);
        let outcome = async {
            match &mut task {
                // A call that fails ends the task; one that succeeds says nothing yet.
                Some(task) => tokio::select! {
                    biased;
                    outcome = task.answered(Duration::from_secs(heartbeat)) => outcome,
                    Err(failure) = call => Err(failure),
                },
                None => call.await,
            }
        };
        let late = |_| Err(Failure::new("States.Timeout", ""));
        let result = tokio::time::timeout(Duration::from_secs(limit), outcome).await.unwrap_or_else(late)?;
        within_limit(&result)?;
        Ok(result)
    }

    fn delay(&self, retrier: &Value, tries: i32) -> Duration {
        let number = |name: &str, default| retrier[name].as_f64().unwrap_or(default);
        let delay = number("IntervalSeconds", 1.0) * number("BackoffRate", 2.0).powi(tries);
        let delay = delay.min(number("MaxDelaySeconds", f64::MAX));
        let delay = if retrier["JitterStrategy"] == "FULL" { delay * self.draw() } else { delay };
        Duration::from_secs_f64(delay * self.host.delays())
    }

    /// From 0 to 1, and the same for the same seed.
    fn draw(&self) -> f64 {
        let mut random = fastrand::Rng::with_seed(self.random.get());
        self.random.set(random.u64(..));
        random.f64()
    }
}

/// What the context says of an execution and its machine.
fn context(arn: &str, input: &Value) -> Map<String, Value> {
    let (machine, name) = arn.rsplit_once(':').unwrap_or_default();
    let execution = json!({ "Id": arn, "Input": input, "Name": name, "StartTime": time(clock::now()) });
    let machine = machine.replacen(":execution:", ":stateMachine:", 1);
    let machine = json!({ "Name": machine.rsplit(':').next(), "Id": machine });
    [("Execution".to_owned(), execution), ("StateMachine".to_owned(), machine)].into_iter().collect()
}

fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn arguments(state: &Value, input: &Value, scope: &Scope<'_>) -> Outcome {
    let arguments =
        if state["Arguments"].is_null() { input.clone() } else { scope.evaluate(&state["Arguments"])? };
    within_limit(&arguments)?;
    Ok(arguments)
}

/// What a Map's processor is given, once for each item.
fn items(state: &Value, input: &Value, scope: &mut Scope<'_>) -> Result<Vec<Value>, Failure> {
    let items = if state["Items"].is_null() { input.clone() } else { scope.evaluate(&state["Items"])? };
    let Value::Array(items) = items else { return Err(mistyped("a list", &items)) };
    if state["ItemSelector"].is_null() {
        return Ok(items);
    }
    let select = |(index, item): (usize, Value)| {
        scope.states["context"]["Map"] = json!({ "Item": { "Index": index, "Value": item } });
        let selected = scope.evaluate(&state["ItemSelector"])?;
        within_limit(&selected)?;
        Ok(selected)
    };
    items.into_iter().enumerate().map(select).collect()
}

/// How long a Wait takes.
fn waiting(state: &Value, scope: &Scope<'_>) -> Result<Duration, Failure> {
    if state["Timestamp"].is_null() {
        return Ok(Duration::from_secs(scope.number(&state["Seconds"])?.unwrap_or_default()));
    }
    let until = scope.text(&state["Timestamp"])?;
    let until: Timestamp = until.parse().map_err(|_| mistyped("a time", &until.into()))?;
    // What is over is not waited for.
    Ok(Duration::try_from(until.duration_since(clock::now())).unwrap_or_default())
}

/// The outcomes of all, so many at once, in order; the first failure drops the rest where they stand.
async fn all(running: Vec<Running<'_>>, most: usize) -> Outcome {
    let mut waiting: std::collections::VecDeque<_> = running.into_iter().enumerate().collect();
    let mut outputs = vec![Value::Null; waiting.len()];
    let mut under_way: Vec<(usize, Running<'_>)> = Vec::new();
    std::future::poll_fn(move |cx| {
        loop {
            while under_way.len() < most
                && let Some(next) = waiting.pop_front()
            {
                under_way.push(next);
            }
            let mut ended = None;
            for (place, (index, branch)) in under_way.iter_mut().enumerate() {
                if let std::task::Poll::Ready(outcome) = branch.as_mut().poll(cx) {
                    ended = Some((place, *index, outcome));
                    break;
                }
            }
            match ended {
                Some((place, index, Ok(output))) => {
                    drop(under_way.remove(place));
                    outputs[index] = output;
                }
                Some((.., Err(failure))) => return std::task::Poll::Ready(Err(failure)),
                None if under_way.is_empty() => {
                    return std::task::Poll::Ready(Ok(Value::Array(std::mem::take(&mut outputs))));
                }
                None => return std::task::Poll::Pending,
            }
        }
    })
    .await
}

/// A machine as it is deployed: functions and machines by the names they have here.
pub fn deployed(definition: &str) -> Rc<Value> {
    let mut parts = definition.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("a substitution ends");
        text.push_str(&match name {
            "BlueprintMachinePrefix" | "StepFunctionPrefix" => String::new(),
            name => kebab(name.trim_end_matches("Function").trim_end_matches("Machine")),
        });
        text.push_str(rest);
    }
    Rc::new(serde_json::from_str(&text).expect("a machine is JSON"))
}

fn kebab(pascal: &str) -> String {
    let mut kebab = String::new();
    for c in pascal.chars() {
        if c.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[allow(clippy::disallowed_methods)] // Here it is the machine that waits.
async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

//! Runs state machines as Step Functions does: the states, the retries and the scopes that ours use.
//!
//! Deliberately like AWS and unlike an emulator: the first branch that fails stops the others at once, and
//! nobody tells the calls they had started.

mod jsonata;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// An error as the machines see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub error: String,
    pub cause: String,
}

impl Failure {
    pub fn new(error: &str, cause: impl Into<String>) -> Self {
        Self { error: error.to_owned(), cause: cause.into() }
    }

    fn output(&self) -> Value {
        json!({ "Error": self.error, "Cause": self.cause })
    }

    /// Whether an `ErrorEquals` names it.
    fn is_one_of(&self, names: &Value) -> bool {
        let named = |name: &Value| match name.as_str() {
            Some("States.ALL") => true,
            Some("States.TaskFailed") => self.error != "States.Timeout",
            name => name == Some(&self.error),
        };
        names.as_array().is_some_and(|names| names.iter().any(named))
    }
}

pub type Outcome = Result<Value, Failure>;
type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// What a machine's tasks call.
pub trait Host {
    /// What an integration answers, `lambda:invoke` or `states:startExecution.sync:2`.
    fn call(&self, resource: &str, arguments: Value) -> Running<'_>;
}

/// One execution of a machine.
#[derive(Debug)]
pub struct Execution<H> {
    host: H,
    id: String,
    random: Cell<u64>,
}

impl<H: Host> Execution<H> {
    pub fn new(host: H, id: String, seed: u64) -> Self {
        Self { host, id, random: Cell::new(seed) }
    }

    pub async fn run(&self, machine: &Value, input: Value) -> Outcome {
        self.states(machine, input, Map::new()).await
    }

    /// Runs a machine, a branch or an item. Its variables end with it.
    fn states<'a>(
        &'a self,
        machine: &'a Value,
        mut input: Value,
        mut variables: Map<String, Value>,
    ) -> Running<'a> {
        Box::pin(async move {
            let mut name = text(&machine["StartAt"]).to_owned();
            loop {
                let state = &machine["States"][&name];
                let step = self.state(state, input, &mut variables).await?;
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
        input: Value,
        variables: &mut Map<String, Value>,
    ) -> Result<Step, Failure> {
        let mut scope = Scope { variables, states: json!({ "input": input, "context": self.context() }) };
        match text(&state["Type"]) {
            "Pass" => scope.leave(state, state, input),
            "Succeed" => Ok(Step { next: None, ..scope.leave(state, state, input)? }),
            "Fail" => {
                let said = |part: &str| scope.evaluate(&state[part]).map(|said| text(&said).to_owned());
                Err(Failure { error: said("Error")?, cause: said("Cause")? })
            }
            "Choice" => {
                for rule in state["Choices"].as_array().into_iter().flatten() {
                    if scope.evaluate(&rule["Condition"])? == Value::Bool(true) {
                        return scope.leave(rule, rule, input);
                    }
                }
                let step = scope.leave(state, state, input)?;
                Ok(Step { next: Some(text(&state["Default"]).to_owned()), ..step })
            }
            "Wait" => {
                let seconds = scope.evaluate(&state["Seconds"])?.as_f64().unwrap_or_default();
                sleep(seconds).await;
                scope.leave(state, state, input)
            }
            "Task" | "Parallel" | "Map" => self.with_patience(state, input, scope).await,
            other => Err(Failure::new("States.Runtime", format!("no such state: {other}"))),
        }
    }

    /// A state that can fail: tried again as its `Retry` says, then caught as its `Catch` does.
    async fn with_patience(
        &self,
        state: &Value,
        input: Value,
        mut scope: Scope<'_>,
    ) -> Result<Step, Failure> {
        let retriers: Vec<&Value> = state["Retry"].as_array().into_iter().flatten().collect();
        let mut tries = vec![0_i32; retriers.len()];
        loop {
            let outcome = match self.attempt(state, &input, &scope).await {
                Ok(result) => {
                    scope.states["result"] = result.clone();
                    scope.leave(state, state, result)
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
                continue;
            }
            let catchers = state["Catch"].as_array().into_iter().flatten();
            let Some(catcher) =
                catchers.into_iter().find(|catcher| failure.is_one_of(&catcher["ErrorEquals"]))
            else {
                return Err(failure);
            };
            scope.states["errorOutput"] = failure.output();
            return scope.leave(catcher, catcher, failure.output());
        }
    }

    async fn attempt(&self, state: &Value, input: &Value, scope: &Scope<'_>) -> Outcome {
        let arguments =
            if state["Arguments"].is_null() { input.clone() } else { scope.evaluate(&state["Arguments"])? };
        let variables = || scope.variables.clone();
        match text(&state["Type"]) {
            "Parallel" => {
                let branches = state["Branches"].as_array().into_iter().flatten();
                let running = branches.map(|branch| self.states(branch, arguments.clone(), variables()));
                all(running.collect(), usize::MAX).await
            }
            "Map" => {
                let items = scope.evaluate(&state["Items"])?;
                let items = items.as_array().cloned().unwrap_or_default().into_iter();
                let running = items.map(|item| self.states(&state["ItemProcessor"], item, variables()));
                let most = state["MaxConcurrency"].as_u64().filter(|most| *most > 0).unwrap_or(40);
                all(running.collect(), usize::try_from(most).unwrap_or(usize::MAX)).await
            }
            _ => {
                let limit = Duration::from_secs(state["TimeoutSeconds"].as_u64().unwrap_or(99_999_999));
                let call = self.host.call(text(&state["Resource"]), arguments);
                match tokio::time::timeout(limit, call).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(Failure::new("States.Timeout", "")),
                }
            }
        }
    }

    fn delay(&self, retrier: &Value, tries: i32) -> f64 {
        let number = |name: &str, default| retrier[name].as_f64().unwrap_or(default);
        let delay = number("IntervalSeconds", 1.0) * number("BackoffRate", 2.0).powi(tries);
        let delay = delay.min(number("MaxDelaySeconds", f64::MAX));
        if retrier["JitterStrategy"] == "FULL" { delay * self.draw() } else { delay }
    }

    /// From 0 to 1, and the same for the same seed (SplitMix64).
    fn draw(&self) -> f64 {
        let mut random = fastrand::Rng::with_seed(self.random.get());
        self.random.set(random.u64(..));
        random.f64()
    }

    fn context(&self) -> Value {
        json!({ "Execution": { "Id": self.id } })
    }
}

/// Where a state leads, and with what.
struct Step {
    next: Option<String>,
    output: Value,
}

/// What the expressions of a state see.
struct Scope<'a> {
    variables: &'a mut Map<String, Value>,
    states: Value,
}

impl Scope<'_> {
    fn evaluate(&self, template: &Value) -> Outcome {
        let mut variables = self.variables.clone();
        variables.insert("states".to_owned(), self.states.clone());
        jsonata::evaluate(template, &variables)
    }

    /// Puts out and assigns what a state, a rule or a catcher says; both see the variables as they were.
    fn leave(&mut self, said: &Value, leads: &Value, default: Value) -> Result<Step, Failure> {
        let output = if said["Output"].is_null() { default } else { self.evaluate(&said["Output"])? };
        if let Value::Object(assigned) = self.evaluate(&said["Assign"])? {
            self.variables.extend(assigned);
        }
        Ok(Step { next: leads["Next"].as_str().map(str::to_owned), output })
    }
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
async fn sleep(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tenancy::OperationId;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::{Reply, Request, Service, View, body, refusal, reply, target};
use crate::asl::{Failure, Refused, Tokens};
use crate::chaos::Act;
use crate::tally::{Running, Tally};

const ACCOUNT: &str = "arn:aws:states:us-east-1:000000000000";

/// An execution that was asked for.
#[derive(Debug)]
pub struct Start {
    pub name: String,
    pub machine: String,
    pub input: Value,
    pub running: Running,
}

/// Step Functions, as whoever starts, asks after and stops an execution sees it.
#[derive(Debug)]
pub struct StepFunctions {
    executions: Mutex<BTreeMap<String, Execution>>,
    starts: UnboundedSender<Start>,
    tokens: Tokens,
    tally: Tally,
}

#[derive(Debug)]
struct Execution {
    status: &'static str,
    stopped: Arc<Notify>,
}

impl StepFunctions {
    pub fn new(starts: UnboundedSender<Start>, tally: Tally) -> Self {
        Self { executions: Mutex::default(), starts, tokens: Tokens::default(), tally }
    }

    /// The ARN of a machine of this deployment.
    pub fn machine(name: &str) -> String {
        format!("{ACCOUNT}:stateMachine:{name}")
    }

    /// The ARN of an execution.
    pub fn execution(machine: &str, name: &str) -> String {
        format!("{ACCOUNT}:execution:{machine}:{name}")
    }

    /// The tasks that wait for somebody to end them.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    fn executions(&self) -> MutexGuard<'_, BTreeMap<String, Execution>> {
        self.executions.lock().expect("no panic while it is held")
    }

    /// How many there were of operations.
    pub fn of_operations(&self) -> usize {
        self.executions().keys().filter(|arn| name(arn).parse::<OperationId>().is_ok()).count()
    }

    /// How many the janitor started in place of one that died: `<operation>-<n>`.
    pub fn of_the_janitor(&self) -> usize {
        let anew = |arn: &&String| {
            name(arn).rsplit_once('-').is_some_and(|(operation, _)| operation.parse::<OperationId>().is_ok())
        };
        self.executions().keys().filter(anew).count()
    }

    /// An execution runs. Gives what wakes it when it is to stop.
    pub fn begun(&self, arn: &str) -> Arc<Notify> {
        let stopped = Arc::new(Notify::new());
        let execution = Execution { status: "RUNNING", stopped: Arc::clone(&stopped) };
        self.executions().insert(arn.to_owned(), execution);
        stopped
    }

    /// Somebody stops everything that runs, in the console.
    pub fn stop_all(&self) {
        let executions = self.executions();
        let running = executions.values().filter(|execution| execution.status == "RUNNING");
        running.for_each(|execution| execution.stopped.notify_one());
    }

    pub fn ended(&self, arn: &str, status: &'static str) {
        if let Some(execution) = self.executions().get_mut(arn) {
            execution.status = status;
        }
    }
}

impl Service for StepFunctions {
    fn asked(&self, request: &Request) -> (String, Act) {
        let action = target(request);
        let act = if action == "DescribeExecution" { Act::Read } else { Act::Write };
        (format!("step-functions:{action}"), act)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        let asked = body(request);
        let text = |part: &str| asked[part].as_str().unwrap_or_default().to_owned();
        let arn = text("executionArn");
        let mut executions = self.executions();
        match target(request) {
            "DescribeExecution" => match executions.get(&arn) {
                Some(execution) => reply(
                    200,
                    &json!({
                        "executionArn": arn, "stateMachineArn": "", "startDate": 1.0, "status": execution.status,
                    }),
                ),
                None => refusal(400, "ExecutionDoesNotExist"),
            },
            "StopExecution" => match executions.get(&arn) {
                Some(execution) => {
                    execution.stopped.notify_one();
                    reply(200, &json!({ "stopDate": 1.0 }))
                }
                None => refusal(400, "ExecutionDoesNotExist"),
            },
            "SendTaskSuccess" => match serde_json::from_str(&text("output")) {
                Ok(output) => ended(self.tokens.success(&text("taskToken"), output)),
                Err(_) => refusal(400, "InvalidOutput"),
            },
            "SendTaskFailure" => {
                let failure = Failure { error: text("error"), cause: text("cause") };
                ended(self.tokens.failure(&text("taskToken"), failure))
            }
            "SendTaskHeartbeat" => ended(self.tokens.heartbeat(&text("taskToken"))),
            _ => {
                let (name, machine) = (text("name"), text("stateMachineArn"));
                let machine = machine.rsplit(':').next().unwrap_or_default().to_owned();
                let arn = Self::execution(&machine, &name);
                if executions.contains_key(&arn) {
                    return refusal(400, "ExecutionAlreadyExists");
                }
                executions.insert(arn.clone(), Execution { status: "RUNNING", stopped: Arc::default() });
                let input = serde_json::from_str(&text("input")).unwrap_or_default();
                let start = Start { name, machine, input, running: self.tally.running() };
                match self.starts.send(start) {
                    Ok(()) => reply(200, &json!({ "executionArn": arn, "startDate": 1.0 })),
                    Err(_) => refusal(500, "InternalServerError"),
                }
            }
        }
    }
}

fn ended(task: Result<(), Refused>) -> Reply {
    match task {
        Ok(()) => reply(200, &json!({})),
        Err(Refused::InvalidToken) => refusal(400, "InvalidToken"),
        Err(Refused::TaskTimedOut) => refusal(400, "TaskTimedOut"),
    }
}

fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::{Reply, Request, Service, View, body, refusal, reply};
use crate::chaos::Act;
use crate::tally::{Running, Tally};

/// An execution that was asked for.
#[derive(Debug)]
pub struct Start {
    pub name: String,
    pub machine: String,
    pub input: Value,
    pub running: Running,
}

/// Step Functions, as far as whoever starts an execution sees it.
#[derive(Debug)]
pub struct StepFunctions {
    names: Mutex<BTreeSet<String>>,
    starts: UnboundedSender<Start>,
    tally: Tally,
}

impl StepFunctions {
    pub fn new(starts: UnboundedSender<Start>, tally: Tally) -> Self {
        Self { names: Mutex::default(), starts, tally }
    }

    pub fn started(&self) -> usize {
        self.names.lock().expect("no panic while it is held").len()
    }
}

impl Service for StepFunctions {
    fn asked(&self, _: &Request) -> (String, Act) {
        ("step-functions:StartExecution".to_owned(), Act::Write)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        let asked = body(request);
        let text = |part: &str| asked[part].as_str().unwrap_or_default().to_owned();
        let (name, machine) = (text("name"), text("stateMachineArn"));
        if !self.names.lock().expect("no panic while it is held").insert(format!("{machine}:{name}")) {
            return refusal(400, "ExecutionAlreadyExists");
        }
        let input = serde_json::from_str(&text("input")).unwrap_or_default();
        let arn = format!("{machine}:{name}");
        let start = Start { name, machine, input, running: self.tally.running() };
        match self.starts.send(start) {
            Ok(()) => reply(200, &json!({ "executionArn": arn, "startDate": 1.0 })),
            Err(_) => refusal(500, "InternalServerError"),
        }
    }
}

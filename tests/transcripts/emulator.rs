//! The same machines on the local stack.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent, HistoryEventType as Type};
use sagas::asl::Failure;
use sagas::asl::transcript::{Entry, Event};
use serde_json::Value;
use tests::Stack;
use tests::api::signup;
use tests::function::create;

use crate::bench::{self, folder};
use crate::golden::rewrite;
use crate::line::{seen, text};

/// Where the emulator is not Step Functions. What it does instead is in `machines/<name>.emulator.txt`; the test
/// fails when it does anything else, so also when it has learned better.
const DEVIATIONS: [(&str, &str); 13] = [
    ("assign", "the variables of an Assign are assigned one after the other, each seeing those before it"),
    ("assign-scope", "what a branch assigns is seen after its Parallel"),
    ("child-fails", "a parent is told the child's own error, and not that a task failed"),
    ("child-times-out", "a machine's TimeoutSeconds is ignored"),
    ("choice-default", "a Choice's own Output is ignored"),
    ("heartbeat", "HeartbeatSeconds is ignored"),
    ("machine-timeout", "a machine's TimeoutSeconds is ignored"),
    ("map-fails", "an item that fails does not keep others from beginning"),
    ("parallel-stops", "a branch that fails does not stop the others"),
    ("succeed-output", "a Succeed's Output is ignored"),
    ("timeout-expression", "an expression for TimeoutSeconds ends the execution"),
    ("token-call-fails", "a call that fails is not noticed: the task waits for its token"),
    ("too-large", "there is no limit for a payload"),
];

/// An execution of these takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
#[ignore = "needs the local stack: make test"]
fn the_emulator_does_the_same_but_for_what_it_is_known_for() {
    let machines = bench::machines();
    let wanted = |name: &String| (name.clone(), text(&seen(&bench::transcript(name, &machines))));
    let wanted: BTreeMap<String, String> = machines.keys().map(wanted).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let problems = runtime.block_on(compared(&machines, &wanted));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What the emulator does otherwise than it should, or than it is known to.
async fn compared(machines: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> Vec<String> {
    let stack = Stack::from_env().await;
    let deployed = Deployed::new(&stack, machines).await;
    let mut running = BTreeMap::new();
    for name in machines.keys() {
        running.insert(name.clone(), deployed.start(name).await);
    }
    deployed.all_ended(running.values().cloned().collect()).await;
    let (mut problems, deviations) = (Vec::new(), BTreeMap::from(DEVIATIONS));
    for (name, execution) in &running {
        let came = text(&seen(&deployed.entries(execution).await));
        let wanted = &wanted[name];
        let path = folder().join(format!("{name}.emulator.txt"));
        match deviations.get(name.as_str()) {
            None if came != *wanted => problems.push(format!("{name} is\n{came}\nand should be\n{wanted}")),
            None => {}
            Some(_) if came == *wanted => {
                problems.push(format!("{name}: the emulator has learned: a line less"));
            }
            Some(how) => {
                let known = format!("# {how}\n{came}");
                if rewrite() {
                    std::fs::write(&path, &known).expect("a transcript");
                }
                if std::fs::read_to_string(&path).ok().as_ref() != Some(&known) {
                    problems.push(format!("{name}: the emulator deviates otherwise:\n{came}"));
                }
            }
        }
    }
    deployed.remove(machines).await;
    problems
}

#[test]
fn a_deviation_is_known_of_one_machine_each_and_no_other() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("a folder")
        .filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".emulator.txt")?.to_owned()))
        .collect();
    assert_eq!(files, DEVIATIONS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// The machines and their function, under names that nobody else has.
struct Deployed {
    prefix: String,
    sfn: aws_sdk_sfn::Client,
    lambda: aws_sdk_lambda::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl Deployed {
    async fn new(stack: &Stack, machines: &BTreeMap<String, String>) -> Self {
        let deployed = Self {
            prefix: format!("{}-", signup("")["name"].as_str().expect("a name")),
            sfn: aws_sdk_sfn::Client::new(&stack.aws),
            lambda: aws_sdk_lambda::Client::new(&stack.aws),
            logs: aws_sdk_cloudwatchlogs::Client::new(&stack.aws),
        };
        let role = create(stack, &deployed.function(), include_bytes!("stub.py")).await;
        for (name, definition) in machines {
            let definition = deployed.definition(definition);
            let machine = deployed.sfn.create_state_machine().name(format!("{}{name}", deployed.prefix));
            machine.definition(definition).role_arn(&role).send().await.expect("a machine");
        }
        deployed
    }

    fn function(&self) -> String {
        format!("{}stub", self.prefix)
    }

    fn machine(&self, name: &str) -> String {
        format!("arn:aws:states:us-east-1:000000000000:stateMachine:{}{name}", self.prefix)
    }

    /// Functions and machines by the names they have here.
    fn definition(&self, text: &str) -> String {
        let machines = bench::machines().into_keys().map(|name| {
            let pascal =
                name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
            (format!("${{{pascal}Machine}}"), self.machine(&name))
        });
        machines
            .chain([("${StubFunction}".to_owned(), self.function())])
            .fold(text.to_owned(), |text, (name, here)| text.replace(&name, &here))
    }

    async fn start(&self, name: &str) -> String {
        // As the first execution of the bench is called.
        let execution = self.sfn.start_execution().state_machine_arn(self.machine(name)).name("run-1");
        let execution = execution.input(bench::input().to_string()).send().await.expect("an execution");
        execution.execution_arn().to_owned()
    }

    /// Waits until all have ended, and meanwhile ends the tasks that somebody has to end.
    async fn all_ended(&self, mut running: Vec<String>) {
        let (begun, mut ended) = (Instant::now(), BTreeSet::new());
        while !running.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "these do not end: {running:?}");
            self.end_tasks(&mut ended).await;
            let mut left = Vec::new();
            for arn in running {
                let execution = self.sfn.describe_execution().execution_arn(&arn).send().await;
                if execution.expect("an execution").status() == &ExecutionStatus::Running {
                    left.push(arn);
                }
            }
            running = left;
            bench::sleep(1).await;
        }
    }

    async fn end_tasks(&self, ended: &mut BTreeSet<String>) {
        let group = format!("/aws/lambda/{}", self.function());
        let events = self.logs.filter_log_events().log_group_name(group).send().await;
        // No group: it was not called yet.
        for event in events.iter().flat_map(|page| page.events()) {
            let said: Value = serde_json::from_str(event.message().unwrap_or_default()).unwrap_or_default();
            let (Some(token), then) = (said["token"].as_str(), &said["then"]) else { continue };
            if !ended.insert(token.to_owned()) {
                continue;
            }
            if let Some(output) = then.get("output") {
                let success = self.sfn.send_task_success().task_token(token).output(output.to_string());
                success.send().await.expect("the task waits");
            } else if let (Some(error), Some(cause)) = (then["error"].as_str(), then["cause"].as_str()) {
                let failure = self.sfn.send_task_failure().task_token(token).error(error).cause(cause);
                failure.send().await.expect("the task waits");
            }
        }
    }

    async fn entries(&self, execution: &str) -> Vec<Entry> {
        history(&self.sfn, execution, &|text| text.replace(&self.prefix, "")).await
    }

    async fn remove(&self, machines: &BTreeMap<String, String>) {
        for name in machines.keys() {
            let removed = self.sfn.delete_state_machine().state_machine_arn(self.machine(name)).send().await;
            removed.expect("it goes");
        }
        let removed = self.lambda.delete_function().function_name(self.function()).send().await;
        removed.expect("it goes");
    }
}

/// What an execution came through, as far as its history has it: of what runs within a Parallel or a Map only the
/// calls, and not whose they were.
pub(crate) async fn history(
    sfn: &aws_sdk_sfn::Client,
    arn: &str,
    known: &dyn Fn(&str) -> String,
) -> Vec<Entry> {
    let mut pages = sfn.get_execution_history().execution_arn(arn).max_results(1000).into_paginator().send();
    let (mut entries, mut state) = (Vec::new(), String::new());
    while let Some(page) = pages.next().await {
        for event in page.expect("a history").events() {
            if let Some(entered) = event.state_entered_event_details() {
                let within = matches!(event.r#type(), Type::ParallelStateEntered | Type::MapStateEntered);
                state = format!("{}{}", entered.name(), if within { "/" } else { "" });
            }
            if let Some((named, event)) = entry(event, &state, known) {
                entries.push(Entry { execution: arn.to_owned(), state: named, event });
            }
        }
    }
    entries
}

fn entry(event: &HistoryEvent, state: &str, known: &dyn Fn(&str) -> String) -> Option<(String, Event)> {
    let json = |text: Option<&str>| -> Value {
        serde_json::from_str(&known(text.unwrap_or("null"))).expect("an output is JSON")
    };
    let failure = |error: Option<&str>, cause: Option<&str>| {
        Err(Failure::new(error.unwrap_or_default(), known(cause.unwrap_or_default())))
    };
    let own = state.trim_end_matches('/').to_owned();
    if event.state_entered_event_details().is_some() {
        Some((own, Event::Entered))
    } else if let Some(exited) = event.state_exited_event_details() {
        Some((own, Event::Left(json(exited.output()))))
    } else if let Some(call) = event.task_succeeded_event_details() {
        Some((state.to_owned(), Event::Called(Ok(json(call.output())))))
    } else if let Some(call) = event.task_failed_event_details() {
        Some((state.to_owned(), Event::Called(failure(call.error(), call.cause()))))
    } else if let Some(ended) = event.execution_succeeded_event_details() {
        Some((String::new(), Event::Ended(Ok(json(ended.output())))))
    } else if let Some(ended) = event.execution_failed_event_details() {
        Some((String::new(), Event::Ended(failure(ended.error(), ended.cause()))))
    } else if event.r#type() == &Type::ExecutionTimedOut {
        Some((String::new(), Event::Ended(failure(Some("States.Timeout"), None))))
    } else {
        None
    }
}

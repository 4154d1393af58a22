//! What the emulator takes by itself: machines of a provisioning's shape, whose functions do nothing.

use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Map, Value, json};
use tenancy::Workflow;
use tests::Stack;
use tests::function::create;

/// Machines of nothing but the emulator.
pub(crate) struct Overhead {
    sfn: aws_sdk_sfn::Client,
    lambda: aws_sdk_lambda::Client,
    role: String,
    function: String,
    machines: Vec<String>,
}

impl Overhead {
    pub(crate) async fn new(stack: &Stack) -> Self {
        let function = format!("noop-{:08x}", fastrand::u32(..));
        let role = create(stack, &function, include_bytes!("noop.py")).await;
        Self {
            sfn: aws_sdk_sfn::Client::new(&stack.aws),
            lambda: aws_sdk_lambda::Client::new(&stack.aws),
            role,
            function,
            machines: Vec::new(),
        }
    }

    /// The time of an execution with the states and calls of a provisioning of this workflow, in milliseconds: at the median
    /// of so many.
    pub(crate) async fn of(&mut self, workflow: &Workflow, runs: usize) -> f64 {
        let mut states = States { function: &self.function, made: Map::new() };
        let first = states.part(workflow, None);
        let child = json!({ "QueryLanguage": "JSONata", "StartAt": first, "States": states.made });
        let child = self.create("child", &child).await;
        // `provision-tenant`: begin, a choice, admission, the blueprint's machine, a choice, activation.
        let task = |next: &str| {
            json!({
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": { "FunctionName": self.function, "Payload": {} }, "Next": next,
            })
        };
        let choice = |next: &str| json!({ "Type": "Choice", "Choices": [{ "Condition": "{% false %}", "Next": next }], "Default": next });
        let mut last = task("");
        last["End"] = true.into();
        last.as_object_mut().and_then(|state| state.remove("Next"));
        let parent = json!({
            "QueryLanguage": "JSONata", "StartAt": "Begin",
            "States": {
                "Begin": { "Type": "Pass", "Next": "IsRestored" },
                "IsRestored": choice("Admit"),
                "Admit": task("Provision"),
                "Provision": {
                    "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                    "Arguments": { "StateMachineArn": child, "Input": {} }, "Next": "IsFilled",
                },
                "IsFilled": choice("Activate"),
                "Activate": last,
            },
        });
        let parent = self.create("parent", &parent).await;
        let mut took = Vec::new();
        // The first starts the workers.
        for run in 0..=runs {
            let ms = self.run(&parent).await;
            if run > 0 {
                took.push(ms);
            }
        }
        crate::report::quantile(&took, 50.0)
    }

    async fn create(&mut self, name: &str, definition: &Value) -> String {
        let name = format!("{}-{name}-{}", self.function, self.machines.len());
        let machine = self.sfn.create_state_machine().name(name).role_arn(&self.role);
        let machine = machine.definition(definition.to_string()).send().await.expect("a machine");
        self.machines.push(machine.state_machine_arn.clone());
        machine.state_machine_arn
    }

    #[allow(clippy::disallowed_methods)] // Nobody calls back.
    async fn run(&self, machine: &str) -> f64 {
        let started = self.sfn.start_execution().state_machine_arn(machine).input("{}").send().await;
        let arn = started.expect("started").execution_arn;
        loop {
            let execution =
                self.sfn.describe_execution().execution_arn(&arn).send().await.expect("described");
            match execution.status() {
                ExecutionStatus::Running => tokio::time::sleep(Duration::from_millis(20)).await,
                ExecutionStatus::Succeeded => {
                    let took = execution.stop_date.expect("it ended").as_secs_f64()
                        - execution.start_date.as_secs_f64();
                    return took * 1e3;
                }
                other => panic!("it ended {other:?}"),
            }
        }
    }

    pub(crate) async fn remove(self) {
        for machine in &self.machines {
            self.sfn.delete_state_machine().state_machine_arn(machine).send().await.expect("it goes");
        }
        self.lambda.delete_function().function_name(&self.function).send().await.expect("it goes");
    }
}

/// The states of a workflow whose steps do nothing.
struct States<'a> {
    function: &'a str,
    made: Map<String, Value>,
}

impl States<'_> {
    /// Adds a part, whose last state leads to `next`, and gives the name of its first.
    fn part(&mut self, part: &Workflow, next: Option<&str>) -> String {
        match part {
            Workflow::Step(name) => {
                let state = json!({
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                    "Arguments": { "FunctionName": self.function, "Payload": {} },
                });
                self.add(name.clone(), state, next)
            }
            Workflow::Sequence(parts) => {
                let mut next = next.map(str::to_owned);
                for part in parts.iter().rev() {
                    next = Some(self.part(part, next.as_deref()));
                }
                next.expect("a sequence has parts")
            }
            Workflow::Parallel(parts) => {
                let branches = parts.iter().map(|part| {
                    let mut states = States { function: self.function, made: Map::new() };
                    let first = states.part(part, None);
                    json!({ "StartAt": first, "States": states.made })
                });
                let branches: Vec<Value> = branches.collect();
                let name = format!("Parallel{}", self.made.len());
                self.add(name, json!({ "Type": "Parallel", "Branches": branches }), next)
            }
        }
    }

    fn add(&mut self, name: String, mut state: Value, next: Option<&str>) -> String {
        match next {
            Some(next) => state["Next"] = next.into(),
            None => state["End"] = true.into(),
        }
        self.made.insert(name.clone(), state);
        name
    }
}

#![doc = include_str!("../README.md")]

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use fault::Fault;
use serde_json::Value;

/// Provider name, as it is shown in faults.
const SERVICE: &str = "step-functions";

/// The platform's machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    Provision,
    Teardown,
    /// Looks for orphans.
    Sweep,
    /// Serves a custom domain, or stops doing so.
    Domain,
    /// Sees a tenant out.
    Offboard,
}

/// What became of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    Running,
    /// Over, with its status: `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    Ended(String),
    /// There never was one, or it is forgotten: Step Functions keeps them for 90 days.
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Executions {
    client: Client,
    provision: String,
    teardown: String,
    sweep: Option<String>,
    domain: Option<String>,
    offboard: Option<String>,
}

impl Executions {
    /// From `PROVISION_MACHINE` and `TEARDOWN_MACHINE`, the machines' ARNs, and `SWEEP_MACHINE`, `DOMAIN_MACHINE` and
    /// `OFFBOARD_MACHINE` where sweeps, domains and offboardings are started.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        let client = Client::new(&aws::config().await);
        let sweep = aws::variable("SWEEP_MACHINE").ok();
        let domain = aws::variable("DOMAIN_MACHINE").ok();
        let offboard = aws::variable("OFFBOARD_MACHINE").ok();
        let (provision, teardown) = (aws::variable("PROVISION_MACHINE")?, aws::variable("TEARDOWN_MACHINE")?);
        Ok(Self { domain, offboard, ..Self::new(client, provision, teardown, sweep) })
    }

    #[must_use]
    pub fn new(client: Client, provision: String, teardown: String, sweep: Option<String>) -> Self {
        Self { client, provision, teardown, sweep, domain: None, offboard: None }
    }

    /// The same, that can start what serves domains.
    #[must_use]
    pub fn with_domains(self, machine: String) -> Self {
        Self { domain: Some(machine), ..self }
    }

    /// The same, that can start what sees tenants out.
    #[must_use]
    pub fn with_offboarding(self, machine: String) -> Self {
        Self { offboard: Some(machine), ..self }
    }

    /// Starts an execution, and says whether it was this call that did: a name is used once.
    pub async fn start(&self, machine: Machine, name: &str, input: &Value) -> Result<bool, Fault> {
        let request = self.client.start_execution().state_machine_arn(self.machine(machine));
        match request.name(name).input(input.to_string()).send().await {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => Ok(false),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// What became of an execution. Not for the course of things: an account has 15 such questions a second.
    pub async fn course(&self, execution: &str) -> Result<Course, Fault> {
        match self.client.describe_execution().execution_arn(execution).send().await {
            Ok(found) if *found.status() == ExecutionStatus::Running => Ok(Course::Running),
            Ok(found) => Ok(Course::Ended(found.status().as_str().to_owned())),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => {
                Ok(Course::Unknown)
            }
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// Stops an execution. One that is over, or never was, is success.
    pub async fn stop(&self, execution: &str, cause: &str) -> Result<(), Fault> {
        match self.client.stop_execution().execution_arn(execution).cause(cause).send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => Ok(()),
            Err(e) => Err(aws::fault(SERVICE, &e)),
        }
    }

    /// The ARN of an execution by its name: `…:stateMachine:m` runs `…:execution:m:name`.
    #[must_use]
    pub fn arn(&self, machine: Machine, name: &str) -> String {
        format!("{}:{name}", self.machine(machine).replacen(":stateMachine:", ":execution:", 1))
    }

    fn machine(&self, machine: Machine) -> &str {
        match machine {
            Machine::Provision => &self.provision,
            Machine::Teardown => &self.teardown,
            // Without one, Step Functions says that the ARN is not valid.
            Machine::Sweep => self.sweep.as_deref().unwrap_or_default(),
            Machine::Domain => self.domain.as_deref().unwrap_or_default(),
            Machine::Offboard => self.offboard.as_deref().unwrap_or_default(),
        }
    }
}

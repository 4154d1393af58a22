use std::future::Future;

use fault::Fault;
use serde_json::Value;
use step_functions::{Course, Executions, Machine};

/// What the janitor asks of Step Functions.
pub trait Engine: Send + Sync {
    fn start(
        &self,
        machine: Machine,
        name: &str,
        input: &Value,
    ) -> impl Future<Output = Result<bool, Fault>> + Send;
    fn course(&self, execution: &str) -> impl Future<Output = Result<Course, Fault>> + Send;
    fn stop(&self, execution: &str, cause: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    fn arn(&self, machine: Machine, name: &str) -> String;
}

impl Engine for Executions {
    async fn start(&self, machine: Machine, name: &str, input: &Value) -> Result<bool, Fault> {
        self.start(machine, name, input).await
    }

    async fn course(&self, execution: &str) -> Result<Course, Fault> {
        self.course(execution).await
    }

    async fn stop(&self, execution: &str, cause: &str) -> Result<(), Fault> {
        self.stop(execution, cause).await
    }

    fn arn(&self, machine: Machine, name: &str) -> String {
        self.arn(machine, name)
    }
}

use std::fmt::Display;
use std::pin::Pin;
use std::time::{Duration, Instant, UNIX_EPOCH};

use fault::{Fault, Kind};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::renewed::Renewed;
use crate::{Archive, BackUp, BackedUp, Ledger, Probe, ProbeRunner, Runner, SettingUp, Setup, Step};

/// What makes a function give up before it serves anything.
pub type Error = lambda_runtime::Error;

/// What Lambda says of one call.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The request id.
    pub id: String,
    /// The invoked function's ARN.
    pub function: String,
    /// When Lambda ends the call.
    pub deadline: Timestamp,
}

/// Serves a step: its calls run under the ledger protocol. What makes it is called before the first of them, and again every quarter of an
/// hour, for secrets change.
pub async fn serve<S: Step, L: Ledger + Clone>(
    make: impl AsyncFn() -> Result<S, Error>,
    ledger: L,
) -> Result<(), Error> {
    let deployment = deployment()?;
    let runner = async || Ok::<_, Error>(Runner::new(make().await?, ledger.clone(), &deployment));
    let runner = Renewed::new(runner).await?;
    function(S::NAME, async |payload: Value, call| runner.get().await.run(payload, &call).await).await
}

/// Serves a step whose resource is backed up before it goes.
pub async fn serve_backed_up<S: BackUp, L: Ledger + Clone, A: Archive + Clone>(
    make: impl AsyncFn() -> Result<S, Error>,
    ledger: L,
    archive: A,
) -> Result<(), Error> {
    let deployment = deployment()?;
    let step = async || {
        let runner = Runner::new(make().await?, ledger.clone(), &deployment);
        Ok::<_, Error>(BackedUp::new(runner, archive.clone()))
    };
    let step = Renewed::new(step).await?;
    function(S::NAME, async |payload: Value, call| step.get().await.run(payload, &call).await).await
}

/// Serves a probe.
pub async fn serve_probe<P: Probe, L: Ledger + Clone>(
    make: impl AsyncFn() -> Result<P, Error>,
    ledger: L,
) -> Result<(), Error> {
    let deployment = deployment()?;
    let runner = async || Ok::<_, Error>(ProbeRunner::new(make().await?, ledger.clone(), &deployment));
    let runner = Renewed::new(runner).await?;
    function(P::NAME, async |payload: Value, call| runner.get().await.run(payload, &call).await).await
}

/// Serves a set-up.
pub async fn serve_setup<S: Setup, L: Ledger + Clone>(
    make: impl AsyncFn() -> Result<S, Error>,
    ledger: L,
) -> Result<(), Error> {
    serve_probe(async || Ok(SettingUp(make().await?)), ledger).await
}

/// The deployment's name, from `DEPLOYMENT`: the first half of every ownership mark.
#[allow(clippy::disallowed_methods)] // The one place the runtime reads configuration.
fn deployment() -> Result<String, Error> {
    std::env::var("DEPLOYMENT").map_err(|_| "the environment variable DEPLOYMENT is not set".into())
}

/// A task of a state machine: JSON in, JSON out, faults by name.
pub trait Function<I, O>: AsyncFn(I, Invocation) -> Result<O, Fault> {}
impl<I, O, F: AsyncFn(I, Invocation) -> Result<O, Fault>> Function<I, O> for F {}

/// Serves any task of a state machine. Its failures are logged here, once, and reach the machine under one of
/// the four names.
pub async fn function<I, O>(name: &'static str, handler: impl Function<I, O>) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
{
    telemetry::init(name);
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let clock = Instant::now();
        let labels = Labels::of(&event.payload);
        let invocation = Invocation {
            id: event.context.request_id.clone(),
            function: event.context.invoked_function_arn.clone(),
            deadline: timestamp(event.context.deadline()),
        };
        let outcome = match serde_json::from_value(event.payload) {
            // Boxed: with an SDK call inside, the type of the whole would be too deep for the compiler.
            Ok(input) => (Box::pin(handler(input, invocation)) as BoxedCall<'_, O>).await,
            Err(e) => Err(Fault::terminal(format!("the payload does not decode: {e}"))),
        };
        labels.log(name, outcome.as_ref().err(), clock.elapsed());
        outcome.map_err(Failure)
    }))
    .await
}

type BoxedCall<'a, O> = Pin<Box<dyn Future<Output = Result<O, Fault>> + 'a>>;

fn timestamp(deadline: std::time::SystemTime) -> Timestamp {
    let since = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::try_from(since_epoch(since)).unwrap_or(Timestamp::MAX)
}

fn since_epoch(since: Duration) -> std::time::SystemTime {
    UNIX_EPOCH + since
}

/// A fault on its way to the state machine.
#[derive(Debug)]
struct Failure(Fault);

impl From<Failure> for Diagnostic {
    fn from(Failure(fault): Failure) -> Self {
        let mut message = fault.cause.clone();
        let mut add = |label: &str, value: Option<&dyn Display>| {
            if let Some(value) = value {
                message.push_str(&format!(" · {label}: {value}"));
            }
        };
        add("request id", fault.request_id.as_ref().map(|v| v as &dyn Display));
        add("retry at", fault.retry_at.as_ref().map(|v| v as &dyn Display));
        add("hint", fault.hint.as_ref().map(|v| v as &dyn Display));
        Self { error_type: fault.kind.name().to_owned(), error_message: message }
    }
}

/// What a log line is found by.
struct Labels {
    action: String,
    operation: String,
    tenant: String,
}

impl Labels {
    fn of(payload: &Value) -> Self {
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
        Self { action: text("/action"), operation: text("/operation"), tenant: text("/tenant/id") }
    }

    fn log(&self, name: &str, fault: Option<&Fault>, took: Duration) {
        let Self { action, operation, tenant } = self;
        let outcome = fault.map_or("ok", |fault| fault.kind.name());
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match fault {
            None => tracing::info!(
                step.name = name,
                step.action = action,
                tenant.id = tenant,
                execution.id = operation,
                duration_ms,
                "{name} {action} done"
            ),
            Some(fault) if matches!(fault.kind, Kind::Transient | Kind::NotReady) => tracing::info!(
                step.name = name,
                step.action = action,
                tenant.id = tenant,
                execution.id = operation,
                duration_ms,
                fault = outcome,
                provider.request_id = fault.request_id,
                "{name} {action}: {fault}"
            ),
            Some(fault) => tracing::warn!(
                step.name = name,
                step.action = action,
                tenant.id = tenant,
                execution.id = operation,
                duration_ms,
                fault = outcome,
                provider.request_id = fault.request_id,
                "{name} {action}: {fault}"
            ),
        }
        telemetry::step_ended(name, action, outcome, took);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The machines match on the name alone.
    #[test]
    fn a_machine_reads_the_kind_of_a_fault_as_the_name_of_the_error() {
        for kind in Kind::ALL {
            let diagnostic = Diagnostic::from(Failure(Fault::new(kind, fault::Actor::Us, "it did not work")));
            assert_eq!(diagnostic.error_type, kind.name());
            assert_eq!(diagnostic.error_message, "it did not work");
        }
    }

    #[test]
    fn a_person_reads_all_that_the_provider_said() {
        let mut fault = Fault::transient("throttled").from_provider("cognito", Some("req-1")).hint("Wait.");
        fault.retry_at = Some(Timestamp::UNIX_EPOCH);
        let message = Diagnostic::from(Failure(fault)).error_message;
        assert_eq!(message, "throttled · request id: req-1 · retry at: 1970-01-01T00:00:00Z · hint: Wait.");
    }

    #[test]
    fn a_log_line_is_found_by_tenant_and_operation_even_when_the_payload_is_nonsense() {
        let labels = Labels::of(&json!({ "action": "apply", "operation": "o", "tenant": { "id": "acme" } }));
        assert_eq!(
            (labels.action, labels.operation, labels.tenant),
            ("apply".into(), "o".into(), "acme".into())
        );
        let labels = Labels::of(&json!([1, 2]));
        assert_eq!((labels.action, labels.operation, labels.tenant), ("-".into(), "-".into(), "-".into()));
    }

    #[test]
    fn a_deadline_keeps_its_milliseconds() {
        let deadline = UNIX_EPOCH + Duration::from_millis(1_800_000_000_123);
        assert_eq!(timestamp(deadline).as_millisecond(), 1_800_000_000_123);
    }
}

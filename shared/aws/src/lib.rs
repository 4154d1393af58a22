//! How we talk to AWS: one client set-up for every service, and one reading of its errors.

use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use fault::{Actor, Fault};
use jiff::Timestamp;
use tokio::sync::OnceCell;

/// What a function's clients have in common is made once: certificates read and parsed, credentials found, connections kept.
static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The SDK configuration of this process, from the environment Lambda gives (`AWS_REGION`, credentials,
/// `AWS_LAMBDA_FUNCTION_NAME`, and `AWS_ENDPOINT_URL` on a laptop).
///
/// One quick retry for a dropped connection; longer patience belongs to the state machine. The function's name
/// goes into the user agent, so that CloudTrail says which step made a call.
pub async fn config() -> SdkConfig {
    CONFIG.get_or_init(load).await.clone()
}

#[allow(clippy::disallowed_methods)] // The one place that reads the function's name.
async fn load() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok().and_then(|name| AppName::new(name).ok());
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries())
        .timeout_config(timeouts());
    if let Some(name) = name {
        // Lambda gives credentials as variables. To look further, as for a person, has every other source prepared first.
        loader = loader.app_name(name).credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    loader.load().await
}

/// One quick retry.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(2)
}

/// A call gives up before its Lambda does, and as a whole: were a single attempt given up and tried again, the
/// second's success would hide that the first may still take effect.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(15))
        .build()
}

/// Error codes that pass by themselves although their HTTP status says 400.
const PASSING: &[&str] = &[
    "ConcurrentModificationException",
    "InternalErrorException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// What a failed AWS call means to us. A step looks at the outcomes it can act on first (not found, exists)
/// and leaves the rest to this.
pub fn fault<E, R>(service: &'static str, error: &SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = error else {
        // Never reached, or the answer was lost. Either way the call may have taken effect: steps are
        // idempotent, so it is simply asked again.
        let fault = Fault::transient(format!("{service} did not answer: {error}"));
        return fault.from_provider(service, None).unanswered();
    };
    let meta = answer.err().meta();
    let code = meta.code().unwrap_or("unknown error");
    let cause = format!("{service} refused: {code}: {}", meta.message().unwrap_or("no message"));
    let request_id = meta.extra("aws_request_id");
    // A service says which refusal it is. What does not is something on the way to it.
    let passing = meta.code().is_none() || code.starts_with("Internal") || code == "ServiceUnavailable";
    let fault = if passing || PASSING.contains(&code) {
        Fault::transient(cause)
    } else if code.starts_with("AccessDenied") || code == "UnrecognizedClientException" {
        Fault::terminal(cause)
            .hint("The function's role may not make this call: compare its Policies in the template.")
    } else {
        Fault::terminal(cause).for_actor(Actor::Us)
    };
    fault.from_provider(service, request_id)
}

/// A moment as AWS gives it.
#[must_use]
pub fn timestamp(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// A variable this process cannot work without is missing or malformed.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set: the template sets it under Environment")]
pub struct MissingVariable(&'static str);

/// A variable of the function's environment.
#[allow(clippy::disallowed_methods)] // The one place that reads the environment for `from_env` constructors.
pub fn variable(name: &'static str) -> Result<String, MissingVariable> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(MissingVariable(name))
}

//! AWS in this process: the real clients of the SDK talk to services that remember, with no socket between.

mod cognito;
mod kms;
mod mail;
mod s3;
mod site;
mod step_functions;
mod vault;

pub use cognito::Cognito;
pub use kms::Kms;
pub use mail::Mail;
pub use s3::S3;
pub use site::Site;
pub use step_functions::{Start, StepFunctions};
pub use vault::Vault;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use serde_json::{Value, json};

use crate::service::{Memory, Reply, Request, Service, Thing, View, at, now};
use crate::wire::Wire;

/// The configuration of the functions, over such a wire.
pub fn config(wire: Wire) -> SdkConfig {
    let keys = aws_sdk_sfn::config::Credentials::new("key", "secret", None, None, "simulation");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_sdk_sfn::config::SharedCredentialsProvider::new(keys))
        .sleep_impl(TokioSleep::new())
        .retry_config(aws::retries())
        .timeout_config(aws::timeouts())
        .http_client(wire)
        .build()
}

/// The action that `X-Amz-Target` names, of a service that speaks AWS JSON.
fn target(request: &Request) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit('.').next()).unwrap_or_default()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body()).unwrap_or_default()
}

fn reply(status: u16, body: &Value) -> Reply {
    let reply = http::Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    reply.body(body.to_string().into_bytes()).expect("a status and a body")
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let mut refused =
        reply(status, &json!({ "__type": code, "message": format!("{code}, says the simulation") }));
    let code = http::HeaderValue::from_str(code).expect("a code");
    refused.headers_mut().insert("x-amzn-errortype", code);
    refused
}

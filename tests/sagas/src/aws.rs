//! AWS in this process: the real clients of the SDK talk to services that remember, with no socket between.

mod cognito;
mod mail;
mod s3;
mod site;
mod step_functions;
mod vault;

pub use cognito::Cognito;
pub use mail::Mail;
pub use s3::S3;
pub use site::Site;
pub use step_functions::{Start, StepFunctions};
pub use vault::Vault;

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::chaos::{Act, Chaos, Trouble, abandon, crash, pass};
use crate::law::Law;
use crate::tally::Tally;

pub type Request = http::Request<Vec<u8>>;
pub type Reply = http::Response<Vec<u8>>;

/// A resource of a tenant, as a provider has it. A handle in the ledger names it as `{field: name}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    pub field: &'static str,
    pub name: String,
    pub owner: String,
}

impl Thing {
    /// What is said of `{tenant}`, said of one tenant.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Self {
        Self { name: self.name.replace("{tenant}", tenant), ..self.clone() }
    }
}

/// An outside service with a memory.
pub trait Service: fmt::Debug + Send + Sync {
    /// What a request asks: `cognito:CreateGroup`, and what that does.
    fn asked(&self, request: &Request) -> (String, Act);

    /// Does what is asked.
    fn answer(&self, request: &Request, view: View) -> Reply;

    fn refusal(&self, status: u16, code: &str) -> Reply {
        refusal(status, code)
    }

    /// Whatever there is.
    fn things(&self) -> Vec<Thing> {
        Vec::new()
    }

    /// Puts there what somebody else made, if it is a thing of this service.
    fn plant(&self, _: &Thing) {}

    /// Somebody takes it away by hand, if it is a thing of this service.
    fn remove(&self, _: &Thing) {}

    /// Whether anything that people can read says so.
    fn says(&self, _: &str) -> bool {
        false
    }
}

/// Which state of affairs a service answers from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Now,
    /// As it was before the last change.
    Stale,
    /// As it is, and what this would change is not changed.
    Dry,
}

/// What a service remembers, and what it did before the last change.
#[derive(Debug, Default)]
pub struct Memory<S> {
    now: S,
    before: S,
}

/// The state that a request is answered from. What a stale view changes is lost.
fn at<S: Clone, R>(memory: &Mutex<Memory<S>>, view: View, act: Act, answer: impl FnOnce(&mut S) -> R) -> R {
    let mut memory = memory.lock().expect("no panic while it is held");
    match (view, act) {
        (View::Stale, _) => answer(&mut memory.before.clone()),
        (View::Dry, _) => answer(&mut memory.now.clone()),
        (View::Now, Act::Read) => answer(&mut memory.now),
        (View::Now, _) => {
            memory.before = memory.now.clone();
            answer(&mut memory.now)
        }
    }
}

fn now<S>(memory: &Mutex<Memory<S>>) -> MutexGuard<'_, Memory<S>> {
    memory.lock().expect("no panic while it is held")
}

/// The way from our functions to a service.
#[derive(Clone, Debug)]
pub struct Wire {
    pub service: Arc<dyn Service>,
    pub chaos: Chaos,
    pub tally: Tally,
    pub law: Law,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("the connection was reset")]
pub struct Reset;

impl Wire {
    /// One exchange, with whatever goes wrong with it.
    pub async fn exchange(self, request: Request) -> Result<Reply, Reset> {
        let (call, act) = self.service.asked(&request);
        let trouble = self.chaos.meet_here(&call, act);
        pass(Duration::from_millis(20)).await;
        match trouble {
            Some(Trouble::Unavailable) => return Ok(self.service.refusal(503, "ServiceUnavailable")),
            Some(Trouble::Throttled) => {
                let mut reply = self.service.refusal(429, "ThrottlingException");
                reply.headers_mut().insert("retry-after", http::HeaderValue::from_static("20"));
                return Ok(reply);
            }
            Some(Trouble::Refused) => return Ok(self.service.refusal(400, "AccessDeniedException")),
            Some(Trouble::CrashBefore) => crash().await,
            Some(Trouble::Late) => {
                // Just within the life of the function that asked.
                self.later(request, Duration::from_secs(28));
                return pending().await;
            }
            Some(Trouble::Lingers) => {
                // What it would say now is what it says; what it would do, it does later.
                let reply = self.service.answer(&request, View::Dry);
                self.later(request, Duration::from_secs(20));
                return Ok(reply);
            }
            _ => {}
        }
        let view = if trouble == Some(Trouble::Stale) { View::Stale } else { View::Now };
        let reply = self.effect(&request, view, act);
        match trouble {
            Some(Trouble::Lost) => return Err(Reset),
            Some(Trouble::Slow) => pass(Duration::from_secs(7)).await,
            Some(Trouble::Hang) => pending().await,
            Some(Trouble::CrashAfter) => crash().await,
            Some(Trouble::Abandoned) => abandon().await,
            _ => {}
        }
        pass(Duration::from_millis(20)).await;
        Ok(reply)
    }

    fn effect(&self, request: &Request, view: View, act: Act) -> Reply {
        if act == Act::Read {
            return self.service.answer(request, view);
        }
        let before = self.service.things();
        let reply = self.service.answer(request, view);
        self.law.after_effect(&before, &self.service.things());
        reply
    }

    fn later(&self, request: Request, delay: Duration) {
        let (wire, running) = (self.clone(), self.tally.running());
        tokio::spawn(async move {
            pass(delay).await;
            wire.effect(&request, View::Now, Act::Write);
            drop(running);
        });
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
            let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
            let reply = wire.exchange(request).await.map_err(|e| ConnectorError::io(e.into()))?;
            HttpResponse::try_from(reply.map(SdkBody::from)).map_err(|e| ConnectorError::user(e.into()))
        })
    }
}

impl http_client::Answers for Wire {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = reqwest::Response> + Send>> {
        let wire = self.clone();
        Box::pin(async move {
            let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
            let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
            if let Some(headers) = plain.headers_mut() {
                headers.extend(request.headers().clone());
            }
            let request = plain.body(body).expect("an address");
            // Whoever asks cannot tell a lost answer from one that says as much.
            wire.exchange(request).await.unwrap_or_else(|Reset| refusal(504, "GatewayTimeout")).into()
        })
    }
}

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

fn refusal(status: u16, code: &str) -> Reply {
    let mut refused =
        reply(status, &json!({ "__type": code, "message": format!("{code}, says the simulation") }));
    let code = http::HeaderValue::from_str(code).expect("a code");
    refused.headers_mut().insert("x-amzn-errortype", code);
    refused
}

//! The way from our functions to a service, and what goes wrong on it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::chaos::{Act, Chaos, Trouble, abandon, crash, pass};
use crate::law::Law;
use crate::service::{Reply, Request, Service, Takes, View};
use crate::tally::Tally;

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
        let view = match trouble {
            Some(Trouble::Stale) => View::Stale,
            _ if self.law.is_blind() => View::Once,
            _ => View::Now,
        };
        let reply = self.effect(&request, view, act);
        match trouble {
            Some(Trouble::Lost) => return Err(Reset),
            Some(Trouble::Slow) => pass(Duration::from_secs(7)).await,
            Some(Trouble::Hang) => pending().await,
            Some(Trouble::CrashAfter) => crash().await,
            Some(Trouble::Abandoned) => abandon().await,
            _ => {}
        }
        let Takes(longer) = reply.extensions().get().copied().unwrap_or(Takes(Duration::ZERO));
        pass(Duration::from_millis(20) + longer).await;
        Ok(reply)
    }

    fn effect(&self, request: &Request, view: View, act: Act) -> Reply {
        if act == Act::Read || self.law.is_blind() {
            return self.tally.answered(|| self.service.answer(request, view));
        }
        let before = self.service.things();
        let reply = self.tally.answered(|| self.service.answer(request, view));
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
            let no_answer = || wire.service.refusal(504, "RequestTimeout");
            wire.clone().exchange(request).await.unwrap_or_else(|Reset| no_answer()).into()
        })
    }
}

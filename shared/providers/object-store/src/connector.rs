//! The SDK's way to the network: the same client, or what stands in its place, and the same clock as everything else.

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_client::{Http, Request};

use crate::SERVICE;

#[derive(Clone, Debug)]
pub(crate) struct Connector(pub(crate) Http);

/// Signatures carry the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock;

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        clock::now().into()
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(http) = self.clone();
        HttpConnectorFuture::new(async move { exchange(&http, request).await })
    }
}

async fn exchange(http: &Http, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|e| ConnectorError::user(e.into()))?;
    // What we send is in memory; there is nothing to stream.
    let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
    let request = Request::try_from(request).map_err(|e| ConnectorError::user(e.into()))?;
    let answer = http.ask(SERVICE, request).await.map_err(|e| ConnectorError::io(e.into()))?;
    let mut plain = http::Response::builder().status(answer.status());
    if let Some(headers) = plain.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let body = answer.bytes().await.map_err(|e| ConnectorError::io(e.without_url().into()))?;
    let plain = plain.body(SdkBody::from(body)).map_err(|e| ConnectorError::other(e.into(), None))?;
    HttpResponse::try_from(plain).map_err(|e| ConnectorError::other(e.into(), None))
}

//! Passes requests on as they came, unless a fault hits them.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::call::Call;
use crate::fault::{Content, Fault, Faults, Kind};
use crate::refusal::{self, Refusal};

pub type Body = BoxBody<Bytes, hyper::Error>;

/// What stands behind a port: where a request goes, and what kind of call it is.
pub trait Door: Send + Sync + 'static {
    fn call(&self, request: &Parts) -> Call;
    /// Turns the request towards its target; the error is told to the caller as a 503.
    fn direct(&self, request: &mut Parts) -> Result<(), &'static str>;
}

/// Ends the connection without an answer, as a broken network does.
#[derive(Debug)]
pub struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped: a fault was asked for")
    }
}

impl std::error::Error for Dropped {}

/// One door with its faults.
#[derive(Debug)]
pub struct Proxy<D> {
    door: D,
    faults: Arc<Faults>,
    client: Client<HttpConnector, Body>,
}

impl<D: Door> Proxy<D> {
    pub fn new(door: D, faults: Arc<Faults>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            // Well below the emulator's own limit: a connection it closes under a request looks like a fault.
            .pool_idle_timeout(Duration::from_secs(20))
            .build(connector);
        Self { door, faults, client }
    }

    /// Answers on the listener for as long as the process lives.
    pub async fn serve(self, listener: TcpListener) {
        let proxy = Arc::new(self);
        serve(listener, move |request| {
            let proxy = Arc::clone(&proxy);
            async move { proxy.answer(request).await }
        })
        .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let (mut parts, body) = request.into_parts();
        let call = self.door.call(&parts);
        let path = parts.uri.path().to_owned();
        if let Err(reason) = self.door.direct(&mut parts) {
            return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, reason));
        }
        if !self.faults.concern(&call) {
            return Ok(self.forward(Request::from_parts(parts, body.boxed())).await);
        }
        let Ok(body) = body.collect().await else { return Err(Dropped) };
        let body = body.to_bytes();
        let fault = self.faults.strike(&call, Content { path: &path, body: &body });
        self.suffer(fault, &call, Request::from_parts(parts, full(body))).await
    }

    #[expect(clippy::disallowed_methods, reason = "being slow is what was asked for")]
    async fn suffer(
        &self,
        fault: Option<Fault>,
        call: &Call,
        request: Request<Body>,
    ) -> Result<Response<Body>, Dropped> {
        let Some(fault) = fault else { return Ok(self.forward(request).await) };
        let refuse = |refusal| Ok(refusal::answer(refusal, call).map(full));
        match fault.kind {
            Kind::Deny => refuse(Refusal::Deny),
            Kind::Error => refuse(Refusal::Error),
            Kind::Throttle => refuse(Refusal::Throttle),
            Kind::LostResponse => {
                self.forward(request).await;
                Err(Dropped)
            }
            Kind::Hang => {
                self.forward(request).await;
                pending().await
            }
            Kind::Slow => {
                tokio::time::sleep(Duration::from_millis(fault.ms)).await;
                Ok(self.forward(request).await)
            }
        }
    }

    async fn forward(&self, request: Request<Body>) -> Response<Body> {
        match self.client.request(request).await {
            Ok(response) => response.map(BodyExt::boxed),
            Err(_) => plain(StatusCode::BAD_GATEWAY, "What stands behind this port does not answer."),
        }
    }
}

/// Answers every request on the listener so; an error ends its connection without an answer.
pub(crate) async fn serve<A, F>(listener: TcpListener, answer: A)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Dropped>> + Send + 'static,
{
    loop {
        // A connection that fails before it begins is its caller's to notice.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let answer = answer.clone();
        tokio::spawn(async move {
            // Ends in an error when a fault drops the connection, which is the purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

/// The request's path and query on another base.
pub fn rebase(base: &str, uri: &Uri) -> Result<Uri, &'static str> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{base}{path}").parse().map_err(|_| "The path cannot be passed on.")
}

fn plain(status: StatusCode, message: &'static str) -> Response<Body> {
    let mut response = Response::new(full(Bytes::from(format!(r#"{{"message":"{message}"}}"#))));
    *response.status_mut() = status;
    response
}

pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed()
}

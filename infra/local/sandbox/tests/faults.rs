//! Each kind of fault, seen from a client of the AWS port and of the front, with a stub for what stands behind.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may its helpers")]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use sandbox::aws::Aws;
use sandbox::fault::Faults;
use sandbox::front::Front;
use sandbox::proxy::{Door, Proxy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Counts what reaches it and answers with what it saw.
async fn upstream(State(seen): State<Arc<AtomicUsize>>, request: Request) -> String {
    seen.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let body = body.collect().await.unwrap().to_bytes();
    json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "host": header("host"),
        "forwarded": header("x-forwarded-host"),
        "body": String::from_utf8_lossy(&body),
    })
    .to_string()
}

struct World {
    faults: Arc<Faults>,
    seen: Arc<AtomicUsize>,
    upstream: String,
}

impl World {
    async fn new() -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(upstream).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { faults: Arc::default(), seen, upstream: address }
    }

    async fn open<D: Door>(&self, door: D) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(Proxy::new(door, Arc::clone(&self.faults)).serve(listener));
        address
    }

    async fn aws(&self) -> String {
        self.open(Aws { emulator: self.upstream.clone() }).await
    }

    fn fault(&self, fault: Value) {
        self.faults.add(serde_json::from_value(fault).unwrap());
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

/// `PutSecretValue`, as the step `store-password` sends it.
async fn put_secret(base: &str) -> Result<Response<Bytes>, Error> {
    let request = http::Request::post(base)
        .header("x-amz-target", "secretsmanager.PutSecretValue")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/secretsmanager/aws4_request",
        )
        .header("x-amz-user-agent", "aws-sdk-rust/1.3 app/t-1-vault-store-password")
        .body(Full::new(Bytes::from("tenant acme")))
        .unwrap();
    send(request).await
}

async fn send(request: http::Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, body) = client.request(request).await?.into_parts();
    Ok(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()))
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn without_a_fault_a_call_passes_unchanged() {
    let world = World::new().await;
    let aws = world.aws().await;
    let seen = json_of(&put_secret(&format!("{aws}/a%2Fb?c=d")).await.unwrap());
    assert_eq!(seen["uri"], "/a%2Fb?c=d");
    assert_eq!(seen["body"], "tenant acme");
    assert_eq!(seen["host"].as_str(), aws.strip_prefix("http://"), "the host is signed");
}

#[tokio::test]
async fn a_refused_call_never_arrives() {
    let world = World::new().await;
    let aws = world.aws().await;
    for (kind, status, code) in [
        ("deny", StatusCode::FORBIDDEN, "AccessDeniedException"),
        ("error", StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        ("throttle", StatusCode::BAD_REQUEST, "ThrottlingException"),
    ] {
        world.fault(json!({"function": "store-password", "contains": "acme", "kind": kind, "times": 1}));
        let answer = put_secret(&aws).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(json_of(&answer)["__type"], code);
    }
    assert_eq!(world.seen(), 0);
    assert_eq!(put_secret(&aws).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn s3_refuses_in_xml() {
    let world = World::new().await;
    let aws = world.aws().await;
    world.fault(json!({"service": "s3", "operation": "PutObject", "kind": "throttle"}));
    let request = http::Request::put(format!("{aws}/bucket/key"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/s3/aws4_request")
        .body(Full::new(Bytes::from_static(b"page")))
        .unwrap();
    let answer = send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert!(answer.body().starts_with(b"<Error><Code>SlowDown</Code>"));
}

#[tokio::test]
async fn a_lost_response_has_taken_effect() {
    let world = World::new().await;
    let aws = world.aws().await;
    world.fault(json!({"kind": "lost_response", "times": 1}));
    assert!(put_secret(&aws).await.is_err());
    assert_eq!(world.seen(), 1);
}

#[tokio::test]
async fn a_hanging_call_has_taken_effect_and_never_answers() {
    let world = World::new().await;
    let aws = world.aws().await;
    world.fault(json!({"kind": "hang"}));
    assert!(timeout(Duration::from_millis(300), put_secret(&aws)).await.is_err());
    assert_eq!(world.seen(), 1);
}

#[tokio::test]
async fn a_slow_call_arrives_late() {
    let world = World::new().await;
    let aws = world.aws().await;
    world.fault(json!({"kind": "slow", "ms": 200}));
    let start = Instant::now();
    assert_eq!(put_secret(&aws).await.unwrap().status(), StatusCode::OK);
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn of_concurrent_calls_exactly_as_many_are_hit_as_asked() {
    let world = World::new().await;
    let aws = world.aws().await;
    world.fault(json!({"kind": "error", "times": 5}));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let aws = aws.clone();
            tokio::spawn(async move { put_secret(&aws).await.unwrap().status() })
        })
        .collect();
    let mut hit = 0;
    for call in calls {
        hit += usize::from(call.await.unwrap() == StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!((hit, world.seen()), (5, 15));
}

#[tokio::test]
async fn the_front_leads_to_its_target_once_it_has_one() {
    let world = World::new().await;
    let front = Front::default();
    let url = world.open(front.clone()).await;
    let ask = || send(http::Request::get(format!("{url}/sites/acme?x=1")).body(Full::default()).unwrap());
    assert_eq!(ask().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);

    front.lead_to(&format!("{}/_aws/execute-api/abc/$default", world.upstream));
    let seen = json_of(&ask().await.unwrap());
    assert_eq!(seen["uri"], "/_aws/execute-api/abc/$default/sites/acme?x=1");
    assert_eq!(seen["forwarded"].as_str(), url.strip_prefix("http://"));

    world.fault(json!({"service": "http", "acts": ["read"], "contains": "/sites/acme", "kind": "error"}));
    assert_eq!(ask().await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

//! What was asked of a broker and answered: played in its place, or recorded.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http_client::{Answers, Request, Response};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The recordings of all scenes, by their names.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub(crate) source: String,
    pub(crate) scenes: BTreeMap<String, Vec<Exchange>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) response: Value,
}

impl Recording {
    pub(crate) fn load() -> Self {
        let text = std::fs::read_to_string(file()).expect("a recording");
        serde_json::from_str(&text).expect("the form of a recording")
    }

    pub(crate) fn save(&self) {
        let text = serde_json::to_string_pretty(self).expect("JSON");
        std::fs::write(file(), text + "\n").expect("written");
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/contract/specs/rabbitmq.json")
}

/// Answers as it was recorded, in the same order.
#[derive(Clone, Debug)]
pub(crate) struct Player(Arc<Mutex<VecDeque<Exchange>>>);

impl Player {
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Self {
        Self(Arc::new(Mutex::new(exchanges.into())))
    }

    /// What was recorded and not asked for.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Answers for Player {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let exchange = next.unwrap_or_else(|| panic!("nothing is recorded behind {}", request.url()));
        let asked = (request.method().to_string(), path(&request), body(&request));
        assert_eq!(asked, (exchange.method, exchange.path, exchange.request), "asked, and recorded");
        Box::pin(async move { respond(exchange.status, &exchange.response) })
    }
}

/// Asks a broker, and keeps what it says.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    client: Client,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { client: http_client::client(), exchanges: Arc::default() }
    }

    pub(crate) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.exchanges.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Answers for Recorder {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let Self { client, exchanges } = self.clone();
        Box::pin(async move {
            let (method, path, asked) = (request.method().to_string(), path(&request), body(&request));
            let answer = client.execute(request).await.expect("the broker answers");
            let status = answer.status().as_u16();
            let response = answer.text().await.expect("a body");
            let response = serde_json::from_str(&response).unwrap_or(Value::Null);
            let exchange = Exchange { method, path, request: asked, status, response: response.clone() };
            exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
            respond(status, &response)
        })
    }
}

fn path(request: &Request) -> String {
    let query = request.url().query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", request.url().path())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body().and_then(|body| body.as_bytes()).unwrap_or_default())
        .unwrap_or_default()
}

fn respond(status: u16, body: &Value) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    http::Response::builder().status(status).body(body).expect("an answer").into()
}

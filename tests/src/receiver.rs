use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Somebody else's endpoint, on this machine: answers as it is told to, and keeps what it heard.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    status: StatusCode,
    heard: Vec<Heard>,
}

/// A delivery as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub event: Value,
}

impl Receiver {
    /// Listens for as long as the test runs.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let kept = Arc::new(Mutex::new(Kept { status: StatusCode::OK, heard: Vec::new() }));
        let router = Router::new().fallback(hear).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// # Panics
    /// When that is no status.
    pub fn answer(&self, status: u16) {
        lock(&self.kept).status = StatusCode::from_u16(status).expect("a status");
    }

    /// All that has come, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.kept).heard.clone()
    }
}

async fn hear(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event = serde_json::from_slice(&body).unwrap_or_default();
    let mut kept = lock(&kept);
    kept.heard.push(Heard { headers, body, event });
    kept.status
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

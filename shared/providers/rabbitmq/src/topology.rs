use fault::Fault;
use http_client::Method;
use serde_json::{Map, json};

use crate::RabbitMq;

/// A durable queue to be made. What it is made with cannot be changed.
#[derive(Clone, Copy, Debug)]
pub struct Queue<'a> {
    pub name: &'a str,
    /// After so many milliseconds a message that nobody took is dropped; never, if none.
    pub message_ttl_ms: Option<u64>,
    /// Of more messages than this the oldest are dropped; none is, if none.
    pub max_length: Option<u64>,
}

impl RabbitMq {
    /// Makes a durable topic exchange, and leaves one that is like that as it is. One of another kind is terminal.
    pub async fn declare_topic(&self, vhost: &str, exchange: &str) -> Result<(), Fault> {
        let body = json!({ "type": "topic", "durable": true, "auto_delete": false, "internal": false, "arguments": {} });
        self.put(self.request(Method::PUT, &["exchanges", vhost, exchange])?.json(&body)).await
    }

    /// Makes a durable queue, and leaves one that is like that as it is. One that was made with anything else is terminal.
    pub async fn declare_queue(&self, vhost: &str, queue: &Queue<'_>) -> Result<(), Fault> {
        let arguments = [("x-message-ttl", queue.message_ttl_ms), ("x-max-length", queue.max_length)];
        let arguments: Map<_, _> = arguments
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
            .collect();
        let body = json!({ "durable": true, "auto_delete": false, "arguments": arguments });
        self.put(self.request(Method::PUT, &["queues", vhost, queue.name])?.json(&body)).await
    }

    /// Has what is published to an exchange with a key like this put into a queue. `*` is one word of a key, `#` any number.
    /// Bound already is success.
    pub async fn bind(&self, vhost: &str, exchange: &str, queue: &str, key: &str) -> Result<(), Fault> {
        let path = ["bindings", vhost, "e", exchange, "q", queue];
        let body = json!({ "routing_key": key, "arguments": {} });
        self.put(self.request(Method::POST, &path)?.json(&body)).await
    }
}

//! The way to the agent of a bench host, which is SSH outside: what it says when there is no answer.

use std::time::Duration;

use bench_host::{Answering, Answers};
use fault::Fault;
use http::StatusCode;

use crate::wire::{Reset, Wire};

const URL: &str = "https://bench.example/";

/// As long as our client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Line(pub Wire);

impl Answers for Line {
    fn answer(&self, request: Vec<u8>) -> Answering<'_> {
        let wire = self.0.clone();
        let request = http::Request::post(URL).body(request).expect("a request");
        Box::pin(async move {
            let none = || Fault::transient("the host broke off before the program ended").unanswered();
            let answered = tokio::time::timeout(PATIENCE, wire.exchange(request)).await;
            let reply = answered.map_err(|_| none())?.map_err(|Reset| none())?;
            match reply.status() {
                StatusCode::OK => Ok(reply.into_body()),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    Err(Fault::transient("the host did not let us in for 10 s"))
                }
                _ => Err(Fault::terminal("the host does not let us in with our key")
                    .hint("Is the line in authorized_keys?")),
            }
        })
    }
}

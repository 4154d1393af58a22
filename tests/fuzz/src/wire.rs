//! Providers that answer whatever they are told to.

use std::pin::Pin;
use std::sync::Arc;

use http_client::{Answers, Http, Request, Response};

/// Gives every request the same answer.
#[derive(Debug)]
struct Same {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Answers for Same {
    fn answer(&self, _: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let mut answer = http::Response::builder().status(self.status);
        if let Some(value) = &self.retry_after {
            answer = answer.header("retry-after", value);
        }
        let answer = answer.body(self.body.clone()).expect("a status and a header that were tried");
        Box::pin(async move { answer.into() })
    }
}

/// A network on which everybody answers this. None, where no server could.
pub fn saying(status: u16, retry_after: Option<&str>, body: &[u8]) -> Option<Http> {
    http::StatusCode::from_u16(status).ok()?;
    if let Some(value) = retry_after {
        http::HeaderValue::from_str(value).ok()?;
    }
    let retry_after = retry_after.map(str::to_owned);
    Some(Http::InProcess(Arc::new(Same { status, retry_after, body: body.to_vec() })))
}

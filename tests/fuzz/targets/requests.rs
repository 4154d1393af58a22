//! Whatever is sent to the API, by whoever may do all there is: it is answered, and what is refused is told why.
//!
//! An input is `METHOD /path`, a line for each header, an empty line and the body.

#![no_main]

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use fuzz::api::{self, Answer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    api::with(|api| {
        let Some(request) = read(input, |path| api.named(path)) else { return };
        let method = request.method().clone();
        check(&method, &api.ask(request));
    });
});

fn check(method: &Method, answer: &Answer) {
    let Answer { status, body, .. } = answer;
    assert!(!status.is_server_error(), "{answer:?}");
    let kind = answer.header(header::CONTENT_TYPE);
    if status.is_client_error() {
        assert_eq!(kind, "application/problem+json", "{answer:?}");
        if method != Method::HEAD {
            let problem = answer.json();
            assert_eq!(problem["status"], status.as_u16());
            assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        }
    } else if kind == "application/json" && !body.is_empty() {
        answer.json();
    }
}

/// A request as HTTP has it, but for the version. Bodies are JSON, unless they say otherwise.
fn read(input: &[u8], named: impl Fn(&str) -> String) -> Option<Request<Body>> {
    let (head, body) = fuzz::cut(input, b"\n\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, path) = str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(named(path));
    for line in lines {
        let (name, value) = fuzz::cut(line, b":");
        request = request.header(name, value.trim_ascii());
    }
    let mut request = request.body(Body::from(body.to_vec())).ok()?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
    Some(request)
}

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http_client::{Answers, Http, Request, Response, StatusCode};
use serde_json::Value;

use crate::Document;

/// APIs that answer what a test says, in turn.
#[derive(Clone, Debug)]
pub struct Script {
    documents: Arc<Vec<Document>>,
    /// What the documents leave out and the API does have: `GET /health`.
    besides: &'static [&'static str],
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `POST /api/v2/projects/p-1/branches?limit=1`
    pub line: String,
    pub headers: http::HeaderMap,
    /// `Null` when there was none or it was no JSON.
    pub body: Value,
}

impl Script {
    #[must_use]
    pub fn new(documents: Vec<Document>) -> Self {
        let (answers, asked) = (Arc::default(), Arc::default());
        Self { documents: Arc::new(documents), besides: &[], answers, asked }
    }

    /// Names requests, by how their lines begin, that the documents leave out.
    #[must_use]
    pub fn besides(mut self, lines: &'static [&'static str]) -> Self {
        self.besides = lines;
        self
    }

    /// The next answer.
    #[must_use]
    pub fn answer(self, status: u16, body: &Value) -> Self {
        self.answer_with(status, &[("content-type", "application/json")], &body.to_string())
    }

    /// The next answer, with headers and a body that need not be JSON.
    #[must_use]
    pub fn answer_with(self, status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let answer = Answer { status, headers, body: body.to_owned() };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
        self
    }

    #[must_use]
    pub fn http(&self) -> Http {
        Http::InProcess(Arc::new(self.clone()))
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lines of what was asked so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    fn exchange(&self, request: &Request) -> Response {
        let asked = Asked {
            line: line(request),
            headers: request.headers().clone(),
            body: serde_json::from_slice(request.body().and_then(|body| body.as_bytes()).unwrap_or_default())
                .unwrap_or_default(),
        };
        let next = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let answer = next.unwrap_or_else(|| panic!("nothing is left to answer {}", asked.line));
        if !self.besides.iter().any(|besides| asked.line.starts_with(besides)) {
            let serving = || self.documents.iter().filter(|document| document.serves(request));
            // Of several of one API, the one that has the operation.
            let document = serving().find(|document| document.knows(request)).or_else(|| serving().next());
            let document = document.unwrap_or_else(|| panic!("no document serves {}", request.url()));
            let body = serde_json::from_str(&answer.body).unwrap_or_default();
            let status = StatusCode::from_u16(answer.status).expect("a status");
            let mut problems = document.refuses(request);
            problems.extend(document.denies(request, status, &body));
            assert!(problems.is_empty(), "{}:\n{}", asked.line, problems.join("\n"));
        }
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let mut built = http::Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            built = built.header(name, value);
        }
        built.body(answer.body).expect("an answer").into()
    }
}

impl Answers for Script {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let answer = self.exchange(&request);
        Box::pin(async move { answer })
    }
}

fn line(request: &Request) -> String {
    let url = request.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}", request.method(), url.path())
}

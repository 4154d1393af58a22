//! Queries of lists: filters, limits and page tokens. Whoever goes on after each part sees everything once, and comes to an end.

#![no_main]

use std::collections::HashSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use fuzz::api::{self, Answer, Api};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// There are a few entries in each list, so no list has more parts.
const PARTS: usize = 100;

fuzz_target!(|query: &str| {
    api::with(|api| {
        for path in &api.lists {
            let Some(answer) = get(api, path, query) else { continue };
            assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
            if answer.status == StatusCode::OK && !query.split('&').any(|word| word.starts_with("after=")) {
                walk(api, path, query, answer.json());
            }
        }
    });
});

fn get(api: &Api, path: &str, query: &str) -> Option<Answer> {
    Some(api.ask(Request::get(format!("{path}?{query}")).body(Body::empty()).ok()?))
}

fn walk(api: &Api, path: &str, query: &str, mut part: Value) {
    let mut seen = HashSet::new();
    // What has no parts may well have the same twice.
    if part["next"].is_null() {
        return;
    }
    for _ in 0..PARTS {
        let lists = part.as_object().into_iter().flatten().filter_map(|(_, field)| field.as_array());
        for entry in lists.flatten() {
            assert!(seen.insert(entry.to_string()), "{path}: twice: {entry}");
        }
        let Some(next) = part["next"].as_str() else { return };
        let answer = get(api, path, &format!("{query}&after={}", escaped(next)));
        let answer = answer.expect("a query that was taken");
        assert_eq!(answer.status, StatusCode::OK, "{path}: {next}: {answer:?}");
        part = answer.json();
    }
    panic!("{path}: there is no end to it");
}

fn escaped(token: &str) -> String {
    token.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

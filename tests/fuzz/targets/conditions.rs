//! What somebody says to have seen: `If-None-Match`, `Last-Event-ID` and `If-Match`. `{tag}` stands for what is there.

#![no_main]

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use fuzz::api::{self, Answer, Api};
use libfuzzer_sys::fuzz_target;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const PLAN: &str = "/v1/plans/starter";

fuzz_target!(|text: &str| {
    api::with(|api| {
        read(api, text);
        watched(api, text);
        changed(api, text);
    });
});

/// Nothing is sent again to whoever names the tag, and only to them.
fn read(api: &Api, text: &str) {
    let path = api.named("/v1/tenants/{active}");
    let tag = tag(api, &path);
    let Ok(seen) = HeaderValue::from_bytes(text.replace("{tag}", &tag).as_bytes()) else { return };
    let answer = ask(api, Request::get(&path).header(header::IF_NONE_MATCH, &seen));
    if answer.status == StatusCode::NOT_MODIFIED {
        let said = seen.to_str().expect("only what can be read names anything");
        assert!(answer.body.is_empty() && (said.contains(&tag) || said.contains('*')));
    } else {
        assert!(answer.status == StatusCode::OK && seen != tag && seen != "*", "{answer:?}");
        answer.json();
    }
    assert_eq!(answer.header(header::ETAG), tag);
}

/// Whoever watches is told of what they have not seen, and waits for nothing else.
fn watched(api: &Api, text: &str) {
    let path = api.named("/v1/tenants/{active}");
    let tag = tag(api, &path);
    let Ok(seen) = HeaderValue::from_bytes(text.replace("{tag}", &tag).as_bytes()) else { return };
    let watch = Request::get(&path).header(header::ACCEPT, "text/event-stream");
    let answer = ask(api, watch.header(LAST_EVENT_ID, &seen));
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, "text/event-stream"));
    let event = str::from_utf8(&answer.body).expect("text");
    let Some(rest) = event.strip_prefix(&format!("id: {tag}\nevent: change\ndata: ")) else {
        assert!(seen == tag && event == ": nothing new\n\n", "{event}");
        return;
    };
    let data = rest.strip_suffix("\n\n").expect("the end of an event");
    assert!(seen != tag && !data.contains(['\n', '\r']));
    serde_json::from_str::<serde_json::Value>(data).expect("JSON");
}

/// A change is made of what was seen alone.
fn changed(api: &Api, text: &str) {
    let tag = tag(api, PLAN);
    let Ok(seen) = HeaderValue::from_bytes(text.replace("{tag}", &tag).as_bytes()) else { return };
    let change = Request::post(format!("{PLAN}/deactivate")).header(header::CONTENT_TYPE, "application/json");
    let change = change.header(header::IF_MATCH, &seen).body(Body::from(r#"{"reason":"a test"}"#));
    let answer = api.ask(change.expect("a request"));
    let said = seen.to_str().unwrap_or_default().trim();
    let version = |text: &str| text.trim_matches('"').trim_start_matches('0').to_owned();
    match answer.status {
        StatusCode::OK => assert!(said == "*" || version(said) == version(&tag), "{said}"),
        StatusCode::BAD_REQUEST | StatusCode::PRECONDITION_FAILED => assert_ne!(said, tag),
        _ => panic!("{answer:?}"),
    }
}

fn tag(api: &Api, path: &str) -> String {
    ask(api, Request::get(path)).header(header::ETAG).to_owned()
}

fn ask(api: &Api, request: axum::http::request::Builder) -> Answer {
    api.ask(request.body(Body::empty()).expect("a request"))
}

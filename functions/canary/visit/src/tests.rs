use fault::Kind;
use openapi::Script;
use serde_json::json;

use super::*;

async fn run(script: &Script, endpoints: serde_json::Value) -> Result<Output, Fault> {
    let input = json!({ "tenant": { "id": "canary-shop-7f3a9c" }, "endpoints": endpoints });
    Visit { http: script.http() }.run(serde_json::from_value(input).expect("an input")).await
}

fn script() -> Script {
    Script::new(Vec::new()).besides(&["GET "])
}

#[tokio::test]
async fn every_endpoint_has_to_answer() {
    let both = json!({ "dashboard": "https://acme.example/dashboard", "site": "https://acme.example/" });
    let script = script()
        .answer_with(200, &[], "")
        .answer_with(200, &[], "")
        .answer_with(200, &[], "")
        .answer_with(404, &[], "");
    run(&script, both.clone()).await.expect("both answer");
    assert_eq!(script.lines(), ["GET /dashboard", "GET /"]);
    let fault = run(&script, both).await.expect_err("the site does not");
    assert_eq!(
        (fault.kind, fault.cause.as_str()),
        (Kind::Transient, "site answers 404 Not Found: https://acme.example/")
    );
}

#[tokio::test]
async fn who_answers_nowhere_is_not_used() {
    assert_eq!(run(&script(), json!({})).await.expect_err("nothing to visit").kind, Kind::Terminal);
}

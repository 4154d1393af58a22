//! The deployed API is asked whatever its document allows, and some of what it does not, in everybody's name: no answer
//! is a mistake of ours or another than the document says, nothing of the wrong shape is taken, nothing of the right
//! one refused for its shape.
//!
//! Schemathesis makes up the requests (`make` installs it).

use std::process::Command;

use rstest::rstest;
use serde_json::Value;
use tests::{Stack, api::signup};

/// So many requests an operation are made up beside those that follow from its description.
const EXAMPLES: &str = "10";

#[rstest]
#[case("admin")]
#[case("operator")]
#[case("viewer")]
#[case("machine")]
#[case("tenant")]
#[case("nobody")]
#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_api_does_what_its_document_says(#[case] role: &str) {
    let stack = Stack::from_env().await;
    let operation = stack.api.sign_up(&signup("merchant-workspace")).await;
    stack.api.ended(&operation).await;
    let people = stack.people();
    let token = match role {
        "admin" => people.admin().await,
        "operator" => people.operator().await,
        "viewer" => people.viewer().await,
        "machine" => people.machine().await,
        "tenant" => people.tenant(&operation.tenant).await,
        _ => people.nobody().await,
    };
    let reports = tempfile::tempdir().expect("a folder");
    let report = reports.path().join("report.json");
    let mut command = Command::new(program());
    command.args([
        "--config-file",
        concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis/schemathesis.toml"),
        "run",
    ]);
    command.arg(format!("{}/v1/openapi.json", stack.api.url)).args(["--url", &stack.api.url]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--checks", "all"]);
    command.args(["--continue-on-failure", "--no-color", "--warnings", "off"]);
    command.args(["--report", "json", "--report-json-path"]).arg(&report);
    command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    command.env("TENANT", &operation.tenant).current_dir(reports.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("schemathesis: `make test` installs it");
    let said = String::from_utf8_lossy(&output.stdout).replace(&token, "…");
    println!("{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("JSON");
    println!("{report:#}");
    assert!(output.status.success(), "{role}: {}", String::from_utf8_lossy(&output.stderr));
}

#[allow(clippy::disallowed_methods)] // Configuration of the tests.
fn program() -> String {
    std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".to_owned())
}

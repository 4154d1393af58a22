//! The deployed API is asked whatever its document allows, and some of what it does not, in everybody's name: no answer
//! is a mistake of ours or another than the document says, nothing of the wrong shape is taken, nothing of the right
//! one refused for its shape.
//!
//! Schemathesis makes up the requests (`make` installs it). It has a stack of its own: an admin's requests take the
//! catalogue apart.

use std::process::{Command, Output};

use tests::{Stack, api::signup};

/// So many requests an operation are made up beside those that follow from its description.
const EXAMPLES: &str = "3";

#[tokio::test]
#[ignore = "needs the local stack: make test"]
async fn the_api_does_what_its_document_says() {
    let stack = Stack::from_env().await;
    let people = stack.people();
    let mut roles = Vec::new();
    for role in ["nobody", "tenant", "viewer", "operator", "machine", "admin"] {
        let operation = stack.api.sign_up(&signup("merchant-workspace")).await;
        stack.api.ended(&operation).await;
        let token = match role {
            "admin" => people.admin().await,
            "operator" => people.operator().await,
            "viewer" => people.viewer().await,
            "machine" => people.machine().await,
            "tenant" => people.tenant(&operation.tenant).await,
            _ => people.nobody().await,
        };
        roles.push((role, token, operation.tenant));
    }
    let admin = roles.split_off(5);
    // Two at a time: there is one emulator. The admin at the end, alone.
    for together in roles.chunks(2).chain([&admin[..]]) {
        let asked: Vec<_> = together
            .iter()
            .map(|(role, token, tenant)| {
                let command = ask(&stack.api.url, token, tenant);
                (*role, token, tokio::task::spawn_blocking(command))
            })
            .collect();
        for (role, token, output) in asked {
            let Output { status, stdout, stderr } =
                output.await.expect("no panic").expect("schemathesis: `make test` installs it");
            let said = String::from_utf8_lossy(&stdout).replace(token.as_str(), "…");
            let counted =
                said.lines().find(|line| line.contains("generated")).unwrap_or("nothing was generated");
            println!("{role}: {}", counted.trim());
            assert!(status.success(), "{role}: {said}\n{}", String::from_utf8_lossy(&stderr));
            assert!(counted.contains("generated"), "{role}: {said}");
        }
    }
}

#[allow(clippy::disallowed_methods)] // A program of our own choice, and no shell.
fn ask(
    url: &str,
    token: &str,
    tenant: &str,
) -> impl FnOnce() -> std::io::Result<Output> + Send + 'static + use<> {
    let mut command = Command::new(program());
    let folder = tempfile::tempdir().expect("a folder");
    command.args([
        "--config-file",
        concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis/schemathesis.toml"),
        "run",
    ]);
    command.arg(format!("{url}/v1/openapi.json")).args(["--url", url]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--checks", "all"]);
    command.args(["--continue-on-failure", "--no-color", "--warnings", "off"]);
    command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    command.env("TENANT", tenant).current_dir(folder.path());
    move || {
        let output = command.output();
        drop(folder);
        output
    }
}

#[allow(clippy::disallowed_methods)] // Configuration of the tests.
fn program() -> String {
    std::env::var("SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".to_owned())
}

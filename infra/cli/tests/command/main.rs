//! Runs the command itself, against an API that plays its part in this process.

mod demo;
mod orphans;
mod stub;
mod tenant;

use std::process::{Command, Output};

/// Runs `tenantry` against that API.
#[allow(clippy::disallowed_methods, reason = "the command under test is a process")]
fn tenantry(api: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .env_remove("TENANTRY_SANDBOX")
        .env("TENANTRY_API", api)
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

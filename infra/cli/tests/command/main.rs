//! Runs the command itself, against an API that plays its part in this process.

mod catalogue;
mod changes;
mod demo;
mod every;
mod failure;
mod listing;
mod manual;
mod orphans;
mod profile;
mod sign_in;
mod stub;
mod tenant;
mod webhook;

use std::net::TcpListener;
use std::process::{Command, Output};

use axum::Router;

/// Runs `tenantry` against that API.
fn tenantry(api: &str, arguments: &[&str]) -> Output {
    tenantry_in(&[("TENANTRY_API", api)], arguments)
}

/// Runs it in an environment that has nothing else in it, and in nobody's home.
#[allow(clippy::disallowed_methods, reason = "the command under test is a process")]
fn tenantry_in(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .envs(environment.iter().copied())
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// Answers for as long as this process lives, and says where.
fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    listener.set_nonblocking(true).expect("non-blocking");
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("serves");
        });
    });
    url
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

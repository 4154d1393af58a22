use std::fs;
use std::path::PathBuf;

use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry_in};

/// A folder for configurations, as long as a test needs it.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, config: &str) -> Self {
        let folder = Self(std::env::temp_dir().join(format!("tenantry-{name}-{}", std::process::id())));
        fs::create_dir_all(folder.0.join("tenantry")).expect("made");
        fs::write(folder.0.join("tenantry/config.toml"), config).expect("written");
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("removed");
    }
}

const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_profile() {
    let stub = Stub::start(Mode::Healthy);
    let there = format!("[there]\napi = '{}'\n[nowhere]\napi = '{NOWHERE}'\n", stub.url);
    let folder = Folder::with("precedence", &there);
    let succeeds = |environment: &[(&str, &str)], arguments: &[&str]| {
        let environment = [&[("XDG_CONFIG_HOME", folder.path())], environment].concat();
        tenantry_in(&environment, &[arguments, &["list"]].concat()).status.success()
    };
    assert!(succeeds(&[], &["--profile", "there"]));
    assert!(succeeds(&[("TENANTRY_PROFILE", "there")], &[]));
    assert!(!succeeds(&[("TENANTRY_PROFILE", "there")], &["--profile", "nowhere"]));
    assert!(!succeeds(&[("TENANTRY_API", NOWHERE)], &["--profile", "there"]));
    assert!(succeeds(&[("TENANTRY_API", &stub.url)], &["--profile", "nowhere"]));
    assert!(succeeds(&[("TENANTRY_API", NOWHERE)], &["--profile", "nowhere", "--api", &stub.url]));
}

#[test]
fn the_default_profile_needs_no_name_and_says_where_the_console_is() {
    let stub = Stub::start(Mode::Healthy);
    let config = format!("[default]\napi = '{}'\nconsole = 'https://c.example.com/console/'\n", stub.url);
    let folder = Folder::with("default", &config);
    let output = tenantry_in(
        &[("XDG_CONFIG_HOME", folder.path())],
        &["provision", "Acme", "--email", "owner@acme.example"],
    );
    assert!(stdout(&output).contains("https://c.example.com/console/#/tenants/"), "{}", stderr(&output));
}

#[test]
fn a_profile_nobody_knows_is_answered_with_those_there_are() {
    let folder = Folder::with("unknown", "[there]\n[here]\n");
    let output = tenantry_in(&[("XDG_CONFIG_HOME", folder.path())], &["--profile", "prod", "list"]);
    assert_eq!(output.status.code(), Some(2));
    let told = "tenantry/config.toml: has no profile 'prod'; those it has: here, there\n";
    assert!(stderr(&output).ends_with(told), "{}", stderr(&output));
}

#[test]
fn what_needs_no_deployment_needs_no_profile() {
    let folder = Folder::with("broken", "this is not TOML");
    let here = [("XDG_CONFIG_HOME", folder.path())];
    assert!(tenantry_in(&here, &["completions", "bash"]).status.success());
    let output = tenantry_in(&here, &["list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("config.toml: TOML parse error"), "{}", stderr(&output));
}

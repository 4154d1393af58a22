use std::path::Path;

use serde_json::Value;

use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry, tenantry_in};

const OPERATION: &str = "01KE0000000000000000000000";
const REQUEST: &str = "01KE0000000000000000000001";
const TASK: &str = "acme-000000:merchant-seed-data";
const WEBHOOK: &str = "01M7YJMCAGDF8N7ZT7RZ80SAD4";
const FILES: [&str; 3] = ["../../infra/catalogue", "--machines", "../../statemachine/blueprints"];

/// Every command that asks the API something, with the exit code it ends with here. A tenant is there.
pub(crate) fn commands() -> Vec<(Vec<&'static str>, i32)> {
    let list: &[(&[&'static str], i32)] = &[
        (&["provision", "Birch", "--email", "owner@birch.example"], 0),
        (&["activate", "acme-000000", "--reason", "r", "--plan", "starter"], 0),
        (&["reject", "acme-000000", "--reason", "r"], 0),
        (&["list", "--blueprint", "merchant-workspace"], 0),
        (&["show", "acme-000000"], 0),
        (&["status", "acme-000000"], 0),
        (&["health", "acme-000000"], 1),
        (&["log", "acme-000000"], 0),
        (&["audit", "acme-000000"], 0),
        (&["export", "acme-000000"], 0),
        (&["certificate", "acme-000000", "--verify"], 0),
        (
            &[
                "retry",
                "acme-000000",
                "--reason",
                "r",
                "--from",
                "failed-step",
                "--skip",
                "merchant-seed-data",
            ],
            0,
        ),
        (&["skip", "acme-000000", "merchant-seed-data", OPERATION, "--reason", "r"], 0),
        (&["cancel", "acme-000000", "--reason", "r"], 0),
        (&["update", "acme-000000", "--reason", "r", "--theme", "modern"], 0),
        (&["change-plan", "acme-000000", "professional", "--reason", "r"], 0),
        (&["upgrade", "acme-000000", "--reason", "r"], 0),
        (&["suspend", "acme-000000", "--reason", "r"], 0),
        (&["resume", "acme-000000", "--reason", "r"], 0),
        (&["check", "acme-000000", "--reason", "r"], 0),
        (&["access", "acme-000000", "full", "--reason", "r"], 0),
        (&["hibernate", "acme-000000", "--reason", "r"], 0),
        (&["wake", "acme-000000", "--reason", "r"], 0),
        (&["delete", "acme-000000"], 0),
        (&["restore", "acme-000000", "--reason", "r"], 0),
        (&["hold", "acme-000000", "--reason", "r"], 0),
        (&["release", "acme-000000", "--reason", "r"], 0),
        (&["lock", "acme-000000", "--reason", "r"], 0),
        (&["unlock", "acme-000000", "--reason", "r"], 0),
        (&["plan", "provision", "Birch", "--email", "owner@birch.example"], 0),
        (&["plan", "retry", "acme-000000", "--reason", "r"], 0),
        (&["plan", "update", "acme-000000", "--reason", "r", "--theme", "modern"], 0),
        (&["plan", "change-plan", "acme-000000", "professional", "--reason", "r"], 0),
        (&["plan", "upgrade", "acme-000000", "--reason", "r"], 0),
        (&["plan", "delete", "acme-000000"], 0),
        (&["domain", "add", "acme-000000", "shop.acme.example"], 0),
        (&["domain", "list", "acme-000000"], 0),
        (&["domain", "remove", "acme-000000", "shop.acme.example"], 0),
        (&["change-requests", "list"], 0),
        (&["change-requests", "show", REQUEST], 0),
        (&["change-requests", "approve", REQUEST, "--reason", "r"], 0),
        (&["change-requests", "reject", REQUEST, "--reason", "r"], 0),
        (&["repair-tasks", "list"], 0),
        (&["repair-tasks", "retry", TASK, "--reason", "r"], 0),
        (&["repair-tasks", "resolve", TASK, "--reason", "r"], 0),
        (&["orphans", "sweep", "--reason", "r"], 0),
        (&["orphans", "show"], 0),
        (&["events", "unknown"], 0),
        (&["events", "dead"], 0),
        (&["events", "replay", "--reason", "r"], 0),
        (&["subscription", "sub_1"], 0),
        (&["webhook", "list"], 0),
        (&["webhook", "add", "https://a.example.com/"], 0),
        (&["webhook", "show", WEBHOOK], 0),
        (&["webhook", "change", WEBHOOK, "--disable", "--reason", "r"], 0),
        (&["webhook", "delete", WEBHOOK, "--reason", "r"], 0),
        (&["webhook", "rotate", WEBHOOK, "--reason", "r"], 0),
        (&["webhook", "test", WEBHOOK], 1),
        (&["webhook", "log", WEBHOOK], 0),
        (&["webhook", "replay", WEBHOOK, "--since", "2026-01-01T00:00:00Z", "--reason", "r"], 0),
        (&["catalogue", "apply", FILES[0], FILES[1], FILES[2]], 0),
        (&["catalogue", "diff", FILES[0], FILES[1], FILES[2]], 0),
        (&["catalogue", "defaults", "--reason", "r"], 0),
        (&["catalogue", "list"], 0),
        (&["catalogue", "activate", "plan", "starter", "--reason", "r"], 0),
        (&["catalogue", "deactivate", "theme", "modern", "--reason", "r"], 0),
        (&["catalogue", "delete", "blueprint", "shop", "--reason", "r"], 0),
    ];
    list.iter().map(|(command, exit)| (command.to_vec(), *exit)).collect()
}

/// Those that are there for people alone.
pub(crate) const FOR_PEOPLE: [&str; 3] = ["demo", "completions", "man"];

#[test]
fn every_command_does_its_work_in_words_and_in_json() {
    for (command, exit) in commands() {
        for json in [false, true] {
            let stub = Stub::with_tenant();
            let environment = [
                ("TENANTRY_API", stub.url.as_str()),
                ("AWS_ENDPOINT_URL", &stub.url),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", "b"),
                ("AWS_REGION", "eu-central-1"),
                ("CATALOGUE_TABLE", "catalogue"),
            ];
            let arguments = [&command[..], if json { &["--json"] } else { &[] }].concat();
            let output = tenantry_in(&environment, &arguments);
            let told = stdout(&output);
            assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {told}{}", stderr(&output));
            if json {
                let lines: Vec<Value> = told
                    .lines()
                    .map(|line| {
                        serde_json::from_str(line).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {line}"))
                    })
                    .collect();
                // What is taken away at once is answered with nothing.
                let silent = matches!(command[..2], ["catalogue" | "webhook", "delete"]);
                assert_eq!(lines.len(), usize::from(!silent), "{arguments:?}: {told}");
                assert_eq!(stderr(&output), "", "{arguments:?}");
            } else {
                assert!(!told.is_empty(), "{arguments:?} says nothing");
            }
        }
    }
}

#[test]
fn what_is_watched_is_told_to_programs_at_every_change() {
    let stub = Stub::start(Mode::Healthy);
    let provision = ["provision", "Acme", "--email", "owner@acme.example", "--watch", "--json"];
    let output = tenantry(&stub.url, &provision);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (accepted, operations) = lines.split_first().expect("an answer");
    assert_eq!(accepted["operation"], OPERATION);
    let seen: Vec<(&str, u64)> = operations
        .iter()
        .map(|line| (line["state"].as_str().expect("a state"), line["percent"].as_u64().expect("a percent")))
        .collect();
    assert_eq!(seen, [("accepted", 0), ("running", 0), ("running", 25), ("running", 75), ("succeeded", 100)]);
    assert_eq!(operations[4]["steps"][0]["name"], "merchant-create-group", "as the API has it");
}

#[test]
fn the_exit_code_of_a_watch_says_how_it_ended() {
    let stub = Stub::start(Mode::Leaky);
    assert!(tenantry(&stub.url, &["provision", "Acme", "--email", "owner@acme.example"]).status.success());
    let output = tenantry(&stub.url, &["status", "acme-000000", "--watch", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let last: Value = serde_json::from_str(stdout(&output).lines().last().expect("an end")).expect("JSON");
    assert_eq!(
        (&last["state"], &last["fault"]["step"]),
        (&"stuck".into(), &"merchant-publish-website".into())
    );
}

#[test]
fn a_tenant_is_exported_to_a_file() {
    let stub = Stub::start(Mode::Healthy);
    let file = std::env::temp_dir().join(format!("tenantry-export-{}.json", std::process::id()));
    let path = file.to_str().expect("a path");
    let output = tenantry(&stub.url, &["export", "acme-000000", "--output", path]);
    assert_eq!(stdout(&output), "");
    let document: Value =
        serde_json::from_str(&std::fs::read_to_string(&file).expect("a file")).expect("a document");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(document["tenant"]["id"], "acme-000000");
    let nowhere = tenantry(&stub.url, &["export", "acme-000000", "-o", "/nonexistent/acme.json"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).starts_with("error: /nonexistent/acme.json: "), "{}", stderr(&nowhere));
}

#[test]
fn a_link_leads_to_the_console_where_there_is_one() {
    let stub = Stub::start(Mode::Healthy);
    let console =
        [("TENANTRY_API", stub.url.as_str()), ("TENANTRY_CONSOLE", "https://c.example.com/console/")];
    let output = tenantry_in(&console, &["provision", "Acme", "--email", "owner@acme.example"]);
    let link =
        format!("console   https://c.example.com/console/#/tenants/acme-000000/operations/{OPERATION}\n");
    assert!(stdout(&output).ends_with(&link), "{}", stdout(&output));
}

#[test]
fn the_catalogue_is_written_where_the_environment_or_a_flag_says() {
    let stub = Stub::start(Mode::Healthy);
    let aws =
        [("AWS_ENDPOINT_URL", stub.url.as_str()), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    assert!(Path::new(FILES[0]).is_dir(), "run from the crate's folder");
    let diff = [&["catalogue", "diff"], &FILES[..], &["--region", "eu-west-1", "--table", "offers"]].concat();
    let output = tenantry_in(&aws, &diff);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).lines().all(|line| line.ends_with("new")), "{}", stdout(&output));
    assert!(stub.acts().iter().all(|act| !act.starts_with("Put") && act.ends_with(" offers in eu-west-1")));
    let apply =
        [&["catalogue", "apply"], &FILES[..], &["--region", "eu-west-1", "--table", "offers"]].concat();
    assert!(tenantry_in(&aws, &apply).status.success());
    assert!(stub.acts().contains(&"PutItem offers in eu-west-1".to_owned()), "{:?}", stub.acts());
}

#[test]
fn a_catalogue_out_of_reach_may_be_there_later_and_one_with_a_mistake_is_refused() {
    let nowhere = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_REGION", "eu-central-1"),
        ("CATALOGUE_TABLE", "offers"),
    ];
    let diff = [&["catalogue", "diff"], &FILES[..]].concat();
    let output = tenantry_in(&nowhere, &diff);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    let mistaken = tenantry_in(&nowhere, &["catalogue", "diff", "/nonexistent", "--machines", FILES[2]]);
    assert_eq!(mistaken.status.code(), Some(5), "{}", stderr(&mistaken));
    let unnamed = tenantry_in(&nowhere[..4], &diff);
    assert_eq!(unnamed.status.code(), Some(2), "{}", stderr(&unnamed));
}

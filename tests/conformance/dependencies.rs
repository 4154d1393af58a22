//! Dependencies point one way.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, Package};

use crate::names::metadata;
use crate::repo::{Names, Role, assert_golden, assert_none, files, functions, list, root, text};

/// What the crates of a folder may name of ours, by folder.
const ARROWS: [(&str, &[&str]); 21] = [
    ("functions/", &["shared/"]),
    ("infra/", &["shared/"]),
    (
        "shared/archive",
        &["shared/aws", "shared/fault", "shared/providers/s3", "shared/saga", "shared/tenancy"],
    ),
    ("shared/aws", &["shared/fault"]),
    ("shared/billing", &["shared/tenancy"]),
    (
        "shared/canary",
        &["shared/aws", "shared/clock", "shared/fault", "shared/http", "shared/secrets", "shared/tenancy"],
    ),
    ("shared/clock", &[]),
    ("shared/events", &["shared/fault", "shared/tenancy"]),
    ("shared/fault", &[]),
    ("shared/governor", &["shared/fault"]),
    ("shared/http", &["shared/clock", "shared/fault", "shared/governor", "shared/telemetry"]),
    (
        "shared/providers/bench-host",
        &["shared/aws", "shared/fault", "shared/providers/ssh", "shared/secrets", "shared/telemetry"],
    ),
    ("shared/providers/", &["shared/aws", "shared/clock", "shared/fault", "shared/http", "shared/secrets"]),
    ("shared/reach", &["shared/fault", "shared/http"]),
    (
        "shared/saga",
        &["shared/clock", "shared/fault", "shared/governor", "shared/telemetry", "shared/tenancy"],
    ),
    ("shared/seal", &["shared/aws", "shared/fault", "shared/secrets"]),
    ("shared/secrets", &["shared/aws", "shared/clock", "shared/fault"]),
    (
        "shared/store",
        &[
            "shared/aws",
            "shared/billing",
            "shared/clock",
            "shared/events",
            "shared/fault",
            "shared/governor",
            "shared/saga",
            "shared/telemetry",
            "shared/tenancy",
        ],
    ),
    ("shared/telemetry", &[]),
    ("shared/tenancy", &["shared/fault"]),
    (
        "shared/watch",
        &[
            "shared/aws",
            "shared/clock",
            "shared/fault",
            "shared/providers/resolver",
            "shared/reach",
            "shared/saga",
            "shared/store",
            "shared/telemetry",
            "shared/tenancy",
        ],
    ),
];

/// What the crates without I/O may name of others: neither of these has any.
const PURE: [&str; 11] =
    ["hex", "jiff", "psl", "serde", "serde_json", "sha2", "slug", "thiserror", "ulid", "url", "utoipa"];

#[test]
fn the_arrows_of_the_design_hold() {
    let crates = crates();
    let mut problems = Vec::new();
    for (folder, package) in &crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(of, _)| within(folder, of)) else {
            problems
                .push(format!("{folder}: no arrow says what it may depend on: add one to dependencies.rs"));
            continue;
        };
        for to in ours(package, &crates) {
            if !allowed.iter().any(|allowed| within(to, allowed)) {
                problems.push(format!("{folder}: depends on {to}; it may on {allowed:?}"));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn the_graph_is_the_one_agreed_on() {
    let crates = crates();
    let line = |package: &Package| {
        let to: Names = ours(package, &crates).into_iter().map(|to| crates[to].name.to_string()).collect();
        format!("{} -> {}", package.name, list(to)).trim_end().to_owned() + "\n"
    };
    let lines: Names = crates.values().map(line).collect();
    let graph: String = lines.into_iter().collect();
    assert_golden("dependencies.txt", &graph, "An arrow between two crates of ours is a decision.");
}

#[test]
fn only_the_store_names_dynamodb_and_only_the_runtime_lambda() {
    let served: Vec<String> =
        functions().into_iter().filter(|f| f.role == Role::Served).map(|f| f.folder).collect();
    let is_served = |folder: &str| served.iter().any(|served| served == folder);
    let mut problems = Vec::new();
    for (folder, package) in crates() {
        for name in package.dependencies.iter().map(|dependency| dependency.name.as_str()) {
            let allowed = match name {
                "aws-sdk-dynamodb" => folder == "shared/store",
                "lambda_runtime" => folder == "shared/saga" || is_served(&folder),
                "lambda_http" => is_served(&folder),
                _ => true,
            };
            if !allowed {
                problems.push(format!("{folder}: names {name}"));
            }
        }
    }
    assert_none(problems);
}

/// What Step Functions says of an execution comes late, and is rationed for the whole account.
#[test]
fn the_status_is_read_from_the_store_and_never_from_step_functions() {
    const ASKS: [&str; 2] = ["aws-sdk-sfn", "step-functions"];
    let crates = crates();
    let (mut reached, mut next) = (Names::new(), vec!["functions/tenant/api"]);
    let mut problems = Vec::new();
    while let Some(folder) = next.pop() {
        if reached.insert(folder.to_owned()) {
            let asks = names(&crates[folder]).into_iter().filter(|name| ASKS.contains(&name.as_str()));
            problems.extend(asks.map(|name| format!("{folder}: the API depends on it, and it names {name}")));
            next.extend(ours(&crates[folder], &crates));
        }
    }
    assert!(reached.contains("shared/store"), "{reached:?}");
    let front = text("infra/front.yaml");
    problems.extend(
        front.contains("states:").then(|| "infra/front.yaml: the API may ask Step Functions".to_owned()),
    );
    assert_none(problems);
}

#[test]
fn the_domain_and_its_faults_do_no_io() {
    const IMPURE: [&str; 7] =
        ["std::env", "std::fs", "std::net", "Timestamp::now", "clock::now", "Ulid::generate", "SystemTime"];
    let mut problems = Vec::new();
    for folder in ["shared/events", "shared/fault", "shared/tenancy"] {
        let foreign = external(&crates()[folder]).into_iter().filter(|name| !PURE.contains(&name.as_str()));
        problems.extend(
            foreign.map(|name| format!("{folder}: names {name}; if that does no I/O, add it to PURE")),
        );
        for file in files(folder, ".rs") {
            let source = text(&file);
            problems.extend(
                IMPURE
                    .iter()
                    .filter(|name| source.contains(*name))
                    .map(|name| format!("{file}: uses {name}")),
            );
        }
    }
    assert_none(problems);
}

#[test]
fn a_crate_names_no_dependency_it_does_not_use() {
    let mut problems = Vec::new();
    for (folder, package) in crates() {
        let own = files(&folder, ".rs");
        let shared: Vec<String> = own.iter().flat_map(|file| included(file)).collect();
        let sources: String = own.iter().chain(&shared).map(text).collect();
        let words: Names =
            sources.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect();
        let unused = package
            .dependencies
            .iter()
            .filter(|dependency| !words.contains(&dependency.name.replace('-', "_")));
        problems
            .extend(unused.map(|dependency| format!("{folder}/Cargo.toml: {} is not used", dependency.name)));
    }
    assert_none(problems);
}

/// The files of other folders that a file takes in by `#[path = "..."]`, which are a part of its crate.
fn included(file: &str) -> Vec<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from_here = |path: &str| {
        let mut segments: Vec<&str> = folder.split('/').collect();
        for segment in path.split('/') {
            match segment {
                ".." => segments.truncate(segments.len().saturating_sub(1)),
                _ => segments.push(segment),
            }
        }
        segments.join("/")
    };
    let source = text(file);
    let paths =
        source.lines().filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    paths.map(from_here).collect()
}

/// Our crates by folder; these tests, which look at everything, left out.
fn crates() -> BTreeMap<String, Package> {
    let packages = metadata().packages.into_iter();
    let folder = |package: &Package| {
        let folder = package.manifest_path.parent().and_then(|path| path.strip_prefix(root()).ok());
        folder.expect("below the root").to_string()
    };
    packages
        .map(|package| (folder(&package), package))
        .filter(|(folder, _)| !folder.starts_with("tests"))
        .collect()
}

/// The folders of our crates that a crate depends on, tests aside.
fn ours<'a>(package: &Package, crates: &'a BTreeMap<String, Package>) -> Vec<&'a str> {
    let named = names(package);
    crates
        .iter()
        .filter(|(_, other)| named.contains(other.name.as_str()))
        .map(|(folder, _)| folder.as_str())
        .collect()
}

fn external(package: &Package) -> Names {
    let crates = crates();
    names(package).into_iter().filter(|name| crates.values().all(|ours| *ours.name != **name)).collect()
}

fn names(package: &Package) -> Names {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

/// Whether a folder is the one said, or in it when that ends with a slash.
fn within(folder: &str, said: &str) -> bool {
    folder == said || said.ends_with('/') && folder.starts_with(said)
}

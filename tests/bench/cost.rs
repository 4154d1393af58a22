//! What AWS charges for provisioning one tenant, at list prices (`prices.json`), from what one provisioning of the simulation took;
//! against a build job for each tenant, which runs the same steps in turn for whole minutes and writes into the same store.
//!
//! What is kept from month to month (a secret, a group's member, objects) and what providers charge is in neither.

use std::collections::BTreeMap;
use std::path::Path;

use sagas::blueprints;
use sagas::world::Manner;
use serde::Deserialize;

use crate::life::{self, Life, REAL};
use crate::report::Report;

/// What a provisioning may cost, in US dollars.
const LIMIT: f64 = 0.002;

/// What the dashboard takes it for, of how many calls of steps an operation took (`OperationCalls`, infra/alarms.yaml): so much for the
/// operation, and for each call.
const DASHBOARD: [f64; 2] = [0.0005, 0.000_05];
/// It is right within so much of the bill, either way.
const ABOUT: f64 = 1.3;

/// Lambda gives a whole virtual CPU at 1,769 MB, and of it in proportion ("Configure Lambda function memory"): what we compute costs the
/// same with any memory, and takes so much longer with less.
const CPU_GB: f64 = 1769.0 / 1024.0;

/// Somebody looks how far it is, as often as the console does.
const WATCHED_EVERY_MS: f64 = 2_000.0;

/// What a call of a function logs: Lambda's own lines, and one or two of ours.
const LOGGED_GB: f64 = 1e-6;

/// What a short call takes on AWS, be it of a reader of the stream or of the API, in milliseconds, with 256 MB.
const SHORT_MS: f64 = 20.0;
const SHORT_GB: f64 = 0.25;

/// Of a change in the stream: `event-publish`, and `tenant-tally`, who is told.
const TOLD: f64 = 2.0;

/// The calls that cost something by themselves; DynamoDB and Lambda are counted apart.
const CALLS: [(&str, &[&str]); 4] = [
    ("secret_request", &["secrets-manager:"]),
    ("mail", &["ses:"]),
    ("s3_write", &["s3:Put", "s3:Copy", "s3:List"]),
    ("s3_read", &["s3:Get", "s3:Head"]),
];

#[derive(Debug, Deserialize)]
struct Prices {
    #[serde(flatten)]
    of: BTreeMap<String, serde_json::Value>,
}

impl Prices {
    fn read() -> Self {
        serde_json::from_str(include_str!("prices.json")).expect("prices")
    }

    fn of(&self, what: &str) -> f64 {
        self.of[what]["price"].as_f64().unwrap_or_else(|| panic!("no price of {what}"))
    }
}

pub(crate) fn measure(report: &mut Report) {
    let (prices, memory) = (Prices::read(), memory());
    for blueprint in blueprints::ALL {
        let name = blueprint.name;
        let life = life::of(blueprint, Manner { pace: REAL, ..Manner::default() });
        let in_turn = life::of(blueprint, Manner { pace: REAL, branches: 1, ..Manner::default() });
        let bill = bill(&prices, &memory, &life);
        let whole: f64 = bill.values().sum();
        report.limit(format!("{name}: AWS charges for a tenant"), whole, "USD", LIMIT);
        let minutes = (in_turn.wall as f64 / 60_000.0).ceil();
        let job =
            minutes * prices.of("codebuild_small_minute") + store(&prices, &life) + calls(&prices, &life);
        let peer = (format!("a build job of {minutes} min"), job);
        report.compare(format!("{name}: AWS charges, of a build job's"), whole, "USD", peer, 1.0);
        let execution = life.executions[name];
        let [operation, call] = DASHBOARD;
        let shown = operation + call * (life.steps + execution.again) as f64;
        let (less, more) = (shown.min(whole), shown.max(whole));
        let peer = ("the bill, or the other way round".to_owned(), less);
        report.compare(format!("{name}: AWS charges on the dashboard"), more, "USD", peer, ABOUT);
        for (part, dollars) in bill {
            report.tell(format!("{name}: {part}"), dollars, "USD");
        }
    }
}

/// By what is billed.
fn bill(prices: &Prices, memory: &BTreeMap<String, f64>, life: &Life) -> BTreeMap<&'static str, f64> {
    let transitions: usize = life.executions.values().map(|execution| execution.transitions()).sum();
    let changes = life.taken.streamed as f64;
    let requests = 1.0 + life.wall as f64 / WATCHED_EVERY_MS;
    let short = requests + TOLD * changes;
    let invoked = &life.taken.invoked;
    let machine: u64 = invoked.values().map(|invoked| invoked.times).sum();
    let waited: f64 = invoked
        .iter()
        .map(|(function, it)| {
            it.ms as f64 * memory.get(function).unwrap_or_else(|| panic!("no memory of {function}"))
        })
        .sum();
    let gb_seconds = (waited + life.cpu * CPU_GB + short * SHORT_MS * SHORT_GB) / 1e3;
    let called = (short + machine as f64) * (prices.of("lambda_request") + LOGGED_GB * prices.of("log_gb"));
    BTreeMap::from([
        ("Step Functions", transitions as f64 * prices.of("transition")),
        ("Lambda and its logs", called + gb_seconds * prices.of("lambda_gb_second_arm")),
        ("DynamoDB", store(prices, life)),
        ("API Gateway and EventBridge", requests * prices.of("api_request") + changes * prices.of("event")),
        ("mail, secrets, objects", calls(prices, life)),
    ])
}

/// A read is of one unit: our items are below 4 KB.
fn store(prices: &Prices, life: &Life) -> f64 {
    life.taken.write_units as f64 * prices.of("write_unit") + life.taken.reads as f64 * prices.of("read_unit")
}

fn calls(prices: &Prices, life: &Life) -> f64 {
    let of = |prefixes: &[&str]| -> u64 {
        let calls =
            life.calls.iter().filter(|(call, _)| prefixes.iter().any(|prefix| call.starts_with(prefix)));
        calls.map(|(_, times)| times).sum()
    };
    CALLS.iter().map(|(price, prefixes)| of(prefixes) as f64 * prices.of(price)).sum()
}

/// The memory of each function in GB, as the templates have it.
fn memory() -> BTreeMap<String, f64> {
    let (mut memory, mut name) = (BTreeMap::new(), None);
    for template in templates() {
        let mut globally = f64::NAN;
        for line in template.lines() {
            if let Some(function) = line.trim().strip_prefix("FunctionName: !Sub \"${Deployment}-") {
                let function = function.trim_end_matches('"').to_owned();
                memory.insert(function.clone(), globally);
                name = Some(function);
            } else if let Some(mb) = line.trim().strip_prefix("MemorySize: ") {
                let gb = mb.parse::<f64>().expect("megabytes") / 1024.0;
                match (line.starts_with("      "), &name) {
                    (true, Some(function)) => drop(memory.insert(function.clone(), gb)),
                    _ => globally = gb,
                }
            }
        }
    }
    memory
}

fn templates() -> impl Iterator<Item = String> {
    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra");
    let files = [infra.clone(), infra.join("blueprints")].into_iter().flat_map(|folder| {
        std::fs::read_dir(folder).expect("the templates").map(|file| file.expect("a file").path())
    });
    files
        .filter(|file| file.extension().is_some_and(|it| it == "yaml"))
        .map(|file| std::fs::read_to_string(file).expect("a template"))
}

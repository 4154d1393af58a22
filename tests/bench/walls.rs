//! How long a tenant takes on the local stack, of each blueprint, with clouds as slow as the sandbox has them: against the longest
//! chain of its steps, each from its first call until it was done.
//!
//! What the emulator takes by itself is measured by machines of the same shape that do nothing, and shown apart; so is the time
//! until it told the dispatcher. None of that is what AWS takes.

use jiff::Timestamp;
use serde::Deserialize;
use tenancy::{StepProgress, Workflow};
use tests::api::signup;
use tests::{Operation, Stack};

use crate::overhead::Overhead;
use crate::report::{Report, quantile};

/// At most, of each; of what takes minutes, as many as begin in that time.
const RUNS: usize = 5;
const BEGIN_SECONDS: i64 = 300;

const P50: f64 = 1.05;
const P99: f64 = 1.10;

/// No tenant takes longer.
const PATIENCE_SECONDS: i64 = 900;

/// Those that are made on real servers, and the variable that says that there is one.
const ON_PEERS: [(&str, &str); 2] =
    [("kubernetes-argocd", "MYSQL_SECRET"), ("frappe-bench", "BENCH_HOST_SECRET")];

/// An operation as the API tells of it.
#[derive(Deserialize)]
struct Seen {
    state: String,
    accepted_at: Timestamp,
    started_at: Option<Timestamp>,
    wall_ms: f64,
    critical_path_ms: f64,
    workflow: Workflow,
    steps: Vec<StepProgress>,
}

pub(crate) async fn measure(report: &mut Report) {
    let stack = Stack::from_env().await;
    stack.pace(1.0).await;
    let mut overhead = Overhead::new(&stack).await;
    for blueprint in sagas::blueprints::ALL {
        let name = blueprint.name;
        if ON_PEERS.iter().any(|(on, variable)| *on == name && !is_there(variable)) {
            println!("{name} needs a peer that is not there");
            continue;
        }
        let (mut ratios, mut paths, mut waits, mut busy, mut idle) = (vec![], vec![], vec![], vec![], None);
        let begun = Timestamp::now();
        for run in 0..=RUNS {
            if run > 1 && Timestamp::now().duration_since(begun).as_secs() > BEGIN_SECONDS {
                break;
            }
            let mut wish = signup(name);
            if let Some(plan) = blueprint.plan {
                wish["plan"] = plan.into();
            }
            let operation = stack.api.sign_up(&wish).await;
            let seen = ended(&stack, &operation).await;
            let idle = match idle {
                Some(idle) => idle,
                None => *idle.insert(overhead.of(&seen.workflow, RUNS).await),
            };
            // The first starts the workers.
            if run == 0 {
                continue;
            }
            let span = |name: &str| {
                let step = seen.steps.iter().find(|step| step.name == name);
                let times = step.and_then(|step| step.begun_at.zip(step.changed_at));
                times.map_or(0, |(begun, done)| {
                    u64::try_from(done.as_millisecond() - begun.as_millisecond()).unwrap_or_default()
                })
            };
            let path = seen.workflow.critical_path(&span) as f64;
            let started_at = seen.started_at.expect("it was started");
            let wait = (started_at.as_millisecond() - seen.accepted_at.as_millisecond()) as f64;
            ratios.push((seen.wall_ms - idle - wait) / path);
            paths.push(path);
            waits.push(wait);
            busy.push(seen.critical_path_ms);
        }
        let path = quantile(&paths, 50.0);
        for (percent, target) in [(50.0, P50), (99.0, P99)] {
            let wall = quantile(&ratios, percent) * path;
            let peer = ("critical path".to_owned(), path);
            let row = format!("{name} on the stack: wall time less the emulator's, p{percent:.0}");
            report.compare(row, wall, "ms", peer, target);
        }
        let idle = idle.unwrap_or_default();
        report.tell(format!("{name} on the stack: the emulator's own"), idle, "ms");
        report.tell(format!("{name} on the stack: until it is dispatched"), quantile(&waits, 50.0), "ms");
        report.tell(format!("{name} on the stack: in calls of providers"), quantile(&busy, 50.0), "ms");
    }
    overhead.remove().await;
}

#[allow(clippy::disallowed_methods)] // What the stack was started with.
fn is_there(variable: &str) -> bool {
    std::env::var(variable).is_ok()
}

#[allow(clippy::disallowed_methods)] // It is looked at now and then.
async fn ended(stack: &Stack, operation: &Operation) -> Seen {
    let begun = Timestamp::now();
    loop {
        let seen: Seen = serde_json::from_value(stack.api.operation(operation).await).expect("an operation");
        match seen.state.as_str() {
            "succeeded" => return seen,
            "failed" | "stuck" => panic!("tenant {} is {}", operation.tenant, seen.state),
            _ => assert!(
                Timestamp::now().duration_since(begun).as_secs() < PATIENCE_SECONDS,
                "it does not end"
            ),
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

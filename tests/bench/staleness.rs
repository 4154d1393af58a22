//! How old the status is that the API tells: from the moment at which a step's change was written to the first answer that shows
//! it, to somebody who asks all the time; against the same of somebody who reads the rows in the store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use store::{Database, ResourceLedger};
use tenancy::TenantId;
use tests::api::signup;
use tests::merchant_workspace::BLUEPRINT;
use tests::{Operation, Stack};

use crate::report::{Report, quantile};

/// Each changes some twenty times.
const TENANTS: usize = 20;

const LIMIT_MS: f64 = 100.0;

/// Of a tenant of the blueprint.
const RESOURCES: usize = 6;

/// What was seen of one tenant: of each change, how old it was.
#[derive(Default)]
struct Changes {
    last: BTreeMap<String, Timestamp>,
    ages: Vec<f64>,
}

impl Changes {
    fn saw(&mut self, step: &str, changed_at: Timestamp) {
        if self.last.insert(step.to_owned(), changed_at).is_none_or(|last| last < changed_at) {
            let age = Timestamp::now().duration_since(changed_at);
            self.ages.push(age.as_secs_f64() * 1e3);
        }
    }
}

pub(crate) async fn measure(report: &mut Report) {
    let stack = Stack::from_env().await;
    let ledger = ResourceLedger::new(Database::from_env().await);
    let (mut told, mut read) = (Vec::new(), Vec::new());
    for number in 0..=TENANTS {
        let operation = stack.api.sign_up(&signup(BLUEPRINT)).await;
        let (api, store) = tokio::join!(watch(&stack, &operation), look(&ledger, &operation));
        // The first starts the workers.
        if number > 0 {
            told.extend(api);
            read.extend(store);
        }
    }
    let store = (quantile(&read, 50.0), quantile(&read, 99.0));
    report.tell("a change seen in the store, p50".to_owned(), store.0, "ms");
    report.tell("a change seen in the store, p99".to_owned(), store.1, "ms");
    report.tell("a change told by the API, p50".to_owned(), quantile(&told, 50.0), "ms");
    report.limit("a change told by the API, p99".to_owned(), quantile(&told, 99.0), "ms", LIMIT_MS);
}

async fn watch(stack: &Stack, operation: &Operation) -> Vec<f64> {
    let mut changes = Changes::default();
    loop {
        let status = stack.api.operation(operation).await;
        for step in status["steps"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let changed_at = text(&step["changed_at"]).and_then(|at| at.parse().ok());
            if let (Some(name), Some(changed_at)) = (text(&step["name"]), changed_at) {
                changes.saw(&name, changed_at);
            }
        }
        match status["state"].as_str() {
            Some("succeeded") => return changes.ages,
            Some("failed" | "stuck") => panic!("{status:#}"),
            _ => {}
        }
    }
}

async fn look(ledger: &ResourceLedger, operation: &Operation) -> Vec<f64> {
    let id: TenantId = operation.tenant.parse().expect("an id");
    let mut changes = Changes::default();
    let begun = std::time::Instant::now();
    loop {
        let resources = ledger.resources(&id).await.expect("read");
        for resource in &resources {
            changes.saw(&resource.step, resource.changed_at);
        }
        let live = resources.iter().filter(|it| it.state == saga::ResourceState::Live).count();
        if live == RESOURCES {
            return changes.ages;
        }
        assert!(begun.elapsed().as_secs() < 60, "{resources:?}");
    }
}

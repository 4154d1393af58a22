//! Whether the thousandth tenant costs what the first did: a blueprint's whole life up to active, and its teardown, with API, machine, ledger, steps
//! and the clouds in one process, on a clock of its own. What the clouds compute is theirs, and is not counted.

use std::time::Duration;

use sagas::blueprints;
use sagas::tally::busy;
use sagas::world::World;
use tenancy::Status;

use crate::report::Report;

const TENANTS: usize = 1_000;
/// So many at either end are compared.
const COMPARED: usize = 100;

/// What one tenant took.
struct Cost {
    /// CPU, in milliseconds.
    ms: f64,
    /// Calls of providers.
    calls: f64,
}

pub(crate) fn measure(report: &mut Report) {
    let blueprint = blueprints::named("kubernetes-argocd").expect("one");
    // A thread of its own: its clock is nobody else's.
    let costs = std::thread::spawn(move || {
        sagas::simulated(async {
            let world = World::unwatched(blueprint).await;
            let (mut costs, mut teardowns) = (Vec::with_capacity(TENANTS), Vec::new());
            for number in 0..TENANTS {
                let before = Before::now(&world);
                let tenant = world.provision(&format!("Shop {number}")).await;
                assert_eq!(tenant.status, Status::Active, "{tenant:?}");
                costs.push(before.cost(&world));
                // What is gone is remembered, and so counts as there.
                if !(COMPARED..TENANTS - COMPARED).contains(&number) {
                    let before = Before::now(&world);
                    let tenant = world.delete(&tenant.id).await;
                    assert_eq!(tenant.status, Status::Deleted, "{tenant:?}");
                    teardowns.push(before.cost(&world));
                }
            }
            (costs, teardowns)
        })
    });
    let (costs, teardowns) = costs.join().expect("it ends");
    for (life, costs) in [("", costs), ("'s teardown", teardowns)] {
        let (ms, calls): (Vec<f64>, Vec<f64>) = costs.iter().map(|cost| (cost.ms, cost.calls)).unzip();
        compare(report, &format!("CPU of a tenant{life}"), "ms", &ms);
        compare(report, &format!("provider calls of a tenant{life}"), "calls", &calls);
    }
}

/// What the world had taken before.
struct Before {
    busy: Duration,
    calls: (usize, Duration),
}

impl Before {
    fn now(world: &World) -> Self {
        Self { busy: busy(), calls: world.calls() }
    }

    fn cost(&self, world: &World) -> Cost {
        let (whole, (calls, theirs)) = (busy() - self.busy, world.calls());
        let ms = (whole - (theirs - self.calls.1)).as_secs_f64() * 1e3;
        Cost { ms, calls: (calls - self.calls.0) as f64 }
    }
}

fn compare(report: &mut Report, what: &str, unit: &'static str, costs: &[f64]) {
    let mean = |some: &[f64]| some.iter().sum::<f64>() / COMPARED as f64;
    let (first, last) = (mean(&costs[..COMPARED]), mean(&costs[costs.len() - COMPARED..]));
    let name = format!("{what}, the last {COMPARED} of {TENANTS}");
    report.compare(name, last, unit, (format!("the first {COMPARED}"), first), 1.2);
}

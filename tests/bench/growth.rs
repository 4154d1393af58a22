//! Whether the thousandth tenant costs what the first did: a blueprint's whole life up to active, with API, machine, ledger, steps
//! and the clouds in one process, on a clock of its own. What the clouds compute is theirs, and is not counted.

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
            let mut costs = Vec::with_capacity(TENANTS);
            for number in 0..TENANTS {
                let (begun, (calls_before, theirs_before)) = (busy(), world.calls());
                let tenant = world.provision(&format!("Shop {number}")).await;
                assert_eq!(tenant.status, Status::Active, "{tenant:?}");
                let (whole, (calls, theirs)) = (busy() - begun, world.calls());
                let ms = (whole - (theirs - theirs_before)).as_secs_f64() * 1e3;
                costs.push(Cost { ms, calls: (calls - calls_before) as f64 });
            }
            costs
        })
    });
    let costs = costs.join().expect("it ends");
    compare(report, "CPU", "ms", &costs.iter().map(|cost| cost.ms).collect::<Vec<_>>());
    compare(report, "provider calls", "calls", &costs.iter().map(|cost| cost.calls).collect::<Vec<_>>());
}

fn compare(report: &mut Report, what: &str, unit: &'static str, costs: &[f64]) {
    let mean = |some: &[f64]| some.iter().sum::<f64>() / COMPARED as f64;
    let (first, last) = (mean(&costs[..COMPARED]), mean(&costs[TENANTS - COMPARED..]));
    let name = format!("{what} of a tenant, the last {COMPARED} of {TENANTS}");
    report.compare(name, last, unit, (format!("the first {COMPARED}"), first), 1.2);
}

//! Whether the thousandth tenant costs what the first did: a blueprint's whole life up to active, with API, machine, ledger, steps
//! and the clouds in one process, on a clock of its own.

use nix::time::{ClockId, clock_gettime};
use sagas::blueprints;
use sagas::world::World;
use tenancy::Status;

use crate::report::Report;

const TENANTS: usize = 1_000;
/// So many at either end are compared.
const COMPARED: usize = 100;

pub(crate) fn measure(report: &mut Report) {
    let blueprint = blueprints::named("kubernetes-argocd").expect("one");
    // A thread of its own: its clock is nobody else's.
    let costs = std::thread::spawn(move || {
        sagas::simulated(async {
            let world = World::unwatched(blueprint).await;
            let mut costs = Vec::with_capacity(TENANTS);
            for number in 0..TENANTS {
                let begun = busy_ms();
                let tenant = world.provision(&format!("Shop {number}")).await;
                assert_eq!(tenant.status, Status::Active, "{tenant:?}");
                costs.push(busy_ms() - begun);
            }
            costs
        })
    });
    let costs = costs.join().expect("it ends");
    let mean = |some: &[f64]| some.iter().sum::<f64>() / COMPARED as f64;
    let (first, last) = (mean(&costs[..COMPARED]), mean(&costs[TENANTS - COMPARED..]));
    let name = format!("CPU of a tenant of {}, the last {COMPARED} of {TENANTS}", blueprint.name);
    report.compare(name, last, "ms", (format!("the first {COMPARED}"), first), 1.2);
}

/// What this thread has computed for, in milliseconds.
fn busy_ms() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
    time.tv_sec() as f64 * 1e3 + time.tv_nsec() as f64 / 1e6
}

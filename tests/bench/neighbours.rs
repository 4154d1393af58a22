//! Whether a tenant's life costs the same among a hundred thousand as among ten: signed up, looked at, listed, torn down, by the real
//! functions on a store that holds them all. What the clouds compute is theirs, and is not counted.

use std::collections::BTreeMap;

use sagas::blueprints;
use sagas::tally::{Taken, busy};
use sagas::world::World;
use store::{Database, Outbox, Outcome, Tenants};
use tenancy::{Event, Signup, State, Status, Subdomain};

use crate::population::{accepted, name, signup};
use crate::report::{Report, quantile};

/// So many live, one after another; the median counts.
const LIVES: u32 = 40;

/// The first of them make what is made once.
const WARM_UP: u32 = 5;

const TARGET: f64 = 1.2;

/// What one life took: its own CPU in milliseconds, reads and write units.
struct Cost {
    ms: f64,
    reads: f64,
    writes: f64,
}

pub(crate) fn measure(sizes: &[u32], report: &mut Report) {
    let mut few: BTreeMap<&str, f64> = BTreeMap::new();
    for &size in sizes {
        // A thread of its own: its clock is nobody else's.
        let lives = std::thread::spawn(move || sagas::simulated(lives_among(size))).join().expect("it ends");
        let median = |of: fn(&Cost) -> f64| quantile(&lives.iter().map(of).collect::<Vec<_>>(), 50.0);
        let costs = [
            ("CPU of a life", median(|cost| cost.ms), "ms"),
            ("reads of a life", median(|cost| cost.reads), "reads"),
            ("writes of a life", median(|cost| cost.writes), "WU"),
        ];
        for (what, value, unit) in costs {
            let peer = *few.entry(what).or_insert(value);
            if size != sizes[0] {
                let peer = (format!("among {}", sizes[0]), peer);
                report.compare(format!("{what} among {size} tenants"), value, unit, peer, TARGET);
            }
        }
    }
}

async fn lives_among(neighbours: u32) -> Vec<Cost> {
    let world = World::unwatched(blueprints::named("merchant-workspace").expect("one")).await;
    settle(&Database::Memory(world.tables().clone()), neighbours).await;
    let mut costs = Vec::new();
    for life in 0..LIVES {
        let (begun, taken, (_, theirs)) = (busy(), world.taken(), world.calls());
        let tenant = world.provision(&format!("Newcomer {life}")).await;
        assert_eq!(tenant.status, Status::Active, "{tenant:?}");
        let tenant = world.delete(&tenant.id).await;
        assert_eq!(tenant.status, Status::Deleted, "{tenant:?}");
        if life >= WARM_UP {
            let whole = busy() - begun;
            let (Taken { reads, write_units, .. }, (_, theirs_now)) = (world.taken(), world.calls());
            costs.push(Cost {
                ms: whole.saturating_sub(theirs_now - theirs).as_secs_f64() * 1e3,
                reads: (reads - taken.reads) as f64,
                writes: (write_units - taken.write_units) as f64,
            });
        }
    }
    costs
}

/// So many who have been here for long: nothing is being done to them.
async fn settle(db: &Database, many: u32) {
    let (tenants, signup) = (Tenants::new(db.clone()), signup(db).await);
    for n in 0..many {
        let subdomain = Subdomain::parse(&format!("bench-{n:06}")).expect("a subdomain");
        let tenant = accepted(&tenants, &Signup { name: name(n), subdomain, ..signup.clone() }).await;
        let operation = tenant.operation.expect("it is being provisioned");
        let row = Outbox::waiting(db, &tenant.id, operation).await.expect("read").expect("a row");
        row.done(db).await.expect("taken away");
        let active = Outcome {
            event: Event::Provisioned,
            state: State::Succeeded,
            steps: Vec::new(),
            endpoints: None,
        };
        tenants.settle(&tenant.id, operation, active, clock::now()).await.expect("settled");
    }
}

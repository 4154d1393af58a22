//! How much longer a tenant takes than it must: against the longest chain of its steps, against machines that ask all the time
//! whether something is ready, and against the same steps one after another, as the guides have them.
//!
//! All in the simulation, with clouds as slow as the sandbox has them: what the emulator or this machine take is not in it.

use sagas::blueprints;
use sagas::world::Manner;

use crate::life::{self, REAL};
use crate::report::{Report, quantile};

/// Each with another seed: what has jitter comes out otherwise.
const RUNS: u64 = 20;

/// Wall time over the critical path.
const P50: f64 = 1.05;
const P99: f64 = 1.10;

/// Our wall time, of that of the same steps in turn.
const OF_SEQUENTIAL: f64 = 1.0 / 1.8;

/// Where the graph has less beside each other, that is the most that can be asked for, and so much of it may be lost.
const OF_GRAPH: f64 = 1.10;

/// A twentieth of each delay: as good as none, and what takes minutes is not given up.
const ALL_THE_TIME: f64 = 0.05;

pub(crate) fn measure(report: &mut Report) {
    for blueprint in blueprints::ALL {
        let name = blueprint.name;
        let manner = |seed| Manner { seed, pace: REAL, ..Manner::default() };
        let lives: Vec<_> = (1..=RUNS).map(|seed| life::of(blueprint, manner(seed))).collect();
        let ratios: Vec<f64> =
            lives.iter().map(|life| life.wall as f64 / life.critical_path as f64).collect();
        let path = quantile(&lives.iter().map(|life| life.critical_path as f64).collect::<Vec<_>>(), 50.0);
        for (percent, target) in [(50.0, P50), (99.0, P99)] {
            let wall = quantile(&ratios, percent) * path;
            let peer = ("critical path".to_owned(), path);
            report.compare(format!("{name}: wall time, p{percent:.0}"), wall, "ms", peer, target);
        }
        let walls: Vec<f64> = lives.iter().map(|life| life.wall as f64).collect();
        let wall = quantile(&walls, 50.0);
        let asking = life::of(blueprint, Manner { delays: ALL_THE_TIME, ..manner(1) });
        let peer = ("asked all the time".to_owned(), asking.wall as f64);
        report.compare(format!("{name}: wall time with polls"), wall, "ms", peer, P99);
        let in_turn = life::of(blueprint, Manner { branches: 1, ..manner(1) });
        let peer = ("the same steps in turn".to_owned(), in_turn.wall as f64);
        let graph = in_turn.critical_path as f64 / in_turn.sum as f64;
        let target = OF_SEQUENTIAL.max(graph * OF_GRAPH);
        report.compare(format!("{name}: wall time, side by side"), wall, "ms", peer, target);
    }
}

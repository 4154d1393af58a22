//! What an execution is made of, of each blueprint: transitions, history, writes, payloads. The simulation's interpreter knows
//! every state that was entered; the emulator's history has none from inside a Parallel.

use sagas::blueprints;
use sagas::world::Manner;

use crate::life::{self, REAL};
use crate::report::Report;

/// Transitions of a blueprint's machine, of so many steps: a few states beside them have to be.
const TRANSITIONS_A_STEP: f64 = 1.3;
const TRANSITIONS_BESIDE: f64 = 2.0;

/// A hundredth of what an execution may have in its history (25,000).
const EVENTS: f64 = 250.0;

/// A step is begun and committed.
const WRITE_UNITS_A_STEP: f64 = 2.0;

/// Of what goes between a machine and a function. Step Functions takes 256 KiB.
const PAYLOAD: f64 = 4096.0;

pub(crate) fn measure(report: &mut Report) {
    for blueprint in blueprints::ALL {
        let name = blueprint.name;
        let life = life::of(blueprint, Manner { pace: REAL, ..Manner::default() });
        let steps = life.steps as f64;
        let execution = life.executions[name];
        let parent = life.executions["provision-tenant"];
        let most = TRANSITIONS_A_STEP * steps + TRANSITIONS_BESIDE;
        // What it waits for, its providers decide.
        let transitions = (execution.transitions() - execution.again) as f64;
        report.limit(format!("{name}: transitions of {steps} steps"), transitions, "", most);
        report.tell(format!("{name}: transitions to try again"), execution.again as f64, "");
        report.tell(format!("{name}: transitions of its parent"), parent.transitions() as f64, "");
        let events = execution.events.max(parent.events) as f64;
        report.limit(format!("{name}: events in a history"), events, "", EVENTS);
        let units = life.taken.ledger_units as f64 / steps;
        report.limit(format!("{name}: write units of a step"), units, "WU", WRITE_UNITS_A_STEP);
        let beside = life.taken.write_units - life.taken.ledger_units;
        report.tell(format!("{name}: write units of an operation beside"), beside as f64, "WU");
        report.limit(format!("{name}: largest payload"), life.taken.largest as f64, "B", PAYLOAD);
    }
}

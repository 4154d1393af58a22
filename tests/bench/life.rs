//! A tenant's way to active in the simulation: real machines, steps, clients and store, clouds that take the time that the
//! sandbox gives them, on a clock that only they move. Nothing of an emulator is in it.

use std::collections::BTreeMap;

use sagas::asl::transcript::{self, Entry, Event};
use sagas::blueprints::Blueprint;
use sagas::tally::{Taken, busy};
use sagas::world::Manner;
use sagas::{World, simulated};
use sandbox::clouds::Pace;
use tenancy::{Operation, Status, StepProgress};

/// As slow as the real clouds are believed to be.
pub(crate) const REAL: Pace = Pace(1.0);

pub(crate) struct Life {
    /// From acceptance to active, in milliseconds.
    pub(crate) wall: u64,
    /// The longest chain of steps, each from its first call until it was done.
    pub(crate) critical_path: u64,
    /// All steps, one after another.
    pub(crate) sum: u64,
    pub(crate) steps: usize,
    /// By machine: of what it is made of, and of the parent that calls it.
    pub(crate) executions: BTreeMap<String, Execution>,
    pub(crate) taken: Taken,
    /// How often each operation of a provider was called, `s3:PutObject`.
    pub(crate) calls: BTreeMap<String, u64>,
    /// What our own code computed, in milliseconds of CPU.
    pub(crate) cpu: f64,
}

/// What an execution came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Execution {
    /// States that were entered.
    pub(crate) states: usize,
    /// Tasks that were tried again, mostly because something was not ready: each is a transition as well.
    pub(crate) again: usize,
    /// In its history.
    pub(crate) events: usize,
}

impl Execution {
    /// As Step Functions bills them: a state that is entered, another try, and the start.
    pub(crate) fn transitions(self) -> usize {
        self.states + self.again + 1
    }
}

/// Has one lived, on a thread of its own: its clock is nobody else's.
pub(crate) fn of(blueprint: Blueprint, manner: Manner) -> Life {
    let run = move || {
        let (life, entries) = transcript::of(|| simulated(live(blueprint, manner)));
        Life { executions: executions(&entries), ..life }
    };
    std::thread::spawn(run).join().expect("it ends")
}

async fn live(blueprint: Blueprint, manner: Manner) -> Life {
    let world = World::unwatched_in(manner, blueprint).await;
    let ((_, theirs_before), begun) = (world.calls(), busy());
    let tenant = world.provision("Acme Coffee").await;
    assert_eq!(tenant.status, Status::Active, "{tenant:?}");
    // The mail comes afterwards.
    assert!(world.rest().await, "it rests");
    let (_, theirs) = world.calls();
    let cpu = (busy() - begun).saturating_sub(theirs - theirs_before).as_secs_f64() * 1e3;
    let [operation]: [Operation; 1] = world.operations().try_into().expect("one operation");
    let took = |step: &StepProgress| {
        let times = step.begun_at.zip(step.changed_at);
        let ms = times.map(|(begun, done)| done.as_millisecond() - begun.as_millisecond());
        ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default()
    };
    let spans: BTreeMap<&str, u64> =
        operation.steps.iter().map(|step| (step.name.as_str(), took(step))).collect();
    let ended_at = operation.ended_at.expect("it has ended");
    let wall = ended_at.as_millisecond() - operation.accepted_at.as_millisecond();
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    for (moment, _) in world.chaos().passed() {
        *calls.entry(moment.call).or_default() += 1;
    }
    Life {
        wall: u64::try_from(wall).expect("it ends after it begins"),
        critical_path: operation.workflow.critical_path(&|step| spans.get(step).copied().unwrap_or_default()),
        sum: spans.values().sum(),
        steps: operation.workflow.steps().len(),
        executions: BTreeMap::new(),
        taken: world.taken(),
        calls,
        cpu,
    }
}

/// What each machine came to. Of a state that has branches, history tells that it started and succeeded, too.
fn executions(entries: &[Entry]) -> BTreeMap<String, Execution> {
    const OF_AN_EXECUTION: usize = 2;
    const OF_A_STATE: usize = 2;
    const OF_A_CALL: usize = 3;
    const OF_BRANCHES: usize = 2;
    let mut found: BTreeMap<String, Execution> = BTreeMap::new();
    let mut tried: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    let mut branched: std::collections::BTreeSet<(&str, &str)> = std::collections::BTreeSet::new();
    for entry in entries {
        let machine = entry.execution.rsplit(':').nth(1).expect("an ARN").to_owned();
        let execution = found.entry(machine).or_default();
        let place = (entry.execution.as_str(), entry.state.as_str());
        match entry.event {
            Event::Entered => {
                execution.states += 1;
                execution.events += OF_A_STATE;
                tried.insert(place, false);
                if let Some((above, _)) = entry.state.rsplit_once('[')
                    && branched.insert((&entry.execution, above))
                {
                    execution.events += OF_BRANCHES;
                }
            }
            Event::Called(_) => {
                execution.events += OF_A_CALL;
                execution.again += usize::from(tried.insert(place, true) == Some(true));
            }
            Event::Left(_) => {}
            Event::Ended(_) => execution.events += OF_AN_EXECUTION,
        }
    }
    found
}

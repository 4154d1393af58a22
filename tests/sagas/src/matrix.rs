//! Every case there is for a blueprint. None is listed by hand: a run in which nothing goes wrong says which
//! moments there are.

use std::collections::BTreeSet;

use crate::blueprints::Blueprint;
use crate::case::{Case, Keys, Run, Script, Wish, foreign};
use crate::chaos::{Act, Moment, Planned, Trouble};

/// Cases of one kind.
#[derive(Debug)]
pub struct Family {
    pub letter: char,
    pub about: &'static str,
    pub cases: Vec<Case>,
}

/// What the cases of a blueprint are made of.
#[derive(Debug)]
pub struct Matrix {
    blueprint: Blueprint,
    clean: Run,
    /// For each step that fails for good, what went wrong with it and how that went.
    failing: Vec<(Planned, Run)>,
}

impl Matrix {
    pub fn of(blueprint: Blueprint) -> Self {
        let clean = Case::life(blueprint, Vec::new()).run();
        let failures = steps(&clean).into_iter().map(|planned| {
            let run = Case::life(blueprint, vec![planned.clone()]).run();
            (planned, run)
        });
        let failing = failures.collect();
        Self { blueprint, clean, failing }
    }

    pub fn families(&self, seeds: u64) -> Vec<Family> {
        let family = |letter, about, cases| Family { letter, about, cases };
        vec![
            family('A', "every call x every fault", self.calls()),
            family('B', "every failing step x every undo x every fault", self.undos()),
            family('C', "every function twice, in turn and at once", self.repeats()),
            family('D', "delete, retry and cancel arriving at every moment", self.arrivals()),
            family('E', "2, 10 and 100 sign-ups at once", self.crowds()),
            family('F', "events doubled and late", self.events()),
            family('G', "random faults from seeds", (1..=seeds).map(|seed| self.random(seed)).collect()),
            family('H', "somebody else's in the way of every resource", self.strangers()),
            family('O', "an orphan of every kind x every fault of a sweep", self.orphans()),
        ]
    }

    fn life(&self, planned: Vec<Planned>) -> Case {
        Case::life(self.blueprint, planned)
    }

    fn scripted(&self, script: Script, planned: Vec<Planned>) -> Case {
        Case { script, ..self.life(planned) }
    }

    fn calls(&self) -> Vec<Case> {
        let spoilt = self.clean.moments.iter().flat_map(|(moment, act)| troubles(moment, *act));
        spoilt.filter(|planned| !is_repeat(planned.trouble)).map(|planned| self.life(vec![planned])).collect()
    }

    fn undos(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (failure, run) in &self.failing {
            let undone = compensation(run);
            let undos = undone.iter().filter(|(moment, _)| moment.caller.ends_with(".destroy"));
            for (moment, act) in undos {
                let mut spoilt = troubles(moment, *act);
                if *act == Act::Delete {
                    spoilt.push(Planned {
                        moment: moment.clone(),
                        trouble: Trouble::Refused,
                        times: u32::MAX,
                    });
                }
                cases.extend(spoilt.into_iter().map(|planned| self.life(vec![failure.clone(), planned])));
            }
        }
        // What other steps had begun when it failed, and what nobody waits for any more.
        for (failure, run) in &self.failing {
            let calls = compensation(run).iter().filter(|(moment, act)| {
                *act == Act::Write
                    && moment.caller.ends_with(".apply")
                    && moment.caller != failure.moment.caller
            });
            let spoilt = calls.flat_map(|(moment, act)| troubles(moment, *act));
            let lasts = |trouble| {
                matches!(trouble, Trouble::Slow | Trouble::Hang | Trouble::Late | Trouble::Abandoned)
            };
            let spoilt = spoilt.filter(|planned| lasts(planned.trouble));
            cases.extend(spoilt.map(|planned| self.life(vec![failure.clone(), planned])));
        }
        // The teardown itself is the same whichever step failed.
        if let Some((failure, run)) = self.failing.first() {
            let undone = compensation(run);
            let calls = undone.iter().filter(|(moment, _)| moment.caller.starts_with("saga-"));
            let spoilt = calls.flat_map(|(moment, act)| troubles(moment, *act));
            cases.extend(spoilt.map(|planned| self.life(vec![failure.clone(), planned])));
        }
        cases
    }

    fn repeats(&self) -> Vec<Case> {
        let calls = self.clean.moments.iter().flat_map(|(moment, act)| troubles(moment, *act));
        calls.filter(|planned| is_repeat(planned.trouble)).map(|planned| self.life(vec![planned])).collect()
    }

    fn arrivals(&self) -> Vec<Case> {
        let clean = self.clean.moments.iter().map(|(moment, act)| (Vec::new(), moment, *act));
        let failing = self.failing.iter().flat_map(|(failure, run)| {
            let undone = compensation(run).iter().filter(|(moment, _)| moment.caller.starts_with("saga-"));
            undone.map(|(moment, act)| (vec![failure.clone()], moment, *act))
        });
        let moments = clean.chain(failing).filter(|(.., act)| *act != Act::Read);
        moments
            .flat_map(|(planned, moment, _)| {
                [Wish::Delete, Wish::Retry, Wish::Cancel]
                    .map(|wish| self.scripted(Script::Meanwhile(wish, moment.clone()), planned.clone()))
            })
            .collect()
    }

    fn crowds(&self) -> Vec<Case> {
        let crowds =
            [2, 10, 100].into_iter().flat_map(|many| [Keys::One, Keys::Each].map(|keys| (many, keys)));
        crowds.map(|(many, keys)| self.scripted(Script::Crowd(many, keys), Vec::new())).collect()
    }

    fn events(&self) -> Vec<Case> {
        let lives = self.failing.iter().map(|(failure, _)| vec![failure.clone()]).chain([Vec::new()]);
        let deliveries =
            [vec![0, 0], vec![0, 0, 0], vec![0, 1], vec![0, 10], vec![600], vec![0, 3600], vec![60, 0]];
        lives
            .flat_map(|planned| {
                deliveries.clone().map(|times| self.scripted(Script::Events(times), planned.clone()))
            })
            .collect()
    }

    fn strangers(&self) -> Vec<Case> {
        let things = self.clean.made.iter();
        things
            .map(|thing| self.scripted(Script::Foreign(foreign(thing.field, &thing.name)), Vec::new()))
            .collect()
    }

    /// Each found by a sweep in which nothing goes wrong, and by one in which one thing does.
    fn orphans(&self) -> Vec<Case> {
        let orphaned = self
            .clean
            .made
            .iter()
            .map(|thing| self.scripted(Script::Orphan(foreign(thing.field, &thing.name)), Vec::new()));
        let cases = orphaned.flat_map(|case| {
            let run = case.run();
            let swept = run.moments.iter().filter(|(moment, _)| is_of_a_sweep(moment));
            let spoilt = swept.flat_map(|(moment, act)| troubles(moment, *act));
            let spoilt: Vec<Case> =
                spoilt.map(|planned| Case { planned: vec![planned], ..case.clone() }).collect();
            std::iter::once(case).chain(spoilt)
        });
        cases.collect()
    }

    /// A few faults anywhere, in a life that goes well or one that does not.
    fn random(&self, seed: u64) -> Case {
        let mut random = fastrand::Rng::with_seed(seed);
        let failing = random.choice(&self.failing).filter(|_| random.bool());
        let mut planned: Vec<Planned> = failing.iter().map(|(failure, _)| failure.clone()).collect();
        let run = failing.map_or(&self.clean, |(_, run)| run);
        for _ in 0..random.usize(1..=3) {
            let (moment, act) = &run.moments[random.usize(..run.moments.len())];
            let spoilt = troubles(moment, *act);
            planned.push(spoilt[random.usize(..spoilt.len())].clone());
        }
        let (moment, _) = &run.moments[random.usize(..run.moments.len())];
        let script = match random.u8(..8) {
            4 => Script::Meanwhile(Wish::Cancel, moment.clone()),
            0 => Script::Meanwhile(Wish::Delete, moment.clone()),
            1 => Script::Meanwhile(Wish::Retry, moment.clone()),
            2 => Script::Crowd(random.usize(2..5), if random.bool() { Keys::One } else { Keys::Each }),
            3 => Script::Events((0..random.usize(1..3)).map(|_| random.u64(..30)).collect()),
            _ => Script::Life,
        };
        Case { seed, ..self.scripted(script, planned) }
    }
}

/// Each step and probe, refused for good by the service that it calls last.
fn steps(clean: &Run) -> Vec<Planned> {
    let applied = |moment: &Moment| moment.caller.ends_with(".apply") && moment.nth == 1;
    let outside = |moment: &Moment| !moment.call.starts_with("store:") && !moment.call.starts_with("lambda:");
    let mut seen = BTreeSet::new();
    let calls = clean.moments.iter().rev().map(|(moment, _)| moment);
    let last =
        calls.filter(|moment| applied(moment) && outside(moment) && seen.insert(moment.caller.clone()));
    last.map(|moment| Planned { moment: moment.clone(), trouble: Trouble::Refused, times: u32::MAX })
        .collect()
}

/// What a run came through before its tenant was retried.
fn compensation(run: &Run) -> &[(Moment, Act)] {
    let retried = run.moments.iter().position(|(moment, _)| moment.caller == "tenant-api.retry");
    &run.moments[..retried.unwrap_or(run.moments.len())]
}

fn troubles(moment: &Moment, act: Act) -> Vec<Planned> {
    Trouble::of(&moment.call, act).into_iter().map(|trouble| Planned::once(moment.clone(), trouble)).collect()
}

fn is_repeat(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Twice | Trouble::AtOnce)
}

/// Of the first: what goes wrong is over by the second.
fn is_of_a_sweep(moment: &Moment) -> bool {
    let caller = moment.caller.as_str();
    let judges = caller.starts_with("saga-sweep-orphans") || caller.starts_with("saga-list-steps");
    moment.nth == 1 && (judges || caller.ends_with(".sweep"))
}

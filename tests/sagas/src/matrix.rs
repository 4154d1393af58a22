//! Every case there is for a blueprint. None is listed by hand: a run in which nothing goes wrong says which
//! moments there are.

use std::collections::{BTreeMap, BTreeSet};

use tenancy::{OnFailure, Status};

use crate::blueprints::Blueprint;
use crate::case::{Case, Keys, Run, Script, foreign};
use crate::chaos::{Act, Moment, Planned, Trouble};
use crate::wish::Wish;
use crate::world::Offer;

/// Cases of one kind.
#[derive(Debug)]
pub struct Family {
    pub letter: char,
    pub about: &'static str,
    pub cases: Vec<Case>,
}

/// What may be asked for at any moment.
const ORDERS: [Wish; 5] = [Wish::Delete, Wish::Retry, Wish::Cancel, Wish::Skip, Wish::ForceDelete];
/// What may be done about a tenant that failed.
const AFTER_FAILURE: [Wish; 4] = [Wish::Retry, Wish::Edit, Wish::Delete, Wish::ForceDelete];
/// What may be done about a tenant that is stuck.
const WHEN_STUCK: [Wish; 7] =
    [Wish::Retry, Wish::Edit, Wish::Delete, Wish::ForceDelete, Wish::Repair, Wish::Resolve, Wish::Wait];
/// Of the faults crossed with each way out, one in so many. Primes, so that no kind of fault is always left out.
const HELD_SAMPLE: usize = 23;
const STUCK_SAMPLE: usize = 83;
/// The same of what comes late when a tenant is retried at once.
const PROMPT_SAMPLE: usize = 3;
/// The same of the faults of a sweep, which is the same for an orphan of every kind.
const SWEPT_SAMPLE: usize = 5;
/// And of the faults beside an optional step.
const OPTIONAL_SAMPLE: usize = 2;
/// And of the faults of a change, in which every step runs again as it did at first.
const CHANGED_SAMPLE: usize = 11;
/// And of the faults of what is done about a domain.
const DOMAIN_SAMPLE: usize = 3;
/// And of the faults while a tenant leaves.
const LEAVING_SAMPLE: usize = 3;
/// And of the faults while one comes back, in which every step runs twice.
const RETURNING_SAMPLE: usize = 7;
/// Of a family that has too many cases, one in one of these, so that of no kind of them all are left out.
const PRIMES: [usize; 12] = [1, 2, 3, 5, 7, 11, 17, 23, 29, 41, 61, 97];
/// Of what a function asks a service so often and more, the first two and the last two: what goes wrong with one between
/// them goes wrong in the same way.
const OFTEN: u32 = 6;
/// What may be asked of a tenant that leaves.
const WHEN_LEAVING: [Wish; 4] = [Wish::Restore, Wish::Delete, Wish::ForceDelete, Wish::Repair];

/// What the cases of a blueprint are made of.
#[derive(Debug)]
pub struct Matrix {
    blueprint: Blueprint,
    clean: Run,
    /// For each step that fails for good, what went wrong with it and how that went.
    failing: Vec<(Planned, Run)>,
    /// The same of the steps that a tenant can live without.
    spared: Vec<(Planned, Run)>,
}

impl Matrix {
    pub fn of(blueprint: Blueprint) -> Self {
        let clean = Case::life(blueprint, Vec::new()).run();
        let failures = steps(&clean).into_iter().map(|planned| {
            let run = Case::life(blueprint, vec![planned.clone()]).run();
            (planned, run)
        });
        let lives = |(_, run): &(Planned, Run)| run.statuses.first() == Some(&Status::Active);
        let (spared, failing) = failures.partition(lives);
        Self { blueprint, clean, failing, spared }
    }

    pub fn families(&self, seeds: u64) -> Vec<Family> {
        let family = |letter, about, cases| Family { letter, about, cases };
        let mut families = vec![
            family('A', "every call x every fault", self.calls()),
            family('B', "every failing step x every undo x every fault", self.undos()),
            family('C', "every function twice, in turn and at once", self.repeats()),
            family('D', "an order arriving at every moment", self.arrivals()),
            family('E', "2, 10 and 100 sign-ups at once", self.crowds()),
            family('F', "events doubled and late", self.events()),
            family('G', "random faults from seeds", (1..=seeds).map(|seed| self.random(seed)).collect()),
            family('H', "somebody else's in the way of every resource", self.strangers()),
            family('I', "held, then every way out x every fault", self.held()),
            family('J', "stuck, then every way out x every fault", self.stuck()),
            family('K', "an optional step that fails x every fault", self.optional()),
            family('L', "an orphan of every kind x every fault of a sweep", self.orphans()),
            family('M', "retried at once x every effect that comes late", self.prompt()),
            family('N', "another version with other names x every crash", self.redeployments()),
            family('O', "every execution stopped at every moment", self.stops()),
            family('P', "suspended, of another plan, read-only, asleep x every fault", self.changes()),
        ];
        families.push(family('R', "left, archived and certified x every fault", self.leavings()));
        families.push(family('S', "restored from its archive x every fault", self.returns()));
        if Offer::of(self.blueprint.name).blueprint.custom_domain.is_some() {
            families.push(family('Q', "a domain that comes and goes x every fault", self.domains()));
        }
        // Of each fault alone there are more, and of those from seeds as many as were asked for; of those in which every step
        // runs many times fewer.
        let most = |letter| match letter {
            'A' => self.blueprint.most.saturating_mul(4),
            'G' => usize::MAX,
            'P' | 'R' | 'S' => self.blueprint.most / 3,
            _ => self.blueprint.most,
        };
        families.iter_mut().for_each(|family| thin(&mut family.cases, most(family.letter)));
        families
    }

    fn life(&self, planned: Vec<Planned>) -> Case {
        Case::life(self.blueprint, planned)
    }

    fn scripted(&self, script: Script, planned: Vec<Planned>) -> Case {
        Case { script, ..self.life(planned) }
    }

    /// The first call of each function whose name ends so, in a run in which nothing goes wrong.
    fn invoked(&self, caller: &'static str) -> impl Iterator<Item = &Moment> {
        let moments = self.clean.moments.iter().map(|(moment, _)| moment);
        moments.filter(move |moment| {
            moment.call == "lambda:Invoke" && moment.nth == 1 && moment.caller.ends_with(caller)
        })
    }

    fn calls(&self) -> Vec<Case> {
        let spoilt = apart(&self.clean.moments).flat_map(|(moment, act)| troubles(moment, *act));
        // A function may also do all it is asked to, and never be heard of again.
        let unheard = self.invoked("").filter(|moment| !moment.caller.starts_with("tenant-api"));
        let unheard = unheard.map(|moment| Planned::forever(moment.clone(), Trouble::Lost));
        // Or a machine may have been edited, and leave a step out.
        let steps = self.invoked(".apply");
        let left_out = steps.map(|moment| Planned::forever(moment.clone(), Trouble::LeftOut));
        spoilt
            .filter(|planned| !is_repeat(planned.trouble))
            .chain(unheard)
            .chain(left_out)
            .map(|planned| self.life(vec![planned]))
            .collect()
    }

    fn undos(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (failure, run) in &self.failing {
            let undone = compensation(run);
            let undos = undone.iter().filter(|(moment, _)| moment.caller.ends_with(".destroy"));
            for (moment, act) in undos {
                let mut spoilt = troubles(moment, *act);
                // These pass like any other answer that comes later, which the first family has.
                spoilt.retain(|planned| !matches!(planned.trouble, Trouble::Slow | Trouble::Throttled));
                if *act == Act::Delete {
                    spoilt.push(Planned::forever(moment.clone(), Trouble::Refused));
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
        // What begins only when all is over, and then dies.
        for (failure, run) in &self.failing {
            let begun = compensation(run);
            let others = begun.iter().filter(|(moment, act)| {
                *act == Act::Invoke
                    && moment.caller.ends_with(".apply")
                    && moment.caller != failure.moment.caller
            });
            for (call, _) in others {
                let belated = Planned::once(call.clone(), Trouble::Belated);
                let effects = begun.iter().filter(|(moment, act)| {
                    *act == Act::Write && moment.caller == call.caller && !moment.call.starts_with("store:")
                });
                let dies = effects.map(|(effect, _)| Planned::once(effect.clone(), Trouble::CrashAfter));
                cases.extend(dies.map(|dies| self.life(vec![failure.clone(), belated.clone(), dies])));
            }
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
        let mut cases: Vec<Case> = moments
            .flat_map(|(planned, moment, _)| {
                ORDERS.map(|wish| self.scripted(Script::Meanwhile(wish, moment.clone()), planned.clone()))
            })
            .collect();
        // The order comes before what was to make the tenant live, and that begins in the middle of the undoing.
        for activation in self.invoked("tenant-activate.run") {
            for undo in self.invoked(".destroy") {
                let begins = Planned::once(activation.clone(), Trouble::Belated);
                let takes_long = Planned { moment: undo.clone(), trouble: Trouble::Belated, times: 2 };
                cases.extend(ORDERS.map(|wish| {
                    let planned = vec![begins.clone(), takes_long.clone()];
                    self.scripted(Script::Meanwhile(wish, activation.clone()), planned)
                }));
            }
        }
        // The janitor looks at what takes long, and an order is faster.
        if let Some((failure, _)) = self.failing.first() {
            let waits = Planned::forever(failure.moment.clone(), Trouble::Hang);
            let run = self.life(vec![waits.clone()]).run();
            let looks = run.moments.iter().map(|(moment, _)| moment);
            let looks = looks.filter(|m| m.caller == "saga-janitor.run" && m.call == "store:get-OPERATION");
            cases.extend(looks.flat_map(|look| {
                ORDERS.map(|wish| self.scripted(Script::Meanwhile(wish, look.clone()), vec![waits.clone()]))
            }));
        }
        cases
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
        // Whose the namespace is, his is what is in it.
        let things = self.clean.made.iter().filter(|thing| thing.field != "release");
        things
            .map(|thing| self.scripted(Script::Foreign(foreign(thing.field, &thing.name)), Vec::new()))
            .collect()
    }

    fn held(&self) -> Vec<Case> {
        let hold = |script, planned: &Planned| Case {
            on_failure: OnFailure::Hold,
            ..self.scripted(script, vec![planned.clone()])
        };
        let mut cases = Vec::new();
        for (failure, _) in &self.failing {
            cases.extend(AFTER_FAILURE.map(|wish| hold(Script::After(wish), failure)));
        }
        let Some((failure, _)) = self.failing.first() else { return cases };
        for wish in AFTER_FAILURE {
            cases.extend(under_faults(&hold(Script::After(wish), failure), HELD_SAMPLE));
        }
        let run = hold(Script::Life, failure).run();
        let moments = compensation(&run).iter().filter(|(_, act)| *act != Act::Read);
        for (moment, _) in moments {
            cases.extend(ORDERS.map(|wish| hold(Script::Meanwhile(wish, moment.clone()), failure)));
        }
        cases
    }

    fn stuck(&self) -> Vec<Case> {
        let would_not_go = |moment: &Moment| Planned::forever(moment.clone(), Trouble::Refused);
        let undone = |run: &[(Moment, Act)]| -> Vec<Planned> {
            let destroys = |moment: &Moment| moment.caller.ends_with(".destroy") && moment.nth == 1;
            let deletes = run.iter().filter(|(moment, act)| *act == Act::Delete && destroys(moment));
            deletes.map(|(moment, _)| would_not_go(moment)).collect()
        };
        let deleted = undone(&self.clean.moments).into_iter().map(|undo| vec![undo]);
        let compensated = self.failing.iter().flat_map(|(failure, run)| {
            undone(compensation(run)).into_iter().map(|undo| vec![failure.clone(), undo])
        });
        let (deleted, compensated): (Vec<_>, Vec<_>) = (deleted.collect(), compensated.collect());
        let mut cases = Vec::new();
        for planned in deleted.iter().chain(&compensated) {
            cases.extend(WHEN_STUCK.map(|wish| self.scripted(Script::After(wish), planned.clone())));
        }
        for planned in deleted.first().into_iter().chain(compensated.first()) {
            for wish in WHEN_STUCK {
                cases
                    .extend(under_faults(&self.scripted(Script::After(wish), planned.clone()), STUCK_SAMPLE));
            }
        }
        cases
    }

    fn optional(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (failure, run) in &self.spared {
            let caller = &failure.moment.caller;
            let step = caller.trim_end_matches("apply");
            let near = |moment: &Moment| {
                moment.caller.starts_with(step) || moment.caller.starts_with("tenant-activate")
            };
            let near: Vec<_> = run.moments.iter().filter(|(moment, _)| near(moment)).collect();
            for (moment, act) in &near {
                let spoilt = troubles(moment, *act).into_iter().step_by(OPTIONAL_SAMPLE);
                cases.extend(spoilt.map(|planned| self.life(vec![failure.clone(), planned])));
                if *act != Act::Read {
                    let orders = ORDERS.map(|wish| Script::Meanwhile(wish, (*moment).clone()));
                    cases.extend(orders.map(|script| self.scripted(script, vec![failure.clone()])));
                }
            }
            // It may also never come to an end, or not be heard of again.
            let calls = self.clean.moments.iter().filter(|(moment, _)| moment.caller == *caller);
            let spoilt = calls.flat_map(|(moment, act)| troubles(moment, *act));
            let spoilt = spoilt.filter(|planned| !is_repeat(planned.trouble));
            cases.extend(spoilt.map(|planned| self.life(vec![Planned { times: u32::MAX, ..planned }])));
        }
        cases
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
            let spoilt: Vec<Case> = spoilt
                .step_by(SWEPT_SAMPLE)
                .map(|planned| Case { planned: vec![planned], ..case.clone() })
                .collect();
            std::iter::once(case).chain(spoilt)
        });
        cases.collect()
    }

    /// Retried the moment it has failed, when something of the first time may still be about to happen.
    fn prompt(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (failure, run) in &self.failing {
            let calls = compensation(run).iter().filter(|(moment, _)| moment.caller != failure.moment.caller);
            let spoilt = calls.flat_map(|(moment, act)| troubles(moment, *act));
            let late = spoilt.filter(|planned| matches!(planned.trouble, Trouble::Late | Trouble::Belated));
            cases.extend(
                late.step_by(PROMPT_SAMPLE).map(|planned| {
                    self.scripted(Script::Promptly(Wish::Retry), vec![failure.clone(), planned])
                }),
            );
        }
        cases
    }

    /// A function dies after an effect, and who goes on from there would have called its resource something else.
    fn redeployments(&self) -> Vec<Case> {
        let of_a_step = |caller: &str| caller.ends_with(".apply") || caller.ends_with(".destroy");
        let effects = self.clean.moments.iter().filter(|(moment, act)| {
            matches!(act, Act::Write | Act::Delete)
                && !moment.call.starts_with("store:")
                && of_a_step(&moment.caller)
        });
        let dies = effects.map(|(moment, _)| {
            let dies = Planned::once(moment.clone(), Trouble::CrashAfter);
            self.scripted(Script::Redeployed(moment.clone()), vec![dies])
        });
        dies.collect()
    }

    /// What fails passes, or does not until it is mended: then the way back is barred as well.
    fn changes(&self) -> Vec<Case> {
        let case = self.scripted(Script::Changed, Vec::new());
        let run = case.run();
        let ordered = |moment: &Moment| moment.caller == "tenant-api.suspend";
        let since = run.moments.iter().position(|(moment, _)| ordered(moment)).unwrap_or_default();
        let changes = || run.moments[since..].iter();
        let passing = changes().flat_map(|(moment, act)| troubles(moment, *act)).step_by(CHANGED_SAMPLE);
        let barred = changes().filter(|(moment, act)| {
            let outside = !moment.call.starts_with("store:") && *act != Act::Invoke;
            outside && moment.caller.ends_with(".apply")
        });
        let barred = barred.map(|(moment, _)| Planned::forever(moment.clone(), Trouble::Refused));
        let spoilt = passing.chain(barred.step_by(CHANGED_SAMPLE));
        let cases = spoilt.map(|planned| self.scripted(Script::Changed, vec![planned]));
        std::iter::once(case.clone()).chain(cases).collect()
    }

    fn domains(&self) -> Vec<Case> {
        let case = self.scripted(Script::Domain, Vec::new());
        let run = case.run();
        let since = |action: &str| run.moments.iter().position(|(moment, _)| moment.caller == action);
        let (first, last) = (since("tenant-api.domain"), since("tenant-api.delete"));
        let between = &run.moments[first.unwrap_or_default()..last.unwrap_or(run.moments.len())];
        let spoilt = between.iter().flat_map(|(moment, act)| troubles(moment, *act)).step_by(DOMAIN_SAMPLE);
        let cases = spoilt.map(|planned| self.scripted(Script::Domain, vec![planned]));
        std::iter::once(case.clone()).chain(cases).collect()
    }

    /// It leaves; something goes wrong meanwhile, passes or does not until it is mended, is asked of it, or stops it.
    fn leavings(&self) -> Vec<Case> {
        let case = self.scripted(Script::Leaves, Vec::new());
        let run = case.run();
        let asked = |moment: &Moment| moment.caller == "tenant-api.leave";
        let since = run.moments.iter().position(|(moment, _)| asked(moment)).unwrap_or_default();
        let moments = || run.moments[since..].iter();
        let passing = moments().flat_map(|(moment, act)| troubles(moment, *act)).step_by(LEAVING_SAMPLE);
        // A tenant goes without a janitor.
        let barred = barred(moments()).filter(|planned| !planned.moment.caller.starts_with("saga-janitor"));
        let spoilt = passing.chain(barred).map(|planned| self.scripted(Script::Leaves, vec![planned]));
        let moved = || moments().filter(|(_, act)| *act != Act::Read).map(|(moment, _)| moment);
        let asked = moved().flat_map(|moment| {
            WHEN_LEAVING.map(|wish| self.scripted(Script::Leaving(wish, moment.clone()), Vec::new()))
        });
        let stopped = moved().map(|moment| self.scripted(Script::LeavingStopped(moment.clone()), Vec::new()));
        std::iter::once(case.clone()).chain(spoilt).chain(asked).chain(stopped).collect()
    }

    /// It comes back; something goes wrong meanwhile, and passes or does not until it is mended.
    fn returns(&self) -> Vec<Case> {
        let case = self.scripted(Script::Returns, Vec::new());
        let run = case.run();
        let asked = |moment: &Moment| moment.caller == "tenant-api.restore";
        let since = run.moments.iter().position(|(moment, _)| asked(moment)).unwrap_or_default();
        let until = run.moments.iter().position(|(moment, _)| moment.caller == "tenant-api.delete");
        let moments = || run.moments[since..until.unwrap_or(run.moments.len())].iter();
        let passing = moments().flat_map(|(moment, act)| troubles(moment, *act)).step_by(RETURNING_SAMPLE);
        let spoilt = passing.chain(barred(moments()));
        let spoilt = spoilt.map(|planned| self.scripted(Script::Returns, vec![planned]));
        std::iter::once(case.clone()).chain(spoilt).collect()
    }

    /// In a life that goes well, and in one that does not.
    fn stops(&self) -> Vec<Case> {
        let clean = self.clean.moments.iter().map(|(moment, act)| (Vec::new(), moment, *act));
        let failing = self.failing.first().into_iter().flat_map(|(failure, run)| {
            compensation(run).iter().map(|(moment, act)| (vec![failure.clone()], moment, *act))
        });
        let moments = clean.chain(failing).filter(|(.., act)| *act != Act::Read);
        moments.map(|(planned, moment, _)| self.scripted(Script::Stopped(moment.clone()), planned)).collect()
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
        let mut any = |wishes: &[Wish]| wishes[random.usize(..wishes.len())];
        let (order, way_out) = (any(&ORDERS), any(&WHEN_STUCK));
        let script = match random.u8(..10) {
            0..3 => Script::Meanwhile(order, moment.clone()),
            3..6 => Script::After(way_out),
            6 => Script::Crowd(random.usize(2..5), if random.bool() { Keys::One } else { Keys::Each }),
            7 => Script::Events((0..random.usize(1..3)).map(|_| random.u64(..30)).collect()),
            _ => Script::Life,
        };
        if matches!(script, Script::After(_)) && random.bool() {
            let deletes = run.moments.iter().filter(|(_, act)| *act == Act::Delete);
            let deletes: Vec<&Moment> = deletes.map(|(moment, _)| moment).collect();
            let moment = deletes[random.usize(..deletes.len())].clone();
            // What was accepted once goes later, whatever is said about it then.
            planned.retain(|planned| planned.moment.caller != moment.caller);
            planned.push(Planned::forever(moment, Trouble::Refused));
        }
        let on_failure = if random.u8(..4) == 0 { OnFailure::Hold } else { OnFailure::Compensate };
        Case { seed, on_failure, ..self.scripted(script, planned) }
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
    last.map(|moment| Planned::forever(moment.clone(), Trouble::Refused)).collect()
}

/// The first call of each kind on something outside, refused until that is mended. A tenant does without mail.
fn barred<'a>(moments: impl Iterator<Item = &'a (Moment, Act)>) -> impl Iterator<Item = Planned> {
    let barred = moments.filter(|(moment, act)| {
        let outside = !moment.call.starts_with("store:") && *act != Act::Invoke;
        outside && moment.nth == 1 && !moment.caller.starts_with("tenant-notify")
    });
    barred.map(|(moment, _)| Planned::forever(moment.clone(), Trouble::Refused))
}

/// What a run came through before its tenant was retried.
fn compensation(run: &Run) -> &[(Moment, Act)] {
    let retried = run.moments.iter().position(|(moment, _)| moment.caller == "tenant-api.retry");
    &run.moments[..retried.unwrap_or(run.moments.len())]
}

/// A case with the faults of what comes after somebody saw to it, or was expected to: one in so many.
fn under_faults(case: &Case, one_in: usize) -> Vec<Case> {
    let run = case.run();
    let asked =
        |moment: &Moment| moment.caller.starts_with("tenant-api.") && moment.caller != "tenant-api.sign-up";
    let given_up = |moment: &Moment| moment.caller == "saga-mark-stuck.run";
    let position = |which: &dyn Fn(&Moment) -> bool| run.moments.iter().position(|(moment, _)| which(moment));
    let since = position(&asked).or_else(|| position(&given_up)).unwrap_or_default();
    let spoilt = run.moments[since..].iter().flat_map(|(moment, act)| troubles(moment, *act));
    let crossed = spoilt.step_by(one_in).map(|planned| {
        let planned = case.planned.iter().cloned().chain([planned]).collect();
        Case { planned, ..case.clone() }
    });
    crossed.collect()
}

fn troubles(moment: &Moment, act: Act) -> Vec<Planned> {
    Trouble::of(&moment.call, act).into_iter().map(|trouble| Planned::once(moment.clone(), trouble)).collect()
}

/// Without those between the first and the last of what is asked again and again: by name, or until it is there.
fn apart(moments: &[(Moment, Act)]) -> impl Iterator<Item = &(Moment, Act)> {
    let mut often: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for (moment, _) in moments {
        *often.entry((&moment.caller, &moment.call)).or_default() += 1;
    }
    moments.iter().filter(move |(moment, act)| {
        let asked = often[&(moment.caller.as_str(), moment.call.as_str())];
        let inside = moment.call.starts_with("store:") || *act == Act::Invoke;
        inside || asked < OFTEN || moment.nth <= 2 || moment.nth > asked - 2
    })
}

/// Evenly, so that no more than so many are left, or little more.
fn thin(cases: &mut Vec<Case>, most: usize) {
    let fits = |one_in: &usize| cases.len() / one_in <= most;
    let one_in = PRIMES.into_iter().find(fits).unwrap_or(PRIMES[PRIMES.len() - 1]);
    *cases = std::mem::take(cases).into_iter().step_by(one_in).collect();
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

//! `make faults`: every case of every blueprint, on all cores, and a table of what came of it.
//!
//! `SEEDS` random runs, `BLUEPRINT` only of this one, `FAMILY` only of these letters, `CASE` one of them again with all that
//! happens in it, `STOP` at the first that does not end well.

#![allow(clippy::print_stdout)] // What it prints is what it is for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use sagas::blueprints;
use sagas::case::Case;
use sagas::law::Finding;
use sagas::matrix::{Family, Matrix};

/// Enough to see what is wrong.
const SHOWN: usize = 12;
/// An expression is evaluated on a stack of its own, mapped anew each time, where less than 2 MiB are left of this one.
const STACK: usize = 16 * 1024 * 1024;

/// Half of what a run does is to copy small values: the system's allocator takes a fifth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(case) = variable("CASE") {
        return replay(&case);
    }
    let seeds = match variable("SEEDS").map(|seeds| (seeds.parse(), seeds)) {
        None => 2000,
        Some((Ok(seeds), _)) => seeds,
        Some((Err(_), given)) => {
            println!("SEEDS is a number of random runs, not '{given}'");
            return ExitCode::FAILURE;
        }
    };
    let (only, stop) = (variable("FAMILY"), variable("STOP").is_some());
    let named = variable("BLUEPRINT");
    let mut chosen = blueprints::ALL.to_vec();
    chosen.retain(|blueprint| named.as_ref().is_none_or(|named| named == blueprint.name));
    if chosen.is_empty() {
        println!("there is no blueprint '{}'", named.unwrap_or_default());
        return ExitCode::FAILURE;
    }
    let (mut cases, mut totals, mut shown) = (0, [0; 3], 0);
    for blueprint in chosen {
        println!("{}", blueprint.name);
        println!(
            "  {:<52} {:>7} {:>7} {:>8} {:>10} {:>6}",
            "", "cases", "leaked", "doubled", "undecided", "s"
        );
        let mut families = Matrix::of(blueprint).families(seeds);
        families.retain(|family| only.as_ref().is_none_or(|only| only.contains(family.letter)));
        if stop {
            families = soonest(families);
        }
        for family in families {
            if stop && totals != [0; 3] {
                break;
            }
            let clock = Instant::now();
            let failed = run_all(&family.cases, stop);
            let count = |kind: fn(&Finding) -> bool| {
                failed.iter().filter(|(_, findings)| findings.iter().any(kind)).count()
            };
            let counts = [
                count(|finding| matches!(finding, Finding::Leaked(_))),
                count(|finding| matches!(finding, Finding::Doubled(_))),
                count(|finding| matches!(finding, Finding::Undecided(_))),
            ];
            let (name, many) = (format!("{}  {}", family.letter, family.about), family.cases.len());
            let [leaked, doubled, undecided] = counts;
            let seconds = clock.elapsed().as_secs_f32();
            println!("  {name:<52} {many:>7} {leaked:>7} {doubled:>8} {undecided:>10} {seconds:>6.1}");
            for (case, findings) in failed.into_iter().take(SHOWN.saturating_sub(shown)) {
                shown += 1;
                println!("    make faults CASE='{case}'");
                findings.iter().for_each(|finding| println!("      {finding:?}"));
            }
            cases += many;
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
    }
    let [leaked, doubled, undecided] = totals;
    println!("faults: {cases} cases, {leaked} leaked, {doubled} doubled, {undecided} undecided");
    if totals == [0; 3] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The same cases in an order that soon meets what is wrong: the few of a kind first, then all others at random.
fn soonest(families: Vec<Family>) -> Vec<Family> {
    let (few, many): (Vec<_>, Vec<_>) = families.into_iter().partition(|family| family.cases.len() < 100);
    let mut cases: Vec<Case> = many.into_iter().flat_map(|family| family.cases).collect();
    fastrand::Rng::with_seed(1).shuffle(&mut cases);
    few.into_iter().chain([Family { letter: '*', about: "all others, in any order", cases }]).collect()
}

/// The cases that did not end well, in order, with what was found; of which one is enough if it is to stop.
fn run_all(cases: &[Case], stop: bool) -> Vec<(&Case, Vec<Finding>)> {
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut failed = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let run = catch_unwind(AssertUnwindSafe(|| case.run().findings));
            let panicked = |_| [Finding::Undecided("it panicked".to_owned())].into();
            let findings: Vec<Finding> = run.unwrap_or_else(panicked).into_iter().collect();
            if !findings.is_empty() {
                failed.push((case, findings));
                over.store(stop, Ordering::Relaxed);
            }
        }
        failed
    };
    let mut failed: Vec<_> = thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let worker = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread");
        let workers: Vec<_> = (0..cores).map(|_| worker()).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    failed.sort_by_key(|(case, _)| std::ptr::from_ref(*case));
    failed
}

/// One case again, with all that it came through.
fn replay(case: &str) -> ExitCode {
    let case: Case = match case.parse() {
        Ok(case) => case,
        Err(problem) => {
            println!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let run = case.run();
    run.transcript.iter().for_each(|line| println!("{line}"));
    println!("came to rest as {:?}", run.statuses);
    run.findings.iter().for_each(|finding| println!("{finding:?}"));
    if run.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::disallowed_methods)] // A command's options.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

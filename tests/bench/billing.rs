//! How fast half a year of billing is gone through: each event through the webhook, its proof, `billing-react` and the store in
//! memory. In disorder it may be dearer than in order by what forgeries, duplicates and what nobody can read cost at most.

use std::collections::BTreeMap;

use billing_stream::{Aftermath, Arrival, Life, Outcomes, clean, disorderly, lives, replay};

use crate::report::Report;

/// So many subscriptions make more than ten thousand letters.
const LIVES: usize = 720;
const LETTERS: usize = 10_000;

/// One that arrives in disorder may take so much more than one that does not.
const TARGET: f64 = 1.3;

pub(crate) fn measure(report: &mut Report) {
    let begins = "2026-01-05T09:00:00Z".parse().expect("a moment");
    let lives = lives(1, LIVES, begins);
    let (ordered, disorderly) = (clean(&lives), disorderly(&lives, 1));
    assert!(disorderly.len() > LETTERS, "{} letters", disorderly.len());
    let peer = run("in order", &lives, &ordered);
    let found = run("in disorder", &lives, &disorderly);
    assert_eq!(found.subscriptions, peer.subscriptions, "both come to the same");
    assert_eq!(
        found.dead.len(),
        found.tally.unreadable.len(),
        "what nobody can read is with the dead letters"
    );
    let each = |after: &Aftermath| after.tally.busy.as_secs_f64() * 1e6 / after.tally.arrivals as f64;
    report.compare(
        format!("a billing event of {} in disorder", disorderly.len()),
        each(&found),
        "µs",
        (format!("a billing event of {} in order", ordered.len()), each(&peer)),
        TARGET,
    );
}

fn run(how: &str, lives: &[Life], arrivals: &[Arrival]) -> Aftermath {
    let after = replay(lives, arrivals);
    let provisioned: BTreeMap<_, &Outcomes> = after
        .subscriptions
        .iter()
        .filter(|(_, found)| (found.tenants, found.provisionings) == (1, 1))
        .collect();
    assert_eq!(provisioned.len(), lives.len(), "each is provisioned once");
    let told = lives.iter().filter(|life| provisioned[&life.subscription].ending == life.ends).count();
    assert_eq!(told, lives.len(), "each ends as it should");
    let (many, seconds) = (after.tally.arrivals, after.tally.busy.as_secs_f64());
    println!("{many} billing events {how}: {:.0} a second", many as f64 / seconds);
    after
}

//! Whatever way it arrives, half a year of billing comes to the same.

use std::collections::BTreeSet;

use billing_stream::{Aftermath, Arrival, Flaw, Life, Plot, Way, clean, disorderly, lives, replay};
use jiff::Timestamp;
use openapi::Document;
use rstest::rstest;
use serde_json::Value;

/// Enough for each plot to be told, and some of them twice.
const MANY: usize = 30;

fn begins() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a moment")
}

/// What is there after all is what the story says, once each.
fn assert_as_told(lives: &[Life], after: &Aftermath) {
    assert_eq!(after.strays, []);
    for life in lives {
        let found = after.subscriptions.get(&life.subscription);
        let found = found.unwrap_or_else(|| panic!("{life:#?} has no tenant"));
        assert_eq!(found.ending, life.ends, "{} {:?}", life.subscription, life.plot);
        assert_eq!((found.tenants, found.provisionings), (1, 1), "{} {:?}", life.subscription, life.plot);
    }
}

#[rstest]
fn in_order_or_not_it_comes_to_the_same(#[values(1, 2, 3)] seed: u64) {
    let lives = lives(seed, MANY, begins());
    let ordered = replay(&lives, &clean(&lives));
    assert_as_told(&lives, &ordered);
    let arrivals = disorderly(&lives, seed);
    let disordered = replay(&lives, &arrivals);
    assert_as_told(&lives, &disordered);
    assert_eq!(ordered.subscriptions, disordered.subscriptions);
    assert_eq!(ordered.dead, Vec::<String>::new());
    assert_eq!(sorted(&disordered.dead), sorted(&disordered.tally.unreadable));
    assert!(!disordered.dead.is_empty());
    for after in [&ordered, &disordered] {
        for (n, mail) in after.mails.iter().enumerate() {
            assert!(!after.mails[..n].contains(mail), "told twice: {mail:?}");
        }
    }
}

/// Letters as what they say: how a letter's JSON is spelled is nobody's business.
fn sorted(letters: &[String]) -> Vec<String> {
    let spelled = |letter: &String| match serde_json::from_str::<Value>(letter) {
        Ok(mut value) => {
            value.sort_all_objects();
            value.to_string()
        }
        Err(_) => letter.clone(),
    };
    let mut letters: Vec<String> = letters.iter().map(spelled).collect();
    letters.sort();
    letters
}

#[test]
fn a_seed_tells_one_story() {
    let told = |seed| {
        let lives = lives(seed, MANY, begins());
        let arrivals = disorderly(&lives, seed).into_iter();
        arrivals.map(|arrival| (arrival.at, arrival.body)).collect::<Vec<_>>()
    };
    assert_eq!(told(7), told(7));
    assert_ne!(told(7), told(8));
}

/// As disorderly as it claims to be.
#[test]
fn the_disorder_is_all_there() {
    let lives = lives(1, 210, begins());
    let said: usize = lives.iter().map(|life| life.said.len()).sum();
    let arrivals = disorderly(&lives, 1);
    let percent = |is: &dyn Fn(&Arrival) -> bool| {
        arrivals.iter().filter(|arrival| is(arrival)).count() * 100 / arrivals.len()
    };
    let whole = arrivals.iter().filter(|arrival| arrival.flaw.is_none()).count();
    assert!((25..=35).contains(&((whole - said) * 100 / said)), "{whole} letters of {said} events");
    let broken = percent(&|arrival| arrival.flaw.is_some_and(|flaw| !flaw.is_forgery()));
    assert!((4..=6).contains(&broken), "{broken} % are broken");
    let forged = percent(&|arrival| arrival.flaw.is_some_and(Flaw::is_forgery));
    assert!((1..=3).contains(&forged), "{forged} % are forged");
    let by_bus = percent(&|arrival| matches!(arrival.way, Way::Bus));
    assert!((15..=30).contains(&by_bus), "{by_bus} % come by a bus");
    let flaws: BTreeSet<Flaw> = arrivals.iter().filter_map(|arrival| arrival.flaw).collect();
    assert_eq!(flaws.len(), 7, "{flaws:?}");
    let plots: BTreeSet<Plot> = lives.iter().map(|life| life.plot).collect();
    assert_eq!(plots.len(), Plot::ALL.len());
}

/// What is made up here is what Stripe's document describes, where it is of that version: one of each kind.
#[test]
fn stripe_says_it_like_that() {
    let stripe = Document::load("stripe.json");
    let mut kinds = BTreeSet::new();
    let lives = lives(1, 2 * Plot::ALL.len(), begins());
    for body in lives.iter().flat_map(|life| &life.said).map(|saying| &saying.body) {
        let object = &body["data"]["object"];
        let (Some(kind), Some(component)) = (body["type"].as_str(), object["object"].as_str()) else {
            continue;
        };
        let of_that_version = ["current_period_end", "paid_out_of_band", "customer_details"];
        if of_that_version.iter().any(|field| object.get(field).is_some()) && kinds.insert(kind) {
            assert_eq!(stripe.disagrees("event", body), Vec::<String>::new(), "{kind}");
            assert_eq!(stripe.disagrees(component, object), Vec::<String>::new(), "{kind}");
        }
    }
    assert_eq!(kinds.len(), 9, "{kinds:?}");
}

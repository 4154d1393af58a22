use fault::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const QUOTA: Quota = Quota { provider: "lab", of: "calls", calls: 100, seconds: 60, burst: 100 };

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().expect("a time")
}

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

/// Everything that is to be had at a moment.
fn take_all(gate: &mut Gate, quota: Quota, haste: Haste, now: Timestamp) -> (u32, Fault) {
    let mut taken = 0;
    loop {
        match gate.give(quota, haste, now) {
            Ok(lease) => taken += lease.calls,
            Err(fault) => return (taken, fault),
        }
    }
}

fn fail(gate: &mut Gate, times: u32, now: Timestamp) {
    for _ in 0..times {
        gate.hear(QUOTA, false, Heard::Failed { until: None }, now);
    }
}

/// Lets the trial through and has it end so. Nobody else gets in meanwhile.
fn trial(gate: &mut Gate, heard: Heard, now: Timestamp) {
    let lease = gate.give(QUOTA, Haste::Now, now).expect("a trial");
    assert_eq!((lease.calls, lease.trial), (1, true));
    gate.give(QUOTA, Haste::Now, now).expect_err("one at a time");
    gate.hear(QUOTA, true, heard, now);
}

fn retry_at(refused: Result<Lease, Fault>) -> Timestamp {
    let fault = refused.expect_err("refused");
    assert_eq!(
        (fault.kind, fault.provider.as_deref(), fault.unanswered),
        (Kind::NotReady, Some("lab"), false)
    );
    fault.retry_at.expect("when to come back")
}

proptest! {
    /// Callers come whenever they like, in a hurry or not, their clocks apart by some, and make the calls they were given
    /// at the worst moment: all at once, at the beginning of the lease or at its end.
    #[test]
    fn in_no_window_are_there_more_calls_than_allowed(
        (calls, seconds, burst) in (1_u32..200, prop_oneof![Just(1_u32), Just(60), Just(300)], 1_u32..200),
        callers in vec((0_i64..20_000, any::<bool>(), any::<bool>()), 1..300),
    ) {
        let quota = Quota { calls, seconds, burst, ..QUOTA };
        let (mut gate, mut now, mut made) = (Gate::default(), start(), Vec::new());
        for (gap, late, at_leisure) in callers {
            now += SignedDuration::from_millis(gap * i64::from(seconds) / 600);
            let haste = if at_leisure { Haste::AtLeisure } else { Haste::Now };
            if let Ok(lease) = gate.give(quota, haste, now) {
                let at = if late { lease.until - SignedDuration::from_millis(1) } else { now };
                prop_assert!(now < lease.until && lease.until <= now + SignedDuration::from_millis(slot_millis(quota)));
                made.push((at, lease.calls));
            }
        }
        let within = |end: Timestamp, length: SignedDuration| {
            made.iter().filter(|(at, _)| end - length < *at && *at <= end).map(|(_, n)| *n).sum::<u32>()
        };
        for (at, _) in &made {
            prop_assert!(within(*at, SignedDuration::from_secs(i64::from(seconds))) <= calls);
            prop_assert!(within(*at, SignedDuration::from_millis(slot_millis(quota))) <= 2 * burst);
        }
    }

    /// A wait that is announced is long enough: whoever comes then finds something, if nobody was quicker.
    #[test]
    fn there_is_something_when_it_was_said_to_be(calls in 2_u32..200, burst in 1_u32..200, gaps in vec(0_i64..9_000, 1..80)) {
        let quota = Quota { calls, burst, ..QUOTA };
        let (mut gate, mut now) = (Gate::default(), start());
        for (turn, gap) in gaps.into_iter().enumerate() {
            now += SignedDuration::from_millis(gap);
            let haste = if turn % 3 == 0 { Haste::AtLeisure } else { Haste::Now };
            if let Err(fault) = gate.give(quota, haste, now) {
                let at = fault.retry_at.expect("when");
                prop_assert!(now < at && at <= now + SignedDuration::from_secs(62));
                prop_assert!(gate.clone().give(quota, haste, at).is_ok());
            }
        }
    }
}

#[test]
fn what_is_at_leisure_leaves_half_to_tenants() {
    let mut gate = Gate::default();
    let (taken, refused) = take_all(&mut gate, QUOTA, Haste::AtLeisure, start());
    assert_eq!(taken, 50);
    assert!(refused.cause.starts_with("half of the 100 calls that lab may have in 60 s"), "{refused}");
    let (taken, refused) = take_all(&mut gate, QUOTA, Haste::Now, start());
    assert_eq!(taken, 50);
    assert_eq!(
        refused.cause,
        "lab has had the 100 calls that it may have in 60 s; asked again at 2026-11-21T08:01:01Z"
    );
}

#[test]
fn tenants_may_have_all_and_then_nothing_is_at_leisure() {
    let mut gate = Gate::default();
    assert_eq!(take_all(&mut gate, QUOTA, Haste::Now, start()).0, 100);
    assert_eq!(take_all(&mut gate, QUOTA, Haste::AtLeisure, start() + seconds(60)).0, 0);
    assert_eq!(take_all(&mut gate, QUOTA, Haste::Now, start() + seconds(61)).0, 100);
}

#[test]
fn the_last_calls_are_given_out_one_by_one() {
    let mut gate = Gate::default();
    let mut sizes = Vec::new();
    while let Ok(lease) = gate.give(QUOTA, Haste::Now, start()) {
        sizes.push(lease.calls);
    }
    assert_eq!((sizes.first(), sizes.last()), (Some(&8), Some(&1)));
    assert!(sizes.is_sorted_by(|one, next| one >= next), "{sizes:?}");
}

/// Somebody's clock is a slot ahead of ours.
#[test]
fn what_was_given_out_in_the_future_counts() {
    let mut gate = Gate::default();
    take_all(&mut gate, QUOTA, Haste::Now, start() + seconds(1));
    gate.give(QUOTA, Haste::Now, start()).expect_err("none left");
}

#[test]
fn nobody_calls_before_the_provider_said_so() {
    let mut gate = Gate::default();
    let until = start() + seconds(240);
    gate.hear(QUOTA, false, Heard::Throttled { until: Some(until) }, start());
    // One that was under way was told less.
    gate.hear(QUOTA, false, Heard::Throttled { until: Some(start() + seconds(2)) }, start());
    assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, until - seconds(1))), until);
    gate.give(QUOTA, Haste::Now, until).expect("open again");
}

#[test]
fn a_provider_that_does_not_say_until_when_is_left_alone_for_a_while() {
    let mut gate = Gate::default();
    gate.hear(QUOTA, false, Heard::Throttled { until: None }, start());
    assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, start())), start() + seconds(7));
}

#[test]
fn a_provider_that_says_never_is_asked_within_the_hour() {
    let mut gate = Gate::default();
    gate.hear(QUOTA, false, Heard::Failed { until: Some(Timestamp::MAX) }, start());
    assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, start())), start() + seconds(3600));
}

#[test]
fn five_failures_in_a_row_close_it_and_one_call_opens_it() {
    let mut gate = Gate::default();
    fail(&mut gate, 4, start());
    gate.give(QUOTA, Haste::Now, start()).expect("four are not five");
    fail(&mut gate, 1, start());
    let refused = gate.give(QUOTA, Haste::Now, start() + seconds(9)).expect_err("closed");
    assert_eq!(refused.cause, "lab has failed 5 times in a row; asked again at 2026-11-21T08:00:10Z");
    assert_eq!(refused.retry_at, Some(start() + seconds(10)));
    trial(&mut gate, Heard::Answered, start() + seconds(10));
    assert!(!gate.give(QUOTA, Haste::Now, start() + seconds(10)).expect("open").trial);
    fail(&mut gate, 4, start() + seconds(11));
    gate.give(QUOTA, Haste::Now, start() + seconds(11)).expect("it begins to count anew");
}

#[test]
fn each_trial_that_fails_doubles_the_pause_up_to_five_minutes() {
    let (mut gate, mut now) = (Gate::default(), start());
    fail(&mut gate, 5, now);
    for pause in [10, 20, 40, 80, 160, 300, 300] {
        let until = now + seconds(pause);
        assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, until - seconds(1))), until);
        now = until;
        trial(&mut gate, Heard::Failed { until: None }, now);
    }
    trial(&mut gate, Heard::Answered, now + seconds(300));
    fail(&mut gate, 5, now + seconds(300));
    let again = now + seconds(310);
    assert_eq!(
        retry_at(gate.give(QUOTA, Haste::Now, now + seconds(300))),
        again,
        "and then ten seconds again"
    );
}

#[test]
fn a_trial_of_which_nothing_is_heard_is_made_again() {
    let mut gate = Gate::default();
    fail(&mut gate, 5, start());
    let begun = start() + seconds(10);
    assert!(gate.give(QUOTA, Haste::Now, begun).expect("a trial").trial);
    assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, begun + seconds(29))), begun + seconds(30));
    assert!(gate.give(QUOTA, Haste::Now, begun + seconds(30)).expect("another").trial);
}

#[test]
fn what_was_under_way_when_it_closed_neither_opens_it_nor_closes_it_for_longer() {
    let mut gate = Gate::default();
    fail(&mut gate, 5, start());
    let closed = gate.clone();
    fail(&mut gate, 3, start() + seconds(2));
    gate.hear(QUOTA, false, Heard::Answered, start() + seconds(3));
    gate.answered(start() + seconds(3));
    fail(&mut gate, 1, start() + seconds(11));
    assert_eq!(gate, closed);
}

#[test]
fn an_answer_in_between_ends_the_row_of_failures() {
    let mut gate = Gate::default();
    fail(&mut gate, 4, start());
    gate.answered(start() - seconds(1));
    fail(&mut gate.clone(), 1, start() + seconds(2));
    gate.answered(start() + seconds(1));
    fail(&mut gate, 4, start() + seconds(2));
    gate.give(QUOTA, Haste::Now, start() + seconds(2)).expect("four in a row");
    fail(&mut gate, 1, start() + seconds(3));
    gate.give(QUOTA, Haste::Now, start() + seconds(3)).expect_err("five in a row");
}

/// It was counted wrongly, and it works.
#[test]
fn a_trial_that_is_throttled_opens_it_when_the_provider_says() {
    let mut gate = Gate::default();
    fail(&mut gate, 5, start());
    let until = start() + seconds(60);
    trial(&mut gate, Heard::Throttled { until: Some(until) }, start() + seconds(10));
    assert_eq!(retry_at(gate.give(QUOTA, Haste::Now, start() + seconds(11))), until);
    assert!(!gate.give(QUOTA, Haste::Now, until).expect("open").trial);
}

#[test]
fn it_is_read_as_it_was_written_and_by_whoever_knows_less_or_more() {
    let mut gate = Gate::default();
    gate.give(QUOTA, Haste::Now, start()).expect("calls");
    fail(&mut gate, 5, start());
    gate.hear(QUOTA, false, Heard::Throttled { until: None }, start());
    let written = serde_json::to_value(&gate).expect("JSON");
    assert_eq!(
        written,
        json!({
            "slots": { "1795248000": 8 }, "window": [100, 60], "failures": 5, "closings": 1, "failed_at": "2026-11-21T08:00:00Z",
            "closed_until": "2026-11-21T08:00:10Z", "quiet_until": "2026-11-21T08:00:07Z",
        })
    );
    assert_eq!(serde_json::from_value::<Gate>(written).expect("a gate"), gate);
    assert_eq!(serde_json::from_value::<Gate>(json!({ "later": 1 })).expect("a gate"), Gate::default());
}

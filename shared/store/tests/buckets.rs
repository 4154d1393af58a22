//! What the token buckets promise, held against both databases they are kept in, as in `contract.rs`.

#[macro_use]
mod bed;

use bed::{at_once, drawn, now};
use jiff::{SignedDuration, ToSpan};
use store::{Bucket, Buckets, Database, Exhausted, Rate};

contract! {
    a_burst_is_let_through_and_the_next_is_told_how_long_to_wait,
    of_several_buckets_none_is_charged_when_one_is_empty,
    the_slowest_bucket_says_how_long_to_wait,
    a_bucket_that_is_named_twice_is_charged_once,
    of_many_who_come_at_once_a_burst_is_let_through,
    a_bucket_that_was_left_alone_is_full,
}

const RATE: Rate = Rate { burst: 3, per: SignedDuration::from_mins(1) };

fn card() -> Bucket {
    Bucket::Card(drawn("card"))
}

fn wait(outcome: Result<(), Exhausted>) -> Option<u64> {
    match outcome {
        Ok(()) => None,
        Err(Exhausted::Wait(seconds)) => Some(seconds),
        Err(Exhausted::Store(error)) => panic!("{error}"),
    }
}

async fn a_burst_is_let_through_and_the_next_is_told_how_long_to_wait(db: Database) {
    let (buckets, asked, now) = (Buckets::new(db), [(card(), RATE)], now());
    for _ in 0..3 {
        assert_eq!(wait(buckets.take(&asked, now).await), None);
    }
    assert_eq!(wait(buckets.take(&asked, now).await), Some(60));
    assert_eq!(wait(buckets.take(&asked, now + 20_500.milliseconds()).await), Some(40));
    assert_eq!(wait(buckets.take(&asked, now + 60.seconds()).await), None);
    assert_eq!(wait(buckets.take(&asked, now + 60.seconds()).await), Some(60));
}

async fn of_several_buckets_none_is_charged_when_one_is_empty(db: Database) {
    let (buckets, now) = (Buckets::new(db), now());
    let (empty, full) = ((card(), Rate { burst: 1, ..RATE }), (card(), RATE));
    assert_eq!(wait(buckets.take(&[empty.clone(), full.clone()], now).await), None);
    for _ in 0..5 {
        assert_eq!(wait(buckets.take(&[full.clone(), empty.clone()], now).await), Some(60));
    }
    for _ in 0..2 {
        assert_eq!(wait(buckets.take(std::slice::from_ref(&full), now).await), None);
    }
    assert_eq!(wait(buckets.take(&[full], now).await), Some(60));
}

async fn the_slowest_bucket_says_how_long_to_wait(db: Database) {
    let (buckets, now) = (Buckets::new(db), now());
    let slow = (card(), Rate { burst: 1, per: SignedDuration::from_hours(1) });
    let quick = (card(), Rate { burst: 1, per: SignedDuration::from_secs(1) });
    assert_eq!(wait(buckets.take(&[quick.clone(), slow.clone()], now).await), None);
    assert_eq!(wait(buckets.take(&[quick, slow], now).await), Some(3600));
}

async fn a_bucket_that_is_named_twice_is_charged_once(db: Database) {
    let (buckets, now, twice) = (Buckets::new(db), now(), (card(), RATE));
    for _ in 0..3 {
        assert_eq!(wait(buckets.take(&[twice.clone(), twice.clone()], now).await), None);
    }
    assert_eq!(wait(buckets.take(&[twice], now).await), Some(60));
}

async fn of_many_who_come_at_once_a_burst_is_let_through(db: Database) {
    let (buckets, now) = (Buckets::new(db), now());
    let asked = [(card(), RATE), (card(), Rate { burst: 100, ..RATE })];
    let outcomes = at_once((0..12).map(|_| {
        let (buckets, asked) = (buckets.clone(), asked.clone());
        async move { wait(buckets.take(&asked, now).await) }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 3, "{outcomes:?}");
}

async fn a_bucket_that_was_left_alone_is_full(db: Database) {
    let (buckets, asked, now) = (Buckets::new(db), [(card(), RATE)], now());
    for later in [0, 3, 600] {
        for _ in 0..3 {
            assert_eq!(wait(buckets.take(&asked, now + later.minutes()).await), None);
        }
        assert!(wait(buckets.take(&asked, now + later.minutes()).await).is_some());
    }
}

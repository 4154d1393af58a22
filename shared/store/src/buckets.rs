mod bucket;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::bucket::Bucket;
use crate::database::{Condition, Database, Error, Key, Row, Write};

/// Who comes at once with others writes after them; whoever loses this often comes again in a second.
const TRIES: usize = 6;

/// How fast a bucket empties and fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many are let through at once,
    pub burst: u32,
    /// and then one in each such time.
    pub per: SignedDuration,
}

/// Why nothing was taken. No bucket was charged.
#[derive(Debug, thiserror::Error)]
pub enum Exhausted {
    /// For so many seconds (`Retry-After`).
    #[error("too many came; come again in {0} s")]
    Wait(u64),
    #[error("{0}")]
    Store(#[from] Error),
}

/// Token buckets, a row each among the claims: who has taken too much waits. A bucket that is full has no row.
#[derive(Clone, Debug)]
pub struct Buckets {
    db: Database,
}

/// All there is to know of a bucket: the tokens it lacks are those that come until then (the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Level {
    full_at: Timestamp,
}

impl Buckets {
    #[must_use]
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// Takes a token from each bucket, or from none if one of them has none: then says how long to wait for all.
    pub async fn take(&self, buckets: &[(Bucket, Rate)], now: Timestamp) -> Result<(), Exhausted> {
        // What is named twice is taken once: a transaction could not name it twice.
        let rates: BTreeMap<Key, Rate> =
            buckets.iter().map(|(bucket, rate)| (bucket.key(*rate), *rate)).collect();
        let keys: Vec<Key> = rates.keys().cloned().collect();
        for _ in 0..TRIES {
            let rows = self.db.get_all(&keys).await?;
            let (mut writes, mut wait) = (Vec::with_capacity(rows.len()), SignedDuration::ZERO);
            for ((key, rate), row) in rates.iter().zip(rows) {
                let condition = row.as_ref().map_or(Condition::Absent, |row| Condition::Version(row.version));
                match level(row.as_ref(), now).taken(*rate, now) {
                    // TTL is in whole seconds: none that is not full may go.
                    Ok(level) => writes.push(Write::put(key.clone(), &level, condition)?.until(
                        level.full_at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(level.full_at),
                    )),
                    Err(lacking) => wait = wait.max(lacking),
                }
            }
            if wait > SignedDuration::ZERO {
                return Err(Exhausted::Wait(seconds(wait)));
            }
            match self.write(writes).await {
                Err(Error::Conflict(_)) => {}
                done => return Ok(done?),
            }
        }
        Err(Exhausted::Wait(1))
    }

    /// One write alone needs no transaction, which costs twice and gets into others' ways.
    async fn write(&self, mut writes: Vec<Write>) -> Result<(), Error> {
        match writes.len() {
            1 => self.db.write(writes.remove(0)).await.map(|_| ()),
            _ => self.db.transact(writes).await,
        }
    }
}

impl Level {
    /// The level with a token less; or how long until there is one.
    fn taken(self, rate: Rate, now: Timestamp) -> Result<Self, SignedDuration> {
        let depth = rate.per.saturating_mul(i32::try_from(rate.burst).unwrap_or(i32::MAX));
        let lacks = self.full_at.duration_since(now).max(SignedDuration::ZERO).saturating_add(rate.per);
        if lacks > depth {
            return Err(lacks - depth);
        }
        now.checked_add(lacks).map(|full_at| Self { full_at }).map_err(|_| lacks)
    }
}

/// What another version wrote and this one cannot read is a full bucket.
fn level(row: Option<&Row>, now: Timestamp) -> Level {
    row.and_then(|row| row.decode().ok()).unwrap_or(Level { full_at: now })
}

fn seconds(wait: SignedDuration) -> u64 {
    let whole = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    u64::try_from(whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(milliseconds: i64) -> Timestamp {
        NOW + SignedDuration::from_millis(milliseconds)
    }

    /// When those are let through who come at these times.
    fn let_through(rate: Rate, coming: &[i64]) -> Vec<i64> {
        let mut level = Level { full_at: NOW };
        let mut through = Vec::new();
        for &at in coming {
            if let Ok(taken) = level.taken(rate, after(at)) {
                level = taken;
                through.push(at);
            }
        }
        through
    }

    #[test]
    fn a_full_bucket_lets_a_burst_through_and_then_one_at_a_time() {
        let rate = Rate { burst: 3, per: SignedDuration::from_secs(10) };
        let coming =
            [0, 0, 0, 0, 9_999, 10_000, 10_000, 25_000, 30_000, 30_000, 90_000, 90_000, 90_000, 90_000];
        let through = [0, 0, 0, 10_000, 25_000, 30_000, 90_000, 90_000, 90_000];
        assert_eq!(let_through(rate, &coming), through);
    }

    #[test]
    fn a_wait_is_in_whole_seconds_and_long_enough() {
        for (milliseconds, expected) in [(1, 1), (1_000, 1), (1_001, 2), (59_500, 60)] {
            assert_eq!(seconds(SignedDuration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn a_bucket_without_a_bottom_lets_nobody_through() {
        let rate = Rate { burst: 0, per: SignedDuration::from_secs(1) };
        assert!(let_through(rate, &[0, 5_000]).is_empty());
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_a_burst_and_one_for_each_interval(
            burst in 1_u32..8, per in 1_i64..5_000, mut coming in prop::collection::vec(0_i64..60_000, 0..120),
        ) {
            coming.sort_unstable();
            let rate = Rate { burst, per: SignedDuration::from_millis(per) };
            let through = let_through(rate, &coming);
            for (n, &from) in through.iter().enumerate() {
                for (count, &to) in through[n..].iter().enumerate() {
                    let allowed = i64::from(burst) + (to - from) / per;
                    prop_assert!(i64::try_from(count + 1).expect("small") <= allowed, "{from} to {to}");
                }
            }
        }

        #[test]
        fn who_waits_as_long_as_told_is_let_through_and_who_does_not_is_not(
            burst in 1_u32..8, per in 1_i64..5_000, mut coming in prop::collection::vec(0_i64..60_000, 0..60),
        ) {
            coming.sort_unstable();
            let rate = Rate { burst, per: SignedDuration::from_millis(per) };
            let mut level = Level { full_at: NOW };
            for at in coming {
                match level.taken(rate, after(at)) {
                    Ok(taken) => level = taken,
                    Err(wait) => {
                        prop_assert!(wait <= rate.per);
                        prop_assert!(level.taken(rate, after(at) + wait).is_ok());
                        let early = wait - SignedDuration::from_nanos(1);
                        prop_assert!(level.taken(rate, after(at) + early).is_err());
                    }
                }
            }
        }
    }
}

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// So many buckets there are between a duration and its double.
const PARTS: u64 = 16;

/// What takes longer counts as this: seven weeks.
const LONGEST: u64 = u32::MAX as u64;

/// How often something took how many milliseconds, in buckets that grow with what they hold: none is wider than a
/// sixteenth of its least, so what is read from its middle is off by 3.2 % at most, be it seconds or days. The
/// buckets are the same everywhere, so two histograms are added by adding them, and there are 464 at most
/// (HdrHistogram, "Bucketing configuration").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u16, u64>);

impl Histogram {
    pub fn add(&mut self, ms: u64) {
        *self.0.entry(bucket(ms)).or_default() += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            *self.0.entry(*bucket).or_default() += count;
        }
    }

    /// How long the fastest so many percent took at most. Of nothing, nothing.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.0.values().sum::<u64>() * percent).div_ceil(100).max(1);
        let mut counted = 0;
        let reaches = |(bucket, count): (&u16, &u64)| {
            counted += count;
            (counted >= rank).then(|| middle(*bucket))
        };
        self.0.iter().find_map(reaches)
    }
}

/// Those below 32 are of one millisecond each; then sixteen of two, sixteen of four, and so on.
fn bucket(ms: u64) -> u16 {
    let ms = ms.min(LONGEST);
    let doublings = ms.max(PARTS).ilog2() - PARTS.ilog2();
    u16::try_from(u64::from(doublings) * PARTS + (ms >> doublings)).unwrap_or(u16::MAX)
}

fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let doublings = (bucket / PARTS).saturating_sub(1);
    let width = 1 << doublings;
    (bucket - doublings * PARTS) * width + (width - 1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As good as sorting them all and taking the one of that rank.
    fn exact(mut all: Vec<u64>, percent: usize) -> u64 {
        all.sort_unstable();
        all[(all.len() * percent).div_ceil(100).max(1) - 1]
    }

    fn of(all: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        all.iter().for_each(|ms| histogram.add(*ms));
        histogram
    }

    #[test]
    fn of_nothing_there_is_no_percentile() {
        assert_eq!(Histogram::default().percentile(95), None);
    }

    #[test]
    fn what_takes_for_ever_is_counted_in_the_last_bucket() {
        assert_eq!((bucket(u64::MAX), bucket(LONGEST)), (463, 463));
        assert!(of(&[u64::MAX]).percentile(50).is_some());
    }

    #[test]
    fn it_is_stored_as_it_is() {
        let histogram = of(&[0, 31, 21_000, 21_500, 86_400_000]);
        let stored = serde_json::json!({ "took": histogram });
        assert_eq!(Histogram::deserialize(&stored["took"]).expect("a histogram"), histogram);
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_five_percent(
            all in prop::collection::vec(0_u64..=LONGEST, 1..200),
            percent in prop::sample::select(vec![50_u32, 95, 99, 100]),
        ) {
            let exact = exact(all.clone(), percent as usize);
            let read = of(&all).percentile(u64::from(percent)).expect("there are some");
            prop_assert!(read.abs_diff(exact) * 1_000 <= exact * 32, "{read} for {exact}");
        }

        #[test]
        fn two_are_added_as_if_all_had_been_counted_in_one(
            one in prop::collection::vec(0_u64..10_000_000, 0..50),
            other in prop::collection::vec(0_u64..10_000_000, 0..50),
        ) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }
    }
}

use std::str::FromStr;
use std::time::Duration;

/// How long an endpoint that does not take an event is waited for, attempt by attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience(Vec<u32>);

impl Patience {
    /// How long to wait after so many attempts of a round; `None` when that was the last. `random` spreads it between nine
    /// and eleven tenths, so that what failed together does not come again together.
    #[must_use]
    pub fn pause(&self, tries: u32, random: u8) -> Option<Duration> {
        let pause = self.0.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
        Some(Duration::from_millis(u64::from(*pause) * (900 + u64::from(random) * 200 / 255)))
    }
}

/// Pauses in seconds, with commas between.
impl FromStr for Patience {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(|pause| pause.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_a_little_more_or_less_and_not_for_ever() {
        let patience: Patience = "5, 300".parse().expect("pauses");
        assert_eq!(patience.pause(1, 0), Some(Duration::from_millis(4500)));
        assert_eq!(patience.pause(2, 255), Some(Duration::from_secs(330)));
        assert_eq!((patience.pause(0, 0), patience.pause(3, 0)), (None, None));
    }

    #[test]
    fn a_pause_that_cannot_be_counted_in_milliseconds_is_none() {
        assert!("5, 88888888888888888".parse::<Patience>().is_err());
        let longest: Patience = u32::MAX.to_string().parse().expect("a pause");
        assert_eq!(longest.pause(1, 255), Some(Duration::from_millis(u64::from(u32::MAX) * 1100)));
    }
}

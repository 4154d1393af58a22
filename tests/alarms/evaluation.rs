//! What CloudWatch makes of an alarm, as its guide words it:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>.
//!
//! Left out is what no alarm of ours has: metric math, anomalies, and the two other ways to treat what is missing.
//! A percentile lies between its two neighbours, where CloudWatch's may be off by a little.

use serde_json::Value;

/// CloudWatch looks further back than an alarm says, and where something is missing goes by what it finds there. How far
/// depends on the period, and is not said; in the guide's examples it is two.
const FURTHER: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ok,
    Alarm,
}

#[derive(Debug)]
pub(crate) struct Alarm {
    statistic: String,
    /// In seconds.
    period: u64,
    /// N: so many points are looked at.
    periods: usize,
    /// M: so many of them must breach.
    to_alarm: usize,
    threshold: f64,
    comparison: String,
    /// What is missing counts as one that breaches.
    missing_breaches: bool,
}

impl Alarm {
    /// As the template has it.
    pub(crate) fn read(id: &str, alarm: &Value) -> Self {
        let text = |field: &str| alarm[field].as_str().map(str::to_owned);
        let number = |field: &str| alarm[field].as_u64();
        let periods = number("EvaluationPeriods").unwrap_or_else(|| panic!("{id} has no EvaluationPeriods"));
        // What is said on a condition is played as where it holds.
        let missing = alarm["TreatMissingData"].pointer("/Fn::If/1").unwrap_or(&alarm["TreatMissingData"]);
        let small = |number: u64| usize::try_from(number).expect("a small number");
        Self {
            statistic: text("Statistic")
                .or(text("ExtendedStatistic"))
                .unwrap_or_else(|| panic!("{id} has no statistic")),
            period: number("Period").unwrap_or_else(|| panic!("{id} has no Period")),
            periods: small(periods),
            to_alarm: small(number("DatapointsToAlarm").unwrap_or(periods)),
            threshold: alarm["Threshold"].as_f64().unwrap_or_else(|| panic!("{id} has no Threshold")),
            comparison: text("ComparisonOperator").unwrap_or_default(),
            missing_breaches: match missing.as_str() {
                Some("breaching") => true,
                Some("notBreaching") => false,
                other => panic!("{id} is to say what is made of what is missing, and says {other:?}"),
            },
        }
    }

    /// The state after each of the times at which something was recorded, or nothing, so many seconds apart.
    pub(crate) fn play(&self, recorded: &str, every: Option<u64>) -> Vec<State> {
        let every = every.unwrap_or(self.period);
        let recorded: Vec<Vec<f64>> = recorded.split_whitespace().map(values).collect();
        assert_eq!(self.period % every, 0, "a period ends between two recordings");
        let window = usize::try_from(self.period / every).expect("a small number");
        (1..=recorded.len())
            .map(|now| {
                let points: Vec<Option<f64>> = recorded[..now]
                    .rchunks(window)
                    .take(self.periods + FURTHER)
                    .map(|period| self.point(&period.concat()))
                    .collect();
                self.state(&points)
            })
            .collect()
    }

    /// What a period comes to; nothing, if nothing was recorded in it.
    fn point(&self, values: &[f64]) -> Option<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        #[allow(clippy::cast_precision_loss)] // A few values.
        let count = values.len() as f64;
        let sum = values.iter().sum::<f64>();
        Some(match self.statistic.as_str() {
            "Sum" => sum,
            "Average" => sum / count,
            "SampleCount" => count,
            "Minimum" => first,
            "Maximum" => last,
            percentile => {
                let of_all: f64 =
                    percentile.strip_prefix('p').and_then(|p| p.parse().ok()).expect("a statistic");
                between(&sorted, of_all / 100.0 * (count - 1.0))
            }
        })
    }

    /// The state by the newest points, the newest first.
    fn state(&self, points: &[Option<f64>]) -> State {
        let found = points.iter().flatten().take(self.periods).map(|point| self.breaches(*point));
        let mut looked_at: Vec<bool> = found.collect();
        looked_at.resize(self.periods, self.missing_breaches);
        let breaching = looked_at.into_iter().filter(|breaches| *breaches).count();
        if breaching >= self.to_alarm { State::Alarm } else { State::Ok }
    }

    fn breaches(&self, point: f64) -> bool {
        match self.comparison.as_str() {
            "GreaterThanThreshold" => point > self.threshold,
            "GreaterThanOrEqualToThreshold" => point >= self.threshold,
            "LessThanThreshold" => point < self.threshold,
            "LessThanOrEqualToThreshold" => point <= self.threshold,
            other => panic!("{other} is no comparison"),
        }
    }
}

/// The value at a rank, in proportion where that lies between two.
fn between(sorted: &[f64], rank: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Below the number of values.
    let below = rank.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    low + (high - low) * rank.fract()
}

/// `-`, `3`, `0*19,1`.
fn values(token: &str) -> Vec<f64> {
    let number = |text: &str| -> f64 { text.parse().unwrap_or_else(|_| panic!("'{text}' is no number")) };
    let parts = token.split(',').filter(|part| *part != "-");
    let some = parts.map(|part| match part.split_once('*') {
        Some((value, many)) => vec![number(value); many.parse().expect("how many")],
        None => vec![number(part)],
    });
    some.flatten().collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn alarm(to_alarm: usize, missing: &str) -> Alarm {
        let alarm = json!({
            "Statistic": "Maximum", "Period": 300, "EvaluationPeriods": 3, "DatapointsToAlarm": to_alarm,
            "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": missing,
        });
        Alarm::read("TheirsAlarm", &alarm)
    }

    /// The tables of the guide: `0` is within the threshold, `1` is not, the newest comes last.
    #[rstest]
    #[case(3, "0 - 1 - 1", State::Ok, State::Ok)]
    #[case(3, "0 - - - -", State::Ok, State::Ok)]
    #[case(3, "- - - - -", State::Alarm, State::Ok)]
    #[case(3, "0 1 1 - 1", State::Alarm, State::Alarm)]
    #[case(3, "- - - - 1", State::Alarm, State::Ok)]
    #[case(3, "1 - - - -", State::Alarm, State::Ok)]
    #[case(2, "0 - 1 - 1", State::Alarm, State::Alarm)]
    #[case(2, "0 0 1 0 1", State::Alarm, State::Alarm)]
    #[case(2, "0 - 1 - -", State::Alarm, State::Ok)]
    #[case(2, "- - - - 0", State::Alarm, State::Ok)]
    #[case(2, "- - - - 1", State::Alarm, State::Ok)]
    fn what_is_missing_is_made_the_least_of(
        #[case] to_alarm: usize,
        #[case] recorded: &str,
        #[case] breaching: State,
        #[case] not_breaching: State,
    ) {
        let last = |missing| alarm(to_alarm, missing).play(recorded, None).pop();
        assert_eq!((last("breaching"), last("notBreaching")), (Some(breaching), Some(not_breaching)));
    }

    #[rstest]
    #[case("Sum", 10.0)]
    #[case("Average", 2.5)]
    #[case("SampleCount", 4.0)]
    #[case("Minimum", 1.0)]
    #[case("Maximum", 4.0)]
    #[case("p50", 2.5)]
    #[case("p90", 3.7)]
    #[case("p100", 4.0)]
    fn what_a_period_comes_to(#[case] statistic: &str, #[case] point: f64) {
        let alarm = Alarm { statistic: statistic.to_owned(), ..alarm(1, "notBreaching") };
        assert!((alarm.point(&values("4,1,3,2")).expect("a point") - point).abs() < 1e-9);
        assert_eq!(alarm.point(&[]), None);
    }

    #[test]
    fn a_period_is_that_before_each_moment() {
        let alarm =
            Alarm { statistic: "Sum".to_owned(), threshold: 2.0, periods: 1, ..alarm(1, "notBreaching") };
        let (ok, raised) = (State::Ok, State::Alarm);
        assert_eq!(alarm.play("1 - 1 - -", Some(150)), [ok; 5]);
        assert_eq!(alarm.play("1 1 - - -", Some(150)), [ok, raised, ok, raised, ok]);
    }
}

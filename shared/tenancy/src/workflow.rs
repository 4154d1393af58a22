use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The shape of a state machine with everything but its steps taken away: what waits for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(no_recursion))]
#[serde(rename_all = "lowercase")]
pub enum Workflow {
    Step(String),
    Sequence(Vec<Workflow>),
    Parallel(Vec<Workflow>),
}

impl Workflow {
    /// The names of the steps, in the order they are drawn.
    #[must_use]
    pub fn steps(&self) -> Vec<&str> {
        match self {
            Self::Step(name) => vec![name],
            Self::Sequence(parts) | Self::Parallel(parts) => parts.iter().flat_map(Self::steps).collect(),
        }
    }

    /// The longest chain of steps, where `cost` gives what each one takes by itself.
    pub fn critical_path(&self, cost: &impl Fn(&str) -> u64) -> u64 {
        match self {
            Self::Step(name) => cost(name),
            Self::Sequence(parts) => parts.iter().map(|part| part.critical_path(cost)).sum(),
            Self::Parallel(parts) => parts.iter().map(|part| part.critical_path(cost)).max().unwrap_or(0),
        }
    }

    /// How much of the work is done, 0 to 100, each step weighing what it usually takes in milliseconds.
    /// A step nobody has timed yet weighs as much as the mean of those somebody has.
    #[must_use]
    pub fn percent(&self, usual_ms: &BTreeMap<String, u64>, done: impl Fn(&str) -> bool) -> u8 {
        let steps = self.steps();
        let known: Vec<u64> = steps.iter().filter_map(|step| usual_ms.get(*step).copied()).collect();
        let mean = known.iter().sum::<u64>().checked_div(known.len() as u64).unwrap_or(0).max(1);
        let weight = |step: &str| usual_ms.get(step).copied().unwrap_or(mean).max(1);
        let total: u64 = steps.iter().map(|step| weight(step)).sum();
        let finished: u64 = steps.iter().filter(|step| done(step)).map(|step| weight(step)).sum();
        u8::try_from((finished * 100).checked_div(total).unwrap_or(0)).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str) -> Workflow {
        Workflow::Step(name.to_owned())
    }

    /// a, then (b, c) beside d, then e.
    fn diamond() -> Workflow {
        let branch = Workflow::Sequence(vec![step("b"), step("c")]);
        Workflow::Sequence(vec![step("a"), Workflow::Parallel(vec![branch, step("d")]), step("e")])
    }

    #[test]
    fn the_critical_path_adds_in_sequence_and_takes_the_longest_branch() {
        let cost = |name: &str| match name {
            "a" => 10,
            "b" | "c" => 20,
            "d" => 30,
            _ => 1,
        };
        assert_eq!(diamond().critical_path(&cost), 10 + 40 + 1);
    }

    #[test]
    fn percent_weighs_steps_by_what_they_usually_take() {
        let usual = BTreeMap::from([("a".to_owned(), 100), ("d".to_owned(), 300)]);
        assert_eq!(diamond().percent(&usual, |_| false), 0);
        assert_eq!(diamond().percent(&usual, |step| step == "a"), 10);
        assert_eq!(diamond().percent(&usual, |step| step != "d"), 70);
        assert_eq!(diamond().percent(&usual, |_| true), 100);
    }

    #[test]
    fn percent_counts_steps_when_nothing_was_timed_yet() {
        assert_eq!(diamond().percent(&BTreeMap::new(), |step| step == "a" || step == "b"), 40);
    }
}

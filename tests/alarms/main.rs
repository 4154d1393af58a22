//! The alarms of the template, played with what might be recorded: each is raised by what it is for, and by nothing that
//! comes near.
//!
//! `cases.toml` has the cases. What CloudWatch makes of them is in `evaluation.rs`.

mod evaluation;
#[allow(dead_code, unused_imports)] // Of what the repository is read by, templates are read here.
#[path = "../conformance/repo/mod.rs"]
mod repo;

use std::collections::BTreeMap;

use evaluation::{Alarm, State};
use repo::{Names, assert_none, differences, stacks};
use serde::Deserialize;

/// What is recorded, and whether the alarm is raised.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    /// Values by time: `-` for none, `0*19,1` for nineteen of one kind and one of another.
    recorded: String,
    /// The state after each: `.` for OK, `!` for ALARM.
    raised: String,
    /// The seconds between them, unless it is the alarm's period.
    every: Option<u64>,
}

impl Case {
    /// Whether it is raised by what is recorded: what is raised by silence is so before anything is.
    fn raises(&self) -> bool {
        let begun = self.raised.trim_start_matches('!');
        begun.is_empty() || begun.contains('!')
    }
}

fn cases() -> BTreeMap<String, Vec<Case>> {
    toml::from_str(include_str!("cases.toml")).expect("cases")
}

/// By what they are called without the deployment.
fn alarms() -> BTreeMap<String, Alarm> {
    let stacks = stacks();
    let all = stacks.iter().flat_map(|stack| stack.resources("AWS::CloudWatch::Alarm"));
    let named = all.map(|(id, alarm)| {
        let name =
            alarm["AlarmName"]["Fn::Sub"].as_str().and_then(|name| name.strip_prefix("${Deployment}-"));
        (name.unwrap_or(id).to_owned(), Alarm::read(id, alarm))
    });
    named.collect()
}

#[test]
fn every_alarm_is_raised_by_what_it_is_for_and_by_nothing_that_comes_near() {
    let mut problems = Vec::new();
    for (name, alarm) in alarms() {
        for Case { says, recorded, raised, every } in cases().remove(&name).unwrap_or_default() {
            let said: String = alarm.play(&recorded, every).into_iter().map(sign).collect();
            if said != raised {
                problems.push(format!("{name}: {says}: {recorded} comes to {said}, not to {raised}"));
            }
        }
    }
    assert_none(problems);
}

fn sign(state: State) -> char {
    match state {
        State::Ok => '.',
        State::Alarm => '!',
    }
}

#[test]
fn every_alarm_has_a_case_that_raises_it_and_one_that_does_not() {
    let (alarms, cases) = (alarms(), cases());
    let mut problems =
        differences("tests/alarms/cases.toml", ("it", &names(&cases)), ("the template", &names(&alarms)));
    for (name, cases) in cases {
        let raising = cases.iter().filter(|case| case.raises()).count();
        if raising == 0 || raising == cases.len() {
            problems.push(format!("{name} is to be raised in one case, and not to be in another"));
        }
    }
    assert_none(problems);
}

fn names<T>(by_name: &BTreeMap<String, T>) -> Names {
    by_name.keys().cloned().collect()
}

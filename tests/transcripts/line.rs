//! Transcripts as text: what can be compared of an execution, wherever it ran.

use std::collections::BTreeMap;

use sagas::asl::transcript::{Entry, Event};
use sagas::asl::{Failure, Outcome};
use serde_json::{Map, Value};

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Line {
    Entered(String),
    Called(String),
    /// A call of a state within a branch or an item.
    Within(String),
    Left(String),
    Ended(String),
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entered(state) => write!(f, "{state}"),
            Self::Called(outcome) => write!(f, "  call {outcome}"),
            Self::Within(outcome) => write!(f, "  within, call {outcome}"),
            Self::Left(output) => write!(f, "  = {output}"),
            Self::Ended(outcome) => write!(f, "ended {outcome}"),
        }
    }
}

pub(crate) fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub(crate) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Ok(output) => format!("= {}", comparable(output)),
        Err(failure) => self::failure(failure),
    }
}

fn failure(Failure { error, cause }: &Failure) -> String {
    match comparable(&serde_json::json!({ "Error": error, "Cause": cause })).get("Cause") {
        Some(cause) => format!("! {error}: {cause}"),
        None => format!("! {error}"),
    }
}

/// A value without what no two runs have in common, nor two implementations: ids, times, and the words for an
/// error of Step Functions' own.
pub(crate) fn comparable(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(comparable).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
            let fields: BTreeMap<_, _> =
                fields.map(|(name, value)| (name.clone(), comparable(value))).collect();
            let mut fields: Map<String, Value> = fields.into_iter().collect();
            if let (Some(Value::String(error)), Some(Value::String(cause))) =
                (fields.get("Error"), fields.get("Cause"))
            {
                match serde_json::from_str::<Value>(cause) {
                    Ok(cause @ Value::Object(_)) => {
                        fields.insert("Cause".to_owned(), comparable(&cause));
                    }
                    _ if error.starts_with("States.") => {
                        fields.remove("Cause");
                    }
                    _ => {}
                }
            }
            fields.into()
        }
        Value::String(text) if text.len() > 1000 => format!("{} bytes", text.len()).into(),
        // 1.0 is 1 in JSON.
        #[allow(clippy::cast_possible_truncation)] // It is whole, and no test has larger ones.
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() == 0.0 => (number as i64).into(),
            number => number.into(),
        },
        other => other.clone(),
    }
}

/// What an integration says of how it was called, and a function of where it failed.
const VOLATILE: [&str; 13] = [
    "ExecutedVersion",
    "ExecutionArn",
    "Input",
    "InputDetails",
    "Name",
    "OutputDetails",
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "StartDate",
    "StateMachineArn",
    "StopDate",
    "requestId",
    "stackTrace",
];

/// All of an execution: branch after branch, each in its own order.
pub(crate) fn whole(entries: &[Entry]) -> String {
    let mut text = String::new();
    level(entries, "", &mut text);
    text
}

/// Writes the states directly below a path; the branches of one stand between its entry and its end.
fn level(entries: &[Entry], below: &str, text: &mut String) {
    let mut branches: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let within = entry.state.strip_prefix(below).unwrap_or_default();
        if let Some((branch, _)) = within.split_once('/') {
            let number = branch.rsplit(['[', ']']).nth(1).and_then(|number| number.parse().ok());
            branches.entry(number.expect("a branch has a number")).or_default().push(entry.clone());
            continue;
        }
        if !branches.is_empty() {
            flush(&mut branches, below, text);
            if !entry.state.is_empty() && entry.event != Event::Entered {
                text.push_str(&format!("...{}\n", entry.state));
            }
        }
        let line = match &entry.event {
            Event::Entered => entry.state.clone(),
            event => line(event).to_string(),
        };
        text.push_str(&format!("{line}\n"));
    }
    flush(&mut branches, below, text);
}

fn flush(branches: &mut BTreeMap<usize, Vec<Entry>>, below: &str, text: &mut String) {
    for entries in std::mem::take(branches).into_values() {
        let within = entries[0].state.strip_prefix(below).unwrap_or_default();
        let branch = within.split_once('/').map_or(within, |(branch, _)| branch);
        level(&entries, &format!("{below}{branch}/"), text);
    }
}

fn line(event: &Event) -> Line {
    match event {
        Event::Entered => Line::Entered(String::new()),
        Event::Called(called) => Line::Called(outcome(called)),
        Event::Left(output) => Line::Left(comparable(output).to_string()),
        Event::Ended(ended) => Line::Ended(outcome(ended)),
    }
}

/// What the emulator's history would show of an execution: nothing of a branch but its calls, in no order.
pub(crate) fn seen(entries: &[Entry]) -> Vec<Line> {
    let (mut lines, mut within) = (Vec::new(), Vec::new());
    for entry in entries {
        match &entry.event {
            Event::Called(called) if entry.state.contains('/') => within.push(Line::Within(outcome(called))),
            _ if entry.state.contains('/') => {}
            event => {
                within.sort();
                lines.append(&mut within);
                lines.push(match event {
                    Event::Entered => Line::Entered(entry.state.clone()),
                    event => line(event),
                });
            }
        }
    }
    lines
}

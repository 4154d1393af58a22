//! The set of metrics, its document, and what looks at it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use telemetry::{Metric, NAMESPACE, SET};

use crate::alarms::kebab;
use crate::repo::{Names, Stack, assert_none, functions, list, root, stacks, text};

const DOCUMENT: &str = "docs/metrics.md";
const HEAD: &str = "| metric | unit | by | recorded by | tells | alarms |\n|---|---|---|---|---|---|\n";

/// What an alarm looks at.
pub(crate) struct Watched {
    /// Its logical id.
    pub(crate) alarm: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

pub(crate) fn watched(stack: &Stack) -> Vec<Watched> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |(id, alarm): (&str, &Value)| Watched {
        alarm: id.to_owned(),
        namespace: text(&alarm["Namespace"]),
        metric: text(&alarm["MetricName"]),
        dimensions: dimensions(&alarm["Dimensions"]),
    };
    stack.resources("AWS::CloudWatch::Alarm").into_iter().map(read).collect()
}

/// Names and values, `!Ref Deployment` as `${Deployment}`.
fn dimensions(list: &Value) -> BTreeMap<String, String> {
    let value = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other["Fn::Sub"]
            .as_str()
            .map_or_else(|| format!("${{{}}}", other["Ref"].as_str().unwrap_or("?")), str::to_owned),
    };
    let list = list.as_array().into_iter().flatten();
    list.map(|one| (one["Name"].as_str().unwrap_or_default().to_owned(), value(&one["Value"]))).collect()
}

/// What is wrong with looking at a metric by these dimensions.
pub(crate) fn of_the_set(place: &str, metric: &str, by: &Names) -> Option<String> {
    let Some(known) = SET.iter().find(|known| known.name == metric) else {
        return Some(format!("{place}: there is no metric {metric}"));
    };
    let recorded = known.by.iter().any(|set| Names::from_iter(all(set).map(str::to_owned)) == *by);
    (!recorded).then(|| format!("{place}: {metric} is not recorded by {}", list(by)))
}

/// CloudWatch keeps apart what has other dimensions: all of them are named, or none is found.
fn all<'a>(set: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    ["deployment"].into_iter().chain(set.iter().copied())
}

#[test]
fn the_document_is_made_of_the_set() {
    let written = text(DOCUMENT);
    let (before, after) = written.split_once(HEAD).unwrap_or_else(|| panic!("{DOCUMENT} has no table"));
    let rest = after.find("\n\n").map_or("", |end| &after[end + 1..]);
    let alarms: Vec<Watched> = stacks().iter().flat_map(watched).collect();
    let rows: String = SET.iter().map(|metric| row(metric, &alarms)).collect();
    let made = format!("{before}{HEAD}{rows}{rest}");
    #[allow(clippy::disallowed_methods)] // A switch for a person at a keyboard, not configuration.
    if std::env::var_os("GOLDEN").is_some() {
        fs::write(root().join(DOCUMENT), &made).expect("written");
    }
    assert!(
        made == text(DOCUMENT),
        "{DOCUMENT} is stale. To agree: GOLDEN=1 cargo nextest run -p tests --test conformance, then read its diff."
    );
}

fn row(metric: &Metric, alarms: &[Watched]) -> String {
    let by = |set: &&[&str]| if set.is_empty() { "deployment".to_owned() } else { list(*set) };
    let by: Vec<String> = metric.by.iter().map(by).collect();
    let on = alarms.iter().filter(|on| on.namespace == NAMESPACE && on.metric == metric.name);
    let on = on.map(|on| kebab(on.alarm.trim_end_matches("Alarm")));
    let on = list(on.map(|name| format!("[{name}](runbook.md#{name})")));
    let (name, unit) = (metric.name, metric.unit.name());
    format!("| `{name}` | {unit} | {} | {} | {} | {on} |\n", by.join("; "), metric.from, metric.tells)
}

#[test]
fn whoever_records_a_metric_is_there() {
    let known: Names = functions().into_iter().map(|function| function.name).collect();
    let mut problems = Vec::new();
    for metric in SET {
        let named = metric.from.split('`').skip(1).step_by(2);
        problems.extend(
            named
                .filter(|name| !known.contains(*name))
                .map(|name| format!("{}: there is no function {name}", metric.name)),
        );
    }
    assert_none(problems);
}

//! What operators are told of: each alarm is on something that is recorded, tells somebody, and says what to do.

use std::collections::BTreeMap;

use serde_json::Value;
use syn::Item;

use crate::metrics::{Watched, of_the_set, watched};
use crate::repo::{
    Names, Stack, assert_none, differences, functions, keys, machines, parse, root, stacks, text,
};

const STACK: &str = "infra/alarms.yaml";
const RUNBOOK: &str = "docs/runbook.md";

/// What an entry of the runbook answers, in that order.
const QUESTIONS: [&str; 4] = ["**Means.**", "**Look.**", "**Do.**", "**Over.**"];

#[test]
fn every_alarm_is_where_the_others_are_and_tells_somebody_that_it_is_raised_and_that_it_is_over() {
    let mut problems = Vec::new();
    for stack in stacks() {
        for (id, alarm) in stack.resources("AWS::CloudWatch::Alarm") {
            let name = kebab(id.strip_suffix("Alarm").unwrap_or(id));
            let tells = ["AlarmActions", "OKActions"]
                .iter()
                .all(|to| alarm[to] == serde_json::json!([{ "Ref": "AlarmTopic" }]));
            if stack.file != STACK
                || alarm["AlarmName"]["Fn::Sub"] != format!("${{Deployment}}-{name}")
                || !tells
            {
                problems.push(format!(
                    "{}: {id} is to be in {STACK}, called ${{Deployment}}-{name}, and to tell AlarmTopic",
                    stack.file
                ));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn an_alarm_is_on_something_that_somebody_records() {
    let (stack, values) = (alarms_stack(), values());
    let mut problems = Vec::new();
    for Watched { alarm, namespace, metric, dimensions } in watched(&stack) {
        let given: Names = dimensions.keys().cloned().collect();
        match namespace.as_str() {
            "Tenantry" => problems.extend(of_the_set(&alarm, &metric, &given)),
            "AWS/SQS" | "AWS/Lambda" | "AWS/ApiGateway" => {}
            other => problems.push(format!("{alarm}: nobody here records anything in {other}")),
        }
        for (name, value) in &dimensions {
            if !values.get(name.as_str()).is_some_and(|known| known.contains(value)) {
                problems.push(format!("{alarm}: {metric} never has the {name} '{value}'"));
            }
        }
    }
    assert_none(problems);
}

/// What dimensions can be. Those of which nobody has a list are written out.
fn values() -> BTreeMap<&'static str, Names> {
    let set = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Names>();
    let queues = stacks().iter().flat_map(names_of_queues).collect();
    let machines = machines();
    let blueprints =
        machines.iter().filter(|machine| machine.is_blueprint).map(|machine| machine.name.clone());
    BTreeMap::from([
        ("deployment", set(&["${Deployment}"])),
        ("ApiId", set(&["${ApiId}"])),
        ("QueueName", queues),
        (
            "FunctionName",
            functions().into_iter().map(|function| format!("${{Deployment}}-{}", function.name)).collect(),
        ),
        ("step", functions().into_iter().map(|function| function.name).collect()),
        ("blueprint", blueprints.collect()),
        ("kind", set(&["provision"])),
        ("outcome", set(&["succeeded", "throttled"])),
        ("state", set(&["waiting"])),
        ("status", set(&["stuck"])),
        ("attempt", set(&["first"])),
    ])
}

#[test]
fn what_a_guide_promises_has_an_alarm() {
    let stack = alarms_stack();
    let (mut slow, mut failing) = (Names::new(), Names::new());
    for Watched { metric, mut dimensions, .. } in watched(&stack) {
        match metric.as_str() {
            "OperationDuration" => slow.extend(dimensions.remove("blueprint")),
            "OperationFailedAt" => failing.extend(dimensions.remove("step")),
            _ => {}
        }
    }
    let mut problems = differences(
        STACK,
        ("an alarm on its OperationDuration", &slow),
        ("the blueprints", &values()["blueprint"]),
    );
    let databases = functions()
        .into_iter()
        .map(|function| function.name)
        .filter(|name| name.contains("-create-database"));
    let unwatched = databases.filter(|step| !failing.contains(step));
    problems.extend(unwatched.map(|step| format!("{STACK}: no alarm says that {step} fails")));
    assert_none(problems);
}

#[test]
fn what_nobody_could_deal_with_has_an_alarm() {
    let watched: Names =
        watched(&alarms_stack()).into_iter().filter_map(|mut on| on.dimensions.remove("QueueName")).collect();
    let dead: Names =
        stacks().iter().flat_map(names_of_queues).filter(|queue| queue.ends_with("-dead-letters")).collect();
    assert!(!dead.is_empty());
    assert_none(differences(STACK, ("its alarms", &watched), ("the queues of dead letters", &dead)));
}

#[test]
fn the_runbook_has_an_entry_for_each_alarm_and_each_alarm_names_its_own() {
    let (stack, entries) = (alarms_stack(), entries());
    let alarms = stack.resources("AWS::CloudWatch::Alarm");
    let names: Names = alarms.iter().map(|(_, alarm)| name(alarm)).collect();
    let mut problems =
        differences(RUNBOOK, ("its entries", &entries.keys().cloned().collect()), (STACK, &names));
    for (id, alarm) in alarms {
        let (name, says) = (name(alarm), alarm["AlarmDescription"].as_str().unwrap_or_default());
        let bad = says.split(": ").next().filter(|bad| ["Critical", "Warning"].contains(bad));
        if bad.is_none() || !says.ends_with(&format!(" Runbook: {name}")) {
            problems.push(format!(
                "{id}: '{says}' is to begin with how bad it is, and to end with the runbook's entry"
            ));
        }
        let Some(entry) = entries.get(&name) else { continue };
        let places: Vec<Option<usize>> = QUESTIONS.iter().map(|question| entry.find(question)).collect();
        if !entry.trim_start().starts_with(&format!("{}.", bad.unwrap_or("?")))
            || places.contains(&None)
            || !places.is_sorted()
        {
            problems.push(format!(
                "{RUNBOOK}: {name} is to say how bad it is as the alarm does, then {}",
                QUESTIONS.join(", ")
            ));
        }
    }
    assert_none(problems);
}

#[test]
fn what_the_runbook_has_a_person_type_can_be_typed() {
    let book = text(RUNBOOK);
    let document: Value = serde_json::from_str(&text("docs/openapi.json")).expect("JSON");
    let paths = keys(&document["paths"]);
    let mut problems = Vec::new();
    for said in code(&book) {
        let words: Vec<&str> = said.split_whitespace().collect();
        match words[..] {
            ["tenantry", command, ref rest @ ..] => {
                // What is done to a tenant stands at the top, all else in groups.
                let of_a_group = rest.first().is_some_and(|word| commands(command).contains(*word));
                let alone = commands("tenant").contains(command)
                    || commands(command).is_empty() && commands("main").contains(command);
                if !of_a_group && !alone {
                    problems.push(format!("{RUNBOOK}: `{said}`: there is no such command"));
                }
            }
            ["GET" | "POST" | "PATCH" | "DELETE", path] if path.starts_with("/v1/") => {
                let method = words[0].to_lowercase();
                if !paths.contains(path) || document["paths"][path][method].is_null() {
                    problems.push(format!("{RUNBOOK}: `{said}`: the API has no such route"));
                }
            }
            [name] if ["saga-", "tenant-", "webhook-"].iter().any(|group| name.starts_with(group)) => {
                let is_function = functions().iter().any(|known| known.name == name);
                if !is_function && !machines().iter().any(|machine| machine.name == name) {
                    problems.push(format!("{RUNBOOK}: `{said}`: there is no such function or machine"));
                }
            }
            _ => {}
        }
    }
    assert_none(problems);
}

/// What is written as code, between single backticks.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|said| !said.contains('\n')).collect()
}

/// The commands of a group, `list` of `tenantry webhook list`.
fn commands(group: &str) -> Names {
    let path = format!("infra/cli/src/{}.rs", group.replace('-', "_"));
    if !root().join(&path).exists() {
        return Names::new();
    }
    let parsed = parse(&path, &text(&path));
    let enums =
        parsed.items.iter().filter_map(|item| if let Item::Enum(item) = item { Some(item) } else { None });
    let commands = enums.filter(|item| item.ident == "Command").flat_map(|item| &item.variants);
    commands.map(|command| kebab(&command.ident.to_string())).collect()
}

#[test]
fn the_dashboard_shows_what_is_recorded_and_all_alarms() {
    let stack = alarms_stack();
    let [(_, dashboard)] = stack.resources("AWS::CloudWatch::Dashboard")[..] else { panic!("one dashboard") };
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().expect("a text");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let widgets = body["widgets"].as_array().expect("widgets");
    let values = values();
    let (mut problems, mut shown, mut taken) = (Vec::new(), Names::new(), Vec::new());
    for widget in widgets {
        let [x, y, width, height] =
            ["x", "y", "width", "height"].map(|side| widget[side].as_u64().expect("a number"));
        let title = widget["properties"]["title"].as_str().expect("a title");
        let meets =
            |&(a, b, c, d): &(u64, u64, u64, u64)| x < a + c && a < x + width && y < b + d && b < y + height;
        if x + width > 24 || taken.iter().any(meets) {
            problems.push(format!("{title}: lies outside, or on another"));
        }
        taken.push((x, y, width, height));
        let listed = widget["properties"]["alarms"].as_array().into_iter().flatten();
        shown.extend(
            listed
                .filter_map(|arn| Some(arn.as_str()?.strip_prefix("${")?.strip_suffix(".Arn}")?.to_owned())),
        );
        for row in widget["properties"]["metrics"].as_array().into_iter().flatten().flat_map(Value::as_array)
        {
            if let Some(search) = row[0]["expression"].as_str() {
                problems.extend(searched(title, search));
                continue;
            }
            let labels: Vec<&str> = row.iter().map_while(Value::as_str).collect();
            let [namespace, metric, by @ ..] = &labels[..] else { panic!("{title}: {row:?}") };
            if *namespace == "Tenantry" {
                problems.extend(of_the_set(
                    title,
                    metric,
                    &by.chunks(2).map(|pair| pair[0].to_owned()).collect(),
                ));
            }
            let queues =
                by.chunks(2).filter(|pair| pair[0] == "QueueName" && !values["QueueName"].contains(pair[1]));
            problems.extend(queues.map(|pair| format!("{title}: there is no queue {}", pair[1])));
        }
    }
    let alarms: Names =
        stack.resources("AWS::CloudWatch::Alarm").iter().map(|(id, _)| (*id).to_owned()).collect();
    problems.extend(differences("the dashboard", ("it", &shown), ("the alarms", &alarms)));
    assert_none(problems);
}

/// `SEARCH('{Tenantry,deployment,status} MetricName="Tenants" …', 'Maximum', 300)` looks for a metric by all it is recorded by.
fn searched(title: &str, search: &str) -> Option<String> {
    let (schema, rest) = search.split_once('{')?.1.split_once('}')?;
    let metric = rest.split_once("MetricName=\"")?.1.split_once('"')?.0;
    let (namespace, by) = schema.split_once(',')?;
    assert_eq!(namespace, "Tenantry", "{title}");
    assert!(rest.contains("deployment=\"${Deployment}\""), "{title} shows other deployments, too");
    of_the_set(title, metric, &by.split(',').map(str::to_owned).collect())
}

fn alarms_stack() -> Stack {
    stacks().into_iter().find(|stack| stack.file == STACK).expect("the stack of alarms")
}

/// `operation-stalled` of the alarm `${Deployment}-operation-stalled`.
fn name(alarm: &Value) -> String {
    let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap_or_default();
    name.strip_prefix("${Deployment}-").unwrap_or(name).to_owned()
}

/// What the runbook says of each.
fn entries() -> BTreeMap<String, String> {
    let book = text(RUNBOOK);
    let entries = book.split("\n### ").skip(1).filter_map(|entry| entry.split_once('\n'));
    entries
        .map(|(name, says)| (name.to_owned(), says.split("\n## ").next().unwrap_or(says).to_owned()))
        .collect()
}

fn names_of_queues(stack: &Stack) -> Vec<String> {
    let queues = stack.resources("AWS::SQS::Queue").into_iter();
    queues.filter_map(|(_, queue)| Some(queue["QueueName"]["Fn::Sub"].as_str()?.to_owned())).collect()
}

/// `operation-stalled` of `OperationStalled`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

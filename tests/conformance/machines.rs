//! The machines are whole: every state is reached, every name leads somewhere, and nothing is in them that the local
//! stack would ignore.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::repo::{Machine, Scope, State, assert_none, machines};

#[test]
fn every_state_is_reached_and_every_name_leads_to_one() {
    let mut problems = Vec::new();
    for machine in machines() {
        for scope in machine.scope().scopes() {
            let (mut reached, mut open) = (BTreeSet::new(), vec![scope.start]);
            while let Some(name) = open.pop() {
                match scope.state(name) {
                    None => problems
                        .push(format!("{}: there is no state '{name}' where one leads to it", machine.name)),
                    Some(state) if reached.insert(name) => {
                        open.extend(state.edges().iter().map(|edge| edge.next));
                    }
                    Some(_) => {}
                }
            }
            let lost = scope.states.iter().filter(|state| !reached.contains(state.name));
            problems.extend(lost.map(|state| format!("{}: nothing leads to it", state.place())));
        }
    }
    assert_none(problems);
}

#[test]
fn every_state_says_what_comes_next_or_that_nothing_does() {
    let says = |state: &State<'_>, key: &str| state.json.get(key).is_some();
    let right = |state: &State<'_>| match state.json["Type"].as_str() {
        Some("Succeed" | "Fail") => !says(state, "Next") && !says(state, "End"),
        Some("Choice") => says(state, "Default") && !says(state, "End"),
        _ => says(state, "Next") != (state.json["End"] == true),
    };
    check(|state| (!right(state)).then(|| "it must have a Next or an End, a Choice a Default".to_owned()));
}

/// JSONPath is ignored under JSONata by some tools, and refused by others.
#[test]
fn machines_speak_jsonata_alone() {
    const FOREIGN: [&str; 8] = [
        "InputPath",
        "OutputPath",
        "ResultPath",
        "Parameters",
        "ResultSelector",
        "ItemsPath",
        "Variable",
        "QueryLanguage",
    ];
    check(|state| {
        let own = Value::Object(state.own());
        let foreign =
            |key: &&str| FOREIGN.contains(key) || key.ends_with(".$") || key.ends_with("SecondsPath");
        keys(&own).into_iter().find(foreign).map(|key| format!("{key} is JSONPath's"))
    });
    for machine in machines() {
        assert_eq!(machine.definition["QueryLanguage"], "JSONata", "{}", machine.name);
    }
}

#[test]
fn a_map_runs_inside_its_machine() {
    check(|state| {
        let inline = state.json["ItemProcessor"]["ProcessorConfig"]["Mode"] == "INLINE";
        (state.is("Map") && !inline).then(|| "its ProcessorConfig is not INLINE".to_owned())
    });
}

/// What the local stack does not do cannot be tested there: the emulator ignores these.
#[test]
fn nothing_is_asked_for_that_the_local_stack_ignores() {
    check(|state| {
        let ignored = state.is("Succeed") && state.json.get("Output").is_some();
        ignored.then(|| "its Output would be ignored: put it into a Pass state".to_owned())
    });
}

#[test]
fn a_blueprint_ends_with_where_its_tenant_answers() {
    let mut problems = Vec::new();
    for machine in machines().iter().filter(|machine| machine.is_blueprint) {
        let last =
            machine.scope().states.into_iter().filter(|state| state.edges().is_empty() && !state.is("Fail"));
        let silent = last.filter(|state| !state.json["Output"]["endpoints"].is_object());
        problems
            .extend(silent.map(|state| format!("{}: ends the blueprint without endpoints", state.place())));
    }
    assert_none(problems);
}

/// A name says which state is meant, in a history and in a log.
#[test]
fn no_two_states_of_a_machine_share_a_name() {
    let mut problems = Vec::new();
    for machine in machines() {
        let mut seen = BTreeSet::new();
        let twice = machine.states().into_iter().filter(|state| !seen.insert(state.name));
        problems.extend(twice.map(|state| format!("{}: there are two", state.place())));
    }
    assert_none(problems);
}

fn check(problem: impl Fn(&State<'_>) -> Option<String>) {
    let machines = machines();
    let states: Vec<State<'_>> =
        machines.iter().map(Machine::scope).flat_map(Scope::scopes).flat_map(|s| s.states).collect();
    let found = states.iter().filter_map(|state| Some(format!("{}: {}", state.place(), problem(state)?)));
    assert_none(found);
}

fn keys(json: &Value) -> Vec<&str> {
    match json {
        Value::Object(map) => {
            map.iter().flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

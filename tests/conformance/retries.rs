//! What is tried again, how often, and what happens when that does not help.

use std::collections::{BTreeMap, BTreeSet};

use fault::Kind;
use serde_json::{Value, json};
use tenancy::Blueprint;

use crate::repo::{
    Function, Machine, Role, Scope, State, assert_none, functions, list, machines, stacks, text,
};

#[test]
fn a_task_outlives_the_function_it_calls() {
    let timeouts = timeouts();
    let longest = timeouts.values().max().copied();
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states).filter(|state| state.is("Task")) {
        let Some(timeout) = state.json["TimeoutSeconds"].as_u64() else {
            problems.push(format!("{}: has no TimeoutSeconds, or one that is no number", state.place()));
            continue;
        };
        let function = match (state.function(), state.logical_id()) {
            (None, _) => None,
            (Some(_), None) => longest,
            (Some(_), Some(id)) => timeouts.get(id).copied(),
        };
        if function.is_some_and(|function| timeout < function) {
            problems.push(format!(
                "{}: gives up after {timeout} s, its function after {function:?} s",
                state.place()
            ));
        }
    }
    assert_none(problems);
}

#[test]
fn a_function_is_called_again_by_one_of_two_policies_and_so_is_the_teardown() {
    let (policies, functions) = (policies(), functions());
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states) {
        // A child that provisions is not started again: its failure is compensated. One that compensates is.
        let wanted = match (state.function(), state.name) {
            (Some(_), _) if may_not_be_ready(&state, &functions) => Some("poll"),
            (Some(_), _) | (None, "TearDown") => Some("call"),
            (None, _) => None,
        };
        let retry = state.json.get("Retry");
        if retry != wanted.map(|name| &policies[name]) {
            let wanted = wanted
                .map_or("none".to_owned(), |name| format!("'{name}' of statemachine/retry-policies.json"));
            problems.push(format!("{}: its Retry is not {wanted}", state.place()));
        }
    }
    assert_none(problems);
}

#[test]
fn the_policies_try_anything_again_but_what_cannot_pass() {
    let policies = policies();
    assert_eq!(policies.keys().map(String::as_str).collect::<Vec<_>>(), ["call", "poll"]);
    for (name, policy) in &policies {
        let never = json!({ "ErrorEquals": [Kind::Terminal, Kind::Fenced], "MaxAttempts": 0 });
        assert_eq!(policy[0], never, "{name}: the first rule");
        let rest = policy.as_array().and_then(|rules| rules.last()).expect("rules");
        assert_eq!(rest["ErrorEquals"], json!(["States.ALL"]), "{name}: the last rule");
        assert_eq!(
            rest["JitterStrategy"], "FULL",
            "{name}: a crowd that comes back at once is a second outage"
        );
        for rule in policy.as_array().into_iter().flatten().skip(1) {
            assert!(
                rule["MaxAttempts"].as_u64() > Some(0),
                "{name}: {rule} is tried without end, or not at all"
            );
            assert!(rule["MaxDelaySeconds"].is_u64(), "{name}: {rule} waits without bound");
        }
    }
    assert_eq!(policies["poll"][1]["ErrorEquals"], json!([Kind::NotReady]));
}

#[test]
fn machines_match_on_the_names_of_faults_and_nothing_else() {
    let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).chain(["States.ALL"]).collect();
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states) {
        for rule in state.all("Retry").chain(state.all("Catch")) {
            let errors: Vec<&str> =
                rule["ErrorEquals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if errors.is_empty() || errors.iter().any(|error| !known.contains(error)) {
                problems.push(format!(
                    "{}: matches on [{}]; there are {}",
                    state.place(),
                    list(errors),
                    list(&known)
                ));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn until_a_tenant_is_active_every_failure_tears_it_down() {
    let machines = machines();
    let mut problems = Vec::new();
    let before = walk(provision(&machines), provision(&machines).scope().start, false, "TenantActivate");
    assert!(before.contains("TenantAdmit") && before.contains("TenantActivate"), "{before:?}");
    for name in before {
        let state = provision(&machines).state(name);
        let can_fail = ["Task", "Parallel", "Map"].iter().any(|kind| state.is(kind));
        let leads_on = state.edges().iter().any(|edge| {
            let any = edge.json["ErrorEquals"] == json!(["States.ALL"]);
            edge.caught && any && edge.next == "TearDown" && edge.json["Assign"]["error"].is_string()
        });
        if can_fail && !leads_on {
            problems
                .push(format!("{}: no Catch of States.ALL leads to TearDown with the error", state.place()));
        }
    }
    assert_none(problems);
}

/// Invariant 11.
#[test]
fn once_a_tenant_is_active_nothing_tears_it_down() {
    let machines = machines();
    let provision = provision(&machines);
    let active =
        provision.state("TenantActivate").json["Next"].as_str().expect("a state after TenantActivate");
    let after = walk(provision, active, true, "");
    assert!(after.contains("TenantNotify"), "no mail is sent: {after:?}");
    assert!(!after.contains("TearDown"), "a state after TenantActivate leads to TearDown: {after:?}");
    let mut problems = Vec::new();
    for name in after {
        let state = provision.state(name);
        let caught =
            state.edges().iter().any(|edge| edge.caught && edge.json["ErrorEquals"] == json!(["States.ALL"]));
        if state.is("Fail") || state.is("Task") && !caught {
            problems.push(format!("{}: can fail an execution whose tenant is active", state.place()));
        }
    }
    assert_none(problems);
}

/// Invariant 11. What follows an optional step goes on without what it puts out.
#[test]
fn an_optional_step_is_caught_and_no_other_state_of_a_blueprint_is() {
    let (functions, machines) = (functions(), machines());
    let mut problems = Vec::new();
    for machine in machines.iter().filter(|machine| machine.is_blueprint) {
        let file = format!("infra/catalogue/blueprints/{}.toml", machine.name);
        let blueprint: Blueprint = toml::from_str(&text(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mut optional = blueprint.optional;
        for scope in machine.scope().scopes() {
            for state in &scope.states {
                let step = functions.iter().find(|f| Some(f.logical_id().as_str()) == state.logical_id());
                let step = step.filter(|function| optional.remove(&function.name));
                let found = match step {
                    None => state.json.get("Catch").map(|_| "has a Catch, and is not optional"),
                    Some(function) if !matches!(function.role, Role::Step | Role::Setup) => {
                        Some("is optional, but what proves that a tenant works is not")
                    }
                    Some(_) => (!goes_on_without(state, &scope)).then_some(
                        "is optional, so a Catch of States.ALL must lead to a Pass that goes on where it would have",
                    ),
                };
                problems.extend(found.map(|found| format!("{}: {found}", state.place())));
            }
        }
        problems.extend(optional.iter().map(|step| format!("{file}: there is no optional step {step}")));
    }
    assert_none(problems);
}

fn goes_on_without(state: &State<'_>, scope: &Scope<'_>) -> bool {
    let catches: Vec<&Value> = state.all("Catch").collect();
    let [catch] = catches[..] else { return false };
    let without = catch["Next"].as_str().and_then(|name| scope.state(name));
    let leads_on = |pass: State<'_>| {
        pass.is("Pass") && pass.json["Next"] == state.json["Next"] && pass.json["End"] == state.json["End"]
    };
    catch["ErrorEquals"] == json!(["States.ALL"]) && without.is_some_and(leads_on)
}

fn provision(machines: &[Machine]) -> &Machine {
    machines.iter().find(|machine| machine.name == "provision-tenant").expect("provision-tenant")
}

/// The states on the way from one, which goes no further than the last.
fn walk<'a>(machine: &'a Machine, from: &'a str, caught: bool, last: &str) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(name) = open.pop() {
        if seen.insert(name) && name != last {
            let edges = machine.state(name).edges().into_iter();
            open.extend(edges.filter(|edge| caught || !edge.caught).map(|edge| edge.next));
        }
    }
    seen
}

fn policies() -> BTreeMap<String, Value> {
    serde_json::from_str(&text("statemachine/retry-policies.json")).expect("policies by name")
}

/// The runtime says NotReady for any step; a task says it itself.
fn may_not_be_ready(state: &State<'_>, functions: &[Function]) -> bool {
    let function =
        functions.iter().find(|function| Some(function.logical_id().as_str()) == state.logical_id());
    function.is_none_or(|function| function.role != Role::Task || function.source.contains("not_ready("))
}

/// After how many seconds Lambda ends each function, by logical id.
fn timeouts() -> BTreeMap<String, u64> {
    let stacks = stacks();
    let all = stacks.iter().flat_map(|stack| {
        let usual = &stack.template["Globals"]["Function"]["Timeout"];
        stack.functions().into_iter().map(move |(id, own)| {
            let timeout = own["Timeout"].as_u64().or(usual.as_u64());
            (id.to_owned(), timeout.unwrap_or_else(|| panic!("{}: {id} has no Timeout", stack.file)))
        })
    });
    all.collect()
}

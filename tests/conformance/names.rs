//! A function is named once, by its folder, and spelled everywhere from that name.

use std::collections::BTreeMap;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::repo::{
    Function, Machine, Role, Stack, assert_golden, assert_none, functions, machines, root, stacks,
};

#[test]
fn package_binary_and_code_are_called_by_the_folder() {
    let metadata = metadata();
    let mut problems = Vec::new();
    for Function { folder, name, called, .. } in functions() {
        let manifest = root().join(&folder).join("Cargo.toml");
        let Some(package) = metadata.packages.iter().find(|package| package.manifest_path == *manifest)
        else {
            problems.push(format!("{folder}: is no member of the workspace: add it to Cargo.toml"));
            continue;
        };
        let binaries: Vec<&str> =
            package.targets.iter().filter(|t| t.is_bin()).map(|t| t.name.as_str()).collect();
        if package.name != name {
            problems.push(format!("{folder}: its package is called {}, not {name}", package.name));
        }
        if binaries != [name.as_str()] {
            problems.push(format!("{folder}: its binaries are {binaries:?}, not just {name}"));
        }
        if called.as_ref().is_some_and(|called| *called != name) {
            problems.push(format!("{folder}: its code calls itself {called:?}, not {name}"));
        }
    }
    assert_none(problems);
}

#[test]
fn every_function_has_one_stanza_and_every_stanza_a_function() {
    let (functions, stacks) = (functions(), stacks());
    let stanzas: Vec<_> =
        stacks.iter().flat_map(|stack| stack.functions().into_iter().map(move |f| (stack, f))).collect();
    let mut problems = Vec::new();
    for function in &functions {
        let id = function.logical_id();
        let mine: Vec<_> = stanzas.iter().filter(|(_, (found, _))| *found == id).collect();
        if mine.len() != 1 {
            let files: Vec<&str> = mine.iter().map(|(stack, _)| stack.file.as_str()).collect();
            problems
                .push(format!("{}: {id} must stand in one stack, but stands in {files:?}", function.folder));
        }
    }
    for (stack, (id, properties)) in stanzas {
        let code = stack.resolve(&properties["CodeUri"]);
        let Some(function) = functions.iter().find(|function| function.logical_id() == id) else {
            problems.push(format!("{}: {id} has no folder of that name below functions/", stack.file));
            continue;
        };
        if code != function.folder {
            problems.push(format!("{}: {id} has the code of {code}, not of {}", stack.file, function.folder));
        }
        let name = format!("${{Deployment}}-{}", function.name);
        if properties["FunctionName"]["Fn::Sub"] != name {
            problems.push(format!("{}: the FunctionName of {id} is not !Sub \"{name}\"", stack.file));
        }
    }
    assert_none(problems);
}

#[test]
fn every_function_is_called_by_a_machine_a_route_or_an_event() {
    let (machines, stacks) = (machines(), stacks());
    let mut problems = Vec::new();
    for function in functions() {
        let by_machine = machines.iter().any(|machine| invokes(machine, &function));
        let served = stacks.iter().any(|stack| has_trigger(stack, &function));
        let Function { folder, role, .. } = &function;
        match (role, by_machine, served) {
            (Role::Served, false, false) => {
                problems.push(format!("{folder}: no route and no event calls it"));
            }
            (Role::Served, true, _) => {
                problems.push(format!("{folder}: a machine calls it, but it is not a task"));
            }
            (Role::Step | Role::Setup | Role::Probe | Role::Task, false, _) => {
                problems.push(format!(
                    "{folder}: is a {role:?}, but no machine has a state {}",
                    function.state()
                ));
            }
            _ => {}
        }
    }
    assert_none(problems);
}

#[test]
fn a_state_is_called_as_the_function_it_calls() {
    let known: Vec<String> = functions().iter().map(Function::logical_id).collect();
    let mut problems = Vec::new();
    for machine in machines() {
        for state in machine.states() {
            let Some(id) = state.logical_id() else { continue };
            if id != format!("{}Function", state.name) {
                problems.push(format!("{}: calls {id}, so it must be called as that is", state.place()));
            }
            if !known.iter().any(|known| known == id) {
                problems.push(format!("{}: there is no function {id}", state.place()));
            }
        }
    }
    assert_none(problems);
}

/// Resources that were made under a name are found again only by that name.
#[test]
fn what_a_handle_names_stays_as_it_is() {
    let steps = functions().into_iter().filter(|function| function.role == Role::Step);
    let handles: BTreeMap<String, String> = steps
        .map(|Function { name, folder, source, .. }| {
            let part = |from: &str, to: &str| {
                let found = source.split_once(from).and_then(|(_, rest)| rest.split_once(to));
                let (found, _) = found.unwrap_or_else(|| panic!("{folder}/src/lib.rs: there is no '{from}'"));
                found.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(',').to_owned()
            };
            let fields = part("pub struct Handle {", "}");
            let value = part("-> Handle {", "\n    }");
            (name, format!("{{ {fields} }} = {value}"))
        })
        .collect();
    let lines: String = handles.iter().map(|(name, handle)| format!("{name} {handle}\n")).collect();
    assert_golden(
        "handles.txt",
        &lines,
        "A handle names what is already there: a field may be added as optional, never renamed.",
    );
}

fn invokes(machine: &Machine, function: &Function) -> bool {
    machine.states().iter().any(|state| state.logical_id() == Some(function.logical_id().as_str()))
}

fn has_trigger(stack: &Stack, function: &Function) -> bool {
    let id = function.logical_id();
    let arn = serde_json::json!({ "Fn::GetAtt": format!("{id}.Arn") });
    let mut routes = stack.resources("AWS::ApiGatewayV2::Integration").into_iter();
    let mut sources = stack.resources("AWS::Lambda::EventSourceMapping").into_iter();
    let mut stanzas = stack.functions().into_iter();
    routes.any(|(_, route)| route["IntegrationUri"] == arn)
        || sources.any(|(_, source)| source["FunctionName"] == serde_json::json!({ "Ref": id }))
        || stanzas.any(|(found, stanza)| found == id && stanza["Events"].is_object())
}

/// The workspace's packages, without what they are made of.
pub(crate) fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps().other_options(["--offline".to_owned()]);
    command.exec().unwrap_or_else(|e| panic!("cargo metadata: {e}"))
}

//! Expressions select and compare, they do not compute; and what they select is there.

use std::collections::BTreeMap;

use jsonata_core::ast::{AstNode, BinaryOp, Stage};
use jsonata_core::parser;
use serde_json::{Map, Value};

use crate::repo::{
    Function, Machine, Names, Role, Scope, State, assert_none, differences, functions, keys, list, machines,
};

/// The functions an expression may call. What needs another belongs in a step, with a test.
const FUNCTIONS: [&str; 5] = ["count", "exists", "join", "merge", "parse"];
const LONGEST: usize = 100;

#[test]
fn expressions_select_and_compare_and_do_not_compute() {
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states) {
        for found in expressions(&Value::Object(state.own())) {
            let problem = match found.strip_prefix("{% ").and_then(|rest| rest.strip_suffix(" %}")) {
                None => Err("a text is all expression, between '{% ' and ' %}', or none".to_owned()),
                Some(inner) if inner.chars().count() > LONGEST => Err(format!("is longer than {LONGEST}")),
                Some(inner) => parser::parse(inner).map_err(|e| e.to_string()).and_then(|ast| plain(&ast)),
            };
            problems.extend(problem.err().map(|problem| format!("{}: {found}: {problem}", state.place())));
        }
    }
    assert_none(problems);
}

#[test]
fn what_an_expression_may_not_do_is_refused() {
    for computes in [
        "$x + 1",
        "-$x",
        "$uuid()",
        "$random()",
        "$map($x, $string)",
        "$x ~> $count",
        "function($y) { $y }",
        "($y := 1; $y)",
        "$x.*",
        "$x{a: b}",
        "$x^(a)",
        "$x[b = $now()]",
        "[1..3]",
        "/a/",
    ] {
        let ast = parser::parse(computes).unwrap_or_else(|e| panic!("{computes}: {e}"));
        assert!(plain(&ast).is_err(), "{computes} passes");
    }
}

#[test]
fn a_variable_is_assigned_on_every_way_to_where_it_is_used() {
    let mut problems = Vec::new();
    for machine in machines() {
        problems.extend(unassigned(&machine.scope(), &Names::new()));
    }
    assert_none(problems);
}

/// AWS refuses a branch that assigns a name of what it runs in.
#[test]
fn a_branch_assigns_no_name_of_its_surroundings() {
    let mut problems = Vec::new();
    for machine in machines() {
        problems.extend(shadows(&machine.scope(), &Names::new()));
    }
    assert_none(problems);
}

/// `$states.result` is what a call gave, so only what follows a call may read it; `$states.errorOutput` likewise.
#[test]
fn results_and_errors_are_read_where_there_are_some() {
    const TASKS: [&str; 3] = ["Task", "Parallel", "Map"];
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states) {
        let mut own = state.own();
        let caught = own.remove("Catch");
        let given: Map<String, Value> =
            ["Output", "Assign"].iter().filter_map(|key| own.remove_entry(*key)).collect();
        let ran = TASKS.iter().any(|kind| state.is(kind));
        for (part, read, known) in [
            ("before it ran", Value::Object(own), vec!["input", "context"]),
            (
                "of its own",
                Value::Object(given),
                if ran { vec!["input", "context", "result"] } else { vec!["input", "context"] },
            ),
            ("in a Catch", caught.unwrap_or_default(), vec!["input", "context", "errorOutput"]),
        ] {
            let selected =
                expressions(&read).iter().flat_map(|found| after(found, "$states.")).collect::<Names>();
            let wrong = selected.iter().filter(|name| !known.contains(&name.as_str()));
            problems
                .extend(wrong.map(|name| format!("{}: there is no $states.{name} {part}", state.place())));
        }
    }
    assert_none(problems);
}

#[test]
fn a_state_passes_what_its_function_takes_and_nothing_else() {
    let functions = functions();
    let mut problems = Vec::new();
    for state in machines().iter().flat_map(Machine::states) {
        let Some(id) = state.function() else { continue };
        let payload = &state.json["Arguments"]["Payload"];
        let function =
            functions.iter().find(|function| Some(function.logical_id().as_str()) == state.logical_id());
        let (takes, action) = match function {
            Some(function) if function.role == Role::Task => (task_input(function), Value::Null),
            Some(_) => (names(&["action", "operation", "tenant", "params"]), "apply".into()),
            // Which functions, the catalogue or the ledger says; what they are asked can only be this.
            None if payload["action"] == "sweep" => (names(&["action", "swept"]), "sweep".into()),
            None if payload["action"] == "backup" => {
                (names(&["action", "operation", "tenant", "take"]), "backup".into())
            }
            None if payload["action"] == "restore" => {
                (names(&["action", "operation", "tenant", "part"]), "restore".into())
            }
            None => (names(&["action", "operation", "tenant"]), "destroy".into()),
        };
        problems.extend(differences(
            &state.place(),
            ("the Payload", &keys(payload)),
            ("what the function takes", &takes),
        ));
        if payload["action"] != action {
            problems.push(format!("{}: asks {id} to {}, not to {action}", state.place(), payload["action"]));
        }
        if let Some(step) = function.filter(|function| function.role != Role::Task) {
            let (passed, taken) = (keys(&payload["params"]), step.fields("Params"));
            problems.extend(differences(
                &state.place(),
                ("the params", &passed),
                ("the step's Params", &taken),
            ));
        }
    }
    assert_none(problems);
}

/// Every task that is about a tenant is told of which operation and tenant; the rest is its own.
fn task_input(function: &Function) -> Names {
    let mut input = function.fields("Input");
    input.remove("subject");
    if function.source.contains("Subject") { &input | &names(&["operation", "tenant"]) } else { input }
}

/// Whether a tree selects, compares and concatenates alone.
fn plain(ast: &AstNode) -> Result<(), String> {
    use AstNode as Node;
    use BinaryOp as Op;
    match ast {
        Node::String(_)
        | Node::Name(_)
        | Node::Number(_)
        | Node::Boolean(_)
        | Node::Null
        | Node::Variable(_) => Ok(()),
        Node::Path { steps } => steps.iter().try_for_each(|step| {
            plain(&step.node)?;
            step.stages.iter().try_for_each(|stage| match stage {
                Stage::Filter(filter) => plain(filter),
                Stage::KeepArray => Ok(()),
                Stage::Index(_) => Err("it counts".to_owned()),
            })
        }),
        Node::Binary { op, lhs, rhs } => match op {
            Op::Equal
            | Op::NotEqual
            | Op::LessThan
            | Op::LessThanOrEqual
            | Op::GreaterThan
            | Op::GreaterThanOrEqual
            | Op::And
            | Op::Or
            | Op::In
            | Op::Concatenate => plain(lhs).and_then(|()| plain(rhs)),
            op => Err(format!("it computes: {op:?}")),
        },
        Node::Function { name, args, .. } if FUNCTIONS.contains(&name.as_str()) => {
            args.iter().try_for_each(plain)
        }
        Node::Function { name, .. } => {
            Err(format!("calls ${name}; it may call {}", list(FUNCTIONS.map(|f| format!("${f}")))))
        }
        Node::Conditional { condition, then_branch, else_branch } => {
            [Some(condition), Some(then_branch), else_branch.as_ref()]
                .into_iter()
                .flatten()
                .try_for_each(|part| plain(part))
        }
        Node::Array(parts) => parts.iter().try_for_each(plain),
        Node::Object(parts) => {
            parts.iter().try_for_each(|(key, value)| plain(key).and_then(|()| plain(value)))
        }
        Node::Block(parts) if parts.len() == 1 => plain(&parts[0]),
        other => Err(format!("it does more than select and compare: {other:?}")),
    }
}

/// The uses of variables that some way to them leaves without a value.
fn unassigned(scope: &Scope<'_>, outer: &Names) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, assigned) in entered(scope, outer) {
        let Some(state) = scope.state(name) else { continue };
        let found = expressions(&Value::Object(state.own()));
        let used = found.iter().flat_map(|found| after(found, "$")).filter(|name| name != "states");
        let used: Names = used.filter(|name| !FUNCTIONS.contains(&name.as_str())).collect();
        problems.extend(
            used.difference(&assigned)
                .map(|name| format!("{}: ${name} may not be assigned yet", state.place())),
        );
        problems.extend(state.inner().iter().flat_map(|inner| unassigned(inner, &assigned)));
    }
    problems
}

/// What is surely assigned when a state is entered, by any way.
fn entered<'a>(scope: &Scope<'a>, outer: &Names) -> BTreeMap<&'a str, Names> {
    let mut at = BTreeMap::from([(scope.start, outer.clone())]);
    let mut open = vec![scope.start];
    while let Some(name) = open.pop() {
        let Some(state) = scope.state(name) else { continue };
        for edge in state.edges() {
            let there = &at[name] | &keys(&edge.json["Assign"]);
            let both = at.get(edge.next).map_or_else(|| there.clone(), |known| known & &there);
            if at.get(edge.next) != Some(&both) {
                at.insert(edge.next, both);
                open.push(edge.next);
            }
        }
    }
    at
}

fn shadows(scope: &Scope<'_>, outer: &Names) -> Vec<String> {
    let assigned = |state: &State<'_>| {
        let rules = [state.json].into_iter().chain(state.all("Catch")).chain(state.all("Choices"));
        rules.flat_map(|rule| keys(&rule["Assign"])).collect::<Names>()
    };
    let own: Names = scope.states.iter().flat_map(assigned).collect();
    let here = scope.states.iter().flat_map(|state| {
        let place = state.place();
        (&assigned(state) & outer)
            .into_iter()
            .map(move |name| format!("{place}: ${name} is assigned outside too"))
    });
    let inside =
        scope.states.iter().flat_map(State::inner).flat_map(|inner| shadows(&inner, &(outer | &own)));
    here.chain(inside).collect()
}

/// The texts with an expression in them.
fn expressions(json: &Value) -> Vec<String> {
    match json {
        Value::String(text) if text.contains("{%") || text.contains("%}") => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        Value::Object(map) => map.values().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// The names that follow a mark: `tenant` in `$tenant.id`. `${Name}` is the template's, not a variable.
fn after(expression: &str, mark: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    expression.split(mark).skip(1).map(word).filter(|word| !word.is_empty()).collect()
}

fn names(names: &[&str]) -> Names {
    names.iter().map(|name| (*name).to_owned()).collect()
}

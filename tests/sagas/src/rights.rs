//! What each function's role may do, as `tests/isolation/roles.txt` says. The stack tries all of it with the roles themselves; here no
//! function gets at a table without, on whatever path it comes there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use store::{Operation, Table, Write};

/// Something, and an action on it: `("ledger", "Query")`.
pub type Right = (String, String);

static WRITTEN: LazyLock<BTreeMap<String, BTreeSet<Right>>> = LazyLock::new(written);

/// What is written down, by function.
#[must_use]
pub fn written() -> BTreeMap<String, BTreeSet<Right>> {
    let lines = include_str!("../../isolation/roles.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut functions: BTreeMap<String, BTreeSet<Right>> = BTreeMap::new();
    let mut function = "";
    for line in lines {
        let Some(rights) = line.strip_prefix("  ") else {
            function = line;
            assert!(functions.insert(line.to_owned(), BTreeSet::new()).is_none(), "{line} is there twice");
            continue;
        };
        let mut words = rights.split_whitespace();
        let thing = words.next().expect("a thing");
        let granted = match thing {
            "step" => functions["step"].clone(),
            _ => words.map(|action| (thing.to_owned(), action.to_owned())).collect(),
        };
        functions.get_mut(function).expect("a function comes first").extend(granted);
    }
    functions.remove("step");
    let every = functions.remove("every").unwrap_or_default();
    functions.values_mut().for_each(|rights| rights.extend(every.iter().cloned()));
    functions
}

/// Has it that a caller, `saga-settle.run`, may do this to its tables.
pub(crate) fn check(caller: &str, operation: &Operation<'_>) {
    let function = caller.split_once('.').map_or(caller, |(function, _)| function);
    // The canary asks the API, which answers within its call here.
    let function = if function.starts_with("canary-") { "tenant-api" } else { function };
    let asked = match operation {
        Operation::Get(key) => vec![(key.table, "GetItem")],
        Operation::Query(key) => vec![(key.table, "Query")],
        Operation::Write(writes) => writes.iter().map(written_as).collect(),
    };
    for (table, action) in asked {
        let right = (called(table).to_owned(), action.to_owned());
        assert!(
            WRITTEN.get(function).is_some_and(|rights| rights.contains(&right)),
            "{function} may not {action} on {}: its role, its variables and tests/isolation/roles.txt are to say so",
            right.0
        );
    }
}

fn written_as(write: &Write) -> (Table, &'static str) {
    let action = if matches!(write, Write::Put { .. }) { "PutItem" } else { "DeleteItem" };
    (write.key().table, action)
}

fn called(table: Table) -> &'static str {
    match table {
        Table::Tenants => "tenants",
        Table::Ledger => "ledger",
        Table::Claims => "claims",
        Table::Catalogue => "catalogue",
        Table::Webhooks => "webhooks",
    }
}

use std::collections::{BTreeMap, BTreeSet};

/// Something, and an action on it: `("ledger", "Query")`.
pub(crate) type Right = (String, String);

/// What each function may do, as `roles.txt` says.
pub(crate) fn expected() -> BTreeMap<String, BTreeSet<Right>> {
    let lines = include_str!("roles.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
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

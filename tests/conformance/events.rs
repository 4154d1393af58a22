//! What others are told is what the committed documents say.

use std::fs;

use events::{Type, schema};
use serde_json::Value;

use crate::repo::{Names, assert_none, differences, files, root, text};

const FOLDER: &str = "docs/events";

/// `GOLDEN=1` writes them. A field that goes or changes its kind takes a new type.
#[test]
#[allow(clippy::disallowed_methods)] // A switch for a person at a keyboard, not configuration.
fn the_committed_schemas_are_up_to_date() {
    let mut stale = Vec::new();
    for kind in Type::ALL {
        let file = root().join(FOLDER).join(format!("{kind}.schema.json"));
        let now = schema(kind).expect("described");
        if std::env::var_os("GOLDEN").is_some() {
            fs::write(&file, format!("{now:#}\n")).expect("written");
        }
        // The order of fields, which says nothing, is another when the whole workspace is built.
        let committed = fs::read_to_string(&file).unwrap_or_default();
        if serde_json::from_str::<Value>(&committed).ok() != Some(now) {
            stale.push(format!("{FOLDER}/{kind}.schema.json is stale: GOLDEN=1 writes it anew"));
        }
    }
    assert_none(stale);
}

#[test]
fn there_is_a_schema_for_each_type_and_for_nothing_else() {
    let there: Names = files(FOLDER, ".json").into_iter().collect();
    let wanted: Names = Type::ALL.iter().map(|kind| format!("{FOLDER}/{kind}.schema.json")).collect();
    assert_none(differences(FOLDER, ("the folder", &there), ("events::Type", &wanted)));
}

#[test]
fn every_type_is_in_the_document() {
    let document = text("docs/events.md");
    let missing = Type::ALL.into_iter().filter(|kind| !document.contains(&format!("| `{kind}` |")));
    assert_none(missing.map(|kind| format!("docs/events.md does not say when there is a {kind}")));
}

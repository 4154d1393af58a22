//! What is told is what the committed schemas say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use events::{Type, schema};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events"))
}

/// `UPDATE=1 cargo nextest run -p events` writes them. A field that goes or changes its kind takes a new type.
#[test]
fn the_committed_schemas_are_up_to_date() {
    let mut stale = Vec::new();
    for kind in Type::ALL {
        let file = folder().join(format!("{kind}.schema.json"));
        let now = schema(kind).expect("described");
        if aws::variable("UPDATE").is_ok() {
            fs::create_dir_all(folder()).expect("a folder");
            fs::write(&file, format!("{now:#}\n")).expect("written");
        }
        let committed =
            fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if committed != Some(now) {
            stale.push(kind.name());
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}: UPDATE=1 cargo nextest run -p events");
}

#[test]
fn there_is_a_schema_for_each_type_and_for_nothing_else() {
    let files = fs::read_dir(folder()).expect("docs/events");
    let files = files.map(|file| file.expect("an entry").file_name().into_string().expect("UTF-8"));
    let wanted = Type::ALL.map(|kind| format!("{kind}.schema.json"));
    assert_eq!(files.collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
}

#[test]
fn every_type_is_in_the_document() {
    let document = fs::read_to_string(folder().with_extension("md")).expect("docs/events.md");
    let missing = Type::ALL.into_iter().filter(|kind| !document.contains(&format!("`{kind}`")));
    assert_eq!(missing.collect::<Vec<_>>(), []);
}

//! What a write costs, as DynamoDB bills it.

use sagas::tally::Tally;
use serde_json::json;
use store::{Condition, Key, Table, Write};

fn put(text: &str) -> Write {
    let key = Key::new(Table::Tenants, "acme", "TENANT");
    Write::put(key, &json!({ "text": text }), Condition::Absent).expect("a write")
}

#[test]
fn a_write_costs_a_unit_for_each_kilobyte_begun_and_twice_that_in_a_transaction() {
    let tally = Tally::default();
    tally.written(&[put(&"x".repeat(1000))]);
    assert_eq!(tally.taken().write_units, 1);
    tally.written(&[put(&"x".repeat(1024))]);
    assert_eq!(tally.taken().write_units, 1 + 2);
    tally.written(&[put("x"), put("y")]);
    assert_eq!((tally.taken().write_units, tally.taken().streamed), (1 + 2 + 4, 4));
}

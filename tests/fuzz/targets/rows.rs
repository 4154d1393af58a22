//! Rows, as a stream of DynamoDB's delivers them: what is read of one is written the same, and is told the same each time.

#![no_main]

use aws_lambda_events::dynamodb::EventRecord;
use event_publish::Record;
use libfuzzer_sys::fuzz_target;
use saga::{Report, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::Item;
use serde_json::{Map, Value};
use store::{Condition, Database, Key, ResourceLedger, Table, Write};
use tenancy::{Operation, Tenant};

fuzz_target!(|text: &str| {
    let Ok(delivered) = serde_json::from_str::<EventRecord>(text) else { return };
    let item = &delivered.change.new_image;
    comes_back::<Resource>(item);
    comes_back::<Report>(item);
    comes_back::<Tenant>(item);
    comes_back::<Operation>(item);
    listed(item);
    if let Ok(record) = Record::read(delivered) {
        let told = || event_publish::events(&record, "prod").ok().map(|events| serde_json::json!(events));
        assert_eq!(told(), told());
    }
});

fn comes_back<T: Serialize + DeserializeOwned>(item: &Item) {
    let Ok(read) = serde_dynamo::from_item::<_, T>(item.clone()) else { return };
    let told = serde_json::to_value(&read).expect("JSON");
    let written: Item = serde_dynamo::to_item(&read).expect("an item");
    let again: T = serde_dynamo::from_item(written).expect("what we wrote");
    assert_eq!(serde_json::to_value(again).expect("JSON"), told);
}

/// The ledger has what can be read of a row, or says that it cannot be.
fn listed(item: &Item) {
    let Ok(mut body) = serde_dynamo::from_item::<_, Map<String, Value>>(item.clone()) else { return };
    // What the store keeps beside.
    body.retain(|field, _| !["pk", "sk", "row_version"].contains(&field.as_str()));
    let tenant = "acme-7f3a9c".parse().expect("an id");
    let key = Key::new(Table::Ledger, &tenant, "RESOURCE#note");
    let Ok(write) = Write::put(key, &body, Condition::Absent) else { return };
    let read = serde_json::from_value::<Resource>(Value::Object(body)).ok();
    fuzz::run(async {
        let db = Database::memory();
        db.write(write).await.expect("nothing is there");
        let found = ResourceLedger::new(db).resources(&tenant).await;
        let found = found.ok().and_then(|found| found.into_iter().next());
        assert_eq!(found.map(|found| Resource { version: 0, ..found }), read);
    });
}

//! What calls read on DynamoDB: a table that grows, and the same calls at each size.
//!
//! On AWS a query is billed by the size of the items it reads (Developer Guide, "Read consumption"); the emulator bills
//! each as one item. So the items are counted as well: tenants here are all of one size, and as many are as dear.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode, GlobalSecondaryIndex, PutRequest, WriteRequest};
use serde_json::Value;
use store::{Database, Filter, Table, Tenants};
use tracing_subscriber::EnvFilter;

use crate::PAGE;
use crate::population::{accepted, name, signup};
use crate::report::Report;

/// So many items DynamoDB takes at once.
const BATCH: usize = 25;

type Item = HashMap<String, AttributeValue>;

pub(crate) async fn measure(sizes: &[u32], report: &mut Report) {
    let client = Client::new(&aws::config().await);
    let tag = format!("{:08x}", fastrand::u32(..));
    let name = |table: Table| format!("bench-{tag}-{table:?}");
    create(&client, name).await;
    let db = Database::named(name).await;
    let tenants = Tenants::new(db.clone());
    let first = accepted(&tenants, &signup(&db).await).await;
    let key = [("pk", first.id.as_str()), ("sk", "TENANT")];
    let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    let found = client.get_item().table_name(name(Table::Tenants)).set_key(Some(key.into())).send().await;
    let item = found.expect("read").item.expect("there");
    let mut there = 1;
    let mut few: HashMap<String, f64> = HashMap::new();
    for &many in sizes {
        let begun = Instant::now();
        fill(&client, &name(Table::Tenants), &item, there..many).await;
        println!("{many} tenants on the emulator after {:.1} s", begun.elapsed().as_secs_f64());
        there = many;
        let of_plan = Filter { plan: Some("bench".to_owned()), ..Filter::default() };
        let of_text = Filter { text: Some("amb".to_owned()), ..Filter::default() };
        let list = async |filter: Filter, limit: usize| {
            tenants.list(&filter, limit, None).await.expect("listed");
        };
        let read = [
            ("get", metered(async { drop(tenants.get(&first.id).await.expect("read")) }).await),
            ("list", metered(list(Filter::default(), PAGE)).await),
            ("list of a plan", metered(list(of_plan, PAGE)).await),
            ("search", metered(list(of_text, 1)).await),
        ];
        for (call, (items, units)) in read {
            for (what, value, unit) in [("items", items, "items"), ("units", units, "RU")] {
                let name = format!("{call}: {what} read");
                let peer = *few.entry(name.clone()).or_insert(value);
                if many != sizes[0] {
                    let peer = (format!("{name} of {} tenants", sizes[0]), peer);
                    report.compare(format!("{name} of {many} tenants"), value, unit, peer, 1.0);
                }
            }
        }
    }
}

/// Tables of their own, as the deployment's are: its dispatcher is not to be woken.
pub(crate) async fn create(client: &Client, name: impl Fn(Table) -> String) {
    for table in Table::ALL {
        let variable = match table {
            Table::Tenants => "TENANTS_TABLE",
            Table::Ledger => "LEDGER_TABLE",
            Table::Claims => "CLAIMS_TABLE",
            Table::Webhooks => "WEBHOOKS_TABLE",
            Table::Catalogue => "CATALOGUE_TABLE",
        };
        let deployed = aws::variable(variable).expect("a deployed table to make one like");
        let deployed = client.describe_table().table_name(deployed).send().await.expect("described");
        let deployed = deployed.table.expect("described");
        let indexes = deployed.global_secondary_indexes.into_iter().flatten().map(|index| {
            GlobalSecondaryIndex::builder()
                .set_index_name(index.index_name)
                .set_key_schema(index.key_schema)
                .set_projection(index.projection)
                .build()
                .expect("as described")
        });
        client
            .create_table()
            .table_name(name(table))
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(deployed.attribute_definitions)
            .set_key_schema(deployed.key_schema)
            .set_global_secondary_indexes(Some(indexes.collect::<Vec<_>>()).filter(|all| !all.is_empty()))
            .send()
            .await
            .expect("created");
    }
}

/// Copies of the first tenant under other names, with the rows by which their first words are found. Signing them up
/// would take an hour.
async fn fill(client: &Client, table: &str, first: &Item, numbers: Range<u32>) {
    let copies = numbers.flat_map(|n| copy(first, n)).map(|item| {
        let put = PutRequest::builder().set_item(Some(item)).build().expect("an item");
        WriteRequest::builder().put_request(put).build()
    });
    let copies: Vec<WriteRequest> = copies.collect();
    for batch in copies.chunks(BATCH) {
        let answer = client.batch_write_item().request_items(table, batch.to_vec()).send().await;
        let left = answer.expect("written").unprocessed_items.unwrap_or_default();
        assert!(left.is_empty(), "nothing is left over: the emulator has no limit");
    }
}

fn copy(first: &Item, n: u32) -> [Item; 2] {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let (name, id) = (name(n), format!("bench-{n:06x}"));
    let word = name.split(' ').next().unwrap_or_default().to_lowercase().replace('é', "e");
    let listed_as = format!("{word}-{n:06}#{id}");
    let fields = [("pk", &*id), ("id", &id), ("name", &name), ("listed_as", &listed_as)];
    let mut tenant = first.clone();
    tenant.extend(fields.map(|(name, value)| (name.to_owned(), text(value))));
    let word = [
        ("pk", text(&format!("WORD#{}", &word[..1]))),
        ("sk", text(&format!("{word}#{listed_as}"))),
        ("row_version", AttributeValue::N("1".to_owned())),
    ];
    [tenant, word.map(|(name, value)| (name.to_owned(), value)).into()]
}

/// How many items a call reads, and how many units the store was billed for it: it says so in its log.
async fn metered(call: impl Future<Output = ()>) -> (f64, f64) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new("store=debug"));
    let guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
    call.await;
    drop(guard);
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    let lines =
        log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let reads = lines.filter(|line| line["fields"]["message"] == "read");
    let read = |fields: &Value, name: &str| fields["fields"][name].as_f64().unwrap_or_default();
    reads.fold((0.0, 0.0), |(items, units), line| {
        (items + read(&line, "items"), units + read(&line, "read_units"))
    })
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

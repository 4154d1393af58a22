//! Signups: how many in a second and how long each takes, in the API's function. On the store in memory that is all ours; on the
//! emulator's DynamoDB the same calls by themselves are measured as well, and what is left is ours again.

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::json;
use store::{Database, Table};
use tower::ServiceExt as _;

use crate::api;
use crate::population::signup;
use crate::reads::create;
use crate::report::{Report, quantile};

/// Without the emulator's part.
const LIMIT_MS: f64 = 10.0;

const IN_MEMORY: u32 = 5_000;
const ON_THE_EMULATOR: u32 = 300;

/// What a signup reads and writes: its blueprint and its plan; then, in one transaction, the tenant with the words of its name,
/// the claim, the operation, the audit and the outbox.
const READS: usize = 2;
const WRITES: usize = 7;

pub(crate) async fn in_memory(report: &mut Report) {
    let db = Database::memory();
    signup(&db).await;
    let api = api::over(db);
    let begun = Instant::now();
    let mut took = Vec::new();
    for number in 0..IN_MEMORY {
        took.push(sign_up(&api, number).await);
    }
    let seconds = begun.elapsed().as_secs_f64();
    report.tell("signups a second, store in memory".to_owned(), f64::from(IN_MEMORY) / seconds, "");
    report.tell("signup p50, store in memory".to_owned(), quantile(&took, 50.0), "ms");
    report.limit("signup p99, store in memory".to_owned(), quantile(&took, 99.0), "ms", LIMIT_MS);
}

pub(crate) async fn on_the_emulator(report: &mut Report) {
    let client = Client::new(&aws::config().await);
    let tag = format!("{:08x}", fastrand::u32(..));
    let name = |table: Table| format!("bench-{tag}-{table:?}");
    create(&client, name).await;
    let db = Database::named(name).await;
    signup(&db).await;
    let (api, table) = (api::over(db), name(Table::Claims));
    let (mut whole, mut bare, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let mut seconds = 0.0;
    // In turn, so that what slows the machine slows both.
    for number in 0..ON_THE_EMULATOR {
        let signup = sign_up(&api, number).await;
        let calls = calls(&client, &table, number).await;
        seconds += signup / 1e3;
        whole.push(signup);
        bare.push(calls);
        ours.push((signup - calls).max(0.0));
    }
    report.tell("signups a second, emulator's store".to_owned(), f64::from(ON_THE_EMULATOR) / seconds, "");
    for percent in [50.0, 99.0] {
        report.tell(format!("signup p{percent:.0}, emulator's store"), quantile(&whole, percent), "ms");
        report.tell(format!("its calls by themselves, p{percent:.0}"), quantile(&bare, percent), "ms");
    }
    let p99 = quantile(&ours, 99.0);
    report.limit("signup p99, emulator's store, less its calls".to_owned(), p99, "ms", LIMIT_MS);
}

async fn sign_up(api: &Router, number: u32) -> f64 {
    let name = format!("signup-{number:06}");
    let body = json!({ "name": name, "subdomain": name, "email": format!("owner@{name}.example"), "blueprint": "bench" });
    let request = Request::post("/v1/tenants").header("content-type", "application/json");
    let request = request.extension(api::admin()).body(Body::from(body.to_string())).expect("a request");
    let begun = Instant::now();
    let answer = api.clone().oneshot(request).await.expect("an answer");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    let took = begun.elapsed().as_secs_f64() * 1e3;
    assert_eq!(status, StatusCode::ACCEPTED, "{}", String::from_utf8_lossy(&body));
    took
}

/// As many calls, of items of about that size, with nothing around them.
async fn calls(client: &Client, table: &str, number: u32) -> f64 {
    let key = |sort: usize| {
        let text = AttributeValue::S;
        [("pk", text(format!("BARE#{number}"))), ("sk", text(format!("ITEM#{sort}")))]
            .map(|(name, value)| (name.to_owned(), value))
    };
    let put = |sort: usize| {
        let mut item = std::collections::HashMap::from(key(sort));
        item.insert("text".to_owned(), AttributeValue::S("x".repeat(700)));
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        TransactWriteItem::builder().put(put.build().expect("a put")).build()
    };
    let begun = Instant::now();
    for sort in 0..READS {
        let read = client.get_item().table_name(table).set_key(Some(key(sort).into())).consistent_read(true);
        read.send().await.expect("read");
    }
    let writes = client.transact_write_items().set_transact_items(Some((0..WRITES).map(put).collect()));
    writes.send().await.expect("written");
    begun.elapsed().as_secs_f64() * 1e3
}

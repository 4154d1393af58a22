//! What a page of the list costs on DynamoDB does not depend on how many tenants there are.
//!
//! The emulator bills a query as one item, however much it reads. So what counts here is how many items a call reads:
//! that is what AWS bills, by their size. `make bench` has more of them.

mod bed;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bed::{Bed, drawn, now};
use serde_json::Value;
use store::Filter;
use tracing_subscriber::EnvFilter;

#[tokio::test]
#[ignore = "needs the local stack"]
async fn a_page_reads_as_much_of_ten_tenants_as_of_a_thousand() {
    let bed = Bed::new(bed::emulator().await).await;
    let word = drawn("w").replace('-', "");
    let of_plan = Filter { plan: Some(bed.plan.id.clone()), ..Filter::default() };
    let of_text = Filter { text: Some(word.clone()), ..Filter::default() };
    let mut costs = Vec::new();
    let mut there = 0;
    for many in [10, 100, 1_000] {
        for n in there..many {
            let subdomain = tenancy::Subdomain::parse(&drawn("s")).expect("a subdomain");
            let signup = tenancy::Signup { name: format!("{word} {n}"), subdomain, ..bed.signup("any") };
            bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
        }
        there = many;
        let mut cost = Vec::new();
        for filter in [&Filter::default(), &of_plan, &of_text] {
            cost.push(
                metered(async { drop(bed.tenants.list(filter, 10, None).await.expect("listed")) }).await,
            );
        }
        costs.push(cost);
    }
    // A text is looked for among the claims, too; what it finds is a row of words first, and then a tenant.
    assert_eq!(costs[0].iter().map(|cost| cost.0).collect::<Vec<_>>(), [10.0, 10.0, 21.0], "items");
    assert!(costs[0].iter().all(|cost| cost.1 > 0.0), "billed: {costs:?}");
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}

/// How many items a call reads, and how many units it is billed: the store says so in its log.
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
    reads.fold((0.0, 0.0), |(items, units), line| {
        let field = |name: &str| line["fields"][name].as_f64().expect("a number");
        (items + field("items"), units + field("read_units"))
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

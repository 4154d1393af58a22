//! Calls of providers, counted by instances that share nothing but the store.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;

use fault::{Fault, Kind};
use governor::{Governor, Haste, Heard, Pass, Quota};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use store::{Database, Line, Memory, Operation, RateGovernor, Table, Way, Write};
use tokio::task::JoinSet;
use tokio::time::{Duration, advance};

const QUOTA: Quota = Quota { provider: "lab", of: "calls", calls: 60, seconds: 60, burst: 60 };
const FAILED: Heard = Heard::Failed { until: None };

fn instances(n: usize, db: &Database) -> Vec<Arc<RateGovernor>> {
    (0..n).map(|_| Arc::new(RateGovernor::new(db.clone()))).collect()
}

fn begin() {
    clock::simulate("2026-11-21T08:00:00Z".parse().expect("a time"));
}

/// What a call is told: whether it may be made, and when.
async fn call(governor: &RateGovernor, quota: Quota, haste: Haste) -> Result<Timestamp, Fault> {
    let pass = governor.admit(quota, haste).await?;
    governor.hear(quota, pass, Heard::Answered).await;
    Ok(clock::now())
}

/// Lets an instance fail so often, beginning with a pass of its own.
async fn fail(governor: &RateGovernor, times: usize) {
    for _ in 0..times {
        let pass = governor.admit(QUOTA, Haste::Now).await.expect("let through");
        governor.hear(QUOTA, pass, FAILED).await;
    }
}

/// As a Lambda's runtime: one thread. Waiting costs nothing.
fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        begin();
        case.await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Crowds of instances come at once, each making a few calls in turn, and all of it races for the row.
    #[test]
    fn however_many_instances_there_are_the_provider_gets_no_more_than_it_allows(
        (calls, burst) in (1_u32..150, 1_u32..100),
        crowds in vec((0_u64..25_000, vec((1_usize..12, any::<bool>()), 1..25)), 1..12),
    ) {
        let quota = Quota { calls, burst, ..QUOTA };
        run(async move {
            let instances = instances(25, &Database::memory());
            let mut made = Vec::new();
            for (gap, crowd) in crowds {
                advance(Duration::from_millis(gap)).await;
                let mut tasks = JoinSet::new();
                for (instance, (calls, at_leisure)) in instances.iter().map(Arc::clone).zip(crowd) {
                    tasks.spawn(async move {
                        let haste = if at_leisure { Haste::AtLeisure } else { Haste::Now };
                        let mut made = Vec::new();
                        for _ in 0..calls {
                            made.extend(call(&instance, quota, haste).await.ok());
                            tokio::task::yield_now().await;
                        }
                        made
                    });
                }
                made.extend(tasks.join_all().await.into_iter().flatten());
            }
            let window = SignedDuration::from_secs(60);
            for end in &made {
                let within = made.iter().filter(|at| *end - window < **at && *at <= end).count();
                assert!(within <= calls as usize, "{within} calls in a minute");
            }
        });
    }
}

#[test]
fn what_one_instance_used_up_is_gone_for_all() {
    run(async {
        let instances = instances(3, &Database::memory());
        let mut made = 0;
        while call(&instances[made % 2], QUOTA, Haste::Now).await.is_ok() {
            made += 1;
        }
        let fault = call(&instances[2], QUOTA, Haste::Now).await.expect_err("none left");
        assert_eq!((fault.kind, fault.provider.as_deref()), (Kind::NotReady, Some("lab")));
        let again = fault.retry_at.expect("when to come back");
        assert_eq!(again, clock::now() + SignedDuration::from_secs(61));
        advance(Duration::from_secs(61)).await;
        call(&instances[2], QUOTA, Haste::Now).await.expect("as announced");
    });
}

#[test]
fn a_sweep_leaves_half_to_signups() {
    run(async {
        let instances = instances(2, &Database::memory());
        let (mut swept, mut signed_up) = (0, 0);
        while call(&instances[0], QUOTA, Haste::AtLeisure).await.is_ok() {
            swept += 1;
        }
        while call(&instances[1], QUOTA, Haste::Now).await.is_ok() {
            signed_up += 1;
        }
        assert_eq!((swept, signed_up), (30, 30));
    });
}

#[test]
fn quotas_are_counted_apart() {
    run(async {
        let governor = RateGovernor::new(Database::memory());
        while call(&governor, QUOTA, Haste::Now).await.is_ok() {}
        for other in [Quota { of: "changes", ..QUOTA }, Quota { provider: "other", ..QUOTA }] {
            call(&governor, other, Haste::Now).await.expect("another's");
        }
    });
}

/// Eight calls, one read and one write.
#[test]
fn a_few_calls_cost_one_write() {
    run(async {
        let memory = Memory::default();
        let governor = RateGovernor::new(Database::Memory(memory.clone()));
        for _ in 0..8 {
            call(&governor, Quota { calls: 600, burst: 600, ..QUOTA }, Haste::Now)
                .await
                .expect("let through");
        }
        let versions: Vec<u64> = memory.table(Table::Ledger).iter().map(|row| row.version).collect();
        assert_eq!(versions, [1]);
    });
}

#[test]
fn what_one_instance_is_told_holds_all_of_them() {
    run(async {
        let instances = instances(20, &Database::memory());
        let until = clock::now() + SignedDuration::from_secs(240);
        let pass = instances[0].admit(QUOTA, Haste::Now).await.expect("let through");
        instances[0].hear(QUOTA, pass, Heard::Throttled { until: Some(until) }).await;
        for _ in 0..239 {
            for instance in &instances {
                let fault = call(instance, QUOTA, Haste::Now).await.expect_err("quiet");
                assert_eq!(fault.retry_at, Some(until));
            }
            advance(Duration::from_secs(1)).await;
        }
        advance(Duration::from_secs(1)).await;
        call(&instances[19], QUOTA, Haste::Now).await.expect("over");
    });
}

/// What was given out is used up: that is what it costs to write once for several calls.
#[test]
fn an_instance_with_calls_in_hand_hears_of_it_a_second_later() {
    run(async {
        let instances = instances(2, &Database::memory());
        call(&instances[1], QUOTA, Haste::Now).await.expect("let through");
        let pass = instances[0].admit(QUOTA, Haste::Now).await.expect("let through");
        let until = clock::now() + SignedDuration::from_secs(240);
        instances[0].hear(QUOTA, pass, Heard::Throttled { until: Some(until) }).await;
        call(&instances[0], QUOTA, Haste::Now).await.expect_err("it has heard");
        call(&instances[1], QUOTA, Haste::Now).await.expect("from what it has");
        advance(Duration::from_secs(1)).await;
        call(&instances[1], QUOTA, Haste::Now).await.expect_err("it has asked");
    });
}

#[test]
fn failures_of_different_instances_close_it_for_all_and_one_call_opens_it() {
    run(async {
        let instances = instances(6, &Database::memory());
        for instance in &instances[..5] {
            fail(instance, 1).await;
        }
        let closed = call(&instances[5], QUOTA, Haste::Now).await.expect_err("closed");
        assert!(closed.cause.starts_with("lab has failed 5 times in a row; asked again at "), "{closed}");
        advance(Duration::from_secs(10)).await;

        let mut asking = JoinSet::new();
        for instance in instances.iter().map(Arc::clone) {
            asking.spawn(async move { instance.admit(QUOTA, Haste::Now).await });
        }
        let passes: Vec<Pass> = asking.join_all().await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(passes, [Pass { trial: true }], "of all who ask at once, one is let through");
        instances[0].hear(QUOTA, passes[0], Heard::Answered).await;
        for instance in &instances {
            call(instance, QUOTA, Haste::Now).await.expect("open");
        }
    });
}

#[test]
fn a_trial_that_fails_closes_it_for_twice_as_long() {
    run(async {
        let instances = instances(2, &Database::memory());
        fail(&instances[0], 5).await;
        advance(Duration::from_secs(10)).await;
        fail(&instances[1], 1).await;
        let fault = call(&instances[0], QUOTA, Haste::Now).await.expect_err("closed again");
        assert_eq!(fault.retry_at, Some(clock::now() + SignedDuration::from_secs(20)));
    });
}

/// Answers are not written down one by one: they are told with the next lease.
#[test]
fn failures_among_answers_are_not_in_a_row() {
    run(async {
        let instances = instances(2, &Database::memory());
        for _ in 0..10 {
            fail(&instances[0], 1).await;
            advance(Duration::from_secs(30)).await;
            call(&instances[1], QUOTA, Haste::Now).await.expect("answered");
            advance(Duration::from_secs(30)).await;
            call(&instances[1], QUOTA, Haste::Now).await.expect("answered, and told of the last");
        }
    });
}

#[test]
fn nobody_who_fails_at_the_same_time_is_overlooked() {
    run(async {
        let instances = instances(5, &Database::memory());
        let mut failing = JoinSet::new();
        for instance in instances.iter().map(Arc::clone) {
            failing.spawn(async move { fail(&instance, 1).await });
        }
        failing.join_all().await;
        call(&instances[0], QUOTA, Haste::Now).await.expect_err("five in a row");
    });
}

/// A line to the tables that is down, in one way or the other.
#[derive(Clone, Copy, Debug)]
enum Down {
    Refused,
    Silent,
}

impl Line for Down {
    fn there(&self, _: Operation<'_>) -> Way<Way<()>> {
        match self {
            Self::Refused => Box::pin(async { Err(Fault::transient("dynamodb answered 503")) }),
            Self::Silent => Box::pin(pending()),
        }
    }

    fn written(&self, _: &[Write]) {}
}

#[test]
fn without_the_store_every_call_goes_ahead_and_loses_little_time() {
    for down in [Down::Refused, Down::Silent] {
        run(async move {
            let memory = Memory::default();
            let governor = RateGovernor::new(Database::Memory(memory.over(Arc::new(down))));
            let begun = clock::now();
            for _ in 0..200 {
                let pass = governor.admit(QUOTA, Haste::Now).await.expect("let through");
                governor.hear(QUOTA, pass, FAILED).await;
            }
            assert!(clock::now() <= begun + SignedDuration::from_secs(2), "{down:?}");
            assert!(memory.table(Table::Ledger).is_empty());
        });
    }
}

#[test]
fn a_row_that_cannot_be_read_is_begun_anew() {
    run(async {
        let memory = Memory::default();
        let governor = RateGovernor::new(Database::Memory(memory.clone()));
        call(&governor, QUOTA, Haste::Now).await.expect("let through");
        let row = memory.table(Table::Ledger).remove(0);
        let nonsense = serde_json::json!({ "slots": "many" });
        let over =
            Write::put(row.key, &nonsense, store::Condition::Version(row.version)).expect("a structure");
        Database::Memory(memory.clone()).write(over).await.expect("written");
        advance(Duration::from_secs(1)).await;
        call(&governor, QUOTA, Haste::Now).await.expect("let through");
        let fields: BTreeSet<String> =
            memory.table(Table::Ledger).iter().flat_map(|row| row.body.keys().cloned()).collect();
        assert_eq!(fields, ["closings", "failures", "slots", "window"].map(str::to_owned).into());
    });
}

/// The values of a metric that were recorded of the provider meanwhile.
fn recorded(heard: &[serde_json::Value], metric: &str) -> Vec<u64> {
    assert!(heard.iter().all(|line| line["provider"] == "lab"), "{heard:?}");
    heard.iter().filter_map(|line| line[metric].as_u64()).collect()
}

#[test]
fn it_is_recorded_that_a_provider_is_shut_and_that_calls_are_put_off() {
    run(async {
        let governor = RateGovernor::new(Database::memory());
        telemetry::listen();
        fail(&governor, 5).await;
        assert!(recorded(&telemetry::heard(), "ProviderShut").iter().all(|shut| *shut == 0));
        call(&governor, QUOTA, Haste::Now).await.expect_err("closed");
        let heard = telemetry::heard();
        assert_eq!(
            (recorded(&heard, "ProviderShut"), recorded(&heard, "ProviderDeferred")),
            (vec![1], vec![1])
        );
        advance(Duration::from_secs(10)).await;
        call(&governor, QUOTA, Haste::Now).await.expect("tried, and open");
        call(&governor, QUOTA, Haste::Now).await.expect("open");
        assert_eq!(recorded(&telemetry::heard(), "ProviderShut"), [1, 0], "shut until the trial is over");
    });
}

#[test]
fn a_quota_that_is_used_up_shuts_nobody() {
    run(async {
        let governor = RateGovernor::new(Database::memory());
        let quota = Quota { calls: 1, burst: 1, ..QUOTA };
        call(&governor, quota, Haste::Now).await.expect("the one");
        telemetry::listen();
        call(&governor, quota, Haste::Now).await.expect_err("used up");
        let heard = telemetry::heard();
        assert_eq!(
            (recorded(&heard, "ProviderShut"), recorded(&heard, "ProviderDeferred")),
            (vec![0], vec![1])
        );
    });
}

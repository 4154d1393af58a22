//! The figures are what a recount of all records would give, whoever counts when, how often and in which order.
//!
//! On the emulator the totals are one row for all cases: each has a status and days that no other case uses.

#[macro_use]
mod bed;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bed::{at_once, drawn, now};
use fault::Fault;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{
    Condition, Database, Day, Figures, Histogram, Key, Line, Memory, Subject, Table, Waits, Way, Write,
};
use tenancy::{
    DomainState, Domains, Kind, Operation, OperationId, State, Status, Subdomain, Tenant, TenantId,
};

contract! {
    a_tenant_counts_once_where_it_stands_now,
    of_many_who_count_the_same_tenants_at_once_each_tenant_counts_once,
    what_ended_is_in_the_figures_of_its_day_once,
    who_waits_is_found_the_longest_first_and_no_more_once_they_go_on,
    a_domain_that_was_given_up_waits_until_it_is_taken_away,
    a_synthetic_tenant_is_in_no_figure,
}

fn id() -> TenantId {
    let hex: String = drawn("x").chars().rev().take(6).collect();
    format!("{}-{hex}", drawn("t")).parse().expect("an id")
}

fn tenant(id: &TenantId, status: Status, at: Timestamp) -> Tenant {
    serde_json::from_value(json!({
        "id": id, "name": "Acme", "subdomain": "acme", "email": "owner@example.com", "plan": "starter",
        "blueprint": { "name": "b", "version": 1 }, "status": status, "created_at": at,
    }))
    .expect("a tenant")
}

/// One that took so many milliseconds, and failed at that step if any.
fn operation(tenant: &TenantId, kind: Kind, ended_at: Timestamp, took: u64, step: Option<&str>) -> Operation {
    let millisecond = u64::try_from(ended_at.as_millisecond()).expect("after 1970");
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("random bytes");
    let state = if step.is_some() { State::Failed } else { State::Succeeded };
    let fault = step.map(|step| json!({ "step": step, "fault": Fault::terminal("refused") }));
    serde_json::from_value(json!({
        "id": OperationId::new(millisecond, u128::from_be_bytes(bytes)), "tenant": tenant, "kind": kind,
        "state": state, "blueprint": { "name": "b", "version": 1 }, "workflow": { "step": "a" },
        "accepted_at": ended_at - std::time::Duration::from_millis(took), "ended_at": ended_at, "fault": fault,
    }))
    .expect("an operation")
}

fn domains(state: DomainState, at: Timestamp) -> Domains {
    let aspect = json!({ "state": "waiting", "since": at });
    let domain = json!({
        "hostname": "shop.example.com", "state": state, "requested_at": at, "name": aspect, "dns": aspect,
        "certificate": aspect,
    });
    serde_json::from_value(json!({ "all": [domain] })).expect("domains")
}

/// Writes a record down, whatever stands there.
async fn put(db: &Database, id: &TenantId, sk: &str, record: &impl Serialize) {
    let key = Key::new(Table::Tenants, id, sk);
    let known = db.get(&key).await.expect("read");
    let condition = known.map_or(Condition::Absent, |row| Condition::Version(row.version));
    db.write(Write::put(key, record, condition).expect("a structure")).await.expect("written");
}

async fn stands(db: &Database, id: &TenantId, status: Status) {
    put(db, id, "TENANT", &tenant(id, status, now())).await;
}

async fn ends(db: &Database, operation: &Operation) -> Subject {
    put(db, &operation.tenant, &format!("OPERATION#{}", operation.id), operation).await;
    Subject::Operation(operation.tenant.clone(), operation.id)
}

async fn count(db: &Database, subjects: &[Subject]) {
    let subjects: BTreeSet<Subject> = subjects.iter().cloned().collect();
    Figures::new(db.clone()).count(&subjects, now()).await.expect("counted");
}

async fn of(db: &Database, status: Status) -> u64 {
    Figures::new(db.clone()).tenants().await.expect("read")[&status]
}

fn ago(days: i64) -> Timestamp {
    now() - (days * 24).hours()
}

fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

async fn the_day(db: &Database, at: Timestamp) -> Option<Day> {
    let days = Figures::new(db.clone()).days(now()).await.expect("read");
    days.into_iter().find(|day| day.day == date(at))
}

async fn waits(db: &Database, ids: &[&TenantId]) -> Vec<(TenantId, Waits, String)> {
    let waiting = Figures::new(db.clone()).waiting(10_000).await.expect("read");
    let own = waiting.into_iter().filter(|it| ids.contains(&&it.tenant));
    own.map(|it| (it.tenant, it.what, it.detail)).collect()
}

async fn a_tenant_counts_once_where_it_stands_now(db: Database) {
    let (id, status) = (id(), Status::Hibernating);
    let subject = Subject::Tenant(id.clone());
    let before = of(&db, status).await;
    count(&db, std::slice::from_ref(&subject)).await;
    assert_eq!(of(&db, status).await, before, "it is not there");
    stands(&db, &id, status).await;
    for _ in 0..3 {
        count(&db, std::slice::from_ref(&subject)).await;
        assert_eq!(of(&db, status).await, before + 1);
    }
    stands(&db, &id, Status::Active).await;
    assert_eq!(of(&db, status).await, before + 1, "until it is counted");
    count(&db, &[subject]).await;
    assert_eq!(of(&db, status).await, before);
}

async fn of_many_who_count_the_same_tenants_at_once_each_tenant_counts_once(db: Database) {
    let status = Status::Cancelling;
    let before = of(&db, status).await;
    let mut subjects = Vec::new();
    for _ in 0..45 {
        let id = id();
        stands(&db, &id, status).await;
        subjects.push(Subject::Tenant(id));
    }
    let counts = (0..4).map(|n| {
        let (db, subjects) = (db.clone(), subjects[n * 5..].to_vec());
        async move { count(&db, &subjects).await }
    });
    at_once(counts).await;
    assert_eq!(of(&db, status).await, before + 45);
}

async fn what_ended_is_in_the_figures_of_its_day_once(db: Database) {
    let (id, at, step) = (id(), ago(9), drawn("step"));
    let before = the_day(&db, at).await.expect("shown");
    let ended = [
        operation(&id, Kind::Provision, at, 20_000, None),
        operation(&id, Kind::Provision, at, 30_000, None),
        operation(&id, Kind::Provision, at, 9_000, Some(&step)),
        operation(&id, Kind::Suspend, at, 9_000, None),
        operation(&id, Kind::ChangePlan, at + 1.second(), 9_000, Some(&step)),
        // Somebody stopped it.
        operation(&id, Kind::Provision, at, 9_000, Some("operator")),
    ];
    let running =
        Operation { state: State::Running, ended_at: None, ..operation(&id, Kind::Provision, at, 1, None) };
    let old = operation(&id, Kind::Provision, ago(40), 1, None);
    let mut subjects = Vec::new();
    for operation in ended.iter().chain([&running, &old]) {
        subjects.push(ends(&db, operation).await);
    }
    for _ in 0..2 {
        count(&db, &subjects).await;
    }
    count(&db, &subjects[1..3]).await;
    let after = the_day(&db, at).await.expect("shown");
    assert_eq!((after.succeeded - before.succeeded, after.failed - before.failed), (2, 1));
    let mut took = before.took;
    [20_000, 30_000].into_iter().for_each(|ms| took.add(ms));
    assert_eq!(after.took, took);
    let failures: Vec<_> = after.failures.iter().filter(|it| it.step == step).collect();
    assert_eq!((failures.len(), failures[0].count, failures[0].last_at), (1, 2, at + 1.second()));
    assert!(!after.failures.iter().any(|it| it.step == "operator"));
    // Whoever looks at all of the tenant looks at what counts.
    let of_it = Figures::new(db.clone()).of(&id, now()).await.expect("read");
    let mut wanted: BTreeSet<Subject> = subjects[..6].iter().cloned().collect();
    wanted.extend([Subject::Tenant(id.clone()), Subject::Domains(id)]);
    assert_eq!(of_it.into_iter().collect::<BTreeSet<_>>(), wanted);
}

async fn a_synthetic_tenant_is_in_no_figure(db: Database) {
    let (id, at) = (id(), ago(11));
    let nobodys = Tenant {
        subdomain: Subdomain::synthetic("shop").expect("a label"),
        ..tenant(&id, Status::Failed, at)
    };
    put(&db, &id, "TENANT", &nobodys).await;
    let ended = ends(&db, &operation(&id, Kind::Provision, at, 1_000, Some("publish"))).await;
    let before = the_day(&db, at).await;
    count(&db, &[Subject::Tenant(id.clone()), ended]).await;
    assert_eq!(the_day(&db, at).await, before);
    let waiting = Figures::new(db).waiting(100).await.expect("read");
    assert!(!waiting.iter().any(|waiting| waiting.tenant == id), "{waiting:?}");
}

async fn who_waits_is_found_the_longest_first_and_no_more_once_they_go_on(db: Database) {
    let (asks, fails) = (id(), id());
    put(&db, &asks, "TENANT", &tenant(&asks, Status::PendingApproval, ago(5))).await;
    stands(&db, &fails, Status::Failed).await;
    let failed = ends(&db, &operation(&fails, Kind::Provision, ago(6), 9_000, Some("a"))).await;
    let subjects = [Subject::Tenant(asks.clone()), Subject::Tenant(fails.clone()), failed];
    count(&db, &subjects).await;
    count(&db, &subjects).await;
    let both = [&asks, &fails];
    let found = waits(&db, &both).await;
    let kinds: Vec<_> = found.iter().map(|(id, what, _)| (id, *what)).collect();
    assert_eq!(kinds, [(&fails, Waits::Failed), (&asks, Waits::Approval)]);
    assert_eq!(found[0].2, "provision stopped at a: refused");
    assert_eq!(Figures::new(db.clone()).waiting(1).await.expect("read").len(), 1, "so many at most");
    // It was tried again, and failed again.
    ends(&db, &operation(&fails, Kind::Provision, ago(4), 9_000, Some("b"))).await;
    stands(&db, &asks, Status::Provisioning).await;
    count(&db, &subjects).await;
    let stopped = "provision stopped at b: refused".to_owned();
    assert_eq!(waits(&db, &both).await, [(fails.clone(), Waits::Failed, stopped)]);
    stands(&db, &fails, Status::Active).await;
    count(&db, &subjects).await;
    assert_eq!(waits(&db, &both).await, []);
}

async fn a_domain_that_was_given_up_waits_until_it_is_taken_away(db: Database) {
    let id = id();
    let subject = [Subject::Domains(id.clone())];
    put(&db, &id, "DOMAINS", &domains(DomainState::Pending, ago(3))).await;
    count(&db, &subject).await;
    assert_eq!(waits(&db, &[&id]).await, []);
    for _ in 0..2 {
        put(&db, &id, "DOMAINS", &domains(DomainState::Failed, ago(3))).await;
        count(&db, &subject).await;
        let why = "shop.example.com: it was not seen to lead here".to_owned();
        assert_eq!(waits(&db, &[&id]).await, [(id.clone(), Waits::Domain, why)]);
        // Nobody is told of that.
        put(&db, &id, "DOMAINS", &Domains::default()).await;
        assert_eq!(waits(&db, &[&id]).await, []);
        count(&db, &subject).await;
    }
}

// What a recount says.

fn records<T: DeserializeOwned>(memory: &Memory, kind: &str) -> Vec<T> {
    let rows = memory.table(Table::Tenants).into_iter().filter(|row| row.key.kind() == kind);
    rows.map(|row| row.decode().expect("a record")).collect()
}

/// What the days are to say, of all operations there are.
fn recounted(memory: &Memory) -> BTreeMap<Date, (u64, u64, Histogram, BTreeMap<String, u64>)> {
    let mut days = BTreeMap::<_, (u64, u64, Histogram, BTreeMap<String, u64>)>::new();
    for operation in records::<Operation>(memory, "OPERATION") {
        let Some(at) = operation.ended_at else { continue };
        let day = days.entry(date(at)).or_default();
        match (operation.kind, operation.fault) {
            (Kind::Provision, None) => {
                day.0 += 1;
                let took = at.duration_since(operation.accepted_at).as_millis();
                day.2.add(u64::try_from(took).expect("it ends after it begins"));
            }
            (kind, Some(fault)) => {
                day.1 += u64::from(kind == Kind::Provision);
                *day.3.entry(fault.step).or_default() += 1;
            }
            _ => {}
        }
    }
    days
}

async fn figures_are_a_recount(memory: &Memory) {
    let figures = Figures::new(Database::Memory(memory.clone()));
    let mut tenants = Status::ALL.map(|status| (status, 0)).into_iter().collect::<BTreeMap<_, u64>>();
    let mut waiting = BTreeSet::new();
    for tenant in records::<Tenant>(memory, "TENANT") {
        *tenants.entry(tenant.status).or_default() += 1;
        let what = [Waits::Approval, Waits::Failed, Waits::Stuck].into_iter();
        waiting.extend(
            what.filter(|what| what.befits(tenant.status)).map(|what| (tenant.id.clone(), what.name())),
        );
    }
    assert_eq!(figures.tenants().await.expect("read"), tenants);
    let found: Vec<_> = figures.waiting(1_000).await.expect("read");
    assert!(found.is_sorted_by_key(|it| it.since.as_second()), "the longest first");
    assert_eq!(found.len(), waiting.len(), "each once");
    assert_eq!(found.into_iter().map(|it| (it.tenant, it.what.name())).collect::<BTreeSet<_>>(), waiting);
    let mut recounted = recounted(memory);
    for day in figures.days(now()).await.expect("read") {
        let failures = day.failures.into_iter().map(|it| (it.step, it.count)).collect();
        let known = (day.succeeded, day.failed, day.took, failures);
        assert_eq!(known, recounted.remove(&day.day).unwrap_or_default(), "{}", day.day);
    }
    assert!(recounted.is_empty(), "none of another day");
}

/// A line that loses some answers: what was asked for has happened then.
#[derive(Debug)]
struct Lossy {
    lost: Vec<bool>,
    asked: AtomicUsize,
}

impl Line for Lossy {
    fn there(&self, operation: store::Operation<'_>) -> Way<Way<()>> {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let writes = matches!(operation, store::Operation::Write(_));
        let lost = writes && self.lost.get(nth % 64).copied().unwrap_or_default();
        Box::pin(async move {
            let back: Way<()> =
                Box::pin(
                    async move { if lost { Err(Fault::transient("the answer was lost")) } else { Ok(()) } },
                );
            Ok(back)
        })
    }

    fn written(&self, _: &[Write]) {}
}

/// What happens in a deployment.
#[derive(Clone, Debug)]
enum Happens {
    /// A tenant comes to a status.
    Stands(usize, Status),
    /// An operation of it ends, so many days ago, having taken so long.
    Ends(usize, Kind, Option<usize>, i64, u64),
    /// What was told until then is heard: some of it, in any order, and again.
    Heard(Vec<Index>),
}

fn happens() -> impl Strategy<Value = Happens> {
    let kinds = vec![Kind::Provision, Kind::Provision, Kind::ChangePlan, Kind::Delete];
    prop_oneof![
        4 => (0..6_usize, prop::sample::select(Status::ALL.to_vec())).prop_map(|(n, status)| Happens::Stands(n, status)),
        4 => (0..6_usize, prop::sample::select(kinds), prop::option::of(0..3_usize), 0..29_i64, 1..100_000_u64)
            .prop_map(|(n, kind, step, days, took)| Happens::Ends(n, kind, step, days, took)),
        3 => prop::collection::vec(any::<Index>(), 1..8).prop_map(Happens::Heard),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant 9: whatever is told twice, late, in another order, to several at once, and whichever answers are lost.
    #[test]
    fn the_figures_are_a_recount_once_all_was_heard(
        happenings in prop::collection::vec(happens(), 1..40),
        last in prop::collection::vec(any::<Index>(), 0..40),
        lost in prop::collection::vec(prop::bool::weighted(0.2), 64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let memory = Memory::default();
            let world = Database::Memory(memory.clone());
            let line = Lossy { lost, asked: AtomicUsize::default() };
            let lossy = Figures::new(Database::Memory(memory.over(Arc::new(line))));
            let ids: Vec<TenantId> = (0..6).map(|_| id()).collect();
            let mut told = Vec::new();
            for happening in happenings {
                match happening {
                    Happens::Stands(n, status) => {
                        stands(&world, &ids[n], status).await;
                        told.push(Subject::Tenant(ids[n].clone()));
                    }
                    Happens::Ends(n, kind, step, days, took) => {
                        let step = step.map(|step| ["a", "b", "c"][step]);
                        told.push(ends(&world, &operation(&ids[n], kind, ago(days), took, step)).await);
                    }
                    Happens::Heard(picks) if !told.is_empty() => {
                        let heard: Vec<&Subject> = picks.iter().map(|pick| pick.get(&told)).collect();
                        let (one, other) = heard.split_at(heard.len() / 2);
                        let count = |some: &[&Subject]| {
                            let some = some.iter().map(|it| (*it).clone()).collect();
                            let lossy = lossy.clone();
                            // An answer that is lost has the letters come again.
                            async move { drop(lossy.count(&some, now()).await) }
                        };
                        tokio::join!(count(one), count(other));
                    }
                    Happens::Heard(_) => {}
                }
            }
            // Each at last: first some of them again, then all from the last one to the first.
            let again = last.iter().filter(|_| !told.is_empty()).map(|pick| pick.get(&told).clone());
            for subject in again.chain(told.iter().rev().cloned()).collect::<Vec<_>>() {
                count(&world, &[subject]).await;
            }
            figures_are_a_recount(&memory).await;
        });
    }
}

/// Whoever has read what is old by now does not write it over what is new.
#[test]
fn an_older_look_never_wins() {
    turns::in_every_order(|turns| {
        let memory = Memory::default();
        let world = Database::Memory(memory.clone());
        let id = id();
        turns::run(stands(&world, &id, Status::Failed));
        let subject = [Subject::Tenant(id.clone())];
        let changes = async {
            stands(&world, &id, Status::Active).await;
            count(&world, &subject).await;
        };
        turns.race(count(&world, &subject), changes);
        turns::run(figures_are_a_recount(&memory));
    });
}

#[test]
fn a_record_that_cannot_be_read_keeps_no_other_from_being_counted() {
    turns::run(async {
        let memory = Memory::default();
        let world = Database::Memory(memory.clone());
        let (torn, whole) = (id(), id());
        put(&world, &torn, "TENANT", &json!({ "id": torn, "status": Value::Null })).await;
        stands(&world, &whole, Status::Active).await;
        count(&world, &[Subject::Tenant(torn), Subject::Tenant(whole)]).await;
        assert_eq!(of(&world, Status::Active).await, 1);
    });
}

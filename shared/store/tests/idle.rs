//! Who is used and who is not, as the store keeps it: found in the order of time, without a look at anybody else.

#[macro_use]
mod bed;

use bed::{Bed, now};
use jiff::{Timestamp, ToSpan};
use store::{Accepted, By, Database, Idle, Order, Refusal, Table};
use tenancy::{Access, Event, Kind, State, Status, Tenant, TenantId};

contract! {
    a_tenant_is_due_when_nobody_has_used_it_for_as_long_as_its_blueprint_says,
    whoever_is_used_is_due_later_and_many_reports_are_one_write,
    whoever_is_not_active_is_not_due_and_is_again_once_it_is,
    a_report_wakes_whoever_sleeps_once,
    what_cannot_sleep_is_not_put_to_sleep,
    a_change_that_can_be_led_back_remembers_what_was,
}

fn by() -> By {
    By { who: "the product".to_owned(), why: "it is used".to_owned() }
}

/// So many reports of one tenant, all at once.
async fn reports(bed: &Bed, id: &TenantId, many: usize, at: Timestamp) -> Vec<Option<Accepted>> {
    let reports = (0..many).map(|_| {
        let (tenants, id) = (bed.tenants.clone(), id.clone());
        async move { tenants.used(&id, by(), at).await.expect("known").1 }
    });
    bed::at_once(reports).await
}

/// What the index says of a tenant: one row at most.
async fn row(bed: &Bed, id: &TenantId) -> Option<Timestamp> {
    let rows = bed.db.query_all(Table::Tenants, "IDLE", "").await.expect("read");
    let rows = rows.iter().map(|row| row.decode::<Idle>().expect("a row"));
    let mut of_it = rows.filter(|idle| idle.tenant == *id);
    let found = of_it.next().map(|idle| idle.due);
    assert_eq!(of_it.next(), None, "a tenant is in it once");
    found
}

async fn order(bed: &Bed, tenant: &Tenant, order: Order, then: Event) -> Tenant {
    let accepted = bed.tenants.order(&tenant.id, order, None, now()).await.expect("accepted");
    assert_eq!(row(bed, &tenant.id).await, None, "nobody is put to sleep over something else");
    bed.settle(&tenant.id, accepted.operation, then, State::Succeeded).await
}

async fn a_tenant_is_due_when_nobody_has_used_it_for_as_long_as_its_blueprint_says(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let due = tenant.hibernates_at.expect("its blueprint says when");
    assert_eq!(row(&bed, &tenant.id).await, Some(due));
    let days = due.duration_since(tenant.active_at.expect("it has just been made")).as_secs_f64() / 86_400.0;
    assert!((29.9..=30.0).contains(&days), "{days}");
    let listed = async |at: Timestamp| {
        let due = Idle::due(&bed.db, 10_000, at).await.expect("read");
        due.iter().any(|idle| idle.tenant == tenant.id)
    };
    assert!(!listed(due - 1.second()).await);
    assert!(listed(due).await && tenant.is_idle(due) && !tenant.is_idle(due - 1.second()));
}

async fn whoever_is_used_is_due_later_and_many_reports_are_one_write(db: Database) {
    let bed = Bed::new(db).await;
    let made = bed.live("acme").await;
    let since = made.active_at.expect("known");
    let used = async |at| bed.tenants.used(&made.id, by(), at).await.expect("known").0;
    assert_eq!(used(since + 59.minutes()).await, made, "it is known to within an hour");
    let later = used(since + 60.minutes()).await;
    assert_eq!(later.active_at, Some(since + 60.minutes()));
    assert_eq!(row(&bed, &made.id).await, made.hibernates_at.map(|at| at + 60.minutes()));
    assert_eq!(reports(&bed, &made.id, 8, since + 5.hours()).await, vec![None; 8]);
    assert_eq!(row(&bed, &made.id).await, made.hibernates_at.map(|at| at + 5.hours()));
    let nobody: TenantId = "nobody-000000".parse().expect("an id");
    let refused = bed.tenants.used(&nobody, by(), now()).await.expect_err("nobody");
    assert!(matches!(refused, Refusal::NoSuchTenant(_)));
}

async fn whoever_is_not_active_is_not_due_and_is_again_once_it_is(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let tenant = order(&bed, &tenant, Order::suspend(by()), Event::Suspended).await;
    assert_eq!((row(&bed, &tenant.id).await, tenant.hibernates_at), (None, None));
    let said = bed.tenants.used(&tenant.id, by(), now() + 2.hours()).await.expect("known");
    assert_eq!(said, (tenant.clone(), None), "what is closed is not used");
    let tenant = order(&bed, &tenant, Order::resume(by()), Event::Resumed).await;
    assert_eq!(row(&bed, &tenant.id).await, tenant.hibernates_at);
    assert!(tenant.hibernates_at.is_some());
    let tenant = order(&bed, &tenant, Order::change_access(Access::ReadOnly, by()), Event::PlanSettled).await;
    assert!(row(&bed, &tenant.id).await.is_some());
    let gone = order(&bed, &tenant, Order::delete(by()), Event::Deleted).await;
    assert_eq!((row(&bed, &gone.id).await, gone.hibernates_at), (None, None));
}

async fn a_report_wakes_whoever_sleeps_once(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let asleep = order(&bed, &tenant, Order::hibernate(by()), Event::Hibernated).await;
    assert_eq!((asleep.status, row(&bed, &asleep.id).await), (Status::Hibernating, None));
    let woken: Vec<Accepted> = reports(&bed, &asleep.id, 4, now()).await.into_iter().flatten().collect();
    assert_eq!(woken.len(), 1, "{woken:?}");
    let operation = bed.operation(&asleep.id, woken[0].operation).await;
    assert_eq!(operation.kind, Kind::Wake);
    assert_eq!(bed.tenants.used(&asleep.id, by(), now()).await.expect("known").1, None, "it is being woken");
    let awake = bed.settle(&asleep.id, operation.id, Event::Woken, State::Succeeded).await;
    assert_eq!(awake.status, Status::Active);
    assert_eq!(row(&bed, &awake.id).await, awake.hibernates_at);
}

async fn what_cannot_sleep_is_not_put_to_sleep(db: Database) {
    let mut bed = Bed::new(db).await;
    (bed.blueprint.hibernates, bed.blueprint.version) = (false, 2);
    bed.catalogue.put_blueprint(&bed.blueprint).await.expect("put");
    let tenant = bed.live("acme").await;
    assert_eq!((tenant.hibernates_at, row(&bed, &tenant.id).await), (None, None));
    let refused = bed.tenants.order(&tenant.id, Order::hibernate(by()), None, now()).await;
    assert!(matches!(refused, Err(Refusal::NotPossible(_))), "{refused:?}");
    assert_eq!(bed.tenant(&tenant.id).await, tenant);
}

/// Whoever is resumed because they have paid may write again by the same operation, or may not if that fails.
async fn a_change_that_can_be_led_back_remembers_what_was(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("acme").await;
    let tenant = order(&bed, &tenant, Order::change_access(Access::ReadOnly, by()), Event::PlanSettled).await;
    let tenant = order(&bed, &tenant, Order::suspend(by()), Event::Suspended).await;
    assert_eq!(tenant.access, Access::ReadOnly, "who is suspended had what they had");
    let paid = || Order::resume(by()).giving(Access::Full);
    let resumption = bed.tenants.order(&tenant.id, paid(), None, now()).await.expect("accepted");
    assert_eq!(resumption.tenant.access, Access::Full);
    let back = bed.settle(&tenant.id, resumption.operation, Event::ChangeFailed, State::Failed).await;
    assert_eq!((back.status, back.access), (Status::Suspended, Access::ReadOnly));
    let back = back.operation.expect("it is led back");
    let tenant = bed.settle(&tenant.id, back, Event::Suspended, State::Succeeded).await;
    let tenant = order(&bed, &tenant, paid(), Event::Resumed).await;
    assert_eq!((tenant.status, tenant.access), (Status::Active, Access::Full));
}

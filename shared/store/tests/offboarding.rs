//! Tenants that leave, as the store keeps them: restored until the last moment, never taken away before what they hold is
//! kept, and gone only with a certificate.

mod bed;

use jiff::{Timestamp, ToSpan};
use serde_json::json;
use store::{Accepted, By, Certified, Database, Look, Order, Refusal, doomed};
use tenancy::{
    Archive, Calendar, Certificate, Due, EditRequest, Kind, Operation, State, Status, StepFault, Tenant,
    TenantId, Usage,
};

use bed::{Bed, now};

fn by() -> By {
    By { who: "owner".to_owned(), why: "they left".to_owned() }
}

fn calendar() -> Calendar {
    Calendar { day_seconds: 86_400, notices: vec![14, 3, 1] }
}

/// When what the fixtures tell of happened.
fn then() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn archive() -> Archive {
    let (bucket, manifest, sha256) = ("kept".to_owned(), "manifest.json".to_owned(), "00ff".to_owned());
    let kept_until = "2100-01-01T00:00:00Z".parse().expect("a time");
    Archive { bucket, manifest, sha256, objects: 1, bytes: 2, kept_until, without: Vec::new() }
}

async fn memory() -> Bed {
    Bed::new(Database::memory()).await
}

/// A tenant that leaves in so many days.
async fn leaving(bed: &Bed, days: i64) -> Accepted {
    let tenant = bed.live("acme").await;
    let until = now() + (days * 24).hours();
    bed.tenants.order(&tenant.id, Order::offboard(by(), until, now()), None, now()).await.expect("accepted")
}

async fn look(bed: &Bed, Accepted { tenant, operation }: &Accepted, at: Timestamp) -> Option<Due> {
    let look = bed.tenants.look_at_offboarding(&tenant.id, *operation, Some(1), &calendar(), at).await;
    look.expect("looked").map(|Look { due, .. }| due)
}

async fn seal(bed: &Bed, Accepted { tenant, operation }: &Accepted, at: Timestamp) -> bool {
    bed.tenants.seal(&tenant.id, *operation, archive(), at).await.expect("read")
}

fn certified(Accepted { tenant, operation }: &Accepted) -> Certified {
    let certificate = Certificate {
        issuer: "a deployment".to_owned(),
        tenant: tenant.id.clone(),
        name: tenant.name.clone(),
        operation: *operation,
        issued_at: then(),
        destroyed: Vec::new(),
        archive: archive(),
    };
    Certified { certificate, jws: "a.b.c".to_owned() }
}

async fn at(bed: &Bed, id: &TenantId) -> (Status, Option<tenancy::OperationId>) {
    let Tenant { status, operation, .. } = bed.tenant(id).await;
    (status, operation)
}

/// One execution that waits, seen by everybody, and the janitor starts no deletion.
#[tokio::test]
async fn whoever_leaves_does_so_by_one_operation_from_the_start() {
    let bed = memory().await;
    let leaves = leaving(&bed, 30).await;
    let id = &leaves.tenant.id;
    assert_eq!(at(&bed, id).await, (Status::Cancelling, Some(leaves.operation)));
    assert_eq!(bed.operation(id, leaves.operation).await.kind, Kind::Offboard);
    assert!(bed.outbox(id).await.contains(&leaves.operation));
    let again = bed.tenants.order(id, Order::offboard(by(), now(), now()), None, now()).await;
    assert!(matches!(again, Err(Refusal::NotNow(_))), "{again:?}");
    let suspended = bed.tenants.order(id, Order::suspend(by()), None, now()).await;
    assert!(matches!(suspended, Err(Refusal::NotNow(_))), "{suspended:?}");
}

#[tokio::test]
async fn a_restored_tenant_is_what_it_was_and_its_offboarding_is_over() {
    let bed = memory().await;
    let leaves = leaving(&bed, 30).await;
    let id = &leaves.tenant.id;
    let tenant = bed.tenants.restore(id, by(), None, now()).await.expect("restored");
    assert_eq!((tenant.status, tenant.operation, tenant.grace), (Status::Active, None, None));
    let record = bed.operation(id, leaves.operation).await;
    assert_eq!(record.state, State::Failed);
    assert!(record.fault.is_some_and(|stopped| stopped.fault.cause.contains("restore by owner")));
    assert_eq!(look(&bed, &leaves, now()).await, None, "its execution has nothing to do any more");
    assert!(!seal(&bed, &leaves, now() + 800.hours()).await);
    assert_eq!(at(&bed, id).await, (Status::Active, None));
}

#[tokio::test]
async fn nothing_is_taken_away_before_the_days_are_over() {
    let bed = memory().await;
    let leaves = leaving(&bed, 30).await;
    assert!(matches!(look(&bed, &leaves, now()).await, Some(Due::Wait(_))));
    assert!(!seal(&bed, &leaves, now()).await, "there are 30 days left");
    let end = now() + (30 * 24 + 1).hours();
    assert_eq!(look(&bed, &leaves, end).await, Some(Due::BackUp));
    for _ in 0..2 {
        assert!(seal(&bed, &leaves, end).await);
    }
    assert_eq!(look(&bed, &leaves, end).await, Some(Due::TearDown));
    assert_eq!(at(&bed, &leaves.tenant.id).await.0, Status::Deleting);
    let late = bed.tenants.restore(&leaves.tenant.id, by(), None, end).await;
    assert!(late.is_err(), "{late:?}");
}

#[tokio::test]
async fn a_hold_stops_the_end_and_a_release_lets_it_come() {
    let bed = memory().await;
    let leaves = leaving(&bed, 1).await;
    let (id, end) = (&leaves.tenant.id, now() + 25.hours());
    bed.tenants.hold(id, by(), None, now()).await.expect("held");
    assert!(matches!(look(&bed, &leaves, end).await, Some(Due::Wait(until)) if until > end));
    assert!(!seal(&bed, &leaves, end).await);
    for order in [Order::delete(by()), Order::force_delete(by())] {
        let refused = bed.tenants.order(id, order, None, end).await;
        assert!(matches!(refused, Err(Refusal::Held(_))), "{refused:?}");
    }
    bed.tenants.release(id, by(), None, end).await.expect("released");
    assert!(seal(&bed, &leaves, end).await);
    let late = bed.tenants.hold(id, by(), None, end).await;
    assert!(matches!(late, Err(Refusal::NotPossible(_))), "{late:?}");
}

/// Of a restoration and the end of grace that come at once, one is so.
#[tokio::test]
async fn a_restoration_and_the_end_do_not_both_come_true() {
    for _ in 0..20 {
        let bed = std::sync::Arc::new(memory().await);
        let leaves = leaving(&bed, 1).await;
        let (id, operation, end) = (leaves.tenant.id.clone(), leaves.operation, now() + 25.hours());
        let (one, other) = (std::sync::Arc::clone(&bed), std::sync::Arc::clone(&bed));
        let (to_restore, to_seal) = (id.clone(), id.clone());
        let restored = async move { one.tenants.restore(&to_restore, by(), None, end).await.is_ok() };
        let sealed =
            async move { other.tenants.seal(&to_seal, operation, archive(), end).await.unwrap_or(false) };
        let (restored, sealed) = tokio::join!(restored, sealed);
        assert!(restored != sealed, "restored: {restored}, taken away: {sealed}");
        let status = if restored { Status::Active } else { Status::Deleting };
        assert_eq!(at(&bed, &id).await.0, status);
    }
}

/// Without an archive there is nothing to destroy, whoever tears down.
#[tokio::test]
async fn nothing_is_doomed_before_the_archive_is_sealed() {
    let bed = memory().await;
    let leaves = leaving(&bed, 1).await;
    let id = &leaves.tenant.id;
    let row = json!({
        "tenant": id, "step": "make-thing", "state": "live", "made_by": leaves.operation,
        "operation": "01M7YJMCAGDF8N7ZT7RZ80SAD4", "handle": {}, "input": "", "destroyer": "", "attempts": 1,
        "intended_at": now(), "begun_at": now(), "changed_at": now(),
    });
    let row: saga::Resource = serde_json::from_value(row).expect("a resource");
    let left = async || {
        let record = bed.operation(id, leaves.operation).await;
        doomed(
            &Operation { id: "01M7YJMCAGDF8N7ZT7RZ80SAD5".parse().expect("an id"), ..record },
            &bed.tenant(id).await,
            vec![row.clone()],
        )
        .len()
    };
    assert_eq!(left().await, 0);
    assert!(seal(&bed, &leaves, now() + 25.hours()).await);
    assert_eq!(left().await, 1);
}

#[tokio::test]
async fn a_backup_that_failed_is_put_off_with_its_reason_and_can_be_skipped() {
    let bed = memory().await;
    let leaves = leaving(&bed, 1).await;
    let (id, end) = (&leaves.tenant.id, now() + 25.hours());
    let fault = StepFault { step: "make-thing".to_owned(), fault: fault::Fault::terminal("no room") };
    bed.tenants.put_off_backup(id, leaves.operation, fault.clone(), &calendar(), end).await.expect("put off");
    assert_eq!(look(&bed, &leaves, end).await, Some(Due::Wait(end + 1.hours())));
    assert_eq!(look(&bed, &leaves, end + 1.hours()).await, Some(Due::BackUp));
    assert_eq!(bed.operation(id, leaves.operation).await.fault, Some(fault));
    let unknown = bed.tenants.skip(id, leaves.operation, "make-thing", by(), None, end).await;
    assert!(matches!(unknown, Err(Refusal::NoSuch(_))), "the ledger does not have it: {unknown:?}");
    assert!(seal(&bed, &leaves, end + 1.hours()).await);
    assert_eq!(bed.operation(id, leaves.operation).await.fault, None, "what was mended is no reason");
}

#[tokio::test]
async fn a_tenant_is_gone_when_it_has_its_certificate_and_that_is_written_once() {
    let bed = memory().await;
    let leaves = leaving(&bed, 1).await;
    let (id, end) = (&leaves.tenant.id, now() + 25.hours());
    assert!(seal(&bed, &leaves, end).await);
    assert_eq!(bed.tenants.certificate(id).await.expect("read"), None);
    for _ in 0..2 {
        let tenant = bed.tenants.certify(id, &certified(&leaves), Vec::new(), end).await.expect("certified");
        assert_eq!((tenant.status, tenant.operation), (Status::Deleted, None));
    }
    assert_eq!(bed.tenants.certificate(id).await.expect("read"), Some(certified(&leaves)));
    assert_eq!(bed.claims.tenant_of(&leaves.tenant.subdomain).await.expect("read"), None, "its name is free");
    assert_eq!(bed.operation(id, leaves.operation).await.state, State::Succeeded);
}

/// A tenant that is gone, and when it went.
async fn gone(bed: &Bed) -> (Tenant, Timestamp) {
    let leaves = leaving(bed, 1).await;
    let end = now() + 25.hours();
    assert!(seal(bed, &leaves, end).await);
    let certified = bed.tenants.certify(&leaves.tenant.id, &certified(&leaves), Vec::new(), end).await;
    (certified.expect("certified"), end)
}

#[tokio::test]
async fn whoever_is_gone_comes_back_by_what_is_kept_under_its_own_name() {
    let bed = memory().await;
    let (tenant, end) = gone(&bed).await;
    let back = bed.tenants.order(&tenant.id, Order::restore(by()), None, end).await.expect("accepted");
    assert_eq!(back.tenant.status, Status::Provisioning);
    assert_eq!(bed.operation(&tenant.id, back.operation).await.kind, Kind::Restore);
    assert_eq!(bed.claims.tenant_of(&tenant.subdomain).await.expect("read"), Some(tenant.id.clone()));
    let again = bed.tenants.order(&tenant.id, Order::restore(by()), None, end).await;
    assert!(matches!(again, Err(Refusal::Busy(operation)) if operation == back.operation), "{again:?}");
    // What fails is tried again in the same way: what is kept is there still.
    bed.settle(&tenant.id, back.operation, tenancy::Event::RolledBack, State::Failed).await;
    let retried = bed.tenants.order(&tenant.id, Order::retry(by()), None, end).await.expect("accepted");
    assert_eq!(bed.operation(&tenant.id, retried.operation).await.kind, Kind::Restore);
    bed.settle(&tenant.id, retried.operation, tenancy::Event::Provisioned, State::Succeeded).await;
    let tenant = bed.tenant(&tenant.id).await;
    assert_eq!((tenant.status, tenant.archive), (Status::Active, None), "what it has is newer");
}

#[tokio::test]
async fn whoever_is_gone_comes_back_under_another_name_when_somebody_has_theirs() {
    let bed = memory().await;
    let (tenant, end) = gone(&bed).await;
    let heir = bed.live("acme").await;
    assert_eq!(heir.subdomain, tenant.subdomain);
    let back = bed.tenants.order(&tenant.id, Order::restore(by()), None, end).await;
    assert!(matches!(back, Err(Refusal::SubdomainTaken(taken)) if taken == tenant.subdomain));
    assert_eq!(at(&bed, &tenant.id).await, (Status::Deleted, None));
    let edit = EditRequest { subdomain: Some("acme-two".to_owned()), ..EditRequest::default() };
    let blueprint = bed.tenants.blueprint(&tenant).await.expect("a blueprint");
    let edit = edit.check(&tenant, &blueprint, &[], &[], &Usage::default()).expect("a good name");
    let order = Order::restore(by()).editing(edit);
    let back = bed.tenants.order(&tenant.id, order, None, end).await.expect("accepted");
    assert_eq!(back.tenant.subdomain.as_str(), "acme-two");
    assert_eq!(bed.claims.tenant_of(&heir.subdomain).await.expect("read"), Some(heir.id));
}

#[tokio::test]
async fn nobody_comes_back_of_whom_nothing_is_kept() {
    let bed = memory().await;
    let tenant = bed.live("acme").await;
    let deletion = bed.tenants.order(&tenant.id, Order::delete(by()), None, now()).await.expect("accepted");
    bed.settle(&tenant.id, deletion.operation, tenancy::Event::Deleted, State::Succeeded).await;
    let back = bed.tenants.order(&tenant.id, Order::restore(by()), None, now()).await;
    assert!(matches!(back, Err(Refusal::NotPossible(why)) if why.contains("nothing is kept")));
    let (tenant, _) = gone(&bed).await;
    let late = "2100-01-01T00:00:00Z".parse().expect("a time");
    let back = bed.tenants.order(&tenant.id, Order::restore(by()), None, late).await;
    assert!(matches!(back, Err(Refusal::NotPossible(why)) if why.contains("was kept until")));
}

/// What got stuck is deleted later, and certified by what was archived at first.
#[tokio::test]
async fn whoever_got_stuck_on_the_way_out_gets_a_certificate_all_the_same() {
    let bed = memory().await;
    let leaves = leaving(&bed, 1).await;
    let (id, end) = (&leaves.tenant.id, now() + 25.hours());
    assert!(seal(&bed, &leaves, end).await);
    bed.settle(id, leaves.operation, tenancy::Event::GotStuck, State::Stuck).await;
    let again = bed.tenants.order(id, Order::delete(by()), None, end).await.expect("accepted");
    let record = bed.operation(id, again.operation).await;
    assert_eq!(record.kind, Kind::Offboard);
    assert_eq!(record.offboarding.and_then(|leaving| leaving.archive), Some(archive()));
    assert_eq!(look(&bed, &again, end).await, Some(Due::TearDown));
}

#[tokio::test]
async fn a_tenant_that_waits_can_be_deleted_at_once() {
    let bed = memory().await;
    let leaves = leaving(&bed, 30).await;
    let id = &leaves.tenant.id;
    let deleted = bed.tenants.order(id, Order::delete(by()), None, now()).await.expect("accepted");
    assert_eq!(at(&bed, id).await, (Status::Deleting, Some(deleted.operation)));
    assert_eq!(bed.operation(id, deleted.operation).await.kind, Kind::Delete);
    assert!(bed.operation(id, leaves.operation).await.state.is_final());
}

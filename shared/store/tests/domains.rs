//! Custom domains, as the store keeps them: claimed once, one thing at a time, never lost and never left over.

mod bed;

use fault::Fault;
use saga::{Begun, Committed, Intent, Lease, Ledger as _, Standing};
use serde_json::json;
use store::{Accepted, By, Database, Open, Order, Refusal, ResourceLedger};
use tenancy::{
    AspectState, DomainName, DomainState, Event, Kind, OperationId, Seen, State, Status, Tenant, TenantId,
};

use bed::{Bed, at_once, drawn, now};

const STEP: &str = "cloudflare-serve-domain";

fn by() -> By {
    By { who: "owner".to_owned(), why: "mine".to_owned() }
}

fn name(label: &str) -> DomainName {
    DomainName::parse("hostname", &format!("{}.example.com", drawn(label))).expect("a name")
}

async fn memory() -> Bed {
    Bed::new(Database::memory()).await
}

async fn add(bed: &Bed, tenant: &Tenant, hostname: &DomainName) -> Result<Accepted, Refusal> {
    bed.tenants.add_domain(&tenant.id, hostname, by(), None, now()).await
}

async fn state(bed: &Bed, id: &TenantId, hostname: &DomainName) -> Option<DomainState> {
    bed.tenants.domains(id).await.expect("read").value.get(hostname).map(|domain| domain.state)
}

/// What a look sees of a domain that is live.
fn live() -> Result<Seen, Fault> {
    let right = || (AspectState::Right, String::new());
    Ok(Seen { name: right(), dns: right(), certificate: right(), proofs: Vec::new() })
}

async fn settle(bed: &Bed, id: &TenantId, operation: OperationId, error: Option<Fault>) -> State {
    bed.tenants.settle_domains(id, operation, error, now()).await.expect("settled").state
}

/// The operation that is at a tenant's domains.
async fn at_work(bed: &Bed, id: &TenantId) -> Option<OperationId> {
    bed.tenants.domains(id).await.expect("read").value.operation
}

/// A tenant whose domain leads to it.
async fn serving(bed: &Bed, hostname: &DomainName) -> Tenant {
    let tenant = bed.live("acme").await;
    let accepted = add(bed, &tenant, hostname).await.expect("accepted");
    bed.tenants.looked_at_domain(&tenant.id, accepted.operation, live(), now()).await.expect("looked");
    assert_eq!(settle(bed, &tenant.id, accepted.operation, None).await, State::Succeeded);
    tenant
}

/// Invariant 11: nothing of the tenant's own is changed, and it can be deleted or changed as before.
#[tokio::test]
async fn a_domain_is_an_operation_beside_the_tenants_own() {
    let bed = memory().await;
    let (tenant, hostname) = (bed.live("acme").await, name("shop"));
    let accepted = add(&bed, &tenant, &hostname).await.expect("accepted");
    assert_eq!(bed.tenant(&tenant.id).await, tenant);
    let record = bed.operation(&tenant.id, accepted.operation).await;
    assert_eq!((record.kind, record.workflow.steps()), (Kind::Domain, vec![STEP]));
    assert!(bed.outbox(&tenant.id).await.contains(&accepted.operation));
    let open = Open::all(&bed.db).await.expect("read");
    assert!(open.iter().any(|open| open.operation == accepted.operation), "the janitor knows of it");
    bed.tenants.order(&tenant.id, Order::delete(by()), None, now()).await.expect("nothing is in the way");
}

#[tokio::test]
async fn a_domain_that_is_live_is_where_its_tenant_answers() {
    let bed = memory().await;
    let hostname = name("shop");
    let tenant = serving(&bed, &hostname).await;
    let endpoints = bed.tenant(&tenant.id).await.endpoints;
    assert_eq!(endpoints["domain"], format!("https://{hostname}"));
    assert_eq!(endpoints["site"], tenant.endpoints["site"]);
    assert_eq!(at_work(&bed, &tenant.id).await, None);
    // Settled again after a lost answer, it is the same.
    let operations = bed.tenants.operations(&tenant.id).await.expect("read");
    assert_eq!(settle(&bed, &tenant.id, operations[0].id, None).await, State::Succeeded);
    assert_eq!(state(&bed, &tenant.id, &hostname).await, Some(DomainState::Active));
}

#[tokio::test]
async fn of_many_who_want_a_domain_one_gets_it() {
    let bed = memory().await;
    let hostname = name("shop");
    let mut wishes = Vec::new();
    for n in 0..5 {
        let tenant = bed.live(&format!("acme{n}")).await;
        let (tenants, hostname) = (bed.tenants.clone(), hostname.clone());
        wishes.push(async move { tenants.add_domain(&tenant.id, &hostname, by(), None, now()).await });
    }
    let outcomes = at_once(wishes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|refusal| matches!(refusal, Refusal::DomainTaken(_))));
}

#[tokio::test]
async fn of_many_who_ask_at_once_for_one_tenant_one_is_accepted() {
    let bed = memory().await;
    let tenant = bed.live("acme").await;
    let wishes = (0..5).map(|n| {
        let (tenants, id, hostname) = (bed.tenants.clone(), tenant.id.clone(), name(&format!("shop{n}")));
        async move { tenants.add_domain(&id, &hostname, by(), None, now()).await }
    });
    let outcomes = at_once(wishes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = outcomes.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|refusal| matches!(refusal, Refusal::Busy(_))));
    assert_eq!(bed.outbox(&tenant.id).await.len(), 2, "its signup's and one more");
}

/// Invariant 9.
#[tokio::test]
async fn the_same_request_has_the_same_answer() {
    let bed = memory().await;
    let (tenant, hostname) = (bed.live("acme").await, name("shop"));
    let key = bed.key("k", "digest");
    let add = || bed.tenants.add_domain(&tenant.id, &hostname, by(), Some(&key), now());
    let first = add().await.expect("accepted");
    assert_eq!(add().await.expect("accepted"), first);
    let other = bed.key("k", "another digest");
    let reused = bed.tenants.add_domain(&tenant.id, &name("other"), by(), Some(&other), now()).await;
    assert!(matches!(reused, Err(Refusal::KeyReused)));
}

/// A claim that is never proven does not outlast its day.
#[tokio::test]
async fn what_has_failed_is_taken_away_by_another_operation_and_then_free_for_others() {
    let bed = memory().await;
    let (tenant, hostname) = (bed.live("acme").await, name("shop"));
    let accepted = add(&bed, &tenant, &hostname).await.expect("accepted");
    let fault = Fault::terminal("somebody else's");
    assert_eq!(settle(&bed, &tenant.id, accepted.operation, Some(fault.clone())).await, State::Failed);
    let record = bed.operation(&tenant.id, accepted.operation).await;
    assert_eq!(record.fault.map(|failed| (failed.step, failed.fault)), Some((STEP.to_owned(), fault)));
    assert_eq!(bed.tenant(&tenant.id).await, tenant, "its tenant does not suffer from it");
    assert_eq!(bed.claims.tenant_at(&hostname).await.expect("read"), Some(tenant.id.clone()), "not yet");
    let next = at_work(&bed, &tenant.id).await.expect("what takes it away");
    assert!(bed.outbox(&tenant.id).await.contains(&next));
    assert_eq!(settle(&bed, &tenant.id, next, None).await, State::Succeeded);
    assert_eq!(bed.claims.tenant_at(&hostname).await.expect("read"), None);
    assert_eq!(state(&bed, &tenant.id, &hostname).await, Some(DomainState::Failed), "it says why");
    let other = bed.live("other").await;
    add(&bed, &other, &hostname).await.expect("free again");
}

#[tokio::test]
async fn a_domain_takes_the_place_of_another_and_then_frees_it() {
    let bed = memory().await;
    let (old, new) = (name("old"), name("new"));
    let tenant = serving(&bed, &old).await;
    let accepted = add(&bed, &tenant, &new).await.expect("accepted");
    assert_eq!(
        bed.tenants.domains(&tenant.id).await.expect("read").value.served(),
        [old.clone(), new.clone()]
    );
    bed.tenants.looked_at_domain(&tenant.id, accepted.operation, live(), now()).await.expect("looked");
    settle(&bed, &tenant.id, accepted.operation, None).await;
    assert_eq!(bed.tenant(&tenant.id).await.endpoints["domain"], format!("https://{new}"));
    let next = at_work(&bed, &tenant.id).await.expect("what takes the old one away");
    assert_eq!(bed.claims.tenant_at(&old).await.expect("read"), Some(tenant.id.clone()), "it is still there");
    settle(&bed, &tenant.id, next, None).await;
    assert_eq!(bed.claims.tenant_at(&old).await.expect("read"), None);
    assert_eq!(state(&bed, &tenant.id, &old).await, None);
    assert_eq!(bed.tenant(&tenant.id).await.endpoints["domain"], format!("https://{new}"));
}

#[tokio::test]
async fn a_domain_that_is_waited_for_can_go_and_whoever_waits_is_stopped() {
    let bed = memory().await;
    let (tenant, hostname) = (bed.live("acme").await, name("shop"));
    let waits = add(&bed, &tenant, &hostname).await.expect("accepted").operation;
    let removes = bed.tenants.remove_domain(&tenant.id, &hostname, by(), None, now()).await;
    let removes = removes.expect("accepted").operation;
    assert_eq!(bed.operation(&tenant.id, waits).await.state, State::Failed);
    let ledger = ResourceLedger::new(bed.db.clone());
    assert_eq!(ledger.standing(&tenant.id, waits, STEP).await.expect("read"), Standing::Fenced);
    assert_eq!(ledger.standing(&tenant.id, removes, STEP).await.expect("read"), Standing::Open);
    let look = bed.tenants.looked_at_domain(&tenant.id, waits, live(), now()).await.expect("looked");
    assert_eq!(look, None);
    settle(&bed, &tenant.id, removes, None).await;
    assert_eq!(state(&bed, &tenant.id, &hostname).await, None);
    assert_eq!(bed.claims.tenant_at(&hostname).await.expect("read"), None);
    assert!(!bed.tenant(&tenant.id).await.endpoints.contains_key("domain"));
}

#[tokio::test]
async fn a_retry_of_the_tenant_leaves_its_domain_where_it_answers() {
    let bed = memory().await;
    let hostname = name("shop");
    let tenant = serving(&bed, &hostname).await;
    let mut found = bed.tenants.get(&tenant.id).await.expect("read").expect("there");
    found.value.status = Status::Failed;
    let key = store::Key::new(store::Table::Tenants, &tenant.id, "TENANT");
    let write =
        store::Write::put(key, &found.value, store::Condition::Version(found.version)).expect("a row");
    bed.db.write(write).await.expect("written");
    let retried = bed.tenants.order(&tenant.id, Order::retry(by()), None, now()).await.expect("accepted");
    let alive = bed.settle(&tenant.id, retried.operation, Event::Provisioned, State::Succeeded).await;
    assert_eq!(alive.endpoints["domain"], format!("https://{hostname}"));
}

/// A domain's operation has no fence of the teardown's: that its tenant is going is one.
#[tokio::test]
async fn nothing_is_made_for_a_tenant_that_is_going_and_what_was_being_made_goes_with_it() {
    let bed = memory().await;
    let (tenant, hostname) = (bed.live("acme").await, name("shop"));
    let accepted = add(&bed, &tenant, &hostname).await.expect("accepted");
    let ledger = ResourceLedger::new(bed.db.clone());
    let intent = Intent {
        tenant: tenant.id.clone(),
        step: STEP,
        operation: accepted.operation,
        handle: json!({}),
        input: "digest".to_owned(),
        destroyer: "arn".to_owned(),
        lease: Lease { holder: "call".to_owned(), until: now() },
    };
    let Begun::Started(row) = ledger.begin(intent.clone()).await.expect("begun") else { panic!("fresh") };
    let deleted = bed.tenants.order(&tenant.id, Order::delete(by()), None, now()).await.expect("accepted");
    let committed = ledger.commit(*row, &json!({})).await.expect("committed");
    assert!(matches!(committed, Committed::Fenced(_)), "what it made is undone");
    assert!(matches!(ledger.begin(intent).await.expect("asked"), Begun::Fenced));
    assert_eq!(settle(&bed, &tenant.id, accepted.operation, None).await, State::Failed);
    let record = bed.operation(&tenant.id, deleted.operation).await;
    let resources = ledger.resources(&tenant.id).await.expect("read");
    let doomed = store::doomed(&record, &bed.tenant(&tenant.id).await, resources);
    assert_eq!(doomed.len(), 1, "the deletion takes it away");
}

#[tokio::test]
async fn a_deleted_tenant_has_no_domain_left_whoever_settles_last() {
    for late in [false, true] {
        let bed = memory().await;
        let (tenant, hostname) = (bed.live("acme").await, name("shop"));
        let accepted = add(&bed, &tenant, &hostname).await.expect("accepted");
        let deletion =
            bed.tenants.order(&tenant.id, Order::delete(by()), None, now()).await.expect("accepted");
        if !late {
            settle(&bed, &tenant.id, accepted.operation, None).await;
        }
        bed.settle(&tenant.id, deletion.operation, Event::Deleted, State::Succeeded).await;
        if late {
            settle(&bed, &tenant.id, accepted.operation, None).await;
        }
        assert_eq!(bed.claims.tenant_at(&hostname).await.expect("read"), None, "late: {late}");
        assert!(bed.tenants.domains(&tenant.id).await.expect("read").value.all.is_empty());
        assert!(bed.operation(&tenant.id, accepted.operation).await.state.is_final());
        assert!(Open::all(&bed.db).await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn a_signup_claims_its_domain_at_once_and_begins_with_it_once_the_tenant_is_alive() {
    let bed = memory().await;
    let hostname = name("shop");
    let signup = tenancy::Signup { custom_domain: Some(hostname.clone()), ..bed.signup("acme") };
    let accepted = bed.tenants.sign_up(&signup, None, now()).await.expect("accepted");
    let id = accepted.tenant.id;
    assert_eq!(state(&bed, &id, &hostname).await, Some(DomainState::Waiting));
    let rival = tenancy::Signup { custom_domain: Some(hostname.clone()), ..bed.signup("rival") };
    for key in [None, Some(bed.key("k", "digest"))] {
        let refused = bed.tenants.sign_up(&rival, key.as_ref(), now()).await;
        assert!(matches!(refused, Err(Refusal::DomainTaken(_))), "{refused:?}");
    }
    assert!(at_work(&bed, &id).await.is_none());
    bed.settle(&id, accepted.operation, Event::Provisioned, State::Succeeded).await;
    let operation = at_work(&bed, &id).await.expect("begun");
    assert!(bed.outbox(&id).await.contains(&operation));
    assert_eq!(state(&bed, &id, &hostname).await, Some(DomainState::Pending));
}

#[tokio::test]
async fn a_tenant_that_is_not_active_and_one_whose_blueprint_serves_none_take_no_domain() {
    let mut bed = memory().await;
    let waiting = bed.tenants.sign_up(&bed.signup("waiting"), None, now()).await.expect("accepted").tenant;
    let refused = add(&bed, &waiting, &name("shop")).await;
    assert!(matches!(refused, Err(Refusal::NotPossible(_))), "{refused:?}");
    bed.blueprint.custom_domain = None;
    bed.catalogue.put_blueprint(&bed.blueprint).await.expect("put");
    let tenant = bed.live("acme").await;
    let refused = add(&bed, &tenant, &name("shop")).await;
    assert!(matches!(refused, Err(Refusal::NotPossible(_))), "{refused:?}");
    let missing = bed.tenants.remove_domain(&tenant.id, &name("shop"), by(), None, now()).await;
    assert!(matches!(missing, Err(Refusal::NoSuch(_))), "{missing:?}");
}

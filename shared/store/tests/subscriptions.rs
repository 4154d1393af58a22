//! What is promised of subscriptions, held against both databases they are kept in, as in `contract.rs`.

#[macro_use]
mod bed;

use bed::{Bed, at_once, drawn, now};
use billing::{Event, EventId, Fact, Hearing, State as SubscriptionState, SubscriptionId, Terms};
use jiff::{Timestamp, ToSpan};
use store::{Account, Claims, Database, Error, Refusal, UnknownEvent};
use tenancy::{Event as Happened, Plan, State, Status, Usage};

contract! {
    an_event_is_heard_once,
    of_many_events_at_once_each_is_heard,
    what_is_heard_is_on_the_agenda_at_once,
    an_account_is_not_written_over,
    one_subscription_gets_one_tenant,
    a_signup_whose_subdomain_is_taken_leaves_the_account_as_it_was,
    a_tenant_that_was_there_before_can_be_paid_for,
    a_plan_that_expires_begins_a_trial_when_its_tenant_comes_up,
    what_nobody_knows_is_kept_once,
    usage_is_what_was_reported_last,
}

fn subscription() -> SubscriptionId {
    drawn("sub").parse().expect("an id")
}

fn event(subscription: &SubscriptionId, at: Timestamp, state: SubscriptionState) -> Event {
    let terms = Terms { state, trial_ends_at: None, cancel_at: None, tenant: None };
    let fact = Fact::Terms { terms, bought: vec!["pro".to_owned()], paid_until: None, customer: None };
    Event { id: drawn("evt").parse().expect("an id"), at, subscription: subscription.clone(), fact }
}

async fn heard(db: &Database, id: &SubscriptionId) -> Account {
    let (account, _) = Account::hear(db, event(id, now(), SubscriptionState::Active), now())
        .await
        .expect("heard")
        .expect("news");
    account
}

async fn stored(db: &Database, id: &SubscriptionId) -> Account {
    Account::get(db, id).await.expect("read").expect("there")
}

async fn is_due(db: &Database, id: &SubscriptionId, by: Timestamp) -> bool {
    Account::due(db, by, 1000).await.expect("read").contains(id)
}

async fn an_event_is_heard_once(db: Database) {
    let id = subscription();
    let event = event(&id, now(), SubscriptionState::Active);
    let (account, hearing) = Account::hear(&db, event.clone(), now()).await.expect("heard").expect("news");
    assert_eq!((account.heard, hearing), (1, Hearing::News));
    assert!(Account::hear(&db, event.clone(), now()).await.expect("heard").is_none());
    let late = Event { id: drawn("evt").parse().expect("an id"), at: event.at - 1.hour(), ..event };
    let (account, hearing) = Account::hear(&db, late, now()).await.expect("heard").expect("another");
    assert_eq!((account.heard, account.late, hearing), (2, 1, Hearing::Late));
    assert_eq!(stored(&db, &id).await, account);
}

async fn of_many_events_at_once_each_is_heard(db: Database) {
    let id = subscription();
    let events: Vec<Event> =
        (0..4).map(|n| event(&id, now() + n.seconds(), SubscriptionState::Active)).collect();
    let hear = |event: Event| {
        let db = db.clone();
        async move { Account::hear(&db, event, now()).await.expect("heard").is_some() }
    };
    let twice = events.iter().chain(&events).cloned().map(hear);
    assert_eq!(at_once(twice).await.into_iter().filter(|news| *news).count(), 4);
    assert_eq!(stored(&db, &id).await.heard, 4);
}

async fn what_is_heard_is_on_the_agenda_at_once(db: Database) {
    let id = subscription();
    let mut account = heard(&db, &id).await;
    assert!(is_due(&db, &id, now()).await);
    let later = now() + 3.hours();
    account.save(&db, Some(later)).await.expect("saved");
    assert!(!is_due(&db, &id, now()).await && is_due(&db, &id, later).await);
    account.save(&db, None).await.expect("saved");
    assert!(!is_due(&db, &id, later).await);
    assert!(!Account::all(&db).await.expect("read").contains(&id));
}

async fn an_account_is_not_written_over(db: Database) {
    let id = subscription();
    let mut first = heard(&db, &id).await;
    let mut second = stored(&db, &id).await;
    first.refused = Some("first".to_owned());
    first.save(&db, None).await.expect("saved");
    second.refused = Some("second".to_owned());
    assert!(matches!(second.save(&db, None).await, Err(Error::Conflict(_))));
    assert_eq!(stored(&db, &id).await.refused.as_deref(), Some("first"));
}

async fn one_subscription_gets_one_tenant(db: Database) {
    let bed = Bed::new(db.clone()).await;
    let id = subscription();
    heard(&db, &id).await;
    let signup = bed.signup("paid");
    let (mut one, mut other) = (stored(&db, &id).await, stored(&db, &id).await);
    let accepted = one.sign_up(&bed.tenants, &signup, now(), now()).await.expect("accepted");
    let again = tenancy::Signup { subdomain: bed.signup("again").subdomain, ..signup };
    let refused = other.sign_up(&bed.tenants, &again, now(), now()).await.expect_err("it has one");
    assert!(matches!(refused, Refusal::Store(Error::Conflict(_))), "{refused}");
    assert_eq!(Claims::new(db.clone()).tenant_of(&again.subdomain).await.expect("read"), None);
    let tenant = bed.tenant(&accepted.tenant.id).await;
    assert_eq!((tenant.subscription, tenant.status), (Some(id.clone()), Status::Provisioning));
    let account = stored(&db, &id).await;
    assert_eq!((account.tenant, account.ordered.plan), (Some(tenant.id), Some(bed.plan.id)));
    one.save(&db, None).await.expect("its version is known");
}

async fn a_signup_whose_subdomain_is_taken_leaves_the_account_as_it_was(db: Database) {
    let bed = Bed::new(db.clone()).await;
    bed.tenants.sign_up(&bed.signup("taken"), None, now()).await.expect("accepted");
    let id = subscription();
    let mut account = heard(&db, &id).await;
    let refused = account.sign_up(&bed.tenants, &bed.signup("taken"), now(), now()).await.expect_err("taken");
    assert!(matches!(refused, Refusal::SubdomainTaken(_)), "{refused}");
    assert_eq!(stored(&db, &id).await, account);
    account.save(&db, None).await.expect("its version is known");
}

async fn a_tenant_that_was_there_before_can_be_paid_for(db: Database) {
    let bed = Bed::new(db.clone()).await;
    let tenant = bed.live("before").await;
    let id = subscription();
    let mut account = heard(&db, &id).await;
    let found = bed.tenants.get(&tenant.id).await.expect("read").expect("there");
    account.link(&bed.tenants, found, now()).await.expect("linked");
    assert_eq!(bed.tenant(&tenant.id).await.subscription, Some(id.clone()));
    assert_eq!(stored(&db, &id).await.tenant, Some(tenant.id));
    account.save(&db, None).await.expect("its version is known");
}

async fn a_plan_that_expires_begins_a_trial_when_its_tenant_comes_up(db: Database) {
    let mut bed = Bed::new(db.clone()).await;
    bed.plan = Plan { expires_days: std::num::NonZero::new(7), ..bed.plan };
    bed.catalogue.put_plan(&bed.plan).await.expect("put");
    let accepted = bed.tenants.sign_up(&bed.signup("demo"), None, now()).await.expect("accepted");
    assert_eq!(bed.tenant(&accepted.tenant.id).await.subscription, None);
    let id = &accepted.tenant.id;
    let tenant = bed.settle(id, accepted.operation, Happened::Provisioned, State::Succeeded).await;
    let trial = tenant.subscription.expect("a trial");
    let account = stored(&db, &trial).await;
    let ends = account.subscription.ends_at().expect("it ends");
    let begun = tenant.activated_at.expect("active");
    assert_eq!(ends, begun + (7 * 24).hours());
    assert_eq!((account.tenant.as_ref(), account.charged), (Some(id), false));
    assert!(is_due(&db, &trial, now()).await);
}

async fn what_nobody_knows_is_kept_once(db: Database) {
    let id: EventId = drawn("evt").parse().expect("an id");
    let event = UnknownEvent { id: id.clone(), kind: "charge.succeeded".to_owned(), received_at: now() };
    event.keep(&db).await.expect("kept");
    event.keep(&db).await.expect("kept");
    let kept = UnknownEvent::all(&db, 1000, now()).await.expect("read");
    assert_eq!(kept.iter().filter(|kept| kept.id == id).count(), 1);
    assert!(UnknownEvent::all(&db, 1000, now() + (31 * 24).hours()).await.expect("read").is_empty());
}

async fn usage_is_what_was_reported_last(db: Database) {
    let bed = Bed::new(db).await;
    let tenant = bed.live("busy").await;
    assert_eq!(bed.tenants.usage(&tenant.id).await.expect("read"), Usage::default());
    for products in [10, 20] {
        let usage = Usage { products: Some(products), ..Usage::default() };
        bed.tenants.report_usage(&tenant.id, usage, now()).await.expect("kept");
        assert_eq!(bed.tenants.usage(&tenant.id).await.expect("read"), usage);
    }
}

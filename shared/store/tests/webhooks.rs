//! What is promised of webhooks, of their deliveries, and of tenants that others have names for, held against both
//! databases, as in `contract.rs`.

#[macro_use]
mod bed;

use bed::{Bed, at_once, now};
use events::{Attempt, Delivery, DeliveryState, Event, Target, Webhook};
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use store::{By, Correspondence, Database, Error, Page, Refusal, Webhooks};

contract! {
    a_webhook_is_added_once_by_one_request,
    of_two_who_change_a_webhook_one_is_told_of_the_other,
    an_event_is_offered_once,
    of_two_who_keep_a_delivery_one_does,
    a_replay_is_all_or_nothing_and_once_by_one_request,
    deliveries_are_listed_by_the_time_of_their_events,
    what_others_have_a_name_for_is_one_tenant,
}

fn by() -> By {
    By { who: "a test".to_owned(), why: "it asks".to_owned() }
}

fn webhook(now: Timestamp) -> Webhook {
    Webhook {
        id: Webhooks::draw(now),
        url: Target::parse("url", "https://hooks.example.com/", false).expect("public"),
        description: String::new(),
        types: [].into(),
        tenant: None,
        enabled: true,
        disabled: None,
        failing_since: None,
        secrets: Vec::new(),
        created_at: now,
    }
}

fn event(n: u8, at: Timestamp) -> Event {
    let event = json!({
        "specversion": "1.0", "id": format!("evt_{n:032x}"), "type": "tenantry.tenant.activated.v1",
        "source": "urn:tenantry:t", "subject": "tenants/acme-7f3a9c", "time": at,
        "datacontenttype": "application/json", "data": { "n": n },
    });
    serde_json::from_value(event).expect("an event")
}

async fn a_webhook_is_added_once_by_one_request(db: Database) {
    let (bed, now) = (Bed::new(db.clone()).await, now());
    let (webhooks, key) = (Webhooks::new(db), bed.key("add", "d"));
    let first = webhooks.create(webhook(now), by(), Some(&key), now).await.expect("added");
    let again = webhooks.create(webhook(now), by(), Some(&key), now).await.expect("answered");
    assert_eq!(first, again);
    assert!(webhooks.all().await.expect("read").contains(&first));
    webhooks.delete(first.id, None, by(), now).await.expect("deleted");
    assert!(webhooks.get(first.id).await.expect("read").is_none());
    let gone = webhooks.delete(first.id, None, by(), now).await;
    assert!(matches!(gone, Err(Refusal::NoSuch(_))), "{gone:?}");
}

async fn of_two_who_change_a_webhook_one_is_told_of_the_other(db: Database) {
    let (webhooks, now) = (Webhooks::new(db), now());
    let id = webhooks.create(webhook(now), by(), None, now).await.expect("added").id;
    let found = webhooks.get(id).await.expect("read").expect("there");
    let version = Some(found.version);
    webhooks.change("disable", id, version, by(), now, |it| it.enable(false)).await.expect("changed");
    let late = webhooks.change("disable", id, version, by(), now, |it| it.enable(true)).await;
    assert!(matches!(late, Err(Refusal::Stale(_))), "{late:?}");
    // What deliveries have shown is not written over what somebody wants.
    assert!(matches!(webhooks.note(&found).await, Err(Error::Conflict(_))));
    assert!(!webhooks.get(id).await.expect("read").expect("there").value.enabled);
}

async fn an_event_is_offered_once(db: Database) {
    let (webhooks, now) = (Webhooks::new(db), now());
    let webhook = webhooks.create(webhook(now), by(), None, now).await.expect("added");
    let offers = (0..4).map(|_| {
        let (webhooks, webhook) = (webhooks.clone(), webhook.clone());
        async move { webhooks.offer(&webhook, event(1, now), now).await.expect("offered").value }
    });
    let offered = at_once(offers).await;
    assert!(offered.iter().all(|delivery| *delivery == offered[0]), "{offered:?}");
    assert_eq!(webhooks.deliveries(webhook.id, 10, None).await.expect("read").0.len(), 1);
    let disabled = Webhook { enabled: false, ..webhook };
    let held = webhooks.offer(&disabled, event(2, now), now).await.expect("offered").value;
    assert_eq!(held.state, DeliveryState::Held);
}

async fn of_two_who_keep_a_delivery_one_does(db: Database) {
    let (webhooks, now) = (Webhooks::new(db), now());
    let webhook = webhooks.create(webhook(now), by(), None, now).await.expect("added");
    let mut found = webhooks.offer(&webhook, event(1, now), now).await.expect("offered");
    let twin = found.clone();
    let attempt = Attempt { at: now, status: Some(200), answer: String::new(), duration_ms: 1, fault: None };
    found.value.tried(attempt, DeliveryState::Delivered, None);
    webhooks.keep(&found, now).await.expect("kept");
    assert!(matches!(webhooks.keep(&twin, now).await, Err(Error::Conflict(_))));
    let kept = webhooks.delivery(webhook.id, &found.value.id).await.expect("read").expect("there");
    assert_eq!(kept.value, found.value);
}

async fn a_replay_is_all_or_nothing_and_once_by_one_request(db: Database) {
    let (bed, now) = (Bed::new(db.clone()).await, now());
    let (webhooks, key) = (Webhooks::new(db), bed.key("replay", "d"));
    let webhook = webhooks.create(webhook(now), by(), None, now).await.expect("added");
    let mut found = Vec::new();
    for n in 0..3 {
        found.push(webhooks.offer(&webhook, event(n, now), now).await.expect("offered"));
    }
    let mut stale = found.clone();
    stale[2].version += 1;
    let refused = webhooks.replay(stale, None, now).await;
    assert!(matches!(refused, Err(Refusal::Store(Error::Conflict(_)))), "{refused:?}");
    let errands = webhooks.replay(found.clone(), Some(&key), now).await.expect("replayed");
    assert_eq!(webhooks.replay(found, Some(&key), now).await.expect("answered"), errands);
    for errand in errands {
        let kept = webhooks.delivery(webhook.id, &errand.delivery).await.expect("read").expect("there").value;
        assert_eq!((kept.round, kept.expects(&errand)), (2, true));
    }
}

async fn deliveries_are_listed_by_the_time_of_their_events(db: Database) {
    let (webhooks, now) = (Webhooks::new(db), now());
    let webhook = webhooks.create(webhook(now), by(), None, now).await.expect("added");
    for (n, hours) in [(3, 3), (1, 1), (2, 2)] {
        webhooks.offer(&webhook, event(n, now - hours.hours()), now).await.expect("offered");
    }
    let numbers = async |after: Option<Page>| {
        let (found, _) = webhooks.deliveries(webhook.id, 10, after.as_ref()).await.expect("read");
        let number = |delivery: &Delivery| delivery.event.data["n"].as_u64().expect("a number");
        found.iter().map(|found| number(&found.value)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None).await, [3, 2, 1]);
    assert_eq!(numbers(Some(Webhooks::since(now - 2.hours()))).await, [2, 1]);
    let (first, next) = webhooks.deliveries(webhook.id, 1, None).await.expect("read");
    assert!(next.is_some());
    assert_eq!(numbers(Some(Webhooks::after(&first[0].value.id.to_string()))).await, [2, 1]);
}

/// Invariant 9.
async fn what_others_have_a_name_for_is_one_tenant(db: Database) {
    let (bed, now) = (Bed::new(db).await, now());
    let theirs = bed::drawn("theirs");
    let asks = (0..4).map(|n| {
        let (tenants, theirs) = (bed.tenants.clone(), theirs.clone());
        let signup = bed.signup(&format!("name{n}"));
        async move { tenants.sign_up_for(&signup, &theirs, Some("r-1"), now).await }
    });
    let answers = at_once(asks).await;
    let made: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()?.as_ref()).collect();
    let [accepted] = made[..] else { panic!("{answers:?}") };
    let known = Correspondence::find(&bed.db, &theirs).await.expect("read").expect("there");
    assert_eq!((&known.tenant, known.registration.as_deref()), (&accepted.tenant.id, Some("r-1")));
    assert_eq!(Correspondence::of(&bed.db, &accepted.tenant.id).await.expect("read"), Some(known));
    assert_eq!(bed.outbox(&accepted.tenant.id).await, [accepted.operation]);
    let again = bed.tenants.sign_up_for(&bed.signup("other"), &theirs, None, now).await;
    assert!(matches!(again, Ok(None)), "{again:?}");
}

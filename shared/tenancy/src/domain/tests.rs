use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn name(name: &str) -> DomainName {
    DomainName::parse("hostname", name).expect("a name")
}

fn operation(number: u128) -> OperationId {
    OperationId::new(0, number)
}

fn seen(name: AspectState, dns: AspectState, certificate: AspectState) -> Result<Seen, Fault> {
    let said = |state| (state, "said".to_owned());
    Ok(Seen { name: said(name), dns: said(dns), certificate: said(certificate), proofs: Vec::new() })
}

fn live() -> Result<Seen, Fault> {
    seen(AspectState::Right, AspectState::Right, AspectState::Right)
}

fn waiting() -> Result<Seen, Fault> {
    seen(AspectState::Waiting, AspectState::Waiting, AspectState::Waiting)
}

fn states(domains: &Domains) -> Vec<(&str, DomainState)> {
    domains.all.iter().map(|domain| (domain.hostname.as_str(), domain.state)).collect()
}

/// One that leads to its tenant.
fn serving(hostname: &str) -> Domains {
    let mut domains = Domains::default();
    domains.add(&name(hostname), operation(1), at(0)).expect("added");
    domains.looked(operation(1), live(), at(30));
    let settled = domains.settle(operation(1), None, at(31));
    assert_eq!(settled.endpoint, Some(Some(name(hostname))));
    domains
}

#[test]
fn a_domain_is_looked_at_ever_less_often_for_a_day() {
    let pauses: Vec<u64> = (0..16).map(pause).collect();
    assert_eq!(pauses[..4], [30, 39, 50, 65]);
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1] || pair[1] == 900), "{pauses:?}");
    assert_eq!(pause(u32::MAX), 900);
}

/// Nine events a look: the task's five, the choice's and the pause's two each. In the worst case each call is tried
/// seven times, which are three events more for each.
#[test]
fn a_day_of_looking_fits_into_a_history() {
    let mut domains = Domains::default();
    domains.add(&name("shop.example.com"), operation(1), at(0)).expect("added");
    let (mut now, mut looks) = (0, 0);
    while let Some(seconds) = domains.looked(operation(1), waiting(), at(now)) {
        now += i64::try_from(seconds).expect("a day");
        looks += 1;
    }
    assert_eq!(now, 24 * 60 * 60, "to the last second");
    assert!((100..120).contains(&looks), "{looks}");
    assert!(looks * (9 + 6 * 3) < 25_000 / 5, "{looks} looks");
}

#[test]
fn each_aspect_keeps_its_own_time() {
    let mut domains = Domains::default();
    domains.add(&name("shop.example.com"), operation(1), at(0)).expect("added");
    let mut look = |now, seen| domains.looked(operation(1), seen, at(now));
    look(30, waiting());
    look(60, seen(AspectState::Waiting, AspectState::Right, AspectState::Waiting));
    look(90, seen(AspectState::Right, AspectState::Right, AspectState::Waiting));
    look(120, Err(Fault::transient("cloudflare did not answer")));
    let domain = domains.get(&name("shop.example.com")).expect("there");
    let since = [&domain.name, &domain.dns, &domain.certificate].map(|aspect| aspect.since);
    assert_eq!(since, [at(90), at(60), at(0)]);
    assert_eq!(domain.fault.as_ref().map(|fault| fault.cause.as_str()), Some("cloudflare did not answer"));
    assert_eq!((domain.looks, domain.looked_at), (4, Some(at(120))));
}

#[test]
fn a_domain_that_is_live_is_the_endpoint_and_nobody_waits_any_more() {
    let domains = serving("shop.example.com");
    assert_eq!(states(&domains), [("shop.example.com", DomainState::Active)]);
    assert_eq!(domains.operation, None);
}

/// Visitors are never without one of the two.
#[test]
fn a_change_keeps_the_old_one_until_the_new_one_is_live() {
    let mut domains = serving("old.example.com");
    assert_eq!(domains.add(&name("new.example.com"), operation(2), at(100)), Ok(Vec::new()));
    assert_eq!(domains.served(), [name("old.example.com"), name("new.example.com")]);
    domains.looked(operation(2), live(), at(130));
    let settled = domains.settle(operation(2), None, at(131));
    assert_eq!(settled.endpoint, Some(Some(name("new.example.com"))));
    assert!(settled.goes_on && settled.freed.is_empty(), "the old one is still at the provider");
    assert_eq!(domains.served(), [name("new.example.com")]);
    domains.operation = Some(operation(3));
    let settled = domains.settle(operation(3), None, at(140));
    assert_eq!(settled.freed, [name("old.example.com")].into());
    assert_eq!(states(&domains), [("new.example.com", DomainState::Active)]);
    assert_eq!(settled.endpoint, Some(Some(name("new.example.com"))));
}

#[test]
fn a_change_that_fails_leaves_the_old_one() {
    let mut domains = serving("old.example.com");
    domains.add(&name("new.example.com"), operation(2), at(100)).expect("added");
    domains.looked(operation(2), waiting(), at(130));
    let settled = domains.settle(operation(2), None, at(90_000));
    assert_eq!((settled.endpoint, settled.goes_on), (None, true));
    assert_eq!(domains.served(), [name("old.example.com")]);
    // What takes it away frees the name, and keeps why it failed.
    domains.operation = Some(operation(3));
    let settled = domains.settle(operation(3), None, at(90_010));
    assert_eq!(settled.freed, [name("new.example.com")].into());
    assert_eq!(
        states(&domains),
        [("old.example.com", DomainState::Active), ("new.example.com", DomainState::Failed)]
    );
}

#[rstest]
#[case::blocked((AspectState::Wrong, AspectState::Waiting, AspectState::Waiting), "choose another")]
#[case::leads_elsewhere((AspectState::Waiting, AspectState::Waiting, AspectState::Waiting), "Point the domain")]
#[case::no_certificate((AspectState::Right, AspectState::Right, AspectState::Wrong), "Publish the records")]
fn a_failure_says_what_was_seen_and_what_to_do(
    #[case] (name_state, dns, certificate): (AspectState, AspectState, AspectState),
    #[case] hint: &str,
) {
    let mut domains = Domains::default();
    domains.add(&name("shop.example.com"), operation(1), at(0)).expect("added");
    domains.looked(operation(1), seen(name_state, dns, certificate), at(30));
    let fault = domains.settle(operation(1), None, at(31)).fault.expect("failed");
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Customer));
    assert!(fault.cause.contains("shop.example.com") && fault.cause.contains("said"), "{fault}");
    assert!(fault.hint.as_deref().is_some_and(|said| said.contains(hint)), "{fault:?}");
}

#[rstest]
#[case::blocked(seen(AspectState::Wrong, AspectState::Right, AspectState::Right), 30)]
#[case::live(live(), 30)]
#[case::too_late(waiting(), 24 * 60 * 60)]
fn there_is_an_end_to_looking(#[case] seen: Result<Seen, Fault>, #[case] now: i64) {
    let mut domains = Domains::default();
    domains.add(&name("shop.example.com"), operation(1), at(0)).expect("added");
    assert_eq!(domains.looked(operation(1), seen, at(now)), None);
}

#[test]
fn one_thing_at_a_time_is_done_about_domains_but_a_domain_that_is_waited_for_can_go() {
    let mut domains = serving("old.example.com");
    domains.add(&name("new.example.com"), operation(2), at(100)).expect("added");
    let busy = Unwilling::Busy(operation(2));
    assert_eq!(domains.add(&name("third.example.com"), operation(3), at(101)), Err(busy.clone()));
    assert_eq!(domains.remove(&name("old.example.com"), operation(3)), Err(busy));
    assert_eq!(domains.remove(&name("none.example.com"), operation(3)), Err(Unwilling::Unknown));
    assert_eq!(domains.remove(&name("new.example.com"), operation(3)), Ok(Some(operation(2))));
    assert_eq!(domains.served(), [name("old.example.com")]);
    assert_eq!(domains.watched(operation(2)), None, "whoever waited need not any more");
    let settled = domains.settle(operation(3), None, at(110));
    assert_eq!(settled.freed, [name("new.example.com")].into());
}

#[test]
fn what_would_not_go_stays_named_and_can_be_asked_to_go_again() {
    let mut domains = serving("shop.example.com");
    domains.remove(&name("shop.example.com"), operation(2)).expect("removing");
    let settled = domains.settle(operation(2), Some(Fault::terminal("refused")), at(200));
    assert!(settled.freed.is_empty() && settled.fault.is_some());
    assert_eq!(states(&domains), [("shop.example.com", DomainState::Removing)]);
    assert_eq!(domains.remove(&name("shop.example.com"), operation(3)), Ok(None));
    let settled = domains.settle(operation(3), None, at(210));
    assert_eq!((settled.endpoint, states(&domains)), (Some(None), Vec::new()));
}

#[test]
fn what_has_failed_is_forgotten_by_the_next_try_or_the_next_domain() {
    let mut domains = Domains::default();
    domains.add(&name("shop.example.com"), operation(1), at(0)).expect("added");
    domains.settle(operation(1), None, at(90_000));
    let again = domains.clone().add(&name("shop.example.com"), operation(2), at(90_001));
    assert_eq!(again, Ok(Vec::new()));
    let another = domains.add(&name("other.example.com"), operation(2), at(90_001));
    assert_eq!(another, Ok(vec![name("shop.example.com")]));
    assert_eq!(states(&domains), [("other.example.com", DomainState::Pending)]);
}

#[test]
fn a_domain_that_came_with_the_signup_waits_for_its_tenant() {
    let mut domains = Domains::default();
    domains.wait(name("shop.example.com"), at(0));
    assert_eq!((domains.served(), domains.all[0].until), (Vec::new(), None));
    assert!(domains.awake(operation(1), at(500)));
    assert_eq!(domains.all[0].until, Some(at(500 + 24 * 60 * 60)), "its day begins with the tenant's life");
    assert!(!domains.awake(operation(2), at(501)));
}

#[test]
fn a_domain_comes_back_with_its_tenant() {
    let mut domains = serving("shop.example.com");
    assert!(domains.sleeps() && domains.awake(operation(7), at(50)));
    assert_eq!(states(&domains), [("shop.example.com", DomainState::Pending)]);
    assert!(domains.watched(operation(7)).is_some());
}

#[rstest]
#[case("shop.example.com", "CNAME")]
#[case("example.com", "ALIAS")]
fn the_record_to_publish_is_one_that_can_stand_there(#[case] hostname: &str, #[case] kind: &str) {
    let record = DnsRecord::alias(&name(hostname), "stores.vendin.store");
    assert_eq!(
        (record.kind.as_str(), record.name.as_str(), record.value.as_str()),
        (kind, hostname, "stores.vendin.store")
    );
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Add(u8),
    Remove(u8),
    Look(bool),
    Settle(bool),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let one = prop_oneof![
        (0..3u8).prop_map(Turn::Add),
        (0..3u8).prop_map(Turn::Remove),
        any::<bool>().prop_map(Turn::Look),
        any::<bool>().prop_map(Turn::Settle),
    ];
    prop::collection::vec(one, 1..40)
}

proptest! {
    /// Whatever is asked in whatever order: one at most is active, nothing is served that is not wanted, no name is free
    /// while it is served, and nothing is under way for good.
    #[test]
    fn domains_make_sense_whatever_happens(turns in turns()) {
        let hosts = ["a.example.com", "b.example.com", "c.example.com"].map(name);
        let mut domains = Domains::default();
        let mut claimed = BTreeSet::new();
        for (number, turn) in turns.into_iter().enumerate() {
            let (next, now) = (operation(number as u128 + 1), at(number as i64));
            match turn {
                Turn::Add(host) => {
                    let host = &hosts[usize::from(host)];
                    if let Ok(forgotten) = domains.add(host, next, now) {
                        claimed.insert(host.clone());
                        for forgotten in forgotten {
                            claimed.remove(&forgotten);
                        }
                    }
                }
                Turn::Remove(host) => drop(domains.remove(&hosts[usize::from(host)], next)),
                Turn::Look(right) => {
                    if let Some(operation) = domains.operation {
                        domains.looked(operation, if right { live() } else { waiting() }, now);
                    }
                }
                Turn::Settle(well) => {
                    if let Some(operation) = domains.operation {
                        let error = (!well).then(|| Fault::terminal("refused"));
                        let settled = domains.settle(operation, error, now);
                        for freed in &settled.freed {
                            claimed.remove(freed);
                        }
                        domains.operation = settled.goes_on.then_some(next);
                    }
                }
            }
            let count = |state| domains.all.iter().filter(|domain| domain.state == state).count();
            prop_assert!(count(DomainState::Active) <= 1, "{domains:?}");
            prop_assert!(count(DomainState::Pending) <= 1, "{domains:?}");
            prop_assert!(domains.served().iter().all(|served| claimed.contains(served)), "{domains:?}");
            let pending = domains.all.iter().find(|domain| domain.state == DomainState::Pending);
            prop_assert!(pending.is_none_or(|domain| domain.operation == domains.operation), "{domains:?}");
        }
    }
}

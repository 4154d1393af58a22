//! The step against the sandbox's bench host and its authority: what is asserted is what certificate there is.

use std::sync::Arc;

use bench_host::{Mode, Serve};
use fault::{Actor, Kind as FaultKind};
use jiff::ToSpan;
use sandbox::clouds::Bench;
use serde_json::json;

use self::world::{API, NAME, OWNER, SITE, World, context, done, failed, later, subject};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

async fn once(world: &Arc<World>, operation: u64) -> Result<Output, Fault> {
    let (step, cx) = (IssueCertificate { bench: world.bench() }, context(operation, &json!({})));
    let params = Params { site: SITE.to_owned(), api: API.to_owned() };
    step.apply(&cx, &params, &step.handle(&cx.mark)).await
}

/// nginx serves both names.
async fn serve(world: &Arc<World>) {
    let task = Task::Serve { site: SITE.to_owned(), api: API.to_owned(), mode: Mode::Live };
    done(async || world.bench().run::<Serve>(&subject(), "0", &task).await).await;
}

async fn is_served_with_tls(world: &Arc<World>) -> bool {
    world.bench().served(&subject()).await.expect("a look").expect("a file").tls
}

async fn there(world: &Arc<World>) -> bool {
    let look = world.bench().certificate(&subject()).await.expect("a look");
    look.is_some_and(|certificate| certificate.exists)
}

fn mark() -> Mark {
    OWNER.parse().expect("a mark")
}

async fn destroy(world: &Arc<World>) -> Presence {
    let step = IssueCertificate { bench: world.bench() };
    let handle = step.handle(&mark());
    done(async || step.destroy(&mark(), &handle).await).await;
    step.observe(&mark(), &handle).await.expect("a look")
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_got_and_served_and_found_again_and_ended() {
    let world = World::new();
    world.lead().await;
    serve(&world).await;
    let Output { not_after } = done(async || once(&world, 1).await).await;
    assert!(not_after > clock::now() + (24 * 60).hours());
    let certificate = world.bench().certificate(&subject()).await.expect("a look").expect("one");
    assert_eq!(certificate.hosts, [SITE, API]);
    assert!(is_served_with_tls(&world).await);
    for operation in [1, 2] {
        assert_eq!(done(async || once(&world, operation).await).await.not_after, not_after, "not another");
    }
    assert_eq!(destroy(&world).await, Presence::Absent);
    assert!(!is_served_with_tls(&world).await, "nginx does not start with what is gone");
    assert_eq!(destroy(&world).await, Presence::Absent, "gone already");
}

/// The guide's failures 4 and 5: a name that does not lead here yet. Served without TLS meanwhile, and fetched by the host later.
#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_lead_here_is_waited_for_by_the_host() {
    let world = World::new();
    serve(&world).await;
    let before = world.bench().served(&subject()).await.expect("a look");
    for kind in [FaultKind::Transient, FaultKind::Transient, FaultKind::Terminal] {
        let fault = failed(async || once(&world, 1).await).await;
        assert_eq!((fault.kind, fault.actor), (kind, Actor::Us), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("port 80")), "{fault:?}");
    }
    assert_eq!(world.bench().served(&subject()).await.expect("a look"), before, "it is served as it was");
    world.lead().await;
    later(2 * 3600).await;
    assert!(there(&world).await && is_served_with_tls(&world).await, "the wish stood");
    done(async || once(&world, 2).await).await;
}

/// The guide's failure 4, its other half: the week's certificates of the domain are used up.
#[tokio::test(start_paused = true)]
async fn a_limit_is_kept_and_says_until_when() {
    let world = World::with(Bench { certificates_per_week: 1, ..Bench::default() });
    world.lead().await;
    serve(&world).await;
    let first = Task::IssueCertificate { hosts: vec![SITE.to_owned()] };
    done(async || world.bench().run::<Issued>(&subject(), "0", &first).await).await;
    let before = world.bench().certificate(&subject()).await.expect("a look").expect("one");
    let fault = failed(async || once(&world, 1).await).await;
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Provider), "{fault:?}");
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("tries again by itself")), "{fault:?}");
    assert!(fault.retry_at.is_some_and(|at| at > clock::now() + (6 * 24).hours()), "{fault:?}");
    let after = world.bench().certificate(&subject()).await.expect("a look").expect("one");
    assert_eq!(
        (after.not_after, after.hosts),
        (before.not_after, before.hosts),
        "and the one of before is kept"
    );
}

/// Five failures of a name in an hour, and the authority is left in peace until the hour is over.
#[tokio::test(start_paused = true)]
async fn whoever_failed_too_often_is_told_when_to_come_again() {
    let world = World::new();
    serve(&world).await;
    let mut last = None;
    for operation in 1..=2 {
        for _ in 0..3 {
            last = Some(failed(async || once(&world, operation).await).await);
        }
    }
    let fault = last.expect("a fault");
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Provider), "{fault:?}");
    assert!(fault.retry_at.is_some_and(|at| at > clock::now()), "{fault:?}");
}

/// A wish that was never granted ends, too: nobody goes on asking for a tenant that is gone.
#[tokio::test(start_paused = true)]
async fn a_wish_that_was_not_granted_is_undone() {
    let world = World::new();
    failed(async || once(&world, 1).await).await;
    assert!(!there(&world).await);
    assert_eq!(destroy(&world).await, Presence::Absent);
    serve(&world).await;
    world.lead().await;
    later(3 * 3600).await;
    assert!(!there(&world).await, "nobody asks for it");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_somebody_else_is_never_touched() {
    for owner in [None, Some("prod/acme-7f3a9c")] {
        let world = World::new();
        world.plant("certificate", NAME, owner);
        let before = world.things();
        let fault = failed(async || once(&world, 1).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.cause.contains("belongs to somebody else"), "{fault:?}");
        assert_eq!(destroy(&world).await, Presence::Absent, "not ours");
        assert_eq!(world.things(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn what_certbot_has_is_listed_with_whose_it_is() {
    let world = World::new();
    world.plant("certificate", "other-9c0d1e", Some("test/other-9c0d1e"));
    world.plant("certificate", "somebody", None);
    let listed = IssueCertificate { bench: world.bench() }.inventory(None).await.expect("a part");
    let held: Vec<(&str, &str)> =
        listed.held.iter().map(|held| (held.handle.certificate.as_str(), held.owner.as_str())).collect();
    assert_eq!(held, [("other-9c0d1e", "test/other-9c0d1e")]);
}

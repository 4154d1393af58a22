//! The step against the sandbox's bench host: what is asserted is what nginx has.

use std::sync::Arc;

use fault::{Actor, Kind as FaultKind};
use serde_json::{Value, json};

use self::world::{API, NAME, OWNER, SITE, World, context, done, failed, later, subject};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

async fn once(world: &Arc<World>, operation: u64, but: &Value) -> Result<Output, Fault> {
    let (step, cx) = (ServeSite { bench: world.bench() }, context(operation, but));
    let params = Params { site: SITE.to_owned(), api: API.to_owned() };
    step.apply(&cx, &params, &step.handle(&cx.mark)).await
}

async fn serve(world: &Arc<World>, operation: u64, but: &Value) -> Output {
    done(async || once(world, operation, but).await).await
}

async fn mode(world: &Arc<World>) -> Option<Mode> {
    world.bench().served(&subject()).await.expect("a look").and_then(|served| served.mode)
}

async fn destroy(world: &Arc<World>, mark: &Mark) -> Presence {
    let step = ServeSite { bench: world.bench() };
    let handle = step.handle(mark);
    done(async || step.destroy(mark, &handle).await).await;
    step.observe(mark, &handle).await.expect("a look")
}

fn mark() -> Mark {
    OWNER.parse().expect("a mark")
}

#[tokio::test(start_paused = true)]
async fn names_are_served_and_then_closed_and_opened_and_withdrawn() {
    let world = World::new();
    assert!(!serve(&world, 1, &json!({})).await.tls, "there is no certificate yet");
    let served = world.bench().served(&subject()).await.expect("a look").expect("a file");
    assert_eq!(
        (served.mode, served.hosts.as_slice()),
        (Some(Mode::Live), &[SITE.to_owned(), API.to_owned()][..])
    );
    serve(&world, 1, &json!({})).await;
    for (operation, rests) in [(2, "suspended"), (4, "hibernating")] {
        serve(&world, operation, &json!({ rests: true })).await;
        assert_eq!(mode(&world).await, Some(Mode::Suspended), "{rests}");
        serve(&world, operation + 1, &json!({})).await;
        assert_eq!(mode(&world).await, Some(Mode::Live));
    }
    assert_eq!(destroy(&world, &mark()).await, Presence::Absent);
    assert_eq!(world.things(), []);
    assert_eq!(destroy(&world, &mark()).await, Presence::Absent, "gone already");
}

/// A later operation makes it anew, and its undo is another one.
#[tokio::test(start_paused = true)]
async fn what_was_withdrawn_and_served_again_is_withdrawn_again() {
    let world = World::new();
    for operation in 1..4 {
        serve(&world, operation, &json!({})).await;
        assert_eq!(destroy(&world, &mark()).await, Presence::Absent, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_of_somebody_else_is_never_touched() {
    for owner in [None, Some("prod/acme-7f3a9c")] {
        let world = World::new();
        world.plant("nginx-file", NAME, owner);
        let before = world.things();
        let fault = failed(async || once(&world, 1, &json!({})).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.cause.contains("belongs to somebody else"), "{fault:?}");
        assert_eq!(destroy(&world, &mark()).await, Presence::Absent, "not ours");
        assert_eq!(world.things(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_tenant_is_served_at_is_left_to_them() {
    let world = World::new();
    world.plant("nginx-file", "other-9c0d1e", Some("demo/other-9c0d1e"));
    let fault = failed(async || once(&world, 1, &json!({})).await).await;
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert!(fault.hint.is_some_and(|hint| hint.contains("whose it is")), "{}", fault.cause);
    assert_eq!(destroy(&world, &mark()).await, Presence::Absent);
    assert_eq!(world.things().len(), 1, "theirs");
}

#[tokio::test(start_paused = true)]
async fn what_nginx_has_is_listed_with_whose_it_is() {
    let world = World::new();
    world.plant("nginx-file", "other-9c0d1e", Some("test/other-9c0d1e"));
    world.plant("nginx-file", "somebody", None);
    let step = ServeSite { bench: world.bench() };
    let listed = step.inventory(None).await.expect("a part");
    let held: Vec<(&str, &str)> =
        listed.held.iter().map(|held| (held.handle.served.as_str(), held.owner.as_str())).collect();
    assert_eq!(held, [("other-9c0d1e", "test/other-9c0d1e")]);
    assert_eq!(listed.next, None);
}

/// The guide's failures 3 and 10. What nginx had, it still has.
#[tokio::test(start_paused = true)]
async fn what_nginx_refuses_is_for_us_and_breaks_nobody() {
    for (code, hint) in [("nginx-invalid", "nginx -t"), ("address-in-use", "end it, or move it")] {
        let world = World::new();
        serve(&world, 1, &json!({})).await;
        let before = world.things();
        world.fail("serve", code, 1).await;
        let fault = failed(async || once(&world, 2, &json!({ "suspended": true })).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|told| told.contains(hint)), "{fault:?}");
        assert_eq!((world.things(), mode(&world).await), (before, Some(Mode::Live)), "{code}");
    }
}

/// A failure for good is told, and a while later tried again: a teardown does not stay stuck.
#[tokio::test(start_paused = true)]
async fn an_undo_that_failed_for_good_is_tried_again_later() {
    let world = World::new();
    serve(&world, 1, &json!({})).await;
    world.fail("withdraw", "nginx-invalid", 1).await;
    let (step, mark) = (ServeSite { bench: world.bench() }, mark());
    let handle = step.handle(&mark);
    let undo = async || step.destroy(&mark, &handle).await;
    assert_eq!(failed(undo).await.kind, FaultKind::Terminal);
    assert_eq!(step.observe(&mark, &handle).await.expect("a look"), Presence::Present);
    later(15 * 60).await;
    assert_eq!(destroy(&world, &mark).await, Presence::Absent);
}

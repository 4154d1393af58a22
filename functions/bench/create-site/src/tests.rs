//! The step against the sandbox's bench host: what is asserted is what is on the host.

use std::sync::Arc;

use fault::{Actor, Kind as FaultKind};
use serde_json::json;

use self::world::{NAME, OWNER, World, context, done, failed, later, polled, subject};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

const PASSWORD: &str = "Aa0-correct-horse";

fn step(world: &Arc<World>) -> CreateSite {
    let nowhere = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
        .build();
    let vault = Vault::new(aws_sdk_secretsmanager::Client::from_conf(nowhere));
    CreateSite { bench: world.bench(), vault }
}

async fn once(world: &Arc<World>, operation: u64) -> Result<Output, Fault> {
    let (step, cx) = (step(world), context(operation, &json!({})));
    step.make(&cx, &step.handle(&cx.mark), PASSWORD.into()).await
}

async fn create(world: &Arc<World>, operation: u64) -> Output {
    done(async || once(world, operation).await).await
}

fn mark() -> Mark {
    OWNER.parse().expect("a mark")
}

async fn destroy(world: &Arc<World>) -> Presence {
    let step = step(world);
    let handle = step.handle(&mark());
    done(async || step.destroy(&mark(), &handle).await).await;
    step.observe(&mark(), &handle).await.expect("a look")
}

async fn back_up(world: &Arc<World>, take: &str) -> Holding {
    let step = step(world);
    done(async || step.back_up(&mark(), &step.handle(&mark()), take).await).await
}

async fn restore(world: &Arc<World>, copies: &[Copied]) -> Result<(), Fault> {
    let step = step(world);
    step.fill(&subject(), copies.to_vec(), PASSWORD.into()).await
}

#[tokio::test(start_paused = true)]
async fn a_site_is_made_once_and_found_again_and_dropped() {
    let world = World::new();
    let (made, asked) = polled(async || once(&world, 1).await).await;
    assert!(asked > 1, "it takes longer than a call");
    let Output { site, database } = made.expect("made");
    assert_eq!((site.as_str(), database.as_str()), (NAME, "_acme_7f3a9c"));
    let since = world.site().await.expect("a site").made_at;
    // Its answer was lost; and a later operation looks over it.
    for operation in [1, 2] {
        create(&world, operation).await;
    }
    assert_eq!(world.site().await.expect("a site").made_at, since);
    assert_eq!(destroy(&world).await, Presence::Absent);
    assert_eq!(world.things(), []);
    assert_eq!(destroy(&world).await, Presence::Absent, "gone already");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_being_made_is_ended_and_dropped() {
    let world = World::new();
    assert_eq!(once(&world, 1).await.expect_err("it runs").kind, FaultKind::NotReady);
    assert_eq!(destroy(&world).await, Presence::Absent);
    later(600).await;
    assert_eq!(world.things(), [], "nor does it come afterwards");
}

#[tokio::test(start_paused = true)]
async fn one_that_broke_off_is_made_again() {
    let world = World::new();
    world.fail("new-site", "interrupted", 2).await;
    create(&world, 1).await;
    assert!(world.site().await.is_some_and(|site| site.exists && site.database));
}

#[tokio::test(start_paused = true)]
async fn a_site_of_somebody_else_is_never_touched() {
    for owner in [None, Some("prod/acme-7f3a9c")] {
        let world = World::new();
        world.plant("site", NAME, owner);
        let before = world.things();
        let fault = failed(async || once(&world, 1).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.cause.contains("belongs to somebody else") && fault.hint.is_some(), "{fault:?}");
        assert_eq!(back_up(&world, "1").await, Holding::Copies(Vec::new()), "not ours to read");
        assert_eq!(destroy(&world).await, Presence::Absent, "not ours");
        assert_eq!(world.things(), before);
    }
}

/// The guide's failure 1: its answer is to drop whatever has the name.
#[tokio::test(start_paused = true)]
async fn a_database_without_a_site_is_somebody_s() {
    let world = World::new();
    world.plant("database", "_acme_7f3a9c", None);
    let before = world.things();
    let fault = failed(async || once(&world, 1).await).await;
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("whose it is")), "{fault:?}");
    assert_eq!(destroy(&world).await, Presence::Absent);
    assert_eq!(world.things(), before);
}

/// The guide's failures 8 and 9, and the first as the agent tells it. What is half made is ours, and goes.
#[tokio::test(start_paused = true)]
async fn what_a_host_lacks_is_for_us_to_mend() {
    for (code, hint) in [
        ("database-refused", "database_root_user"),
        ("no-space", "Make room"),
        ("database-exists", "whose it is"),
    ] {
        let world = World::new();
        world.plant("site", "other-9c0d1e", Some("demo/other-9c0d1e"));
        let before = world.things();
        world.fail("new-site", code, 1).await;
        let fault = failed(async || once(&world, 1).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|told| told.contains(hint)), "{fault:?}");
        assert!(!format!("{fault:?}").contains(PASSWORD));
        assert_eq!(destroy(&world).await, Presence::Absent);
        assert_eq!(world.things(), before, "{code}");
    }
}

/// What may pass is tried three times by one operation. The next one begins anew.
#[tokio::test(start_paused = true)]
async fn a_database_server_that_is_away_is_waited_for_but_not_for_ever() {
    let world = World::new();
    world.fail("new-site", "database-unreachable", 3).await;
    for _ in 0..2 {
        let fault = failed(async || once(&world, 1).await).await;
        assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us), "{fault:?}");
        assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("running?")), "{fault:?}");
    }
    create(&world, 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_a_site_comes_back_into_a_new_one() {
    let world = World::new();
    create(&world, 1).await;
    world.clouds().write("an invoice of March");
    let Holding::Copies(copies) = back_up(&world, "1-1").await else { panic!("it is small") };
    let paths: Vec<&str> = copies.iter().map(|copy| copy.path.as_str()).collect();
    assert_eq!(paths, ["database.sql.gz", "files.tar.gz", "private-files.tar.gz"]);
    assert_eq!(back_up(&world, "1-1").await, Holding::Copies(copies.clone()), "the same take is the same");
    world.clouds().write("an invoice of April");
    assert_ne!(back_up(&world, "1-2").await, Holding::Copies(copies.clone()), "another is another");
    destroy(&world).await;
    assert_eq!(restore(&world, &copies).await.expect_err("no site").kind, FaultKind::Terminal);
    assert_eq!(back_up(&world, "1-3").await, Holding::Copies(Vec::new()), "what is gone holds nothing");
    create(&world, 2).await;
    assert!(!world.says("March").await);
    let (restored, asked) = polled(async || restore(&world, &copies).await).await;
    restored.expect("restored");
    assert!(asked > 1, "it takes longer than a call");
    assert!(world.says("March").await);
    // Its answer was lost, and people have come meanwhile: it is filled once.
    world.clouds().write("an invoice of May");
    done(async || restore(&world, &copies).await).await;
    assert!(world.says("May").await && !world.says("March").await);
}

#[tokio::test(start_paused = true)]
async fn what_the_host_has_is_listed_with_whose_it_is() {
    let world = World::new();
    world.plant("site", "other-9c0d1e", Some("test/other-9c0d1e"));
    world.plant("site", "somebody", None);
    create(&world, 1).await;
    let listed = step(&world).inventory(None).await.expect("a part");
    let held: Vec<(&str, &str)> =
        listed.held.iter().map(|held| (held.handle.site.as_str(), held.owner.as_str())).collect();
    assert_eq!(held, [(NAME, OWNER), ("other-9c0d1e", "test/other-9c0d1e")]);
    assert!(listed.held.iter().all(|held| held.made_at.is_some()));
}

/// A teardown that failed for good does not stay so.
#[tokio::test(start_paused = true)]
async fn an_undo_that_failed_for_good_is_tried_again_later() {
    let world = World::new();
    create(&world, 1).await;
    world.fail("drop-site", "database-refused", 1).await;
    let (step, handle) = (step(&world), step(&world).handle(&mark()));
    for _ in 0..2 {
        let fault = failed(async || step.destroy(&mark(), &handle).await).await;
        assert_eq!(fault.kind, FaultKind::Terminal, "{fault:?}");
    }
    assert_eq!(step.observe(&mark(), &handle).await.expect("a look"), Presence::Present);
    later(15 * 60).await;
    assert_eq!(destroy(&world).await, Presence::Absent);
}

/// A backup that is larger than what is carried, from an agent of a few lines.
#[tokio::test]
async fn what_is_too_large_stays_on_the_host_and_says_where() {
    #[derive(Debug)]
    struct Large;
    impl bench_host::Answers for Large {
        fn answer(&self, request: Vec<u8>) -> bench_host::Answering<'_> {
            let asked: serde_json::Value = serde_json::from_slice(&request).expect("JSON");
            let file = json!({ "file": "database.sql.gz", "bytes": 512_u64 << 20, "sha256": "0".repeat(64) });
            let answer = match asked["ask"].as_str() {
                Some("look") => json!({ "look": {
                    "owner": OWNER, "made_at": null, "exists": true, "database": true, "apps": [], "suspended": false,
                    "read_only": false,
                } }),
                Some("run") => json!({ "job": {
                    "task": "back-up", "state": "done", "attempt": 1, "begun_at": null, "ended_at": null,
                    "result": { "files": [file] }, "failure": null, "busy_with": null,
                } }),
                _ => panic!("not even a piece is asked for: {asked}"),
            };
            Box::pin(async move { Ok(answer.to_string().into_bytes()) })
        }
    }
    let bench = BenchHost::new(bench_host::Wire::InProcess(Arc::new(Large)));
    let step = CreateSite { bench, ..step(&World::new()) };
    let held = step.back_up(&mark(), &step.handle(&mark()), "1-1").await.expect("an answer");
    let Holding::OutOfReach(why) = held else { panic!("{held:?}") };
    assert!(why.contains("512 MiB") && why.contains("acme-7f3a9c/1-1"), "{why}");
}

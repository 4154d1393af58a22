//! The set-up against the sandbox's bench host: what is asserted is what the site has.

use std::sync::Arc;

use fault::{Actor, Kind};
use sandbox::clouds::Bench;
use serde_json::{Value, json};

use self::world::{World, context, done, failed, polled};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

async fn once(world: &Arc<World>, operation: u64, but: &Value, apps: &str) -> Result<Output, Fault> {
    let setup = InstallApps { bench: world.bench() };
    setup.set_up(&context(operation, but), &Params { apps: apps.to_owned() }).await
}

async fn has(world: &Arc<World>) -> Vec<String> {
    world.site().await.expect("a site").apps
}

#[tokio::test(start_paused = true)]
async fn apps_are_installed_one_after_another_and_once() {
    let world = World::new();
    world.make_site().await;
    let apps = "erpnext, tenant_oauth_auth";
    let (output, asked) = polled(async || once(&world, 1, &json!({}), apps).await).await;
    assert!(asked > 2, "minutes are no call's");
    assert_eq!(output.expect("installed").apps, ["frappe", "erpnext", "tenant_oauth_auth"]);
    let (_, asked) = polled(async || once(&world, 1, &json!({}), apps).await).await;
    assert_eq!(asked, 1, "what is done is found done");
    done(async || once(&world, 2, &json!({}), apps).await).await;
    assert_eq!(has(&world).await, ["frappe", "erpnext", "tenant_oauth_auth"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_done_yet_is_told_by_its_name() {
    let world = World::new();
    world.make_site().await;
    let fault = once(&world, 1, &json!({}), "erpnext,tenant_oauth_auth").await.expect_err("it runs");
    assert_eq!(fault.kind, Kind::NotReady);
    assert!(fault.cause.contains("erpnext") && !fault.cause.contains("oauth"), "{fault:?}");
    assert_eq!(has(&world).await, ["frappe"]);
}

#[tokio::test(start_paused = true)]
async fn only_frappe_is_a_site_too() {
    let world = World::new();
    world.make_site().await;
    assert!(once(&world, 1, &json!({}), "").await.expect("nothing to do").apps.is_empty());
}

/// The same operation restores a site, and looks through what was put back.
#[tokio::test(start_paused = true)]
async fn what_was_put_back_is_given_what_it_lacks() {
    let world = World::new();
    world.make_site().await;
    done(async || once(&world, 1, &json!({}), "erpnext").await).await;
    // As if from a backup of before.
    world.clouds().remove("bench-host", "site", world::NAME);
    world.plant("site", world::NAME, Some(world::OWNER));
    done(async || once(&world, 1, &json!({ "inhabited": true }), "erpnext").await).await;
    assert_eq!(has(&world).await, ["frappe", "erpnext"]);
}

/// The guide's failure 2. The apps before it are there, and the next operation goes on from there.
#[tokio::test(start_paused = true)]
async fn an_app_that_the_bench_lacks_is_for_us_to_fetch() {
    let world = World::with(Bench { apps: vec!["erpnext".to_owned()], ..Bench::default() });
    world.make_site().await;
    let before = world.things();
    let fault = failed(async || once(&world, 1, &json!({}), "erpnext,wiki").await).await;
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us));
    assert!(fault.cause.contains("wiki"), "{fault:?}");
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("bench get-app")), "{fault:?}");
    assert_eq!(
        (world.things(), has(&world).await),
        (before, vec!["frappe".to_owned(), "erpnext".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_app_s_name_is_not_asked_for() {
    let world = World::new();
    world.make_site().await;
    let long = "a".repeat(64);
    for app in ["ERPNext", "../erpnext", "erp next", "1st", "_x", "a;reboot", "--force", long.as_str()] {
        let fault = once(&world, 1, &json!({}), &format!("erpnext,{app}")).await.expect_err("refused");
        assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us), "{app}");
        assert!(fault.hint.is_some_and(|hint| hint.contains("blueprint")));
    }
    assert_eq!(has(&world).await, ["frappe"], "not even those before it");
}

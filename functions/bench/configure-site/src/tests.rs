//! The set-up against the sandbox's bench host: what is asserted is how the site is.

use std::sync::Arc;

use fault::{Actor, Kind};
use sandbox::clouds::Bench;
use serde_json::{Value, json};

use self::world::{API, World, context, done, failed};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

fn params() -> Params {
    let text = str::to_owned;
    Params {
        api: text(API),
        country: text("Switzerland"),
        time_zone: text("Europe/Zurich"),
        oauth_name: text("tenantry"),
        oauth_url: text("https://auth.frappe.example"),
        max_file_mb: text("25"),
    }
}

async fn once(world: &Arc<World>, operation: u64, but: &Value) -> Result<Output, Fault> {
    let setup = ConfigureSite { bench: world.bench() };
    setup.set_up(&context(operation, but), &params()).await
}

#[tokio::test(start_paused = true)]
async fn a_site_is_open_or_closed_or_only_to_be_read() {
    let world = World::new();
    world.make_site().await;
    let states = [
        (json!({}), (false, false)),
        (json!({ "suspended": true, "inhabited": true }), (true, false)),
        (json!({ "inhabited": true }), (false, false)),
        (json!({ "hibernating": true, "inhabited": true }), (true, false)),
        (json!({ "access": "read_only", "inhabited": true }), (false, true)),
        (json!({ "access": "read_only", "suspended": true, "inhabited": true }), (true, true)),
    ];
    for (operation, (but, expected)) in (1..).zip(states) {
        let output = done(async || once(&world, operation, &but).await).await;
        assert_eq!((output.suspended, output.read_only), expected, "{but}");
        let site = world.site().await.expect("a site");
        // What is closed is not read, either.
        let (suspended, read_only) = expected;
        assert_eq!((site.suspended, site.read_only), (suspended, read_only && !suspended), "{but}");
    }
}

/// A change of plan does not set back what its people have set.
#[tokio::test(start_paused = true)]
async fn country_and_time_zone_of_a_site_in_use_are_its_people_s() {
    let world = World::new();
    world.make_site().await;
    done(async || once(&world, 1, &json!({})).await).await;
    assert!(world.says("Switzerland").await && world.says("Europe/Zurich").await);
    let moved = Params { country: "Austria".to_owned(), time_zone: "Europe/Vienna".to_owned(), ..params() };
    let (setup, cx) = (ConfigureSite { bench: world.bench() }, context(2, &json!({ "inhabited": true })));
    done(async || setup.set_up(&cx, &moved).await).await;
    assert!(world.says("Switzerland").await && !world.says("Austria").await);
    let anew = context(3, &json!({}));
    done(async || setup.set_up(&anew, &moved).await).await;
    assert!(world.says("Austria").await && world.says("Europe/Vienna").await);
}

/// The guide's failure 7. The site stays as it was.
#[tokio::test(start_paused = true)]
async fn a_bench_without_a_client_for_oauth_is_for_us_to_mend() {
    let world = World::with(Bench { oauth: false, ..Bench::default() });
    world.make_site().await;
    let before = (world.things(), world.site().await);
    let fault = failed(async || once(&world, 1, &json!({ "suspended": true })).await).await;
    assert_eq!((fault.kind, fault.actor), (Kind::Terminal, Actor::Us));
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("tenantry_oauth_client_id")), "{fault:?}");
    assert_eq!((world.things(), world.site().await), before);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_gone_is_told() {
    let world = World::new();
    let fault = failed(async || once(&world, 1, &json!({})).await).await;
    assert_eq!((fault.kind, fault.hint.is_some()), (Kind::Terminal, true), "{fault:?}");
    assert_eq!(world.things(), []);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_is_no_number_is_told_by_its_name() {
    let params = Params { max_file_mb: "much".to_owned(), ..params() };
    let setup = ConfigureSite { bench: World::new().bench() };
    let fault = setup.set_up(&context(1, &json!({})), &params).await.expect_err("a wrong setting");
    assert!(fault.kind == Kind::Terminal && fault.cause.contains("max_file_mb"), "{fault:?}");
}

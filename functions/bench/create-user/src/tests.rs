//! The set-up against the sandbox's bench host: what is asserted is who is in the site.

use std::sync::Arc;

use fault::Kind;
use serde_json::{Value, json};

use self::world::{World, context, done, failed};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

async fn once(world: &Arc<World>, operation: u64, but: &Value) -> Result<Output, Fault> {
    CreateUser { bench: world.bench() }.set_up(&context(operation, but), &Params {}).await
}

#[tokio::test(start_paused = true)]
async fn the_owner_is_a_user_and_may_set_the_site_up() {
    let world = World::new();
    world.make_site().await;
    for operation in [1, 1, 2] {
        let output = done(async || once(&world, operation, &json!({})).await).await;
        assert_eq!(output.user.as_deref(), Some("o@example.com"));
    }
    assert!(world.says("o@example.com").await);
}

#[tokio::test(start_paused = true)]
async fn who_is_among_its_people_is_theirs_to_say() {
    let world = World::new();
    world.make_site().await;
    let but = json!({ "inhabited": true });
    assert_eq!(once(&world, 1, &but).await.expect("nothing to do").user, None);
    assert!(!world.says("o@example.com").await);
}

/// Words of a customer's are data: whatever they are, they are a name.
#[tokio::test(start_paused = true)]
async fn a_name_is_a_name_whatever_it_says() {
    let world = World::new();
    world.make_site().await;
    let name = "$(reboot); '); DROP TABLE tabUser; -- {{ 7*7 }}";
    done(async || once(&world, 1, &json!({ "name": name })).await).await;
    assert!(world.says(name).await);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_gone_is_told() {
    let world = World::new();
    let fault = failed(async || once(&world, 1, &json!({})).await).await;
    assert_eq!((fault.kind, fault.hint.is_some()), (Kind::Terminal, true), "{fault:?}");
}

//! The set-up against the sandbox's bench host: what is asserted is what is in the site.

use std::sync::Arc;

use fault::Kind;
use serde_json::{Value, json};

use self::world::{World, context, done, failed};
use super::*;

#[path = "../../../../infra/local/sandbox/tests/bench_host/mod.rs"]
mod world;

async fn once(world: &Arc<World>, operation: u64, but: &Value, currency: &str) -> Result<Output, Fault> {
    let params = Params { country: "Switzerland".to_owned(), currency: currency.to_owned() };
    SeedData { bench: world.bench() }.set_up(&context(operation, but), &params).await
}

#[tokio::test(start_paused = true)]
async fn a_new_site_is_for_a_company_which_is_made_once() {
    let world = World::new();
    world.make_site().await;
    let output = done(async || once(&world, 1, &json!({}), "CHF").await).await;
    assert_eq!(output.company.as_deref(), Some("Acme"));
    assert!(world.says("Acme").await && world.says("CHF").await);
    done(async || once(&world, 2, &json!({}), "EUR").await).await;
    assert!(world.says("CHF").await && !world.says("EUR").await, "a company of the name is left");
}

#[tokio::test(start_paused = true)]
async fn what_is_its_people_s_is_not_added_to() {
    let world = World::new();
    world.make_site().await;
    let output = once(&world, 1, &json!({ "inhabited": true }), "CHF").await.expect("nothing to do");
    assert_eq!(output.company, None);
    assert!(!world.says("Acme").await);
}

#[tokio::test(start_paused = true)]
async fn what_the_site_does_not_take_is_told_and_nothing_is_made() {
    let world = World::new();
    world.make_site().await;
    let fault = failed(async || once(&world, 1, &json!({}), "francs").await).await;
    assert_eq!((fault.kind, fault.hint.is_some()), (Kind::Terminal, true), "{fault:?}");
    assert!(!world.says("Acme").await);
}

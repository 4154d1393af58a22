//! What becomes of a tenant's own domain: one tenant, its customer, and their DNS.

use std::time::Duration;

use serde_json::{Value, json};
use store::Table;
use tenancy::{OnFailure, Status};

use crate::blueprints;
use crate::chaos::{Chaos, pass};
use crate::client::Ask;
use crate::clouds::{ALIAS, TARGET};
use crate::law::Finding;
use crate::service::Thing;
use crate::simulated;
use crate::world::World;

/// A customer's own.
pub(crate) const HOSTNAME: &str = "shop.example.com";

/// What the customer does once they have asked for their domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    /// Publishes the record that they were told, so many seconds later.
    PointsAfter(u64),
    /// The same, and has it removed once it is live.
    RemovesAfter(u64),
    NeverPoints,
    /// Has the tenant deleted two minutes later.
    DeletesMeanwhile,
}

/// How it went.
#[derive(Debug)]
pub struct Lived {
    /// The state of the domain in the end.
    pub domain: String,
    pub looks: u64,
    /// The endpoint at the domain.
    pub endpoint: Option<String>,
    /// The tenant's.
    pub status: Status,
    /// How long it took until nothing ran any more.
    pub hours: i64,
    /// What the mails were about.
    pub mails: Vec<String>,
    /// The names that were served then.
    pub served: Vec<String>,
    /// Whether the cluster was told to have a certificate for it.
    pub certified: bool,
    /// The names and records that were there after the tenant's end.
    pub left: Vec<String>,
    /// Whether somebody else could have the name then.
    pub is_free: bool,
    /// What must not have been.
    pub broken: Vec<Finding>,
}

impl Lived {
    #[must_use]
    pub fn of(blueprint: &'static str, customer: Customer) -> Self {
        simulated(lived(blueprint, customer))
    }
}

async fn lived(name: &'static str, customer: Customer) -> Lived {
    let blueprint = blueprints::named(name);
    let world = World::new(blueprint.expect("a blueprint"), Chaos::new(Vec::new()), vec![0], 1).await;
    world.ask(Ask::sign_up(name, OnFailure::Compensate, "sign up")).await.expect("an answer");
    rest(&world).await;
    let id = world.tenants()[0].id.to_string();

    let begun = clock::now();
    let path = format!("/v1/tenants/{id}/domains");
    let asked = ask(&world, "POST", path.clone(), json!({ "hostname": HOSTNAME })).await;
    assert_eq!(asked["records"][0]["value"], TARGET, "{asked}");
    match customer {
        Customer::PointsAfter(seconds) | Customer::RemovesAfter(seconds) => {
            pass(Duration::from_secs(seconds)).await;
            let (name, owner) = (HOSTNAME.to_owned(), TARGET.to_owned());
            world.plant(&Thing { field: ALIAS, name, owner });
        }
        Customer::NeverPoints => {}
        Customer::DeletesMeanwhile => {
            pass(Duration::from_secs(120)).await;
            world.ask(Ask::delete(&id, "meanwhile")).await.expect("an answer");
        }
    }
    rest(&world).await;
    if let Customer::RemovesAfter(_) = customer {
        let live = world.tenants()[0].endpoints.contains_key(tenancy::DOMAIN);
        assert!(live && world.served() == [HOSTNAME], "{:?}", world.served());
        ask(&world, "DELETE", format!("{path}/{HOSTNAME}"), Value::Null).await;
        rest(&world).await;
    }
    let hours = (clock::now().as_second() - begun.as_second()) / 3600;
    let shown = ask(&world, "GET", format!("{path}/{HOSTNAME}"), Value::Null).await;
    let tenant = world.tenants().remove(0);
    let served = world.served();
    let is_its = |it: &Value| it["kind"] == "Certificate" && it["spec"]["dnsNames"] == json!([HOSTNAME]);
    let certified = world.manifests().iter().any(is_its);

    world.ask(Ask::delete(&id, "bye")).await.expect("an answer");
    rest(&world).await;
    let of_domains = |thing: &Thing| matches!(thing.field, "owner" | "served_in");
    let marks = world.law().things().into_iter().filter(of_domains).map(|thing| thing.name);
    let claims = world.tables().table(Table::Claims);
    Lived {
        domain: shown["state"].as_str().unwrap_or_default().to_owned(),
        looks: shown["looks"].as_u64().unwrap_or_default(),
        endpoint: tenant.endpoints.get(tenancy::DOMAIN).cloned(),
        status: tenant.status,
        hours,
        mails: world.subjects(),
        served,
        certified,
        left: world.served().into_iter().chain(marks).collect(),
        is_free: !claims.iter().any(|row| row.key.pk.starts_with("DOMAIN#")),
        broken: world.law().broken().into_iter().collect(),
    }
}

async fn rest(world: &World) {
    pass(Duration::from_secs(1)).await;
    assert!(world.rest().await, "something still runs after a week");
}

async fn ask(world: &World, method: &str, path: String, body: Value) -> Value {
    let answer = world.ask(asks(method, path, method, body)).await;
    answer.expect("an answer").body
}

/// Asks something about a domain.
pub(crate) fn asks(method: &str, path: String, key: &str, body: Value) -> Ask {
    let (action, method, key) = ("domain".to_owned(), method.to_owned(), format!("domain {key}"));
    Ask { action, method, path, key, body }
}

//! The step against the sandbox's Cloudflare, in this process.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fault::Kind as FaultKind;
use http_client::{Answers, Http, Request, Response};
use jiff::{Timestamp, ToSpan};
use sandbox::clouds::{Clouds, Credentials, Limits, ServiceAccount, Settings, Thing};
use serde_json::json;
use tenancy::{OperationId, Snapshot};

use super::*;

const ZONE: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "cf_token";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");

/// Cloudflare, where each call takes a second.
#[derive(Debug)]
struct Sky(Mutex<(Clouds, Timestamp)>);

impl Sky {
    fn new(limits: Limits) -> Arc<Self> {
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let credentials = Credentials {
            neon_key: String::new(),
            cloudflare_token: TOKEN.to_owned(),
            google,
            ..Credentials::default()
        };
        let clouds = Clouds::new(&Settings { limits, ..Settings::default() }, &credentials).expect("a key");
        Arc::new(Self(Mutex::new((clouds, Timestamp::from_second(1_800_000_000).expect("a time")))))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Clouds, Timestamp) -> T) -> T {
        let (clouds, now) = &mut *self.0.lock().expect("no panic while it is held");
        *now += 1.second();
        act(clouds, *now)
    }

    /// What there is: hostnames, and whose records.
    fn things(&self) -> Vec<String> {
        let shown = |Thing { kind, name, owner, .. }: Thing| match kind {
            "custom-hostname" => name,
            _ => format!("record of {}", owner.unwrap_or_default()),
        };
        self.with(|clouds, now| clouds.things(now).into_iter().map(shown).collect())
    }

    fn plant(&self, name: &str) {
        let (provider, kind, owner) = ("cloudflare", "custom-hostname", None);
        let thing = Thing { provider, kind, name: name.to_owned(), owner, awake: None };
        assert!(self.with(|clouds, now| clouds.plant(now, &format!("zones/{ZONE}"), &thing)));
    }
}

impl Answers for Sky {
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let mut plain = http::Request::builder().method(request.method()).uri(request.url().as_str());
        plain.headers_mut().expect("no mistake yet").extend(request.headers().clone());
        let plain = plain.body(Bytes::from(body)).expect("an address");
        let answer = self.with(|clouds, now| clouds.answer(now, &plain));
        Box::pin(async move { answer.into() })
    }
}

fn step(sky: &Arc<Sky>) -> ServeDomain {
    let http = Http::InProcess(Arc::clone(sky) as Arc<dyn Answers>);
    let zone = Zone::new(http, cloudflare::URL, ZONE.to_owned(), TOKEN.into()).expect("an address");
    ServeDomain { zone, zone_name: "vendin.example".to_owned(), deployment: "demo".to_owned() }
}

fn mark(tenant: &str) -> Mark {
    format!("demo/{tenant}").parse().expect("a mark")
}

fn context(tenant: &str, domains: &[&str]) -> Context {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "id": tenant, "name": "Acme", "subdomain": "acme", "email": "o@example.com", "domains": domains,
        "blueprint": { "name": "neon-cloud-run", "version": 1 },
        "plan": { "id": "s", "name": "S", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    }))
    .expect("a snapshot");
    Context { operation: OperationId::new(0, 1), tenant: snapshot, mark: mark(tenant) }
}

async fn apply(sky: &Arc<Sky>, tenant: &str, domains: &[&str]) -> Result<Output, Fault> {
    let step = step(sky);
    let cx = context(tenant, domains);
    step.apply(&cx, &Params {}, &step.handle(&cx.mark)).await
}

async fn destroy(sky: &Arc<Sky>, tenant: &str) -> Presence {
    let (step, mark) = (step(sky), mark(tenant));
    let handle = step.handle(&mark);
    step.destroy(&mark, &handle).await.expect("destroyed");
    step.observe(&mark, &handle).await.expect("observed")
}

const ACME: &str = "acme-7f3a9c";
const OTHER: &str = "other-000001";

/// Invariants 3 and 4.
#[tokio::test]
async fn twice_is_once_and_what_is_destroyed_is_gone() {
    let sky = Sky::new(Limits::default());
    for _ in 0..2 {
        apply(&sky, ACME, &["shop.example.com"]).await.expect("served");
        assert_eq!(sky.things(), ["shop.example.com", "record of demo/acme-7f3a9c"]);
    }
    for _ in 0..2 {
        assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
        assert_eq!(sky.things(), [""; 0]);
    }
}

#[tokio::test]
async fn what_is_not_wanted_any_more_goes_and_the_rest_stays() {
    let sky = Sky::new(Limits::default());
    apply(&sky, OTHER, &["other.example.com"]).await.expect("served");
    apply(&sky, ACME, &["old.example.com", "new.example.com"]).await.expect("served");
    apply(&sky, ACME, &["new.example.com"]).await.expect("served");
    let left =
        ["new.example.com", "other.example.com", "record of demo/acme-7f3a9c", "record of demo/other-000001"];
    let mut things = sky.things();
    things.sort();
    assert_eq!(things, left);
    apply(&sky, ACME, &[]).await.expect("nothing to serve");
    assert_eq!(sky.things(), ["other.example.com", "record of demo/other-000001"]);
}

/// Invariant 2: a crash between the two leaves a record, by which the rest is found.
#[tokio::test]
async fn the_record_is_there_before_the_hostname_and_goes_with_it() {
    let sky = Sky::new(Limits { custom_hostnames: 0, ..Limits::default() });
    let fault = apply(&sky, ACME, &["shop.example.com"]).await.expect_err("no quota");
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Us));
    assert_eq!(sky.things(), ["record of demo/acme-7f3a9c"]);
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    assert_eq!(sky.things(), [""; 0]);
}

/// Invariant 2.
#[tokio::test]
async fn what_somebody_else_has_there_is_neither_taken_nor_touched() {
    let sky = Sky::new(Limits::default());
    sky.plant("shop.example.com");
    let fault = apply(&sky, ACME, &["shop.example.com"]).await.expect_err("somebody else's");
    assert_eq!((fault.kind, fault.actor), (FaultKind::Terminal, Actor::Customer));
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    assert_eq!(sky.things(), ["shop.example.com"]);
}

#[tokio::test]
async fn what_another_tenant_has_stays_theirs() {
    let sky = Sky::new(Limits::default());
    apply(&sky, OTHER, &["shop.example.com"]).await.expect("served");
    apply(&sky, ACME, &["shop.example.com"]).await.expect_err("another's");
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    assert_eq!(sky.things(), ["shop.example.com", "record of demo/other-000001"]);
}

/// A record of ours beside it does not make ours what was there before.
#[tokio::test]
async fn a_hostname_that_is_older_than_our_record_is_somebody_elses() {
    let sky = Sky::new(Limits::default());
    sky.plant("shop.example.com");
    let step = step(&sky);
    let (name, owner) = (step.mark_name("shop.example.com"), mark(ACME).to_string());
    let new = NewRecord {
        kind: &Kind::Txt,
        name: &name,
        content: "\"shop.example.com\"",
        proxied: false,
        owner: &owner,
    };
    step.zone.create_record(&new).await.expect("a record");
    apply(&sky, ACME, &["shop.example.com"]).await.expect_err("somebody else's");
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    assert_eq!(sky.things(), ["shop.example.com"], "the record goes, the hostname stays");
}

#[tokio::test]
async fn a_tenants_domains_are_listed_as_the_one_thing_they_are() {
    let sky = Sky::new(Limits::default());
    apply(&sky, ACME, &["a.example.com", "b.example.com"]).await.expect("served");
    apply(&sky, OTHER, &["c.example.com"]).await.expect("served");
    let other = ServeDomain { deployment: "demo-2".to_owned(), ..step(&sky) };
    let part = step(&sky).inventory(None).await.expect("listed");
    let owners: Vec<String> = part.held.into_iter().map(|held| held.owner).collect();
    assert_eq!(
        (owners, part.next),
        (vec!["demo/acme-7f3a9c".to_owned(), "demo/other-000001".to_owned()], None)
    );
    assert!(other.inventory(None).await.expect("listed").held.is_empty());
}

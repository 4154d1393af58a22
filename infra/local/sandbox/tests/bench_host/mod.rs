//! The sandbox's bench host in this process, for the tests of all steps that ask one. Time goes when nobody has anything to do.

#![allow(dead_code, reason = "each of these tests uses some of it")]
#![allow(clippy::disallowed_methods, reason = "the clock of a test goes while it sleeps")]

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bench_host::{Answering, Answers, BenchHost, NewSite, Site, Subject, Task, Wire};
use bytes::Bytes;
use fault::{Fault, Kind};
use saga::Context;
use sandbox::clouds::{Bench, Clouds, Credentials, ServiceAccount, Settings, Takes, Thing};
use serde_json::{Value, json};
use tenancy::OperationId;

/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../clouds/keys/public.pem");
pub(crate) const OWNER: &str = "demo/acme-7f3a9c";
pub(crate) const NAME: &str = "acme-7f3a9c";
pub(crate) const SITE: &str = "acme.frappe.example";
pub(crate) const API: &str = "api.acme.frappe.example";
/// Where a Cloudflare zone has its records.
const RECORDS: &str =
    "https://api.cloudflare.com/client/v4/zones/fedcba9876543210fedcba9876543210/dns_records";
const TOKEN: &str = "cf_token";

#[derive(Debug)]
pub(crate) struct World(Mutex<Clouds>);

impl Answers for World {
    fn answer(&self, request: Vec<u8>) -> Answering<'_> {
        let request = http::Request::post("https://bench.example/").body(Bytes::from(request));
        let request = request.expect("a request");
        Box::pin(async move { Ok(self.asked(&request).await.into_body().to_vec()) })
    }
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(Bench::default())
    }

    pub(crate) fn with(bench: Bench) -> Arc<Self> {
        clock::simulate("2026-11-22T12:00:00Z".parse().expect("a time"));
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let credentials =
            Credentials { cloudflare_token: TOKEN.to_owned(), google, ..Credentials::default() };
        let settings = Settings { bench, ..Settings::default() };
        Arc::new(Self(Mutex::new(Clouds::new(&settings, &credentials).expect("a key"))))
    }

    pub(crate) fn clouds(&self) -> MutexGuard<'_, Clouds> {
        self.0.lock().expect("no panic while it is held")
    }

    pub(crate) fn bench(self: &Arc<Self>) -> BenchHost {
        BenchHost::new(Wire::InProcess(Arc::clone(self) as Arc<dyn Answers>))
    }

    /// What a request is answered with, after as long as that takes.
    pub(crate) async fn asked(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let answer = self.clouds().answer(clock::now(), request);
        let takes = answer.extensions().get::<Takes>().map_or(Duration::ZERO, |takes| takes.0);
        tokio::time::sleep(takes).await;
        answer
    }

    /// What is on the host, and whose.
    pub(crate) fn things(&self) -> Vec<(&'static str, String, Option<String>)> {
        let things = self.clouds().things(clock::now());
        let ours = things.into_iter().filter(|thing| thing.provider == "bench-host");
        ours.map(|Thing { kind, name, owner, .. }| (kind, name, owner)).collect()
    }

    /// Puts something there behind everyone's back.
    pub(crate) fn plant(&self, kind: &'static str, name: &str, owner: Option<&str>) {
        let (name, owner) = (name.to_owned(), owner.map(str::to_owned));
        let thing = Thing { provider: "bench-host", kind, name, owner, awake: None };
        assert!(self.clouds().plant(clock::now(), &[SITE, API].join(","), &thing));
    }

    /// So many of the next attempts of a task end so. What ended before has been looked at.
    pub(crate) async fn fail(self: &Arc<Self>, task: &str, code: &'static str, times: usize) {
        self.site().await;
        assert!(self.clouds().fail(task, code, times), "{task}");
    }

    /// Whether a site has that in its database. What ended before has been looked at.
    pub(crate) async fn says(self: &Arc<Self>, text: &str) -> bool {
        self.site().await;
        self.clouds().says(text)
    }

    /// There is a site already.
    pub(crate) async fn make_site(self: &Arc<Self>) {
        let task = Task::NewSite { administrator: "Aa0-correct-horse".into() };
        done(async || self.bench().run::<NewSite>(&subject(), "0", &task).await).await;
    }

    pub(crate) async fn site(self: &Arc<Self>) -> Option<Site> {
        self.bench().site(&subject()).await.expect("a look")
    }

    /// Both names lead to the host.
    pub(crate) async fn lead(&self) {
        for name in [SITE, API] {
            let record =
                json!({ "type": "A", "name": name, "content": "203.0.113.7", "proxied": false, "ttl": 1 });
            let request = http::Request::post(RECORDS).header("authorization", format!("Bearer {TOKEN}"));
            let request = request.body(Bytes::from(record.to_string())).expect("a request");
            assert!(self.clouds().answer(clock::now(), &request).status().is_success());
        }
        later(60).await;
    }
}

pub(crate) async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Asks again as long as it is under way, as a machine does, and says how often it asked.
pub(crate) async fn polled<T>(ask: impl AsyncFn() -> Result<T, Fault>) -> (Result<T, Fault>, usize) {
    for asked in 1..=60 {
        match ask().await {
            Err(fault) if fault.kind == Kind::NotReady => later(5).await,
            ended => return (ended, asked),
        }
    }
    panic!("it is under way for ever");
}

pub(crate) async fn done<T>(ask: impl AsyncFn() -> Result<T, Fault>) -> T {
    polled(ask).await.0.expect("done")
}

pub(crate) async fn failed<T: std::fmt::Debug>(ask: impl AsyncFn() -> Result<T, Fault>) -> Fault {
    polled(ask).await.0.expect_err("a fault")
}

/// An operation of the tenant, whose fields are as usual but for these.
pub(crate) fn context(operation: u64, but: &Value) -> Context {
    let mut tenant = json!({
        "id": NAME, "name": "Acme", "subdomain": "acme", "email": "o@example.com",
        "blueprint": { "name": "frappe-bench", "version": 1 },
        "plan": { "id": "s", "name": "S", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    });
    for (name, value) in but.as_object().expect("fields") {
        tenant[name] = value.clone();
    }
    let tenant = serde_json::from_value(tenant).expect("a snapshot");
    Context { operation: OperationId::new(operation, 1), tenant, mark: OWNER.parse().expect("a mark") }
}

pub(crate) fn subject() -> Subject {
    Subject { name: NAME.to_owned(), owner: OWNER.to_owned() }
}

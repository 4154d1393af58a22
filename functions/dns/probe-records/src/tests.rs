//! The probe against the sandbox's name servers, in this process and over UDP.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use dns::{Answers, Asking, Network, Wire};
use fault::Kind;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use sandbox::clouds::{Clouds, Credentials, Pace, Resolved, ServiceAccount, Settings};
use sandbox::dns::Dns;
use sandbox::sky::Sky;
use serde_json::{Value, json};
use tenancy::{OperationId, Snapshot};

use super::*;

const RECORDS: &str =
    "https://api.cloudflare.com/client/v4/zones/fedcba9876543210fedcba9876543210/dns_records";
const TOKEN: &str = "cf_token";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");
const SITE: &str = "acme.frappe.example";
const API: &str = "api.acme.frappe.example";
const BENCH: &str = "203.0.113.7";

/// Cloudflare's two name servers, at a time.
#[derive(Debug)]
struct Servers(Mutex<(Clouds, Timestamp)>);

impl Servers {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((clouds(), Timestamp::from_second(1_800_000_000).expect("a time")))))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Clouds, &mut Timestamp) -> T) -> T {
        let (clouds, now) = &mut *self.0.lock().expect("no panic while it is held");
        act(clouds, now)
    }

    fn later(&self, ms: i64) {
        self.with(|_, now| *now += SignedDuration::from_millis(ms));
    }

    fn make(&self, name: &str, content: &str, proxied: bool) {
        self.with(|clouds, now| make(clouds, *now, name, content, proxied));
    }
}

impl Answers for Servers {
    fn addresses<'a>(&'a self, name: &'a str) -> Asking<'a> {
        let answer = |(server, told): (&str, Resolved)| Answer {
            server: server.to_owned(),
            told: match told {
                Resolved::Addresses(addresses) => Told::Addresses(addresses.into_iter().collect()),
                Resolved::NoSuchName => Told::NoSuchName,
                Resolved::Refused => Told::Nothing("refused".to_owned()),
            },
        };
        let answers = self.with(|clouds, now| clouds.addresses(*now, name));
        Box::pin(async move { Ok(answers.into_iter().map(answer).collect()) })
    }
}

fn clouds() -> Clouds {
    let google =
        ServiceAccount { client_email: "a@example.com".to_owned(), public_key_pem: PUBLIC_KEY.to_owned() };
    let credentials = Credentials { cloudflare_token: TOKEN.to_owned(), google, ..Credentials::default() };
    Clouds::new(&Settings::default(), &credentials).expect("a key")
}

fn make(clouds: &mut Clouds, now: Timestamp, name: &str, content: &str, proxied: bool) {
    let record = json!({ "type": "A", "name": name, "content": content, "proxied": proxied, "ttl": 1 });
    let request = http::Request::post(RECORDS).header("authorization", format!("Bearer {TOKEN}"));
    let request = request.body(Bytes::from(record.to_string())).expect("a request");
    assert!(clouds.answer(now, &request).status().is_success(), "{record}");
}

fn context() -> Context {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "id": "acme-7f3a9c", "name": "Acme", "subdomain": "acme", "email": "o@example.com",
        "blueprint": { "name": "frappe-bench", "version": 1 },
        "plan": { "id": "s", "name": "S", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    }))
    .expect("a snapshot");
    let mark = "demo/acme-7f3a9c".parse().expect("a mark");
    Context { operation: OperationId::new(0, 1), tenant: snapshot, mark }
}

async fn look_for(wire: Wire, api: &str, addresses: &Value) -> Result<Output, Fault> {
    let probe = ProbeRecords { authority: Authority::new(wire) };
    let params = json!({ "site": SITE, "api": api, "addresses": addresses });
    probe.look(&context(), &serde_json::from_value(params).expect("params")).await
}

async fn look(servers: &Arc<Servers>, addresses: &Value) -> Result<Output, Fault> {
    look_for(Wire::InProcess(Arc::clone(servers) as Arc<dyn Answers>), API, addresses).await
}

fn not_ready(looked: Result<Output, Fault>) -> Fault {
    let fault = looked.expect_err("not ready");
    assert_eq!(fault.kind, Kind::NotReady, "{fault:?}");
    fault
}

/// One server knows a name before the other does.
#[tokio::test]
async fn names_are_ready_when_every_server_has_both() {
    let (servers, bench) = (Servers::new(), json!([BENCH]));
    servers.make(SITE, BENCH, false);
    servers.make(API, BENCH, false);
    let fault = not_ready(look(&servers, &bench).await);
    assert!(fault.cause.contains("ada") && fault.cause.contains("NXDOMAIN"), "{fault:?}");
    servers.later(3000);
    let fault = not_ready(look(&servers, &bench).await);
    assert!(fault.cause.contains("bob"), "{fault:?}");
    servers.later(3000);
    let seen = look(&servers, &bench).await.expect("ready");
    assert_eq!(seen.servers, ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]);
}

#[rstest]
#[case::the_site(API, SITE)]
#[case::the_api(SITE, API)]
#[tokio::test]
async fn one_name_is_not_enough(#[case] there: &str, #[case] missing: &str) {
    let servers = Servers::new();
    servers.make(there, BENCH, false);
    servers.later(6000);
    let fault = not_ready(look(&servers, &json!([BENCH])).await);
    assert!(fault.cause.starts_with(missing), "{fault:?}");
}

/// The guide waits with `dig | grep` for the host's address, which nobody who asks for a proxied name is ever told.
#[tokio::test]
async fn a_proxied_name_is_ready_with_whatever_address_it_has() {
    let servers = Servers::new();
    servers.make(SITE, BENCH, true);
    servers.make(API, BENCH, true);
    not_ready(look(&servers, &Value::Null).await);
    servers.later(6000);
    look(&servers, &Value::Null).await.expect("ready");
    servers.later(86_400_000);
    let fault = not_ready(look(&servers, &json!([BENCH])).await);
    assert!(fault.hint.is_some_and(|hint| hint.contains("proxied")));
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_too_is_not_ready() {
    let servers = Servers::new();
    for name in [SITE, API] {
        servers.make(name, BENCH, false);
        servers.make(name, "203.0.113.8", false);
    }
    servers.later(6000);
    not_ready(look(&servers, &json!([BENCH])).await);
    not_ready(look(&servers, &json!([BENCH, "203.0.113.8", "203.0.113.9"])).await);
    look(&servers, &json!(["203.0.113.8", BENCH])).await.expect("both");
}

/// RFC 4592: `*.frappe.example` answers for `api.acme` only as long as nothing is at `acme`.
#[tokio::test]
async fn a_wildcard_ends_at_a_name_that_is_there() {
    let (servers, bench) = (Servers::new(), json!([BENCH]));
    servers.make("*.frappe.example", BENCH, false);
    servers.later(6000);
    look(&servers, &bench).await.expect("covered");
    servers.make(SITE, BENCH, false);
    servers.later(6000);
    let fault = not_ready(look(&servers, &bench).await);
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("RFC 4592")), "{fault:?}");
    let one_level = "acme-api.frappe.example";
    let wire = Wire::InProcess(Arc::clone(&servers) as Arc<dyn Answers>);
    look_for(wire, one_level, &bench).await.expect("beside it, and covered");
}

#[tokio::test]
async fn a_server_that_refuses_is_waited_for() {
    let servers = Servers::new();
    servers.make(SITE, BENCH, false);
    servers.later(6000);
    let wire = Wire::InProcess(servers);
    let fault = not_ready(look_for(wire, "acme.elsewhere.example", &json!([BENCH])).await);
    assert!(fault.cause.contains("no answer"), "{fault:?}");
}

#[tokio::test]
async fn nobody_to_ask_is_not_ready() {
    #[derive(Debug)]
    struct Nobody;
    impl Answers for Nobody {
        fn addresses<'a>(&'a self, _: &'a str) -> Asking<'a> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }
    not_ready(look_for(Wire::InProcess(Arc::new(Nobody)), API, &Value::Null).await);
}

/// The same over UDP, as the local stack has it.
#[tokio::test]
async fn the_sandboxs_server_is_asked_like_any_other() {
    let mut clouds = clouds();
    clouds.set_pace(Pace(0.0));
    make(&mut clouds, Timestamp::now(), SITE, BENCH, false);
    let (dns, address) = Dns::listen(0).await.expect("a port");
    tokio::spawn(dns.serve(Arc::new(Sky::new(clouds, None, Arc::default()))));
    let wire = || Wire::Network(Network::told(&address).expect("a server"));
    let seen = look_for(wire(), SITE, &json!([BENCH])).await.expect("ready");
    assert_eq!(seen.servers, [address.as_str()]);
    let fault = not_ready(look_for(wire(), API, &json!([BENCH])).await);
    assert!(fault.cause.contains("NXDOMAIN"), "{fault:?}");
}

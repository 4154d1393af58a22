//! The step against the sandbox's Cloudflare, in this process.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fault::Kind as FaultKind;
use http_client::{Answers, Http, Request, Response};
use jiff::{Timestamp, ToSpan};
use rstest::rstest;
use sandbox::clouds::{Clouds, Credentials, Resolved, ServiceAccount, Settings};
use serde_json::{Value, json};
use tenancy::{OperationId, Snapshot};

use super::*;

const ZONE: &str = "fedcba9876543210fedcba9876543210";
const TOKEN: &str = "cf_token";
/// Made for nothing but tests.
const PUBLIC_KEY: &str = include_str!("../../../../infra/local/sandbox/tests/clouds/keys/public.pem");
const ACME: &str = "acme-7f3a9c";
const OTHER: &str = "other-000001";
const SITE: &str = "acme.frappe.example";
const API: &str = "api.acme.frappe.example";

/// Cloudflare, where each call takes a second.
#[derive(Debug)]
struct Sky(Mutex<(Clouds, Timestamp)>);

impl Sky {
    fn new() -> Arc<Self> {
        let google = ServiceAccount {
            client_email: "a@example.com".to_owned(),
            public_key_pem: PUBLIC_KEY.to_owned(),
        };
        let credentials =
            Credentials { cloudflare_token: TOKEN.to_owned(), google, ..Credentials::default() };
        let clouds = Clouds::new(&Settings::default(), &credentials).expect("a key");
        Arc::new(Self(Mutex::new((clouds, Timestamp::from_second(1_800_000_000).expect("a time")))))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Clouds, Timestamp) -> T) -> T {
        let (clouds, now) = &mut *self.0.lock().expect("no panic while it is held");
        *now += 1.second();
        act(clouds, *now)
    }

    /// What a name is answered with, a minute later.
    fn leads(&self, name: &str) -> Vec<String> {
        self.with(|clouds, now| match clouds.addresses(now + 1.minute(), name).pop() {
            Some((_, Resolved::Addresses(addresses))) => addresses.iter().map(IpAddr::to_string).collect(),
            other => panic!("{name}: {other:?}"),
        })
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

fn step(sky: &Arc<Sky>, bench: &str) -> CreateRecords {
    let http = Http::InProcess(Arc::clone(sky) as Arc<dyn Answers>);
    let zone = Zone::new(http, cloudflare::URL, ZONE.to_owned(), TOKEN.into()).expect("an address");
    let (zone_name, deployment) = ("frappe.example".to_owned(), "demo".to_owned());
    CreateRecords { zone, zone_name, bench: addresses(bench).expect("addresses"), deployment }
}

fn mark(tenant: &str) -> Mark {
    format!("demo/{tenant}").parse().expect("a mark")
}

fn context(tenant: &str, subdomain: &str) -> Context {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "id": tenant, "name": "Acme", "subdomain": subdomain, "email": "o@example.com",
        "blueprint": { "name": "frappe-bench", "version": 1 },
        "plan": { "id": "s", "name": "S", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [],
                  "limits": {} },
    }))
    .expect("a snapshot");
    Context { operation: OperationId::new(0, 1), tenant: snapshot, mark: mark(tenant) }
}

fn params(but: &Value) -> Params {
    let mut params = json!({
        "domain": "frappe.example", "api_host": "api.{subdomain}", "dns": "records", "proxied": "false",
    });
    for (name, value) in but.as_object().expect("an object") {
        params[name] = value.clone();
    }
    serde_json::from_value(params).expect("params")
}

async fn apply_at(sky: &Arc<Sky>, bench: &str, but: &Value) -> Result<Value, Fault> {
    let (step, cx) = (step(sky, bench), context(ACME, "acme"));
    let output = step.apply(&cx, &params(but), &step.handle(&cx.mark)).await?;
    Ok(serde_json::to_value(output).expect("JSON"))
}

async fn apply(sky: &Arc<Sky>, but: &Value) -> Result<Value, Fault> {
    apply_at(sky, "203.0.113.7", but).await
}

async fn destroy(sky: &Arc<Sky>, tenant: &str) -> Presence {
    let (step, mark) = (step(sky, "203.0.113.7"), mark(tenant));
    let handle = step.handle(&mark);
    step.destroy(&mark, &handle).await.expect("destroyed");
    step.observe(&mark, &handle).await.expect("observed")
}

/// Makes a record as somebody at the dashboard does.
async fn write(sky: &Arc<Sky>, kind: Kind, name: &str, content: &str, owner: &str) {
    let new = NewRecord { kind: &kind, name, content, proxied: false, owner };
    step(sky, "203.0.113.7").zone.create_record(&new).await.expect("a record");
}

/// All records there are: `acme.frappe.example A 203.0.113.7 demo/acme-7f3a9c`, with `proxied` behind it.
async fn records(sky: &Arc<Sky>) -> Vec<String> {
    let all = step(sky, "203.0.113.7").zone.records("", None).await.expect("a listing");
    let told = |Record { name, kind, content, owner, proxied, .. }: Record| {
        let proxied = if proxied { " proxied" } else { "" };
        format!("{name} {kind} {content} {}{proxied}", owner.unwrap_or_default())
    };
    let mut records: Vec<String> = all.items.into_iter().map(told).collect();
    records.sort();
    records
}

/// Invariants 3 and 4.
#[tokio::test]
async fn twice_is_once_and_what_is_destroyed_is_gone() {
    let sky = Sky::new();
    for _ in 0..2 {
        let output = apply(&sky, &json!({})).await.expect("records");
        assert_eq!(output, json!({ "site": SITE, "api": API, "addresses": ["203.0.113.7"] }));
        let made = [
            "acme.frappe.example A 203.0.113.7 demo/acme-7f3a9c",
            "api.acme.frappe.example A 203.0.113.7 demo/acme-7f3a9c",
        ];
        assert_eq!(records(&sky).await, made);
    }
    assert_eq!(
        (sky.leads(SITE), sky.leads(API)),
        (vec!["203.0.113.7".to_owned()], vec!["203.0.113.7".to_owned()])
    );
    for _ in 0..2 {
        assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
        assert_eq!(records(&sky).await, [""; 0]);
    }
}

#[rstest]
#[case::moved("203.0.113.8")]
#[case::more("203.0.113.7,203.0.113.8,2001:db8::7")]
#[case::other("2001:db8::8,203.0.113.9")]
#[tokio::test]
async fn a_host_that_moves_takes_its_names_along(#[case] bench: &str) {
    let sky = Sky::new();
    for at in ["203.0.113.7,2001:db8::7", bench, "203.0.113.7"] {
        let output = apply_at(&sky, at, &json!({})).await.expect("records");
        let mut wanted: Vec<String> =
            addresses(at).expect("addresses").iter().map(IpAddr::to_string).collect();
        assert_eq!(output["addresses"], json!(wanted));
        wanted.sort();
        for name in [SITE, API] {
            let mut found = sky.leads(name);
            found.sort();
            assert_eq!(found, wanted, "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_becomes_proxied_and_back() {
    let sky = Sky::new();
    let one_level = json!({ "api_host": "{subdomain}-api" });
    let proxied = json!({ "api_host": "{subdomain}-api", "proxied": "true" });
    for (settings, mark) in [(&one_level, ""), (&proxied, " proxied"), (&one_level, "")] {
        let output = apply_at(&sky, "203.0.113.7,203.0.113.8", settings).await.expect("records");
        assert_eq!(output["api"], "acme-api.frappe.example");
        assert_eq!(output["addresses"].is_null(), !mark.is_empty(), "{output}");
        let all = records(&sky).await;
        assert!(
            all.len() == 4 && all.iter().all(|record| record.ends_with(&format!("acme-7f3a9c{mark}"))),
            "{all:?}"
        );
    }
}

#[tokio::test]
async fn a_name_that_is_not_wanted_any_more_goes() {
    let sky = Sky::new();
    apply(&sky, &json!({})).await.expect("records");
    apply(&sky, &json!({ "api_host": "{subdomain}-api" })).await.expect("records");
    let names: Vec<String> =
        records(&sky).await.iter().filter_map(|it| it.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(names, ["acme-api.frappe.example", "acme.frappe.example"]);
}

/// Universal SSL has `*.frappe.example`, and nothing for `api.acme.frappe.example`.
#[rstest]
#[case::records("records")]
#[case::wildcard("wildcard")]
#[tokio::test]
async fn what_is_proxied_has_one_level(#[case] dns: &str) {
    let sky = Sky::new();
    let fault = apply(&sky, &json!({ "proxied": "true", "dns": dns })).await.expect_err("no certificate");
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("{subdomain}-api")), "{fault:?}");
    let settings =
        json!({ "proxied": "true", "api_host": "{subdomain}-api", "domain": "apps.frappe.example" });
    apply(&sky, &settings).await.expect_err("the domain itself is one level below the zone");
    assert_eq!(records(&sky).await, [""; 0]);
}

#[tokio::test]
async fn a_wildcard_takes_the_place_of_records_and_gives_it_back() {
    let sky = Sky::new();
    let wildcard = json!({ "dns": "wildcard" });
    apply(&sky, &json!({})).await.expect("records");
    let fault = apply(&sky, &wildcard).await.expect_err("there is none");
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert_eq!(records(&sky).await.len(), 2, "what leads to the host stays");
    write(&sky, Kind::A, "*.frappe.example", "203.0.113.8", "").await;
    apply(&sky, &wildcard).await.expect_err("leads elsewhere");
    sky.with(|clouds, _| assert!(clouds.remove("cloudflare", "dns-record", "*.frappe.example")));
    write(&sky, Kind::A, "*.frappe.example", "203.0.113.7", "").await;
    let output = apply(&sky, &wildcard).await.expect("a wildcard");
    assert_eq!(output, json!({ "site": SITE, "api": API, "addresses": ["203.0.113.7"] }));
    assert_eq!(records(&sky).await, ["*.frappe.example A 203.0.113.7 "]);
    assert_eq!(sky.leads(API), ["203.0.113.7"]);
    apply(&sky, &json!({})).await.expect("records");
    assert_eq!(records(&sky).await.len(), 3);
}

#[tokio::test]
async fn a_wildcard_as_an_alias_does_not_count() {
    let sky = Sky::new();
    write(&sky, Kind::Cname, "*.frappe.example", "bench.example.net", "").await;
    let fault = apply(&sky, &json!({ "dns": "wildcard" })).await.expect_err("an alias");
    assert_eq!(fault.kind, FaultKind::Terminal);
}

/// Invariant 2.
#[rstest]
#[case::address(Kind::A, SITE, "198.51.100.1", "")]
#[case::the_same_address(Kind::A, API, "203.0.113.7", "")]
#[case::ipv6(Kind::Aaaa, SITE, "2001:db8::1", "")]
#[case::alias(Kind::Cname, API, "elsewhere.example.net", "")]
#[case::alias_with_our_mark(Kind::Cname, SITE, "elsewhere.example.net", "demo/acme-7f3a9c")]
#[case::another_tenants(Kind::A, API, "203.0.113.7", "demo/other-000001")]
#[case::another_deployments(Kind::A, SITE, "203.0.113.7", "demo-2/acme-7f3a9c")]
#[case::servers_of_its_own(Kind::Other("NS".to_owned()), API, "ns1.example.net", "")]
#[tokio::test]
async fn what_somebody_else_has_there_is_neither_taken_nor_touched(
    #[case] kind: Kind,
    #[case] name: &str,
    #[case] content: &str,
    #[case] owner: &str,
) {
    let sky = Sky::new();
    write(&sky, kind, name, content, owner).await;
    let before = records(&sky).await;
    let fault = apply(&sky, &json!({})).await.expect_err("somebody else's");
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert!(fault.hint.is_some() && fault.cause.contains(name), "{fault:?}");
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    assert_eq!(records(&sky).await, before);
}

/// A text beside the addresses is nobody's business, but for a wildcard, which ends there (RFC 4592).
#[tokio::test]
async fn a_text_at_a_name_ends_a_wildcard_and_nothing_else() {
    let sky = Sky::new();
    write(&sky, Kind::Txt, SITE, "\"v=spf1 -all\"", "").await;
    apply(&sky, &json!({})).await.expect("records");
    write(&sky, Kind::A, "*.frappe.example", "203.0.113.7", "").await;
    let fault = apply(&sky, &json!({ "dns": "wildcard" })).await.expect_err("ends there");
    assert!(fault.hint.as_ref().is_some_and(|hint| hint.contains("RFC 4592")), "{fault:?}");
}

/// Records that say whose a tenant's own domains are have the same mark.
#[tokio::test]
async fn texts_with_the_same_mark_are_not_this_steps() {
    let sky = Sky::new();
    let mark = "0123456789abcdef0123456789abcdef._tenantry.frappe.example";
    write(&sky, Kind::Txt, mark, "\"shop.example.com\"", "demo/acme-7f3a9c").await;
    let step = step(&sky, "203.0.113.7");
    assert!(step.inventory(None).await.expect("listed").held.is_empty());
    apply(&sky, &json!({})).await.expect("records");
    assert_eq!(destroy(&sky, ACME).await, Presence::Absent);
    let left = format!("{mark} TXT \"shop.example.com\" demo/acme-7f3a9c");
    assert_eq!(records(&sky).await, [left]);
}

/// What another tenant's api is called may be what a tenant is called.
#[tokio::test]
async fn one_name_is_one_tenants() {
    let sky = Sky::new();
    let settings = json!({ "api_host": "{subdomain}-api" });
    apply(&sky, &settings).await.expect("records");
    let (step, cx) = (step(&sky, "203.0.113.7"), context(OTHER, "acme-api"));
    let fault = step.apply(&cx, &params(&settings), &step.handle(&cx.mark)).await.expect_err("taken");
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert_eq!(records(&sky).await.len(), 2);
}

#[rstest]
#[case::no_tenant_in_it(json!({ "api_host": "api" }))]
#[case::the_same_name(json!({ "api_host": "{subdomain}" }))]
#[case::no_name(json!({ "api_host": "api_.{subdomain}" }))]
#[case::two_dots(json!({ "api_host": "api..{subdomain}" }))]
#[case::another_zone(json!({ "domain": "elsewhere.example" }))]
#[case::only_alike(json!({ "domain": "notfrappe.example" }))]
#[case::no_domain(json!({ "domain": "" }))]
#[tokio::test]
async fn settings_that_cannot_be_are_said_before_anything_is_made(#[case] settings: Value) {
    let sky = Sky::new();
    let fault = apply(&sky, &settings).await.expect_err("impossible");
    assert_eq!(fault.kind, FaultKind::Terminal);
    assert!(fault.hint.is_some(), "{fault:?}");
    assert_eq!(records(&sky).await, [""; 0]);
}

#[rstest]
#[case("")]
#[case("bench.example.net")]
#[case("203.0.113.7,")]
fn what_is_no_address_is_said(#[case] text: &str) {
    assert!(addresses(text).expect_err("no address").hint.is_some());
}

#[tokio::test]
async fn a_tenants_records_are_listed_as_the_one_thing_they_are() {
    let sky = Sky::new();
    apply(&sky, &json!({})).await.expect("records");
    write(&sky, Kind::A, "x.frappe.example", "203.0.113.7", "demo/nobody").await;
    write(&sky, Kind::A, "y.frappe.example", "203.0.113.7", "").await;
    let step = step(&sky, "203.0.113.7");
    let part = step.inventory(None).await.expect("listed");
    let held: Vec<_> =
        part.held.into_iter().map(|it| (it.owner, it.handle.records_of, it.made_at.is_some())).collect();
    assert_eq!(held, [("demo/acme-7f3a9c".to_owned(), ACME.to_owned(), true)]);
    let other = CreateRecords { deployment: "demo-2".to_owned(), ..step };
    assert!(other.inventory(None).await.expect("listed").held.is_empty());
}

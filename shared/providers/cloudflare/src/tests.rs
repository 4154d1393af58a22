//! What we ask of Cloudflare, and what we make of its answers; both as its own document has them.

use openapi::{Closed, Document, Script};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const ID: &str = "0d89c70dad9f4bc1b9f6d2c0b1a7e3f4";
const AT: &str = "2026-11-21T08:00:00Z";

fn script() -> Script {
    Script::new(vec![Document::load("cloudflare.json")])
}

fn zone(script: &Script) -> Zone {
    Zone::new(script.http(), URL, ZONE.to_owned(), SecretString::from("cf_token")).expect("an address")
}

fn envelope(result: &Value) -> Value {
    json!({ "success": true, "errors": [], "messages": [], "result": result })
}

fn refusal(code: u32) -> Value {
    json!({ "success": false, "errors": [{ "code": code, "message": "no" }], "messages": [], "result": null })
}

fn hostname(status: &str, certificate: &str) -> Value {
    json!({
        "id": ID, "hostname": "shop.example.com", "status": status, "created_at": AT,
        "ownership_verification": { "type": "txt", "name": "_cf-custom-hostname.shop.example.com", "value": "5cc07c04" },
        "ownership_verification_http": { "http_url": "http://shop.example.com/.well-known/cf", "http_body": "5cc0" },
        "ssl": {
            "id": "ae12b39b-2c4d-4e5f-8a9b-0c1d2e3f4a5b", "type": "dv", "method": "http", "status": certificate,
            "validation_records": [{ "txt_name": "_acme-challenge.shop.example.com", "txt_value": "810b7d5f" }],
            "validation_errors": [{ "message": "SERVFAIL looking up CAA" }],
        },
        "verification_errors": ["None of the A or AAAA records are owned by this account"],
    })
}

fn record(name: &str, owner: Option<&str>) -> Value {
    let mut record = json!({
        "id": ID, "type": "CNAME", "name": name, "content": "origin.example.net", "proxied": true, "proxiable": true,
        "ttl": 1, "created_on": AT, "modified_on": AT,
    });
    if let Some(owner) = owner {
        record["comment"] = json!(owner);
    }
    record
}

#[tokio::test]
async fn a_hostname_is_found_by_its_whole_name() {
    let mut other = hostname("active", "active");
    other["hostname"] = json!("www.shop.example.com");
    let script = script().answer(200, &envelope(&json!([other, hostname("pending", "pending_validation")])));
    let found =
        zone(&script).find_hostname("Shop.example.com").await.expect("an answer").expect("a hostname");
    assert_eq!((found.id.as_str(), found.hostname.as_str()), (ID, "shop.example.com"));
    assert_eq!(
        script.lines(),
        [format!("GET /client/v4/zones/{ZONE}/custom_hostnames?hostname=Shop.example.com")]
    );
    assert_eq!(script.asked()[0].headers["authorization"], "Bearer cf_token");
}

#[rstest]
#[case("active", "active", true)]
#[case("active_redeploying", "active", true)]
#[case("pending", "active", false)]
#[case("active", "pending_validation", false)]
#[case("active", "expired", false)]
#[case("moved", "active", false)]
#[case("blocked", "active", false)]
#[tokio::test]
async fn a_hostname_is_live_when_both_are_active(
    #[case] status: &str,
    #[case] certificate: &str,
    #[case] live: bool,
) {
    let script = script().answer(200, &envelope(&hostname(status, certificate)));
    let found = zone(&script).hostname(ID).await.expect("an answer").expect("a hostname");
    assert_eq!(found.is_live(), live, "{found:?}");
}

#[tokio::test]
async fn a_hostname_says_what_its_holder_must_publish_and_what_is_wrong() {
    let script = script().answer(200, &envelope(&hostname("test_pending", "validation_timed_out")));
    let found = zone(&script).hostname(ID).await.expect("an answer").expect("a hostname");
    assert_eq!(found.status, HostnameStatus::Other("test_pending".to_owned()));
    assert_eq!(found.certificate, Some(CertificateStatus::ValidationTimedOut));
    let txt = |name: &str, value: &str| Proof::Txt { name: name.to_owned(), value: value.to_owned() };
    let (url, body) = ("http://shop.example.com/.well-known/cf".to_owned(), "5cc0".to_owned());
    assert_eq!(
        found.proofs,
        [
            txt("_cf-custom-hostname.shop.example.com", "5cc07c04"),
            Proof::File { url, body },
            txt("_acme-challenge.shop.example.com", "810b7d5f"),
        ]
    );
    assert_eq!(found.errors.len(), 2);
}

/// Custom metadata could say whose it is, where an account has bought it; elsewhere it is refused (1413).
#[tokio::test]
async fn a_hostname_is_made_without_what_not_every_account_has() {
    let script = script().answer(200, &envelope(&hostname("pending", "initializing")));
    let made = zone(&script).create_hostname("shop.example.com", Validation::Txt).await;
    assert_eq!(made.expect("a hostname").id, ID);
    let body = json!({ "hostname": "shop.example.com", "ssl": { "method": "txt", "type": "dv" } });
    assert_eq!(script.asked()[0].body, body);
}

#[rstest]
#[case::duplicate(409, 1406, fault::Kind::Transient, Actor::Us)]
#[case::invalid_name(400, 1407, fault::Kind::Terminal, Actor::Customer)]
#[case::prohibited_name(400, 1411, fault::Kind::Terminal, Actor::Customer)]
#[case::no_quota(403, 1404, fault::Kind::Terminal, Actor::Us)]
#[case::quota_used_up(403, 1405, fault::Kind::Terminal, Actor::Us)]
#[case::token(403, 10000, fault::Kind::Terminal, Actor::Us)]
#[tokio::test]
async fn a_refused_hostname(
    #[case] status: u16,
    #[case] code: u32,
    #[case] kind: fault::Kind,
    #[case] actor: Actor,
) {
    let script = script().answer_with(status, &[("cf-ray", "8a1b-FRA")], &refusal(code).to_string());
    let refused = zone(&script).create_hostname("shop.example.com", Validation::Http).await;
    let fault = refused.expect_err("refused");
    assert_eq!((fault.kind, fault.actor, fault.request_id.as_deref()), (kind, actor, Some("8a1b-FRA")));
    assert_eq!(fault.hint.is_some(), code != 1406, "{fault:?}");
}

#[tokio::test]
async fn a_failure_inside_a_success_is_a_failure() {
    let script = script().besides(&["GET "]).answer(200, &refusal(1400));
    let fault = zone(&script).find_hostname("shop.example.com").await.expect_err("refused");
    assert!(fault.cause.contains("1400"), "{fault:?}");
}

#[tokio::test]
async fn deleting_what_is_gone_is_success_but_a_wrong_address_is_not() {
    let script = script()
        .answer(200, &json!({ "id": ID }))
        .answer(404, &refusal(1436))
        .answer(404, &refusal(81044))
        .answer(404, &refusal(7003));
    let zone = zone(&script);
    zone.delete_hostname(ID).await.expect("deleted");
    zone.delete_hostname(ID).await.expect("gone");
    zone.delete_record(ID).await.expect("gone");
    zone.delete_record(ID).await.expect_err("no such route");
}

#[tokio::test]
async fn a_full_part_has_another_behind_it() {
    let full: Vec<Value> = (0..50).map(|_| hostname("active", "active")).collect();
    let script = script().answer(200, &envelope(&json!(full))).answer(200, &envelope(&json!([])));
    let zone = zone(&script);
    let first = zone.hostnames(None).await.expect("an answer");
    assert_eq!((first.items.len(), first.next.as_deref()), (50, Some("2")));
    assert_eq!(zone.hostnames(first.next.as_deref()).await.expect("an answer").next, None);
    let listing = format!("GET /client/v4/zones/{ZONE}/custom_hostnames?page=");
    assert_eq!(script.lines(), [format!("{listing}1&per_page=50"), format!("{listing}2&per_page=50")]);
}

#[tokio::test]
async fn validation_begins_anew() {
    let script = script().answer(200, &envelope(&hostname("pending", "initializing")));
    zone(&script).revalidate(ID, Validation::Http).await.expect("an answer");
    assert_eq!(script.asked()[0].body, json!({ "ssl": { "method": "http", "type": "dv" } }));
}

#[tokio::test]
async fn a_record_is_found_by_kind_and_name() {
    let found =
        envelope(&json!([record("acme.example.net", Some("demo/a")), record("x.acme.example.net", None)]));
    let script = script().answer(200, &found);
    let records = zone(&script).find_records(&Kind::Cname, "acme.example.net").await.expect("an answer");
    let owners: Vec<_> = records.iter().map(|record| record.owner.as_deref()).collect();
    assert_eq!(owners, [Some("demo/a")]);
    let query = "type=CNAME&name=acme.example.net&match=all";
    assert_eq!(script.lines(), [format!("GET /client/v4/zones/{ZONE}/dns_records?{query}")]);
}

#[tokio::test]
async fn a_record_is_made_and_changed_with_its_owner() {
    let answer = envelope(&record("acme.example.net", Some("demo/a")));
    let script = script().answer(200, &answer).answer(200, &answer).answer(200, &answer);
    let zone = zone(&script);
    let (name, content, owner) = ("acme.example.net", "origin.example.net", "demo/a");
    let new = NewRecord { kind: &Kind::Cname, name, content, proxied: true, owner };
    zone.create_record(&new).await.expect("made");
    zone.update_record(ID, &NewRecord { proxied: false, ..new }).await.expect("changed");
    zone.create_record(&NewRecord { kind: &Kind::Txt, content: "\"v=1\"", ..new }).await.expect("made");
    let asked = script.asked();
    assert_eq!(
        asked[0].body,
        json!({ "type": "CNAME", "name": name, "content": content, "comment": owner, "ttl": 1, "proxied": true })
    );
    assert_eq!(asked[1].body["proxied"], false);
    assert_eq!(asked[2].body.get("proxied"), None);
}

#[rstest]
#[case(81057)]
#[case(81058)]
#[tokio::test]
async fn a_record_that_appeared_meanwhile_is_looked_for_again(#[case] code: u32) {
    let script = script().answer(400, &refusal(code));
    let new = NewRecord {
        kind: &Kind::A,
        name: "a.example.net",
        content: "192.0.2.1",
        proxied: false,
        owner: "demo/a",
    };
    let fault = zone(&script).create_record(&new).await.expect_err("there already");
    assert_eq!(fault.kind, fault::Kind::Transient);
}

#[tokio::test]
async fn records_are_listed_by_how_their_owner_begins() {
    let script = script().answer(200, &envelope(&json!([record("a.example.net", Some("demo/a"))])));
    let part = zone(&script).records("demo/", None).await.expect("an answer");
    assert_eq!((part.items.len(), part.next), (1, None));
    let query = "comment.startswith=demo%2F&order=name&page=1&per_page=100";
    assert_eq!(script.lines(), [format!("GET /client/v4/zones/{ZONE}/dns_records?{query}")]);
}

#[tokio::test]
async fn a_name_is_looked_at_whatever_kind_its_records_are() {
    let mut text = record("acme.example.net", None);
    text["type"] = json!("TXT");
    let script = script().answer(200, &envelope(&json!([record("acme.example.net", Some("demo/a")), text])));
    let found = zone(&script).find_all_records("acme.example.net").await.expect("an answer");
    let kinds: Vec<String> = found.iter().map(|record| record.kind.to_string()).collect();
    assert_eq!(kinds, ["CNAME", "TXT"]);
    assert_eq!(
        script.lines(),
        [format!("GET /client/v4/zones/{ZONE}/dns_records?name=acme.example.net&match=all")]
    );
}

/// `demo/a` begins as `demo/ab` does.
#[tokio::test]
async fn an_owners_records_are_all_of_theirs_and_nobody_elses() {
    let named = |name: &str, owner: &str| record(name, Some(owner));
    let mut full: Vec<Value> = (0..99).map(|_| named("b.example.net", "demo/ab")).collect();
    full.push(named("a.example.net", "demo/a"));
    let rest = json!([named("z.example.net", "demo/a")]);
    let script = script().answer(200, &envelope(&json!(full))).answer(200, &envelope(&rest));
    let found = zone(&script).records_of("demo/a").await.expect("an answer");
    let names: Vec<&str> = found.iter().map(|record| record.name.as_str()).collect();
    assert_eq!((names, script.lines().len()), (vec!["a.example.net", "z.example.net"], 2));
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let script = script().answer_with(429, &[("retry-after", "240")], &refusal(10429).to_string());
    let fault = zone(&script).find_hostname("shop.example.com").await.expect_err("throttled");
    assert_eq!(fault.kind, fault::Kind::NotReady);
    assert!(fault.retry_at.is_some());
}

#[tokio::test]
async fn nothing_is_sent_that_the_governor_does_not_let_through() {
    let script = script();
    let zone = zone(&script).governed(Arc::new(Closed));
    assert_eq!(zone.hostname(ID).await.expect_err("closed").cause, "calls of cloudflare");
    assert_eq!(zone.delete_record(ID).await.expect_err("closed").cause, "calls of cloudflare");
    assert!(script.lines().is_empty());
}

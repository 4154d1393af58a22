use hickory_proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use http::{Method, StatusCode};
use sandbox::clouds::{Resolved, Thing};
use serde_json::{Value, json};

use crate::bed::World;

const ZONE: &str = "https://api.cloudflare.com/client/v4/zones/fedcba9876543210fedcba9876543210";
const SITE: &str = "acme.frappe.example";

impl World {
    /// Makes a record, and waits until both servers know it; its URL.
    fn record(&mut self, kind: &str, name: &str, content: &str) -> String {
        let record = json!({"type": kind, "name": name, "content": content, "ttl": 1});
        let made = self.post(&format!("{ZONE}/dns_records"), &record);
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        self.later(5000);
        format!("{ZONE}/dns_records/{}", made.body["result"]["id"].as_str().unwrap())
    }

    /// The answer on the wire: its code, and `kind content` of each record in it.
    fn dig(&self, name: &str, kind: RecordType) -> (ResponseCode, Vec<String>) {
        let query = question(name, kind);
        let query = Message::from_vec(&query.to_vec().unwrap()).unwrap();
        let answer = self.clouds.name_server(self.now, &query);
        let answer = Message::from_vec(&answer.to_vec().unwrap()).unwrap();
        let refused = answer.response_code == ResponseCode::Refused;
        assert_eq!((answer.id, answer.authoritative), (query.id, !refused));
        let has_soa = answer.authorities.iter().any(|record| record.record_type() == RecordType::SOA);
        assert_eq!(has_soa, answer.answers.is_empty() && !refused, "what is not there comes with the SOA");
        let told = answer.answers.iter().map(|record| format!("{} {}", record.record_type(), record.data));
        (answer.response_code, told.collect())
    }

    fn a(&self, name: &str) -> (ResponseCode, Vec<String>) {
        self.dig(name, RecordType::A)
    }
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    query
}

fn there(records: &[&str]) -> (ResponseCode, Vec<String>) {
    (ResponseCode::NoError, records.iter().map(|it| (*it).to_owned()).collect())
}

const MISSING: (ResponseCode, Vec<String>) = (ResponseCode::NXDomain, Vec::new());

#[test]
fn a_record_is_known_to_one_server_after_the_other() {
    let mut world = World::new();
    let known = |world: &World| -> Vec<bool> {
        let answers = world.clouds.addresses(world.now, SITE);
        answers.iter().map(|(_, told)| *told != Resolved::NoSuchName).collect()
    };
    let made = json!({"type": "A", "name": "acme", "content": "203.0.113.7", "ttl": 1});
    let made = world.post(&format!("{ZONE}/dns_records"), &made);
    let url = format!("{ZONE}/dns_records/{}", made.body["result"]["id"].as_str().unwrap());
    let mut steps = vec![known(&world)];
    for _ in 0..2 {
        world.later(2500);
        steps.push(known(&world));
    }
    assert_eq!(steps, [[false, false], [true, false], [true, true]]);
    world.call(Method::PATCH, &url, &json!({"content": "203.0.113.8"}));
    assert_eq!(world.a(SITE), there(&["A 203.0.113.7"]));
    world.later(2500);
    let addresses = |ip: &str| Resolved::Addresses(vec![ip.parse().unwrap()]);
    let expected = [addresses("203.0.113.8"), addresses("203.0.113.7")];
    let told = world.clouds.addresses(world.now, SITE).into_iter().map(|(_, told)| told);
    assert_eq!(told.collect::<Vec<_>>(), expected);
    world.later(2500);
    assert_eq!(world.a(SITE), there(&["A 203.0.113.8"]));
    world.delete(&url);
    assert_eq!(world.a(SITE), there(&["A 203.0.113.8"]));
    world.later(5000);
    assert_eq!(world.a(SITE), MISSING);
}

#[test]
fn a_name_answers_to_each_kind_for_itself() {
    let mut world = World::new();
    world.record("A", SITE, "203.0.113.7");
    world.record("A", SITE, "203.0.113.8");
    world.record("AAAA", SITE, "2001:db8::7");
    world.record("TXT", SITE, "\"hello\"");
    assert_eq!(world.a(SITE), there(&["A 203.0.113.7", "A 203.0.113.8"]));
    assert_eq!(world.a("ACME.Frappe.example"), there(&["A 203.0.113.7", "A 203.0.113.8"]));
    assert_eq!(world.dig(SITE, RecordType::AAAA), there(&["AAAA 2001:db8::7"]));
    assert_eq!(world.dig(SITE, RecordType::TXT), there(&["TXT hello"]));
    assert_eq!(world.dig(SITE, RecordType::CAA), there(&[]));
    world.record("A", "other.frappe.example", "203.0.113.7");
    assert_eq!(world.dig("other.frappe.example", RecordType::AAAA), there(&[]));
    assert_eq!(world.a("acme.vendin.example"), MISSING);
    assert_eq!(world.a("frappe.example"), there(&[]), "a zone is there");
    assert_eq!(world.a("notfrappe.example").0, ResponseCode::Refused);
}

#[test]
fn a_zone_says_who_its_servers_are() {
    let mut world = World::new();
    let told: Vec<Value> = world.get(ZONE).body["result"]["name_servers"].as_array().unwrap().clone();
    let told: Vec<String> = told.iter().map(|it| format!("NS {}.", it.as_str().unwrap())).collect();
    assert_eq!(world.dig("frappe.example", RecordType::NS).1, told);
    assert_eq!(world.dig("frappe.example", RecordType::SOA).1.len(), 1);
}

#[test]
fn aliases_are_followed_within_the_zone() {
    let mut world = World::new();
    world.record("CNAME", "www.frappe.example", "bench.frappe.example");
    let nowhere = (ResponseCode::NXDomain, vec!["CNAME bench.frappe.example.".to_owned()]);
    assert_eq!(world.a("www.frappe.example"), nowhere);
    world.record("A", "bench.frappe.example", "203.0.113.7");
    assert_eq!(world.a("www.frappe.example"), there(&["CNAME bench.frappe.example.", "A 203.0.113.7"]));
    world.record("CNAME", "out.frappe.example", "bench.example.net");
    assert_eq!(world.a("out.frappe.example"), there(&["CNAME bench.example.net."]));
    world.record("CNAME", "a.frappe.example", "b.frappe.example");
    world.record("CNAME", "b.frappe.example", "a.frappe.example");
    assert_eq!(world.a("a.frappe.example").0, ResponseCode::NoError, "a circle comes to an end");
}

#[test]
fn what_is_proxied_is_at_cloudflares_addresses() {
    let mut world = World::new();
    let url = world.record("A", SITE, "203.0.113.7");
    world.call(Method::PATCH, &url, &json!({"proxied": true}));
    world.later(5000);
    let (code, found) = world.a(SITE);
    assert_eq!((code, found.len()), (ResponseCode::NoError, 2));
    for address in found {
        let octets: Vec<u8> = address[2..].split('.').map(|part| part.parse().unwrap()).collect();
        assert!(octets[0] == 104 && (16..32).contains(&octets[1]), "{address}");
    }
    assert_eq!(world.dig(SITE, RecordType::AAAA), there(&[]));
    world.call(Method::PATCH, &url, &json!({"proxied": false}));
    world.later(5000);
    assert_eq!(world.a(SITE), there(&["A 203.0.113.7"]));
}

/// RFC 4592, section 2.2.1 and 3.3.
#[test]
fn a_wildcard_covers_what_is_not_there_and_ends_at_what_is() {
    let mut world = World::new();
    world.record("A", "*.frappe.example", "203.0.113.7");
    let covered = there(&["A 203.0.113.7"]);
    for name in [SITE, "api.acme.frappe.example", "a.b.c.frappe.example"] {
        assert_eq!(world.a(name), covered, "{name}");
    }
    assert_eq!(world.dig(SITE, RecordType::AAAA), there(&[]), "of no such kind");
    world.record("TXT", "_acme-challenge.acme.frappe.example", "\"x\"");
    assert_eq!(world.a(SITE), there(&[]), "there is something below it");
    assert_eq!(world.a("api.acme.frappe.example"), MISSING);
    assert_eq!(world.a("acme-api.frappe.example"), covered);
    world.record("A", "api.acme.frappe.example", "203.0.113.9");
    assert_eq!(world.a("api.acme.frappe.example"), there(&["A 203.0.113.9"]));
}

#[test]
fn what_others_do_in_the_zone_is_answered_too() {
    let mut world = World::new();
    let (provider, kind, name) = ("cloudflare", "dns-record", SITE.to_owned());
    let thing = Thing { provider, kind, name, owner: None, awake: None };
    assert!(world.clouds.plant(world.now, "zones/fedcba9876543210fedcba9876543210", &thing));
    world.later(5000);
    assert_eq!(world.a(SITE), there(&["CNAME elsewhere.example."]));
    assert!(world.clouds.remove(provider, kind, SITE));
    assert_eq!(world.a(SITE), MISSING);
}

#[test]
fn what_is_no_plain_question_is_refused() {
    let world = World::new();
    let code = |query: &Message| world.clouds.name_server(world.now, query).response_code;
    let mut none = question(SITE, RecordType::A);
    none.queries.clear();
    assert_eq!(code(&none), ResponseCode::FormErr);
    let mut chaos = question(SITE, RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos), ResponseCode::Refused);
    let mut update = question(SITE, RecordType::A);
    update.metadata.op_code = OpCode::Update;
    assert_eq!(code(&update), ResponseCode::NotImp);
    let mut extended = question(SITE, RecordType::A);
    assert!(world.clouds.name_server(world.now, &extended).edns.is_none());
    extended.set_edns(Edns::new());
    assert!(world.clouds.name_server(world.now, &extended).edns.is_some());
}

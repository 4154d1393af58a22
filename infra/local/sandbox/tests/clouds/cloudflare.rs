use http::{Method, StatusCode};
use sandbox::clouds::{Limits, Settings};
use serde_json::{Value, json};

use crate::bed::{World, request};

const ZONE: &str = "https://api.cloudflare.com/client/v4/zones/0123456789abcdef0123456789abcdef";
const SHOP: &str = "shop.acme.example";

fn hostnames() -> String {
    format!("{ZONE}/custom_hostnames")
}

fn records() -> String {
    format!("{ZONE}/dns_records")
}

fn order() -> Value {
    json!({"hostname": SHOP, "ssl": {"method": "http", "type": "dv"}})
}

/// A custom hostname, with the zone ready for it; its URL.
fn hostname(world: &mut World) -> String {
    world.call(
        Method::PUT,
        &format!("{}/fallback_origin", hostnames()),
        &json!({"origin": "origin.vendin.example"}),
    );
    let made = world.post(&hostnames(), &order());
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    format!("{}/{}", hostnames(), made.body["result"]["id"].as_str().unwrap())
}

fn statuses(world: &mut World, url: &str) -> (String, String) {
    let shown = world.get(url).body["result"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&shown["status"]), text(&shown["ssl"]["status"]))
}

fn code(answer: &crate::bed::Answer) -> u64 {
    answer.body["errors"][0]["code"].as_u64().unwrap()
}

#[test]
fn a_hostname_waits_for_its_customers_dns_and_then_for_its_certificate() {
    let mut world = World::new();
    let url = hostname(&mut world);
    assert_eq!(statuses(&mut world, &url), ("pending".to_owned(), "initializing".to_owned()));
    world.later(86_400_000);
    assert_eq!(statuses(&mut world, &url), ("pending".to_owned(), "pending_validation".to_owned()));
    let shown = world.get(&url).body["result"].clone();
    assert_eq!(shown["ownership_verification"]["type"], "txt");
    assert!(shown["ssl"]["validation_records"][0]["http_url"].as_str().unwrap().contains(SHOP));
    world.clouds.point(world.now, SHOP, Some("elsewhere.example"));
    world.later(60_000);
    assert_eq!(statuses(&mut world, &url).1, "pending_validation", "it leads elsewhere");
    world.clouds.point(world.now, SHOP, Some("customers.vendin.example"));
    for (status, certificate) in [
        ("active", "pending_issuance"),
        ("active", "pending_deployment"),
        ("active", "pending_deployment"),
        ("active", "active"),
    ] {
        world.later(5000);
        assert_eq!(statuses(&mut world, &url), (status.to_owned(), certificate.to_owned()));
    }
    world.clouds.point(world.now, SHOP, None);
    assert_eq!(statuses(&mut world, &url), ("moved".to_owned(), "active".to_owned()));
}

#[test]
fn repeating_ssl_begins_the_validation_anew() {
    let mut world = World::new();
    let url = hostname(&mut world);
    world.clouds.point(world.now, SHOP, Some("vendin.example"));
    world.later(20_000);
    assert_eq!(statuses(&mut world, &url).1, "active");
    let metadata = world.call(Method::PATCH, &url, &json!({"custom_metadata": {"tenant": "t-2"}}));
    assert_eq!((metadata.status, code(&metadata)), (StatusCode::FORBIDDEN, 1413));
    assert_eq!(statuses(&mut world, &url).1, "active");
    world.call(Method::PATCH, &url, &json!({"ssl": {"method": "http", "type": "dv"}}));
    assert_eq!(statuses(&mut world, &url).1, "initializing");
}

#[test]
fn without_a_fallback_origin_nothing_is_validated() {
    let mut world = World::new();
    let url = hostname(&mut world);
    world.delete(&format!("{}/fallback_origin", hostnames()));
    world.clouds.point(world.now, SHOP, Some("vendin.example"));
    world.later(60_000);
    assert_eq!(statuses(&mut world, &url), ("pending".to_owned(), "pending_validation".to_owned()));
}

#[test]
fn a_hostname_is_taken_once_and_found_by_name() {
    let mut world = World::new();
    let url = hostname(&mut world);
    let again = world.post(&hostnames(), &order());
    assert_eq!((again.status, code(&again)), (StatusCode::CONFLICT, 1406));
    let found = world.get(&format!("{}?hostname={SHOP}", hostnames())).body;
    assert_eq!(found["result"][0]["hostname"], SHOP);
    assert_eq!(world.delete(&url).status, StatusCode::OK);
    let gone = world.delete(&url);
    assert_eq!((gone.status, code(&gone)), (StatusCode::NOT_FOUND, 1436));
    let mut guides = order();
    guides["ssl"] = json!({"method": "http", "type": "ev"});
    let refused = world.post(&hostnames(), &guides);
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(!refused.violations.is_empty());
}

#[test]
fn an_owner_cannot_be_written_on_a_hostname_but_on_a_record() {
    let mut world = World::new();
    let mut owned = order();
    owned["custom_metadata"] = json!({"tenant": "t-1"});
    let refused = world.post(&hostnames(), &owned);
    assert_eq!((refused.status, code(&refused)), (StatusCode::FORBIDDEN, 1413));
    let mark = |name: &str, comment: &str| json!({"type": "TXT", "name": name, "content": "\"x\"", "comment": comment, "ttl": 1});
    world.post(&records(), &mark("a", "local/t-1"));
    world.post(&records(), &mark("b", "local/t-2"));
    let found = world.get(&format!("{}?comment.startswith=local%2Ft-1", records())).body;
    assert_eq!(found["result"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["result"][0]["name"], "a.vendin.example");
}

#[test]
fn a_public_resolver_tells_where_a_customers_domain_leads() {
    let mut world = World::new();
    let url = format!("https://cloudflare-dns.com/dns-query?name={SHOP}&type=A");
    assert_eq!(world.get(&url).body["Status"], 3);
    world.clouds.point(world.now, SHOP, Some("customers.vendin.example"));
    let told = world.get(&url).body;
    assert_eq!((&told["Status"], &told["Answer"][0]["type"]), (&json!(0), &json!(5)));
    assert_eq!(told["Answer"][0]["data"], "customers.vendin.example.");
}

#[test]
fn records_are_told_apart_by_content() {
    let mut world = World::new();
    let a = |content: &str| json!({"type": "A", "name": "api.acme", "content": content, "comment": "local/t-1", "ttl": 1});
    let made = world.post(&records(), &a("192.0.2.1"));
    assert_eq!(made.body["result"]["name"], "api.acme.vendin.example", "a name is within the zone");
    assert_eq!(code(&world.post(&records(), &a("192.0.2.1"))), 81058);
    let mut proxied = a("192.0.2.1");
    proxied["proxied"] = json!(true);
    assert_eq!(code(&world.post(&records(), &proxied)), 81057);
    assert_eq!(
        world.post(&records(), &a("192.0.2.2")).status,
        StatusCode::OK,
        "a second address is round robin"
    );
    let alias = json!({"type": "CNAME", "name": "api.acme.vendin.example", "content": "x.example", "ttl": 1});
    assert_eq!(code(&world.post(&records(), &alias)), 81053);
    let found = world.get(&format!("{}?name=api.acme.vendin.example&type=A", records())).body;
    assert_eq!(found["result_info"]["total_count"], 2);
    let url = format!("{}/{}", records(), made.body["result"]["id"].as_str().unwrap());
    let patched = world.call(Method::PATCH, &url, &json!({"content": "192.0.2.3"}));
    assert_eq!(
        (&patched.body["result"]["content"], &patched.body["result"]["comment"]),
        (&json!("192.0.2.3"), &json!("local/t-1"))
    );
    assert_eq!(world.delete(&url).status, StatusCode::OK);
    let gone = world.delete(&url);
    assert_eq!((gone.status, code(&gone)), (StatusCode::NOT_FOUND, 81044));
}

#[test]
fn bad_records_are_refused() {
    let mut world = World::new();
    for bad in [
        json!({"type": "A", "name": "x", "content": "not-an-address", "ttl": 1}),
        json!({"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 7}),
        json!({"type": "CNAME", "name": "x", "content": "x.vendin.example", "ttl": 1}),
    ] {
        assert_eq!(world.post(&records(), &bad).status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[test]
fn lists_come_in_pages() {
    let mut world = World::new();
    for last in 1..=7 {
        let record =
            json!({"type": "A", "name": format!("h{last}"), "content": format!("192.0.2.{last}"), "ttl": 1});
        world.post(&records(), &record);
    }
    let page = world.get(&format!("{}?per_page=5&page=2", records())).body;
    assert_eq!(page["result"].as_array().unwrap().len(), 2);
    assert_eq!(page["result_info"]["total_pages"], 2);
}

#[test]
fn the_zone_is_there_and_strangers_are_not_let_in() {
    let mut world = World::new();
    assert_eq!(world.get(ZONE).body["result"]["name"], "vendin.example");
    let zones = world.get("https://api.cloudflare.com/client/v4/zones?name=vendin.example").body;
    assert_eq!(zones["result"].as_array().unwrap().len(), 1);
    assert_eq!(
        world.get("https://api.cloudflare.com/client/v4/user/tokens/verify").body["result"]["status"],
        "active"
    );
    let none = world.get("https://api.cloudflare.com/client/v4/zones/ffffffffffffffffffffffffffffffff");
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let stranger = world.send(&request(Method::GET, ZONE, Some("other"), &Value::Null));
    assert_eq!((stranger.status, code(&stranger)), (StatusCode::FORBIDDEN, 9109));
}

#[test]
fn the_hasty_wait_five_minutes() {
    let limits = Limits { cloudflare_per_5_minutes: 2, ..Limits::default() };
    let mut world = World::with(&Settings { limits, ..Settings::default() });
    let statuses: Vec<u16> = (0..3).map(|_| world.get(ZONE).status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
    world.later(299_000);
    let refused = world.get(ZONE);
    assert_eq!(
        (refused.status, refused.response.headers()["retry-after"].as_bytes()),
        (StatusCode::TOO_MANY_REQUESTS, &b"2"[..])
    );
    world.later(2_000);
    assert_eq!(world.get(ZONE).status, StatusCode::OK);
}

#[test]
fn records_are_found_by_every_filter() {
    let mut world = World::new();
    for record in [
        json!({"type": "CNAME", "name": "t-1", "content": "origin.vendin.example", "ttl": 1, "comment": "tenant=t-1", "proxied": true}),
        json!({"type": "TXT", "name": "note.t-1", "content": "hello", "ttl": 120}),
        json!({"type": "A", "name": "t-10", "content": "192.0.2.1", "ttl": 1}),
    ] {
        assert_eq!(world.post(&records(), &record).status, StatusCode::OK);
    }
    for (filter, found) in [
        ("name.exact=t-1.vendin.example", 1),
        ("name.startswith=T-1", 2),
        ("name.endswith=t-1.vendin.example", 2),
        ("name.contains=t-1", 3),
        ("content.exact=192.0.2.1", 1),
        ("content.contains=origin&type=CNAME", 1),
        ("comment.exact=tenant=t-1", 1),
        ("comment.startswith=tenant=", 1),
        ("comment.startswith=nobody", 0),
        ("comment.absent=true", 2),
        ("comment.present=true", 1),
        ("proxied=true", 1),
        ("proxied=false", 2),
        ("name=t-1", 0),
    ] {
        let page = world.get(&format!("{}?{filter}", records()));
        assert_eq!(page.body["result"].as_array().unwrap().len(), found, "{filter}");
    }
}

#[test]
fn hostnames_are_found_by_name_and_by_parts_of_it() {
    let mut world = World::new();
    hostname(&mut world);
    let longer = json!({"hostname": format!("my-{SHOP}"), "ssl": {"method": "http", "type": "dv"}});
    assert_eq!(world.post(&hostnames(), &longer).status, StatusCode::OK);
    for (filter, found) in [
        ("hostname.exact=shop.acme.example", 1),
        ("hostname.exact=shop.acme", 0),
        ("hostname.contain=shop.acme", 2),
        ("hostname.startsWith=my-", 1),
    ] {
        let page = world.get(&format!("{}?{filter}", hostnames()));
        assert_eq!(page.body["result"].as_array().unwrap().len(), found, "{filter}");
    }
}

use std::sync::Arc;

use openapi::Script;
use reach::Reach;
use resolver::Resolver;
use rstest::rstest;
use serde_json::{Value, json};
use store::{Database, Tenants};

use super::*;

const TARGET: &str = "stores.vendin.store";

/// Says in turn what Cloudflare has, what the resolver knows, and what answers at the domain.
fn saying(status: &str, certificate: &str, dns: &Value) -> Script {
    let hostname = json!({
        "id": "1", "hostname": "shop.example.com", "status": status, "ssl": { "status": certificate },
        "ownership_verification": { "type": "txt", "name": "_cf-custom-hostname.shop.example.com", "value": "5cc0" },
        "ownership_verification_http": { "http_url": "http://shop.example.com/cf", "http_body": "5cc0" },
    });
    let envelope = json!({ "success": true, "errors": [], "messages": [], "result": [hostname] });
    let script = Script::new(Vec::new()).besides(&["GET /"]);
    script.answer(200, &envelope).answer(200, dns).answer(404, &json!({}))
}

async fn look(script: &Script, reach: Option<Reach>) -> Seen {
    let zone =
        Zone::new(script.http(), cloudflare::URL, "zone".to_owned(), "token".into()).expect("an address");
    let watch = Watch {
        resolver: Resolver::new(script.http(), resolver::URL).expect("an address"),
        reach,
        target: TARGET.to_owned(),
        tenants: Tenants::new(Database::memory()),
    };
    let probe = ProbeDomain { zone, watch };
    let aspect = json!({ "state": "waiting", "since": "2026-01-01T00:00:00Z" });
    let domain = serde_json::from_value(json!({
        "hostname": "shop.example.com", "state": "pending", "requested_at": "2026-01-01T00:00:00Z",
        "name": aspect, "dns": aspect, "certificate": aspect,
    }));
    probe.look(&domain.expect("a domain")).await.expect("seen")
}

fn nowhere() -> Value {
    json!({ "Status": 3 })
}

fn leads_to(target: &str) -> Value {
    json!({ "Status": 0, "Answer": [{ "type": 5, "data": format!("{target}.") }] })
}

/// Each of the three for itself.
#[rstest]
#[case::nothing_published("pending", "pending_validation", nowhere(), [Waiting, Waiting, Waiting])]
#[case::leads_elsewhere("pending", "pending_validation", leads_to("old.example.net"), [Waiting, Waiting, Waiting])]
#[case::just_published("pending", "pending_validation", leads_to(TARGET), [Waiting, Right, Waiting])]
#[case::being_issued("active", "pending_issuance", leads_to(TARGET), [Right, Right, Waiting])]
#[case::flattened("active", "active", nowhere(), [Right, Right, Right])]
#[case::live("active", "active", leads_to(TARGET), [Right, Right, Right])]
#[case::moved("moved", "active", leads_to("old.example.net"), [Waiting, Waiting, Right])]
#[case::blocked("blocked", "pending_validation", leads_to(TARGET), [Wrong, Right, Waiting])]
#[case::given_up("active", "validation_timed_out", leads_to(TARGET), [Right, Right, Wrong])]
#[case::a_word_nobody_knows("test_pending", "backup_issued", leads_to(TARGET), [Waiting, Right, Waiting])]
#[case::no_resolver("pending", "pending_validation", json!({ "Status": 5 }), [Waiting, Waiting, Waiting])]
#[tokio::test]
async fn a_look_tells_name_dns_and_certificate_apart(
    #[case] status: &str,
    #[case] certificate: &str,
    #[case] dns: Value,
    #[case] expected: [AspectState; 3],
) {
    let seen = look(&saying(status, certificate, &dns), None).await;
    assert_eq!([seen.name.0, seen.dns.0, seen.certificate.0], expected, "{seen:?}");
    let silent = |(state, detail): &(AspectState, String)| *state != Right && detail.is_empty();
    assert!(![&seen.name, &seen.dns, &seen.certificate].into_iter().any(silent), "{seen:?}");
}

#[tokio::test]
async fn a_look_says_where_the_domain_leads_and_what_to_publish() {
    let seen = look(&saying("pending", "pending_validation", &leads_to("old.example.net")), None).await;
    assert_eq!(seen.dns.1, "leads to old.example.net, not to stores.vendin.store");
    let (kind, name, value) =
        ("TXT".to_owned(), "_cf-custom-hostname.shop.example.com".to_owned(), "5cc0".to_owned());
    assert_eq!(seen.proofs, [DnsRecord { kind, name, value }], "a file is Cloudflare's to serve");
}

/// Invariant 10: any answer will do, since it came over TLS.
#[tokio::test]
async fn what_seems_live_is_visited_and_what_does_not_is_not() {
    let visited = |script: &Script| script.lines().iter().filter(|line| *line == "GET /").count();
    for (certificate, visits) in [("active", 1), ("pending_deployment", 0)] {
        let script = saying("active", certificate, &leads_to(TARGET));
        look(&script, Some(Reach::in_process(Arc::new(script.clone())))).await;
        assert_eq!(visited(&script), visits, "{certificate}");
    }
}

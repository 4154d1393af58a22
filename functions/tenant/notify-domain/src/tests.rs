use serde_json::json;

use super::*;

fn tenant() -> Tenant {
    serde_json::from_value(json!({
        "id": "acme-7f3a9c", "name": "Acme & Sons", "subdomain": "acme", "email": "o@example.com", "plan": "starter",
        "blueprint": { "name": "neon-cloud-run", "version": 1 }, "status": "active",
        "created_at": "2026-01-01T00:00:00Z", "endpoints": { "store": "https://acme.my.vendin.store" },
    }))
    .expect("a tenant")
}

fn domain(state: &str) -> Domain {
    let aspect = json!({ "state": "waiting", "since": "2026-01-01T00:00:00Z" });
    serde_json::from_value(json!({
        "hostname": "shop.example.com", "state": state, "requested_at": "2026-01-01T00:00:00Z",
        "name": aspect, "dns": aspect, "certificate": aspect,
        "proofs": [{ "type": "TXT", "name": "_cf-custom-hostname.shop.example.com", "value": "5cc07c04" }],
        "fault": { "kind": "Terminal", "actor": "customer", "cause": "leads to <elsewhere>", "hint": "Point it to us." },
    }))
    .expect("a domain")
}

#[test]
fn whoever_is_told_of_a_failure_is_told_what_to_publish_and_that_the_store_is_up() {
    let mail = mail(&tenant(), &domain("failed"), "stores.vendin.store").expect("a mail");
    assert_eq!(mail.subject, "shop.example.com does not lead to Acme & Sons yet");
    for said in [
        "leads to <elsewhere>",
        "Point it to us.",
        "CNAME  shop.example.com  stores.vendin.store",
        "TXT  _cf-custom-hostname.shop.example.com  5cc07c04",
        "https://acme.my.vendin.store",
    ] {
        assert!(mail.text.contains(said), "{said} is not in\n{}", mail.text);
    }
    assert!(mail.html.contains("leads to &lt;elsewhere&gt;"), "{}", mail.html);
    assert!(mail.html.contains("5cc07c04") && !mail.html.contains("leads to Acme"));
}

#[test]
fn whoever_is_told_of_success_is_told_where() {
    let mail = mail(&tenant(), &domain("active"), "stores.vendin.store").expect("a mail");
    assert_eq!(mail.subject, "shop.example.com leads to Acme & Sons now");
    assert!(mail.text.contains("https://shop.example.com") && !mail.text.contains("CNAME"), "{}", mail.text);
}

#[test]
fn whoever_has_just_asked_is_told_what_to_publish_and_of_no_failure() {
    let mail = mail(&tenant(), &domain("pending"), "stores.vendin.store").expect("a mail");
    assert_eq!(mail.subject, "What shop.example.com needs to lead to Acme & Sons");
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("stores.vendin.store") && text.contains("5cc07c04"), "{text}");
        assert!(!text.contains("stopped looking") && !text.contains("ask for the domain again"), "{text}");
    }
}

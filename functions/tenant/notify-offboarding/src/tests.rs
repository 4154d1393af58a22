use serde_json::json;

use super::*;

fn tenant() -> Tenant {
    serde_json::from_value(json!({
        "id": "acme-7f3a9c", "name": "Acme & Sons", "subdomain": "acme", "email": "o@example.com", "plan": "starter",
        "blueprint": { "name": "merchant-workspace", "version": 1 }, "status": "cancelling",
        "created_at": "2026-01-01T00:00:00Z", "grace": { "deletes_at": "2026-02-01T09:30:00Z", "was": "active" },
    }))
    .expect("a tenant")
}

fn certified() -> Certified {
    let archive = json!({
        "bucket": "b", "manifest": "m", "sha256": "5cc07c04", "objects": 12, "bytes": 4096,
        "kept_until": "2027-02-01T09:30:00Z",
    });
    let certificate = json!({
        "issuer": "acme", "tenant": "acme-7f3a9c", "name": "Acme & Sons", "operation": "01M7YJMCAGDF8N7ZT7RZ80SAD4",
        "issued_at": "2026-02-01T09:31:00Z", "destroyed": [], "archive": archive,
    });
    Certified {
        certificate: serde_json::from_value(certificate).expect("a certificate"),
        jws: "a.b.c".to_owned(),
    }
}

#[test]
fn whoever_leaves_is_told_until_when_they_can_stay() {
    let mail = mail(&tenant(), None).expect("a mail");
    assert_eq!(mail.subject, "Acme & Sons will be deleted on 1 February 2026, 09:30 UTC");
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("1 February 2026, 09:30 UTC") && text.contains("acme-7f3a9c"), "{text}");
        assert!(!text.contains("5cc07c04") && !text.contains("has been deleted"), "{text}");
    }
    assert!(mail.html.contains("Acme &amp; Sons") && !mail.html.contains("Acme & Sons"), "{}", mail.html);
}

#[test]
fn whoever_is_gone_is_told_what_is_kept_and_what_proves_it() {
    let mail = mail(&tenant(), Some(&certified())).expect("a mail");
    assert_eq!(mail.subject, "Acme & Sons has been deleted");
    for text in [&mail.text, &mail.html] {
        for said in ["1 February 2026, 09:31 UTC", "1 February 2027", "5cc07c04", "12"] {
            assert!(text.contains(said), "{said} is not in\n{text}");
        }
    }
}

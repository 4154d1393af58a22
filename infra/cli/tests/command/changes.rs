use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

const TENANT: &str = "acme-000000";
const PROVISION: [&str; 4] = ["provision", "Acme", "--email", "owner@acme.example"];

/// Runs a command about the tenant, and says what it told and what it sent.
fn asked(stub: &Stub, act: &str, more: &[&str]) -> (String, String) {
    let output = tenantry(&stub.url, &[&[act, TENANT], more].concat());
    assert_eq!(stderr(&output), "");
    (stdout(&output), stub.acts().pop().unwrap_or_default())
}

#[test]
fn a_signup_that_waits_for_approval_is_told_as_such() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &[&PROVISION[..], &["--plan", "enterprise", "--watch"]].concat());
    assert_eq!(
        stdout(&output),
        "\
tenant acme-000000 pending_approval: nothing is made before somebody approves it, until 2026-01-15T00:00:00Z
  tenantry activate acme-000000 --reason …
"
    );
    let edits =
        ["--reason", "by phone", "--plan", "starter", "--name", "Acme Ltd", "--integration", "stripe"];
    let (_, sent) = asked(&stub, "activate", &edits);
    assert_eq!(
        sent,
        r#"POST /v1/tenants/acme-000000/approve {"integrations":["stripe"],"name":"Acme Ltd","plan":"starter","reason":"by phone"}"#
    );
    let (told, sent) = asked(&stub, "reject", &["--reason", "a robot"]);
    assert_eq!(told, "tenant acme-000000 deleted\n");
    assert_eq!(sent, r#"POST /v1/tenants/acme-000000/reject {"reason":"a robot"}"#);
}

#[test]
fn a_plan_says_what_would_be_done() {
    let stub = Stub::start(Mode::Healthy);
    assert_eq!(
        stdout(&tenantry(&stub.url, &[&["plan"], &PROVISION[..]].concat())),
        "\
it would be accepted; nothing was done
  change  merchant-create-group   0.3 s
  make    merchant-seed-data      1.2 s
  check   merchant-probe-website
takes     1.5 s usually
cost      1.25 USD a month more, roughly
price     29.05 USD monthly, 14 days' trial
headroom  neon: 3 of 630 in 60 s calls, not asked before 2026-01-01T00:00:05Z
missing   an account with google
approval  somebody has to approve it first
"
    );
    assert_eq!((stub.keys().len(), stub.tenants("provisioning")), (0, 0));
}

#[test]
fn a_plan_says_what_is_wrong() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &[&["plan"], &PROVISION[..], &["--subdomain", "www"]].concat());
    assert_eq!(output.status.code(), Some(5));
    let told = "error: it would be refused\n  subdomain: 'www' is reserved; allowed: another name\n";
    assert_eq!(stderr(&output), told);
}

#[test]
fn a_tenant_is_updated_and_every_change_can_be_planned() {
    let stub = Stub::start(Mode::Healthy);
    let (told, sent) = asked(&stub, "update", &["--reason", "renamed", "--email", "o@acme.example"]);
    assert!(told.contains(", operation 01KE0000000000000000000000"), "{told}");
    assert_eq!(sent, r#"PATCH /v1/tenants/acme-000000 {"email":"o@acme.example","reason":"renamed"}"#);
    for (act, more, path) in [
        ("update", &["--theme", "modern"][..], "PATCH /v1/tenants/acme-000000?dry_run=plan"),
        ("change-plan", &["professional"], "POST /v1/tenants/acme-000000/change-plan?dry_run=plan"),
        ("upgrade", &["--version", "3"], "POST /v1/tenants/acme-000000/upgrade?dry_run=plan"),
        ("delete", &[], "DELETE /v1/tenants/acme-000000?dry_run=plan"),
    ] {
        let planned = [&["plan", act, TENANT], more, &["--reason", "spring"]].concat();
        let output = tenantry(&stub.url, &planned);
        assert!(
            stdout(&output).starts_with("it would be accepted; nothing was done\n"),
            "{}",
            stderr(&output)
        );
        let sent = stub.acts().pop().unwrap_or_default();
        assert!(sent.starts_with(path), "{sent}");
    }
}

#[test]
fn a_tenant_is_moved_to_the_newest_version_or_to_the_one_that_is_named() {
    let stub = Stub::start(Mode::Healthy);
    let (told, sent) = asked(&stub, "upgrade", &["--reason", "the release of June"]);
    assert!(told.contains(", operation 01KE0000000000000000000000"), "{told}");
    assert_eq!(sent, r#"POST /v1/tenants/acme-000000/upgrade {"reason":"the release of June"}"#);
    let (_, sent) = asked(&stub, "upgrade", &["--version", "1", "--reason", "it is slow"]);
    assert_eq!(sent, r#"POST /v1/tenants/acme-000000/upgrade {"reason":"it is slow","version":1}"#);
    let output = tenantry(&stub.url, &["upgrade", TENANT]);
    assert_eq!(output.status.code(), Some(2), "nobody says why");
}

#[test]
fn a_tenant_is_checked_and_watched_until_that_is_done() {
    let stub = Stub::start(Mode::Healthy);
    let (told, sent) = asked(&stub, "check", &["--reason", "a customer calls"]);
    assert!(told.contains(", operation 01KE0000000000000000000000"), "{told}");
    assert_eq!(sent, r#"POST /v1/tenants/acme-000000/check {"reason":"a customer calls"}"#);
    let output = tenantry(&stub.url, &["check", TENANT]);
    assert_eq!(output.status.code(), Some(2), "nobody says why");
}

#[test]
fn a_tenant_is_made_read_only_put_to_sleep_and_woken() {
    let stub = Stub::start(Mode::Healthy);
    let (told, sent) = asked(&stub, "access", &["read_only", "--reason", "they did not pay"]);
    assert!(told.contains(", operation 01KE0000000000000000000000"), "{told}");
    assert_eq!(
        sent,
        r#"POST /v1/tenants/acme-000000/access {"access":"read_only","reason":"they did not pay"}"#
    );
    for act in ["hibernate", "wake"] {
        let (_, sent) = asked(&stub, act, &["--reason", "the holidays"]);
        assert_eq!(sent, format!(r#"POST /v1/tenants/acme-000000/{act} {{"reason":"the holidays"}}"#));
    }
    let neither = tenantry(&stub.url, &["access", TENANT, "some", "--reason", "why not"]);
    assert_eq!(neither.status.code(), Some(2));
}

#[test]
fn what_takes_two_is_told_with_what_is_to_be_done_next() {
    let stub = Stub::start(Mode::Healthy);
    let overrides = ["--override", "cpu=2", "--override", "memory=1Gi", "--reason", "they asked"];
    let (told, sent) = asked(&stub, "change-plan", &overrides);
    assert_eq!(
        told,
        "\
change request 01KE0000000000000000000001 (acme-000000: plan starter, memory=1Gi): another admin has to approve \
it, until 2026-01-08T00:00:00Z
  tenantry change-requests approve 01KE0000000000000000000001 --reason …
"
    );
    assert_eq!(
        sent,
        r#"POST /v1/tenants/acme-000000/change-plan {"break_glass":false,"overrides":{"cpu":"2","memory":"1Gi"},"reason":"they asked"}"#
    );
    let (told, _) = asked(&stub, "change-plan", &[&overrides[..], &["--break-glass"]].concat());
    assert!(told.contains(", operation "), "{told}");
    let nothing = tenantry(&stub.url, &["change-plan", TENANT, "--reason", "why not"]);
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn what_waits_for_somebody_else_is_listed_and_decided() {
    let stub = Stub::start(Mode::Healthy);
    let first = "01KE0000000000000000000001";
    assert_eq!(
        stdout(&tenantry(&stub.url, &["change-requests", "list"])),
        "\
01KE0000000000000000000001  acme-000000  plan starter, memory=1Gi  ada: they asked
01KE0000000000000000000002  acme-000000  delete in 30 days         ada: they asked
"
    );
    let shown = stdout(&tenantry(&stub.url, &["change-requests", "show", first]));
    assert!(shown.contains("wish         plan starter, memory=1Gi\n"), "{shown}");
    for (decision, told) in [("approve", "operation"), ("reject", "tenant acme-000000")] {
        let output = tenantry(&stub.url, &["change-requests", decision, first, "--reason", "fine"]);
        assert!(stdout(&output).contains(told), "{}", stderr(&output));
        let sent = format!(r#"POST /v1/change-requests/{first}/{decision} {{"reason":"fine"}}"#);
        assert_eq!(stub.acts().last(), Some(&sent));
    }
}

#[test]
fn a_deletion_with_days_of_grace_can_be_taken_back() {
    let stub = Stub::start(Mode::Healthy);
    let (told, sent) = asked(&stub, "delete", &["--grace-days", "30", "--reason", "they left"]);
    assert_eq!(
        told,
        "\
tenant acme-000000 cancelling: it is deleted at 2026-01-31T00:00:00Z, unless it is restored before
  tenantry restore acme-000000 --reason …
"
    );
    assert_eq!(
        sent,
        r#"DELETE /v1/tenants/acme-000000 {"break_glass":false,"grace_days":30,"reason":"they left"}"#
    );
    let (told, sent) = asked(&stub, "restore", &["--reason", "they came back"]);
    assert_eq!(told, "tenant acme-000000 active\n");
    assert_eq!(sent, r#"POST /v1/tenants/acme-000000/restore {"reason":"they came back"}"#);
    let (_, sent) = asked(&stub, "restore", &["--reason", "they came back", "--subdomain", "acme-two"]);
    assert_eq!(
        sent,
        r#"POST /v1/tenants/acme-000000/restore {"reason":"they came back","subdomain":"acme-two"}"#
    );
    let both = ["delete", TENANT, "--force", "--reason", "enough", "--grace-days", "3"];
    assert_eq!(tenantry(&stub.url, &both).status.code(), Some(2), "what is forced does not wait");
}

#[test]
fn a_tenant_is_held_and_locked_with_a_reason() {
    let stub = Stub::start(Mode::Healthy);
    for guard in ["hold", "release", "lock", "unlock"] {
        let (told, sent) = asked(&stub, guard, &["--reason", "case 4711"]);
        assert_eq!(told, "tenant acme-000000 active\n");
        assert_eq!(sent, format!(r#"POST /v1/tenants/acme-000000/{guard} {{"reason":"case 4711"}}"#));
    }
}

#[test]
fn a_certificate_is_shown_and_verified() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["certificate", TENANT, "--verify"]);
    assert_eq!(stderr(&output), "");
    let told = stdout(&output);
    let (certificate, signer) = told.rsplit_once("signed by    ").expect("a signer");
    assert_eq!(
        certificate,
        "\
tenant       acme-000000 (Acme)
issued by    tenantry
issued       2026-01-31T00:01:00Z
gone         merchant-publish-website observed 2026-01-31T00:00:30Z
gone         merchant-create-group by an operator's word 2026-01-31T00:00:40Z
kept         7 objects, 4096 bytes, until 2027-01-31T00:00:00Z
manifest     s3://archive/tenants/acme-000000/1/2/manifest.json
sha256       5cc07c04
not kept     merchant-seed-data: skipped by an operator
"
    );
    assert_eq!(signer.trim().len(), 43, "a thumbprint: {signer}");
    let forged = tenantry(&stub.url, &["certificate", "acme-000001", "--verify"]);
    assert_eq!(forged.status.code(), Some(1));
    assert_eq!(stderr(&forged), "error: it is not genuine: what is signed is another certificate\n");
}

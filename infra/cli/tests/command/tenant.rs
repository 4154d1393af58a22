use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry, tenantry_in};

const PROVISION: [&str; 6] = ["provision", "Acme", "--subdomain", "acme", "--email", "owner@acme.example"];

fn provision(more: &[&'static str]) -> Vec<&'static str> {
    [&PROVISION, more].concat()
}

#[test]
fn a_signup_is_accepted_and_told_line_by_line_until_it_is_active() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &provision(&["--watch", "--idempotency-key", "first"]));
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    assert_eq!(
        stdout(&output),
        format!(
            "\
tenant acme-000000 provisioning, operation 01KE0000000000000000000000
   0.0s   0%  provision                    accepted
   0.1s   0%  provision                    running
   0.2s   0%  merchant-create-group        running
   0.5s  25%  merchant-create-group        done, 300 ms of work
   0.5s  25%  merchant-seed-data           running
   0.5s  25%  merchant-publish-website     running
   0.9s  75%  merchant-publish-website     done, 300 ms of work
   1.2s  75%  merchant-seed-data           done, 300 ms of work
   1.2s  75%  merchant-probe-website       running
   1.7s 100%  merchant-probe-website       done, 300 ms of work
   1.8s 100%  provision                    succeeded
dashboard {0}/sites/acme/admin
site      {0}/sites/acme
",
            stub.url
        )
    );
    assert_eq!(stub.keys(), ["first"]);
}

#[test]
fn a_signup_with_mistakes_says_what_to_change() {
    let stub = Stub::start(Mode::Healthy);
    let output =
        tenantry(&stub.url, &["provision", "Acme", "--subdomain", "www", "--email", "owner@acme.example"]);
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(
        stderr(&output),
        "error: Invalid signup (422): 1 field is wrong\n  \
         subdomain: 'www' is reserved; allowed: another name\n"
    );
}

#[test]
fn a_signup_without_an_answer_says_how_to_repeat_it_safely() {
    // Nobody listens on port 1.
    let output = tenantry("http://127.0.0.1:1", &provision(&["--idempotency-key", "first"]));
    assert_eq!(output.status.code(), Some(6));
    let told = stderr(&output);
    assert!(told.starts_with("error: http://127.0.0.1:1/v1/tenants did not answer: "), "{told}");
    assert!(told.ends_with("repeat it with --idempotency-key first\n"), "{told}");
}

#[test]
fn without_an_address_it_says_which_is_missing() {
    let output = tenantry_in(&[], &["list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("set TENANTRY_API"), "{}", stderr(&output));
}

#[test]
fn a_tenant_is_shown_and_its_operation_drawn() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &provision(&["--theme", "modern", "--integration", "stripe"]));
    assert!(output.status.success(), "{}", stderr(&output));

    let status = tenantry(&stub.url, &["status", "acme-000000"]);
    assert_eq!(
        stdout(&status),
        "\
tenant acme-000000 provisioning
provision accepted, 0%
· merchant-create-group
├ · merchant-seed-data
"
    );
    let watched = tenantry(&stub.url, &["status", "acme-000000", "--watch"]);
    assert!(watched.status.success(), "{}", stderr(&watched));
    assert!(stdout(&watched).contains("provision                    succeeded\n"), "{}", stdout(&watched));
    let ended = tenantry(&stub.url, &["status", "acme-000000"]);
    assert_eq!(
        stdout(&ended),
        "\
tenant acme-000000 active
provision succeeded, 100%
✓ merchant-create-group            done, 300 ms of work
├ ✓ merchant-seed-data             done, 300 ms of work
├ ✓ merchant-publish-website       done, 300 ms of work
✓ merchant-probe-website           done, 300 ms of work
"
    );
    let shown = stdout(&tenantry(&stub.url, &["show", "acme-000000"]));
    for line in [
        "tenant       acme-000000".to_owned(),
        "blueprint    merchant-workspace@1, and 2 is there".to_owned(),
        "theme        modern".to_owned(),
        "integration  stripe".to_owned(),
        format!("site         {}/sites/acme", stub.url),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
}

#[test]
fn a_tenant_is_deleted_and_told_until_nothing_is_left() {
    let stub = Stub::start(Mode::Healthy);
    assert!(tenantry(&stub.url, &provision(&["--watch"])).status.success());
    let output = tenantry(&stub.url, &["delete", "acme-000000", "--watch"]);
    assert_eq!(
        stdout(&output),
        "\
tenant acme-000000 deleting, operation 01KE0000000000000000000000
   0.1s   0%  delete                       running
   0.3s   0%  merchant-seed-data           undoing
   0.6s 100%  merchant-seed-data           undone
   1.0s 100%  merchant-create-group        undone
   1.8s 100%  delete                       succeeded
"
    );
    assert_eq!(stub.tenants("deleted"), 1);
}

#[test]
fn a_stuck_tenant_fails_the_watch_and_can_be_retried() {
    let stub = Stub::start(Mode::Leaky);
    let output = tenantry(&stub.url, &provision(&["--watch"]));
    assert_eq!(output.status.code(), Some(1));
    let reason = "s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)";
    assert!(stdout(&output).contains(&format!("merchant-create-group        stuck: {reason}\n")));
    assert!(stdout(&output).ends_with(&format!("stuck because of merchant-publish-website: {reason}\n")));
    let drawn = tenantry(&stub.url, &["status", "acme-000000", "01KE0000000000000000000000"]);
    assert_eq!(
        stdout(&drawn),
        format!(
            "\
tenant acme-000000 stuck
provision stuck, 50%
! merchant-create-group            stuck: {reason}
├ ↺ merchant-seed-data             undone
├ ↺ merchant-publish-website       undone
because of merchant-publish-website: {reason}
"
        )
    );
    let retry = ["retry", "acme-000000", "--reason", "the policy is mended", "--from", "start"];
    let output = tenantry(&stub.url, &[&retry[..], &["--email", "o@acme.example"]].concat());
    assert!(
        stdout(&output).starts_with("tenant acme-000000 provisioning, operation "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_tenant_that_is_not_there_is_said_to_be_missing() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["show", "nobody-000000"]);
    assert_eq!(
        stderr(&output),
        "error: Not found (404): there is no tenant nobody-000000\n  hint: tenantry list --search <text> finds tenants\n"
    );
    let output = tenantry(&stub.url, &["show", "nobody"]);
    assert!(stderr(&output).contains("'nobody' is not a tenant id: expected <slug>-<6 hex>"));
}

#[test]
fn what_an_operator_asks_for_is_sent_with_its_reason() {
    let stub = Stub::start(Mode::Leaky);
    assert!(tenantry(&stub.url, &PROVISION).status.success());
    for (command, path) in [
        (
            &["cancel", "acme-000000"][..],
            "/v1/tenants/acme-000000/operations/01KE0000000000000000000000/cancel",
        ),
        (
            &["skip", "acme-000000", "merchant-seed-data"],
            "/v1/tenants/acme-000000/operations/01KE0000000000000000000000/skip",
        ),
        (&["delete", "acme-000000", "--force"], "/v1/tenants/acme-000000/force-delete"),
        (
            &["repair-tasks", "retry", "acme-000000:merchant-seed-data"],
            "/v1/repair-tasks/acme-000000:merchant-seed-data/retry",
        ),
        (
            &["repair-tasks", "resolve", "acme-000000:merchant-seed-data"],
            "/v1/repair-tasks/acme-000000:merchant-seed-data/resolve",
        ),
    ] {
        let output = tenantry(&stub.url, &[command, &["--reason", "enough"]].concat());
        assert!(output.status.success(), "{command:?}: {}", stderr(&output));
        assert_eq!(stub.acts().last(), Some(&format!("{path} because of enough")));
    }
    let output = tenantry(&stub.url, &["delete", "acme-000000", "--force"]);
    assert!(stderr(&output).contains("--reason"), "{}", stderr(&output));
}

#[test]
fn repair_tasks_and_the_audit_are_listed_to_their_end() {
    let stub = Stub::start(Mode::Leaky);
    assert_eq!(
        stdout(&tenantry(&stub.url, &["repair-tasks", "list"])),
        "\
acme-000000:merchant-create-group
  s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)
  since 2026-01-01T00:00:01Z, tried 2 times, next at 2026-01-01T00:00:02Z
acme-000000:merchant-seed-data
  s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)
  since 2026-01-01T00:00:01Z, tried 2 times, next at 2026-01-01T00:00:02Z
"
    );
    assert_eq!(
        stdout(&tenantry(&stub.url, &["audit", "acme-000000"])),
        "2026-01-01T00:00:01Z  cancel  ops: enough\n"
    );
}

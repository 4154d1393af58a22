use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

#[test]
fn tenants_are_listed_to_their_end() {
    let stub = Stub::start(Mode::Healthy);
    let wanted = ["list", "--status", "active", "--plan", "starter", "--search", "o'brien & sons"];
    let output = tenantry(&stub.url, &wanted);
    assert_eq!(stderr(&output), "");
    assert_eq!(
        stdout(&output),
        "\
acme-000000            Acme  active  starter  merchant-workspace@1  2026-01-01T00:00:00Z
bakery-of-bern-00000b  Acme  active  starter  merchant-workspace@1  2026-01-01T00:00:00Z
crane-00000c           Acme  active  starter  merchant-workspace@1  2026-01-01T00:00:00Z
"
    );
    let asked = "list status=active&plan=starter&text=o%27brien+%26+sons&limit";
    assert_eq!(
        stub.acts(),
        [format!("{asked}=100"), format!("{asked}=98&after=b"), format!("{asked}=98&after=c")]
    );
}

#[test]
fn no_more_are_listed_than_are_wanted() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["list", "--limit", "1"]);
    assert_eq!(stdout(&output).lines().count(), 1);
    assert_eq!(stderr(&output), "there may be more: --after b\n");
    assert_eq!(stub.acts(), ["list limit=1"]);
    let rest = tenantry(&stub.url, &["list", "--after", "b"]);
    assert!(stdout(&rest).starts_with("crane-00000c"), "{}", stdout(&rest));
}

#[test]
fn a_status_nobody_knows_is_not_asked_for() {
    let output = tenantry("http://127.0.0.1:1", &["list", "--status", "happy"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("pending_approval"), "{}", stderr(&output));
}

#[test]
fn the_parts_of_a_tenant_and_the_tale_of_an_operation_are_told() {
    let stub = Stub::start(Mode::Healthy);
    let health = tenantry(&stub.url, &["health", "acme-000000"]);
    assert_eq!(health.status.code(), Some(1), "something is wrong");
    let reason = "s3 answered 403 (for us to act on; s3 request 4F2A; allow s3:PutObject)";
    assert_eq!(
        stdout(&health),
        format!(
            "\
tenant acme-000000 active, unhealthy
healthy    merchant-create-group         2026-01-01T00:00:00Z
unhealthy  merchant-seed-data            2026-01-01T00:00:00Z  {reason}
unknown    merchant-probe-website
healthy    cloudnativepg-probe-database  2026-01-01T00:00:00Z
  pod          postgres-1           ready, containers 2, restarts 0
  condition    ContinuousArchiving  True
  condition    Ready                True
  last backup  nightly-1            completed 2026-01-01T00:00:00Z
healthy    kubernetes-probe-workloads    2026-01-01T00:00:00Z
  service  api    1 of 1 serve, Available True
  pod      api-a  ready, containers 1, restarts 3
  pod      api-b  not ready, containers 1, restarts 9: CrashLoopBackOff
healthy    merchant-probe-sign-in        2026-01-01T00:00:00Z
"
        )
    );
    let log = tenantry(&stub.url, &["log", "acme-000000", "01KE0000000000000000000000"]);
    assert_eq!(
        stdout(&log),
        format!(
            "\
2026-01-01T00:00:00.000Z                      provision was accepted
2026-01-01T00:00:00.200Z  merchant-seed-data  failed after one call: {reason}
"
        )
    );
}

use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

const FOUND: &str = "\
orphan          acme-000000:merchant-create-group  {\"group\":\"acme-000000\"}
unknown_tenant  lost-000001:merchant-create-group  {\"group\":\"lost-000001\"}
not asked       merchant-seed-data  s3 answered 403
";

#[test]
fn a_sweep_only_looks_and_lists_what_it_found() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["orphans", "sweep", "--reason", "the bill"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("only looked, found 2 (limit 10)") && told.ends_with(FOUND), "{told}");
    assert_eq!(stub.acts(), [r#"sweep {"dry_run":true,"limit":null,"reason":"the bill"}"#]);
    let newest = tenantry(&stub.url, &["orphans", "show"]);
    assert!(stdout(&newest).ends_with(FOUND), "{}", stdout(&newest));
}

#[test]
fn a_sweep_that_destroys_says_so_and_fails_where_it_is_refused() {
    let stub = Stub::start(Mode::Healthy);
    let output = tenantry(&stub.url, &["orphans", "sweep", "--reason", "sure", "--destroy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("taken_in        acme-000000:"), "{}", stdout(&output));
    let refused = tenantry(&stub.url, &["orphans", "sweep", "--reason", "sure", "--destroy", "--limit", "1"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(stderr(&refused), "error: 2 resources are in no ledger\n");
}

#[test]
fn a_sweep_asks_for_a_reason() {
    let stub = Stub::start(Mode::Healthy);
    assert_eq!(tenantry(&stub.url, &["orphans", "sweep", "--destroy"]).status.code(), Some(2));
    assert!(stub.acts().is_empty());
}

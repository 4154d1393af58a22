use crate::stub::{Mode, Stub};
use crate::{stderr, stdout, tenantry};

const ID: &str = "01M7YJMCAGDF8N7ZT7RZ80SAD4";

#[test]
fn an_endpoint_is_added_and_its_secret_shown_once() {
    let stub = Stub::start(Mode::Healthy);
    let added = tenantry(
        &stub.url,
        &["webhook", "add", "https://a.example.com/", "--type", "tenantry.tenant.activated.v1"],
    );
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(stdout(&added).contains("whsec_shown"), "{}", stdout(&added));
    let listed = stdout(&tenantry(&stub.url, &["webhook", "list"]));
    assert!(listed.contains(ID) && listed.contains("told tenantry.tenant.activated.v1"), "{listed}");
    assert!(!listed.contains("whsec_"), "{listed}");
}

#[test]
fn a_test_that_is_refused_is_a_failure() {
    let stub = Stub::start(Mode::Healthy);
    let tested = tenantry(&stub.url, &["webhook", "test", ID]);
    assert_eq!(tested.status.code(), Some(1));
    assert!(
        stdout(&tested).contains("dead") && stdout(&tested).contains("12 ms  503"),
        "{}",
        stdout(&tested)
    );
}

#[test]
fn what_was_missed_is_replayed_part_by_part() {
    let stub = Stub::start(Mode::Healthy);
    let args =
        ["webhook", "replay", ID, "--since", "2026-01-01T00:00:00Z", "--reason", "their outage is over"];
    let replayed = tenantry(&stub.url, &args);
    assert_eq!(stdout(&replayed), "3 sent again\n", "{}", stderr(&replayed));
    assert_eq!(tenantry(&stub.url, &["webhook", "replay", ID, "--reason", "r"]).status.code(), Some(2));
}

//! A tenant that leaves, from the request to the certificate, by the real machine.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use sagas::chaos::Planned;
use sagas::leaving::{Left, Meanwhile};
use tenancy::{Certificate, State, Status};

const SHOP: &str = "merchant-workspace";

fn refused(moment: &str) -> Vec<Planned> {
    vec![format!("{moment}=Refused*ever").parse().expect("a trouble")]
}

/// One operation, one execution: it waits for as long as it is said, and everything is in its archive.
#[test]
fn a_tenant_that_leaves_is_told_archived_deleted_and_certified() {
    let left = Left::of(SHOP, Meanwhile::Nothing, Vec::new());
    assert_eq!(left.status, Status::Deleted, "{left:#?}");
    assert!((300..420).contains(&left.seconds), "{left:#?}");
    assert_eq!((left.executions, left.operations.len()), ((1, 0), 1));
    let about: Vec<&str> =
        left.mails.iter().map(|mail| mail.split(" on ").next().unwrap_or_default()).collect();
    let will = "Acme Coffee will be deleted";
    assert_eq!(about, [will, will, will, "Acme Coffee has been deleted"]);
    assert_eq!((left.left, left.broken), (Vec::new(), Vec::new()));

    let certified = left.certified.expect("a certificate");
    let gone: Vec<&str> = certified.certificate.destroyed.iter().map(|gone| gone.step.as_str()).collect();
    assert_eq!(gone.len(), 6, "{gone:?}");
    assert!(certified.certificate.archive.objects >= 10, "{:?}", certified.certificate.archive);
    // By the standard, with what anybody can have.
    let key = &left.keys["keys"][0];
    let part = |name: &str| key[name].as_str().expect("a text");
    let key = DecodingKey::from_ec_components(part("x"), part("y")).expect("a key");
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let signed = decode::<Certificate>(&certified.jws, &key, &rules).expect("a genuine certificate");
    assert_eq!(signed.claims, certified.certificate);
    assert_eq!(signed.header.kid.as_deref(), Some(part("kid")));
}

#[test]
fn a_tenant_that_is_restored_lives_on_with_everything() {
    let left = Left::of(SHOP, Meanwhile::Restored(200), Vec::new());
    assert_eq!((left.status, left.certified), (Status::Active, None));
    assert_eq!(left.operations[0].state, State::Failed);
    assert!(!left.left.is_empty());
    assert_eq!(left.broken, Vec::new());
}

#[test]
fn a_hold_keeps_a_tenant_beyond_its_days_and_its_release_lets_it_go() {
    let left = Left::of(SHOP, Meanwhile::Held(3000), Vec::new());
    assert_eq!(left.status, Status::Deleted, "{left:#?}");
    assert!((3000..3300).contains(&left.seconds), "{left:#?}");
    assert_eq!((left.executions, left.broken), ((1, 0), Vec::new()));
}

/// Invariant 7: an execution lives for a year, and may be stopped by mistake.
#[test]
fn an_offboarding_whose_execution_died_goes_on_where_it_was() {
    let left = Left::of(SHOP, Meanwhile::Stopped(100), Vec::new());
    assert_eq!(left.status, Status::Deleted, "{left:#?}");
    assert_eq!(left.executions, (1, 1));
    assert_eq!(left.mails.len(), 4, "nobody is told twice");
    assert_eq!((left.left, left.broken), (Vec::new(), Vec::new()));
}

#[test]
fn nothing_is_destroyed_that_cannot_be_backed_up_unless_an_operator_lets_it_go() {
    let step = "merchant-seed-data";
    let planned = refused("merchant-seed-data.backup/s3:PutObject#1");
    let left = Left::of(SHOP, Meanwhile::Skipped(1800, step), planned);
    assert_eq!(left.status, Status::Deleted, "{left:#?}");
    assert!(left.seconds > 1800, "{left:#?}");
    let without = left.certified.expect("a certificate").certificate.archive.without;
    assert_eq!(without.len(), 1);
    assert_eq!((without[0].step.as_str(), without[0].why.as_str()), (step, "skipped by an operator"));
    assert_eq!((left.left, left.broken), (Vec::new(), Vec::new()));
}

/// Everything its people had, in a tenant of the same name, made anew and seen to work.
#[test]
fn a_tenant_that_is_gone_comes_back_from_its_archive() {
    let left = Left::of(SHOP, Meanwhile::Regretted, Vec::new());
    assert_eq!((left.status, left.theirs), (Status::Active, true), "{left:#?}");
    assert!(left.certified.is_some(), "that it was gone stays true");
    assert_eq!(left.broken, Vec::new());
}

/// What cannot be put back whole is not put back: nothing is left, and it can be tried again.
#[test]
fn a_restoration_that_fails_leaves_nothing_and_can_be_tried_again() {
    let planned = refused("merchant-seed-data.restore/s3:PutObject#1");
    let left = Left::of(SHOP, Meanwhile::RegrettedTwice, planned);
    assert_eq!((left.status, left.theirs), (Status::Active, true), "{left:#?}");
    assert_eq!(left.broken, Vec::new());
}

#[test]
fn what_is_out_of_reach_is_said_not_to_be_kept() {
    let left = Left::of("neon-cloud-run", Meanwhile::Nothing, Vec::new());
    assert_eq!(left.status, Status::Deleted, "{left:#?}");
    let without = left.certified.expect("a certificate").certificate.archive.without;
    let steps: Vec<&str> = without.iter().map(|without| without.step.as_str()).collect();
    assert_eq!(steps, ["neon-create-database"]);
    assert_eq!((left.left, left.broken), (Vec::new(), Vec::new()));
}

//! A tenant's own domain, from the request to the last record, by the real machine.

use sagas::domain::{Customer, Lived};
use tenancy::Status;

#[test]
fn a_domain_that_is_pointed_to_us_becomes_live_and_goes_with_its_tenant() {
    let lived = Lived::of(Customer::PointsAfter(600));
    assert_eq!(lived.domain, "active", "{lived:#?}");
    assert_eq!(lived.endpoint.as_deref(), Some("https://shop.example.com"));
    assert_eq!(lived.status, Status::Active);
    assert!(lived.mails.iter().any(|mail| mail.contains("shop.example.com leads to")), "{:?}", lived.mails);
    assert_eq!(lived.served, ["shop.example.com"]);
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
}

/// Invariant 11.
#[test]
fn a_domain_that_nobody_points_to_us_fails_after_a_day_and_its_tenant_lives() {
    let lived = Lived::of(Customer::NeverPoints);
    assert_eq!(lived.domain, "failed", "{lived:#?}");
    assert_eq!(lived.endpoint, None);
    assert_eq!(lived.status, Status::Active);
    assert!((24..26).contains(&lived.hours), "{lived:#?}");
    assert!((100..120).contains(&lived.looks), "{lived:#?}");
    assert!(lived.mails.iter().any(|mail| mail.contains("does not lead to")), "{:?}", lived.mails);
    assert_eq!(lived.served, [""; 0], "what is not proven is not served");
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
}

/// The deletion does not wait for the customer's DNS, nor does anything outlive it.
#[test]
fn a_tenant_that_is_deleted_while_its_domain_is_waited_for_leaves_nothing() {
    let lived = Lived::of(Customer::DeletesMeanwhile);
    assert_eq!(lived.status, Status::Deleted);
    assert!(lived.hours < 1, "{lived:#?}");
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
    assert!(lived.is_free, "its name is");
}

//! A tenant's own domain, from the request to the last record, by the real machine.

use rstest::rstest;
use sagas::domain::{Customer, Lived};
use tenancy::Status;

const AT_CLOUDFLARE: &str = "neon-cloud-run";
const IN_THE_CLUSTER: &str = "helm-cloudnativepg";

#[rstest]
#[case::at_cloudflare(AT_CLOUDFLARE)]
#[case::in_the_cluster(IN_THE_CLUSTER)]
fn a_domain_that_is_pointed_to_us_becomes_live_and_goes_with_its_tenant(#[case] blueprint: &'static str) {
    let lived = Lived::of(blueprint, Customer::PointsAfter(600));
    assert_eq!(lived.domain, "active", "{lived:#?}");
    assert_eq!(lived.endpoint.as_deref(), Some("https://shop.example.com"));
    assert_eq!(lived.status, Status::Active);
    assert!(lived.mails.iter().any(|mail| mail.contains("shop.example.com leads to")), "{:?}", lived.mails);
    assert_eq!(lived.served, ["shop.example.com"]);
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
}

/// The customer has it taken away while its tenant lives on.
#[rstest]
#[case::at_cloudflare(AT_CLOUDFLARE)]
#[case::in_the_cluster(IN_THE_CLUSTER)]
fn a_domain_that_is_removed_is_served_no_more(#[case] blueprint: &'static str) {
    let lived = Lived::of(blueprint, Customer::RemovesAfter(600));
    assert_eq!((lived.domain.as_str(), lived.endpoint), ("", None), "nobody knows of it any more");
    assert_eq!((lived.status, lived.served), (Status::Active, Vec::new()));
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
}

/// Invariant 11. An authority is asked for no certificate that it could not give.
#[rstest]
#[case::at_cloudflare(AT_CLOUDFLARE)]
#[case::in_the_cluster(IN_THE_CLUSTER)]
fn a_domain_that_nobody_points_to_us_fails_after_a_day_and_its_tenant_lives(#[case] blueprint: &'static str) {
    let lived = Lived::of(blueprint, Customer::NeverPoints);
    assert!(!lived.certified, "{lived:#?}");
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
#[rstest]
#[case::at_cloudflare(AT_CLOUDFLARE)]
#[case::in_the_cluster(IN_THE_CLUSTER)]
fn a_tenant_that_is_deleted_while_its_domain_is_waited_for_leaves_nothing(#[case] blueprint: &'static str) {
    let lived = Lived::of(blueprint, Customer::DeletesMeanwhile);
    assert_eq!(lived.status, Status::Deleted);
    assert!(lived.hours < 1, "{lived:#?}");
    assert_eq!((lived.left, lived.broken), (Vec::new(), Vec::new()));
    assert!(lived.is_free, "its name is");
}

//! What customers call themselves: what is accepted is what it claims to be, and is accepted again unchanged.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenancy::{Colour, DomainName, Email, Mark, Subdomain, SubscriptionId, TenantId, slug_of};

fuzz_target!(|text: &str| {
    if let Ok(label) = Subdomain::parse(text) {
        assert!(is_label(label.as_str()));
        assert_eq!(Subdomain::parse(label.as_str()), Ok(label));
    }
    if let Ok(name) = DomainName::parse("hostname", text) {
        assert!(name.as_str().len() <= 233 && name.as_str().split('.').all(is_label));
        assert_eq!(DomainName::parse("hostname", name.as_str()), Ok(name));
    }
    if let Ok(address) = Email::parse(text) {
        // It goes into the header of a letter.
        assert!(address.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(Email::parse(address.as_str()), Ok(address));
    }
    let slug = slug_of(text);
    assert!(is_label(&slug) && slug.len() <= 20 && slug.starts_with(|c: char| c.is_ascii_lowercase()));
    assert_eq!(slug_of(&slug), slug);
    let id = TenantId::new(text, [0, 127, 255]);
    assert_eq!(id.as_str().parse(), Ok(id));
    if let Ok(id) = text.parse::<TenantId>() {
        assert!(id.as_str() == text && is_label(text));
    }
    if let Ok(mark) = text.parse::<Mark>() {
        assert_eq!(mark.to_string(), text);
    }
    if let Ok(id) = text.parse::<SubscriptionId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(colour) = Colour::try_from(text.to_owned()) {
        let written = String::from(colour.clone());
        // It goes into a stylesheet.
        assert!(
            written.strip_prefix('#').is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
        assert_eq!(Colour::try_from(written), Ok(colour));
    }
});

/// A DNS label (RFC 1035), in lower case.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

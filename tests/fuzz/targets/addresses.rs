//! Where webhooks are delivered to: what is accepted is on the public web, and is accepted again unchanged.

#![no_main]

use events::{Patience, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for private in [false, true] {
        let Ok(target) = Target::parse("url", text, private) else { continue };
        assert_eq!(Target::parse("url", target.as_str(), private), Ok(target.clone()));
        if !private {
            let host = target.as_str().strip_prefix("https://").expect("nothing but https");
            let host = host.split(['/', '?']).next().unwrap_or_default();
            assert!(!host.contains(['@', ':', '[']) && host.parse::<std::net::Ipv4Addr>().is_err());
        }
    }
    if let Ok(patience) = text.parse::<Patience>() {
        for tries in 0..=10 {
            let _ = patience.pause(tries, u8::MAX);
        }
    }
});

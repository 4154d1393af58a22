//! The plain webhook of a billing system: a first line that is its authorisation, and the body.

#![no_main]

use billing::subscription_webhook::{Sold, authorised, read};
use billing::{Fact, Read};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

const TIERS: &str = "standard=starter,premium=professional,business=enterprise";

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let secrets = [SecretString::from("a secret that nobody guesses"), SecretString::from("")];
    if let Ok(header) = std::str::from_utf8(header) {
        assert!(!authorised(Some(header), &secrets), "an empty secret lets nobody in");
    }

    let sold = Sold::parse(TIERS, "us-east,eu-west");
    let Ok(sent) = serde_json::from_slice(body) else { return };
    let first = read(&sent, &sold);
    // An event is named by what it says: sent again, it must be known.
    assert_eq!(first, read(&sent, &sold));
    if let Ok(Read::Event(event)) = first
        && let Fact::Terms { bought, customer, .. } = event.fact
    {
        let plans = ["starter", "professional", "enterprise"];
        assert!(bought.iter().all(|plan| plans.contains(&plan.as_str())), "not sold: {bought:?}");
        assert!(customer.is_some(), "a tenant would have nobody");
    }
});

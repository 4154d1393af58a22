//! Stripe's webhook: a first line that is its signature, and the body. Nothing is genuine but what we sign here ourselves.

#![no_main]

use billing::stripe;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use ring::hmac;
use secrecy::SecretString;

const SECRET: &str = "whsec_made_up";

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let (now, secrets) = (Timestamp::UNIX_EPOCH, [SecretString::from(SECRET)]);
    if let Ok(header) = std::str::from_utf8(header) {
        // Nobody finds a signature by chance.
        assert!(stripe::verify(Some(header), body, &secrets, now).is_err());
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hex::encode(hmac::sign(&key, &[b"0.", body].concat()));
    let genuine = format!("t=0,v1={signature}");
    assert_eq!(stripe::verify(Some(&genuine), body, &secrets, now), Ok(()));
    assert!(stripe::verify(Some(&genuine), &[body, b" "].concat(), &secrets, now).is_err());
    assert!(stripe::verify(Some(&genuine), body, &[SecretString::from("another")], now).is_err());

    if let Ok(event) = serde_json::from_slice(body) {
        // What reacts to it reads it a second time: it must be the same.
        assert_eq!(stripe::read(&event), stripe::read(&event));
    }
});

//! What the vault keeps for us to sign in with: whatever an operator has put there, it is taken, or refused without its words.

#![no_main]

use fault::Fault;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

/// Made for this; opens nothing.
const OURS: &str = include_str!("../corpus/logins/private-key");
/// Stands in the corpus wherever a login has something to hide.
const HIDDEN: &str = "hunter2";

fuzz_target!(|text: &str| {
    let kept = SecretString::from(text);
    let network = fuzz::wire::saying(200, None, b"{}").expect("an answer");
    told(google::Tokens::new(network, &kept));
    told(kubernetes::Access::read(&kept));
    if let Ok(login) = serde_json::from_str::<ssh::Login>(text) {
        told(ssh::Host::new(&login));
    }
    if told(ssh::Host::new(&login(OURS, text))) {
        assert!(text.trim_start().starts_with("ssh-ed25519 "));
    }
    if told(ssh::Host::new(&login(text, "ssh-ed25519 "))) {
        panic!("that is no key of a host's");
    }
});

fn login(private_key: &str, host_key: &str) -> ssh::Login {
    let (host, user) = ("bench.example.com".to_owned(), "tenantry".to_owned());
    ssh::Login { host, port: 22, user, private_key: private_key.into(), host_key: host_key.to_owned() }
}

/// Whether it was taken. If not, nothing of it is told.
fn told<T>(read: Result<T, Fault>) -> bool {
    if let Err(fault) = &read {
        assert!(!format!("{fault:?}").contains(HIDDEN), "{fault:?}");
    }
    read.is_ok()
}

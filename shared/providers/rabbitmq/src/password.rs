//! Passwords as RabbitMQ keeps them, `rabbit_password_hashing_sha256`: base64 of four bytes of salt and the SHA-256 of salt and
//! password (<https://www.rabbitmq.com/docs/passwords>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrets::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub(crate) const ALGORITHM: &str = "rabbit_password_hashing_sha256";

const SALT: usize = 4;

/// The digest to be kept of a user's password. The salt follows from the user's name: to write twice is to write the same.
pub(crate) fn digest(user: &str, password: &SecretString) -> String {
    salted(&Sha256::digest(user)[..SALT], password)
}

/// Whether a digest, whoever salted it, is of this password.
pub(crate) fn is_of(digest: &str, password: &SecretString) -> bool {
    let salt = STANDARD.decode(digest).ok().and_then(|bytes| bytes.first_chunk::<SALT>().copied());
    salt.is_some_and(|salt| salted(&salt, password) == digest)
}

fn salted(salt: &[u8], password: &SecretString) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(password.expose_secret()).finalize();
    STANDARD.encode([salt, &hash].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_rabbitmq_made_is_understood() {
        // Of the recording in tests/contract/specs: the password was `pw2`.
        let made = "Vf3ruegJUQEldIgF8gVoaDkcnNO4wIAdriZsTYmmNovpQYxS";
        assert!(is_of(made, &"pw2".into()));
        assert!(!is_of(made, &"pw".into()));
    }

    #[test]
    fn a_digest_of_ours_is_the_same_each_time_and_another_for_each_user() {
        let password = SecretString::from("hunter2");
        let ours = digest("acme-app", &password);
        assert_eq!(ours, digest("acme-app", &password));
        assert_ne!(ours, digest("other-app", &password));
        assert!(is_of(&ours, &password));
    }

    #[test]
    fn what_is_no_digest_is_of_no_password() {
        for wrong in ["", "zz", "AAA", "not base64"] {
            assert!(!is_of(wrong, &"".into()), "{wrong}");
        }
    }
}

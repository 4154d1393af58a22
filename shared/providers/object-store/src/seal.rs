//! How the admin API takes what is secret: sealed under the caller's secret key, in `madmin`'s format.
//!
//! ```text
//! 32 bytes salt | 1 byte cipher | 8 bytes nonce | fragments of 16 KiB, each with a tag of 16 bytes
//! ```
//!
//! The key is argon2id of the secret key and the salt. A fragment's nonce is the nonce and its number, from 1 on; number 0
//! authenticates nothing, and that tag is what each fragment is bound to, after a byte that says whether it is the last.

use argon2::{Algorithm, Argon2, Params, Version};
use fault::Fault;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use secrets::{ExposeSecret, SecretString};

const SALT: usize = 32;
const NONCE: usize = 8;
const FRAGMENT: usize = 16 * 1024;
/// The other one, 1, is ChaCha20-Poly1305; a server opens both.
const AES: u8 = 0;

/// Before the last fragment and before any other.
const LAST: u8 = 0x80;
const MORE: u8 = 0x00;

/// 64 MiB, passed once, in four lanes: what `madmin` has fixed.
pub(crate) const MEMORY_KIB: u32 = 64 * 1024;

/// Seals what must not be empty.
pub(crate) fn seal(plain: &[u8], secret_key: &SecretString, memory_kib: u32) -> Result<Vec<u8>, Fault> {
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    for random in [&mut salt[..], &mut nonce[..]] {
        getrandom::fill(random).map_err(|e| Fault::transient(format!("no randomness: {e}")))?;
    }
    seal_with(plain, secret_key, memory_kib, salt, nonce)
}

fn seal_with(
    plain: &[u8],
    secret_key: &SecretString,
    memory_kib: u32,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
) -> Result<Vec<u8>, Fault> {
    let failed = || Fault::terminal("what goes to MinIO could not be sealed");
    let params = Params::new(memory_kib, 1, 4, Some(32)).map_err(|_| failed())?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret_key.expose_secret().as_bytes(), &salt, &mut key)
        .map_err(|_| failed())?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).map_err(|_| failed())?);

    let numbered = |number: u32| {
        let mut whole = [0; 12];
        whole[..NONCE].copy_from_slice(&nonce);
        whole[NONCE..].copy_from_slice(&number.to_le_bytes());
        Nonce::assume_unique_for_key(whole)
    };
    let bound = key.seal_in_place_separate_tag(numbered(0), Aad::empty(), &mut []).map_err(|_| failed())?;

    let mut sealed = [&salt[..], &[AES], &nonce[..]].concat();
    let fragments = plain.chunks(FRAGMENT);
    let last = fragments.len();
    for (number, fragment) in (1..).zip(fragments) {
        let place = if usize::try_from(number) == Ok(last) { LAST } else { MORE };
        let aad = Aad::from([&[place], bound.as_ref()].concat());
        let mut fragment = fragment.to_vec();
        key.seal_in_place_append_tag(numbered(number), aad, &mut fragment).map_err(|_| failed())?;
        sealed.extend(fragment);
    }
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// What the official Python client made: `fixtures/README.md`.
    #[derive(Deserialize)]
    struct Vector {
        cipher: u8,
        secret_key: String,
        plain: String,
        times: usize,
        salt: String,
        nonce: String,
        sealed_sha256: String,
        sealed_length: usize,
        #[serde(default)]
        sealed: Option<String>,
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!("../fixtures/sealed.json")).expect("vectors")
    }

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).expect("hex").try_into().expect("so many")
    }

    #[test]
    fn what_is_sealed_is_what_the_official_client_seals() {
        let vectors = vectors();
        let ours: Vec<_> = vectors.iter().filter(|vector| vector.cipher == AES).collect();
        assert!(ours.len() >= 4, "one fragment, several, and both edges");
        for vector in ours {
            let plain = vector.plain.repeat(vector.times);
            let secret_key = SecretString::from(vector.secret_key.as_str());
            let (salt, nonce) = (bytes(&vector.salt), bytes(&vector.nonce));
            let sealed = seal_with(plain.as_bytes(), &secret_key, MEMORY_KIB, salt, nonce);
            let sealed = sealed.expect("sealed");
            assert_eq!(sealed.len(), vector.sealed_length);
            let digest = ring::digest::digest(&ring::digest::SHA256, &sealed);
            assert_eq!(hex::encode(digest), vector.sealed_sha256, "{} bytes", plain.len());
            assert!(vector.sealed.as_ref().is_none_or(|whole| *whole == hex::encode(&sealed)));
        }
    }

    #[test]
    fn nothing_is_sealed_twice_the_same_way() {
        let secret_key = SecretString::from("hunter2hunter2");
        let sealed = || seal(b"correct horse", &secret_key, MEMORY_KIB).expect("sealed");
        let (one, other) = (sealed(), sealed());
        assert_ne!(one, other);
        assert!(!one.windows(7).any(|part| part == b"correct"));
    }
}

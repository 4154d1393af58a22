//! How the admin API takes and gives what is secret: sealed under the caller's own secret key. See `shared/providers/object-store`
//! for the format; this is written apart from it, so that a mistake of the client is none of the server's, too.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// A fragment of 16 KiB with its tag.
const FRAGMENT: usize = 16 * 1024 + 16;
/// Salt, the number of the cipher, nonce.
const HEADER: usize = 32 + 1 + 8;

/// What is in it; `None` when it is not sealed under this key.
pub(crate) fn open(sealed: &[u8], secret: &str, memory: u32) -> Option<Vec<u8>> {
    let (header, body) = sealed.split_at_checked(HEADER)?;
    let (key, bound) = prepare(header, secret, memory)?;
    let fragments: Vec<&[u8]> = body.chunks(FRAGMENT).collect();
    let mut plain = Vec::new();
    for (number, fragment) in fragments.iter().enumerate() {
        let aad = Aad::from([&[place(number, fragments.len())], &bound[..]].concat());
        let mut fragment = fragment.to_vec();
        plain.extend_from_slice(key.open_in_place(nonce(header, number + 1)?, aad, &mut fragment).ok()?);
    }
    Some(plain)
}

/// The same the other way. The salt follows from what is sealed: the same calls have the same answers.
pub(crate) fn seal(plain: &[u8], secret: &str, memory: u32) -> Option<Vec<u8>> {
    use sha2::Digest as _;
    let mut sealed = sha2::Sha256::digest(plain).to_vec();
    sealed.extend([0; 9]);
    let header = sealed.clone();
    let (key, bound) = prepare(&header, secret, memory)?;
    let fragments: Vec<&[u8]> = plain.chunks(FRAGMENT - 16).collect();
    for (number, fragment) in fragments.iter().enumerate() {
        let aad = Aad::from([&[place(number, fragments.len())], &bound[..]].concat());
        let mut fragment = fragment.to_vec();
        key.seal_in_place_append_tag(nonce(&header, number + 1)?, aad, &mut fragment).ok()?;
        sealed.extend(fragment);
    }
    Some(sealed)
}

/// The key, and what all fragments are bound to.
fn prepare(header: &[u8], secret: &str, memory: u32) -> Option<(LessSafeKey, Vec<u8>)> {
    let cipher = match header[32] {
        0 => &AES_256_GCM,
        1 => &CHACHA20_POLY1305,
        _ => return None,
    };
    let params = Params::new(memory, 1, 4, Some(32)).ok()?;
    let mut key = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(secret.as_bytes(), &header[..32], &mut key).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(cipher, &key).ok()?);
    let bound = key.seal_in_place_separate_tag(nonce(header, 0)?, Aad::empty(), &mut []).ok()?;
    Some((key, bound.as_ref().to_vec()))
}

fn nonce(header: &[u8], number: usize) -> Option<Nonce> {
    let number = u32::try_from(number).ok()?.to_le_bytes();
    Nonce::try_assume_unique_for_key(&[&header[33..HEADER], &number].concat()).ok()
}

/// What stands before a fragment that is the last, and before any other.
fn place(number: usize, of: usize) -> u8 {
    if number + 1 == of { 0x80 } else { 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What clients have fixed.
    const MEMORY: u32 = 64 * 1024;

    #[test]
    fn what_the_official_client_seals_is_opened_with_either_cipher() {
        let vectors = include_str!("../../../../../../shared/providers/object-store/fixtures/sealed.json");
        let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
        let short = vectors.iter().filter(|vector| vector["sealed"].is_string());
        let mut ciphers = Vec::new();
        for vector in short {
            let sealed = hex::decode(vector["sealed"].as_str().unwrap()).unwrap();
            let secret = vector["secret_key"].as_str().unwrap();
            let plain = open(&sealed, secret, MEMORY).unwrap();
            assert_eq!(plain, vector["plain"].as_str().unwrap().as_bytes());
            assert_eq!(open(&sealed, "another", MEMORY), None);
            assert_eq!(open(&sealed[..sealed.len() - 1], secret, MEMORY), None);
            ciphers.push(vector["cipher"].as_u64().unwrap());
        }
        assert_eq!(ciphers, [0, 1]);
    }

    #[test]
    fn what_is_sealed_can_be_opened() {
        for length in [1, 16 * 1024, 50_000] {
            let plain = vec![7; length];
            let sealed = seal(&plain, "secret", MEMORY).unwrap();
            assert_eq!(open(&sealed, "secret", MEMORY), Some(plain));
        }
    }
}

use fault::Fault;

use crate::SecretString;

/// 32 characters of an alphabet of 64: 192 bits. One of each class in front, because policies ask for them. None of them
/// means anything in a URL, a shell or SQL.
pub fn generate_password() -> Result<SecretString, Fault> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| Fault::transient(format!("no randomness: {e}")))?;
    let random = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)]));
    Ok("Aa0-".chars().chain(random).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExposeSecret;

    #[test]
    fn passwords_satisfy_policies_and_differ() {
        let password = generate_password().expect("randomness");
        let text = password.expose_secret();
        assert_eq!(text.len(), 36);
        for class in [char::is_uppercase, char::is_lowercase, char::is_numeric] {
            assert!(text.chars().any(class));
        }
        assert_ne!(text, generate_password().expect("randomness").expose_secret());
    }
}

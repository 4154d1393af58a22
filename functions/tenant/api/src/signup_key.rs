use secrets::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// What the platform's own signup pages bring, so that nobody else's do.
#[derive(Clone, Debug)]
pub struct SignupKey(SecretString);

impl SignupKey {
    #[must_use]
    pub fn new(key: SecretString) -> Self {
        Self(key)
    }

    /// In a time that tells nothing but the length.
    pub(crate) fn is(&self, brought: &[u8]) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(brought).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_key_and_is_not_logged() {
        let key = SignupKey::new("let-me-in".into());
        assert!(key.is(b"let-me-in"));
        for brought in [&b""[..], b"let-me-i", b"let-me-in ", b"LET-ME-IN"] {
            assert!(!key.is(brought));
        }
        assert!(!format!("{key:?}").contains("let-me-in"));
    }
}

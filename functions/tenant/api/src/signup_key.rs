use fault::Fault;
use secrets::{ExposeSecret as _, Kept};
use subtle::ConstantTimeEq as _;

/// What the platform's own signup pages bring, so that nobody else's do. There may be two, while one follows the other.
#[derive(Clone, Debug)]
pub struct SignupKey(Kept);

impl SignupKey {
    pub fn new(key: impl Into<Kept>) -> Self {
        Self(key.into())
    }

    /// In a time that tells nothing but the length.
    pub(crate) async fn is(&self, brought: &[u8]) -> Result<bool, Fault> {
        let keys = self.0.lines().await?;
        Ok(keys.iter().any(|key| key.expose_secret().as_bytes().ct_eq(brought).into()))
    }
}

#[cfg(test)]
mod tests {
    use secrets::SecretString;

    use super::*;

    #[tokio::test]
    async fn the_key_is_the_key_and_is_not_logged() {
        let key = SignupKey::new(SecretString::from("let-me-in\nlet-us-in\n\n"));
        for brought in [&b"let-me-in"[..], b"let-us-in"] {
            assert!(key.is(brought).await.expect("read"));
        }
        for brought in [&b""[..], b"let-me-i", b"let-me-in ", b"LET-ME-IN", b"let-me-in\nlet-us-in"] {
            assert!(!key.is(brought).await.expect("read"));
        }
        assert!(!format!("{key:?}").contains("let-me-in"));
    }
}

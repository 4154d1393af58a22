use serde::de::DeserializeOwned;
use serde_json::Value;

/// What the API said, and what of it is understood here.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) json: Value,
    pub(crate) read: T,
}

impl<T: DeserializeOwned> Said<T> {
    /// An answer without a body says `null`.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let json = if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? };
        Ok(Self { read: T::deserialize(&json)?, json })
    }
}

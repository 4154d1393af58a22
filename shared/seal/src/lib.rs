//! Secrets that are kept beside what they belong to, sealed with a key of AWS KMS (API 2014-11-01). Who may seal and who may
//! open are different roles: what was made by one is read by the other alone.
//!
//! What a secret is about is sealed with it, so that it cannot be moved to something else.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fault::Fault;
use secrets::{ExposeSecret as _, SecretString};

const SERVICE: &str = "kms";

/// The name under which KMS is told what a secret is about.
const ABOUT: &str = "about";

/// Seals and opens, as far as its role may.
#[derive(Clone, Debug)]
pub enum Seal {
    Kms {
        client: Client,
        key: String,
    },
    /// Hides nothing, and still opens only what it sealed about the same.
    #[cfg(feature = "memory")]
    Memory,
}

impl Seal {
    /// With the key whose ARN is in `SEAL_KEY`.
    pub async fn from_env() -> Result<Self, aws::MissingVariable> {
        Ok(Self::Kms { client: Client::new(&aws::config().await), key: aws::variable("SEAL_KEY")? })
    }

    /// Seals a secret about something: at most 4096 bytes of it.
    pub async fn seal(&self, secret: &SecretString, about: &str) -> Result<String, Fault> {
        match self {
            Self::Kms { client, key } => {
                let plain = Blob::new(secret.expose_secret().as_bytes());
                let request = client.encrypt().key_id(key).plaintext(plain).encryption_context(ABOUT, about);
                let sealed = request.send().await.map_err(|e| aws::fault(SERVICE, &e))?;
                let sealed = sealed.ciphertext_blob().ok_or_else(|| unusable("gave no ciphertext"))?;
                Ok(BASE64.encode(sealed))
            }
            #[cfg(feature = "memory")]
            Self::Memory => Ok(BASE64.encode(format!("{about}\n{}", secret.expose_secret()))),
        }
    }

    /// Opens what was sealed about that.
    pub async fn open(&self, sealed: &str, about: &str) -> Result<SecretString, Fault> {
        let sealed =
            BASE64.decode(sealed).map_err(|_| unusable("was not asked: what is sealed is no base64"))?;
        let plain = match self {
            Self::Kms { client, key } => {
                let request = client.decrypt().key_id(key).ciphertext_blob(Blob::new(sealed));
                let opened = request.encryption_context(ABOUT, about).send().await;
                let opened = opened.map_err(|e| aws::fault(SERVICE, &e))?;
                opened.plaintext.map(Blob::into_inner).ok_or_else(|| unusable("gave no plaintext"))?
            }
            #[cfg(feature = "memory")]
            Self::Memory => {
                let prefix = format!("{about}\n");
                sealed
                    .strip_prefix(prefix.as_bytes())
                    .ok_or_else(|| unusable("is asked about something else"))?
                    .to_vec()
            }
        };
        String::from_utf8(plain).map(SecretString::from).map_err(|_| unusable("opened what is no text"))
    }
}

fn unusable(what: &str) -> Fault {
    Fault::terminal(format!("{SERVICE} {what}")).from_provider(SERVICE, None)
}

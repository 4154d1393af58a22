use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fault::Fault;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrets::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a service account is known by: the JSON file that Google gives out once.
#[derive(Debug)]
pub(crate) struct Key {
    email: String,
    id: String,
    pub(crate) token_uri: String,
    pair: RsaKeyPair,
}

#[derive(Deserialize)]
struct File {
    client_email: String,
    private_key_id: String,
    /// PKCS 8 in PEM.
    private_key: SecretString,
    token_uri: String,
}

impl Key {
    /// The fault says what is wrong, and nothing of what is there.
    pub(crate) fn read(file: &SecretString) -> Result<Self, Fault> {
        let broken = |what: &str| {
            Fault::terminal(format!("the service account's key {what}"))
                .hint("The secret must hold the JSON file that Google made for the key, unchanged.")
        };
        let file: File = serde_json::from_str(file.expose_secret()).map_err(|_| broken("is no key file"))?;
        let pem = file.private_key.expose_secret().as_bytes();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| broken("has no private key in PEM"))?;
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|_| broken("is no RSA key of 2048 bits or more"))?;
        Ok(Self { email: file.client_email, id: file.private_key_id, token_uri: file.token_uri, pair })
    }

    /// A JWT with these claims, signed with RS256 (RFC 7515, RFC 7518).
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<SecretString, Fault> {
        let failed = || Fault::terminal("a token request cannot be signed");
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id }).to_string();
        let claims = serde_json::to_vec(claims).map_err(|_| failed())?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| failed())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::tests::key_file;

    #[test]
    fn a_token_request_is_signed_by_the_key_it_names() {
        let key = Key::read(&key_file()).expect("a key");
        let jwt = key.sign(&json!({ "iss": key.email() })).expect("signed");
        let (signed, signature) = jwt.expose_secret().rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair.public().as_ref());
        public.verify(signed.as_bytes(), &signature).expect("our signature");
        let header = URL_SAFE_NO_PAD.decode(signed.split('.').next().expect("a header")).expect("base64");
        let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "0123abcd" }));
    }

    #[test]
    fn a_broken_key_is_told_without_its_words() {
        let broken = [
            "hunter2".to_owned(),
            json!({ "client_email": "a", "private_key_id": "b", "private_key": "hunter2", "token_uri": "c" })
                .to_string(),
        ];
        for file in broken {
            let fault = Key::read(&file.into()).expect_err("no key");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }
}

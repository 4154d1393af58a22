#![doc = include_str!("../README.md")]

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use fault::Fault;
use p256::PublicKey;
use p256::ecdsa::Signature;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::pkcs8::DecodePublicKey as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

const SERVICE: &str = "kms";

/// A key pair of the curve P-256, to sign with.
#[derive(Clone, Debug)]
pub struct SigningKey {
    client: Client,
    id: String,
}

/// Its public half, as others verify with it (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    pub kty: String,
    pub crv: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub purpose: String,
    pub kid: String,
    pub x: String,
    pub y: String,
}

impl SigningKey {
    /// The key that the variable `name` names, by its ARN.
    pub async fn from_env(name: &'static str) -> Result<Self, aws::MissingVariable> {
        Ok(Self::new(Client::new(&aws::config().await), aws::variable(name)?))
    }

    #[must_use]
    pub fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    pub async fn public_key(&self) -> Result<Jwk, Fault> {
        let answer = self.client.get_public_key().key_id(&self.id).send().await;
        let answer = answer.map_err(|e| aws::fault(SERVICE, &e))?;
        let der = answer.public_key().map(AsRef::as_ref).unwrap_or_default();
        let key = PublicKey::from_public_key_der(der).map_err(|e| {
            Fault::terminal(format!("the public key is none of P-256: {e}")).from_provider(SERVICE, None)
        })?;
        Jwk::of(&key)
    }

    /// A signed document, with whom it is verified by.
    pub async fn sign(&self, document: &impl Serialize) -> Result<(String, Jwk), Fault> {
        let key = self.public_key().await?;
        let payload = serde_json::to_vec(document).map_err(unusable)?;
        let header = json!({ "alg": "ES256", "kid": key.kid }).to_string();
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
        let request = self.client.sign().key_id(&self.id).message_type(MessageType::Digest);
        let request = request.message(Blob::new(Sha256::digest(message.as_bytes()).to_vec()));
        let answer = request.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).send().await;
        let answer = answer.map_err(|e| aws::fault(SERVICE, &e))?;
        let der = answer.signature().map(AsRef::as_ref).unwrap_or_default();
        let signature = Signature::from_der(der).map_err(unusable)?;
        Ok((format!("{message}.{}", BASE64.encode(signature.to_bytes())), key))
    }
}

impl Jwk {
    /// # Errors
    /// When the point has no coordinates, as that at infinity.
    pub fn of(key: &PublicKey) -> Result<Self, Fault> {
        let point = key.to_encoded_point(false);
        let coordinate = |part: Option<&p256::FieldBytes>| part.map(|part| BASE64.encode(part));
        let (Some(x), Some(y)) = (coordinate(point.x()), coordinate(point.y())) else {
            return Err(Fault::terminal("the public key is the point at infinity"));
        };
        // RFC 7638, section 3: the members that make the key, in the order of their names.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = BASE64.encode(Sha256::digest(members));
        let fixed = |text: &str| text.to_owned();
        Ok(Self {
            kty: fixed("EC"),
            crv: fixed("P-256"),
            alg: fixed("ES256"),
            purpose: fixed("sig"),
            kid,
            x,
            y,
        })
    }
}

fn unusable(error: impl std::fmt::Display) -> Fault {
    Fault::terminal(format!("the document cannot be signed: {error}")).from_provider(SERVICE, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.3: the key, and what it signed.
    #[test]
    fn the_key_of_the_standards_example_verifies_the_standards_signature() {
        let x = BASE64.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").expect("x");
        let y = BASE64.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").expect("y");
        let point = [[4].as_slice(), &x, &y].concat();
        let jwk = Jwk::of(&PublicKey::from_sec1_bytes(&point).expect("a point")).expect("a key");
        let key = jsonwebtoken::DecodingKey::from_ec_components(&jwk.x, &jwk.y).expect("a key");
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let right = |signature: &str| {
            let verified = jsonwebtoken::crypto::verify(
                signature,
                message.as_bytes(),
                &key,
                jsonwebtoken::Algorithm::ES256,
            );
            verified.unwrap_or(false)
        };
        assert!(right(signature) && !right(&signature.replace("Dt", "Du")));
        // KMS has it in DER: there and back it is the same.
        let raw = Signature::from_slice(&BASE64.decode(signature).expect("base64")).expect("a signature");
        let der = raw.to_der();
        let back = Signature::from_der(der.as_bytes()).expect("DER");
        assert_eq!(BASE64.encode(back.to_bytes()), signature);
    }
}

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::json;

use super::{Reply, Request, Service, View, body, refusal, reply, target};
use crate::chaos::Act;

/// KMS, with one key.
#[derive(Debug)]
pub struct Kms(SigningKey);

impl Default for Kms {
    fn default() -> Self {
        Self(SigningKey::from_slice(&[7; 32]).expect("a number below the order of the curve"))
    }
}

impl Service for Kms {
    fn asked(&self, request: &Request) -> (String, Act) {
        (format!("kms:{}", target(request)), Act::Read)
    }

    fn answer(&self, request: &Request, _: View) -> Reply {
        match target(request) {
            "GetPublicKey" => {
                let der = self.0.verifying_key().to_public_key_der().expect("a point");
                reply(200, &json!({ "KeyId": "key", "PublicKey": BASE64.encode(der.as_bytes()) }))
            }
            "Sign" => {
                let digest = body(request)["Message"].as_str().and_then(|text| BASE64.decode(text).ok());
                let signed: Result<Signature, _> = self.0.sign_prehash(&digest.unwrap_or_default());
                match signed {
                    Ok(signature) => {
                        let der = BASE64.encode(signature.to_der().as_bytes());
                        reply(200, &json!({ "KeyId": "key", "Signature": der }))
                    }
                    Err(_) => refusal(400, "ValidationException"),
                }
            }
            _ => refusal(400, "UnknownOperationException"),
        }
    }
}

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fault::Fault;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use ring::hmac;
use secrets::{ExposeSecret as _, SecretString};

/// What a secret is written with, to be known as one.
const PREFIX: &str = "whsec_";

/// The headers of a delivery by the Standard Webhooks specification, 1.0.0: who has one of the secrets can tell that the
/// body is ours, and of now. <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
pub(crate) fn headers(
    secrets: &[SecretString],
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<HeaderMap, Fault> {
    let timestamp = now.as_second().to_string();
    let signed = [id.as_bytes(), timestamp.as_bytes(), body].join(&b'.');
    let signatures = secrets.iter().map(|secret| sign(secret, &signed)).collect::<Result<Vec<_>, _>>()?;
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| Fault::terminal(format!("'{text}' cannot stand in a header")))
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/cloudevents+json; charset=UTF-8"),
    );
    headers.insert("webhook-id", value(id)?);
    headers.insert("webhook-timestamp", value(&timestamp)?);
    headers.insert("webhook-signature", value(&signatures.join(" "))?);
    Ok(headers)
}

fn sign(secret: &SecretString, signed: &[u8]) -> Result<String, Fault> {
    let key = secret.expose_secret().strip_prefix(PREFIX).and_then(|key| BASE64.decode(key).ok());
    let key = key.ok_or_else(|| Fault::terminal("what was sealed is no secret of a webhook"))?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed);
    Ok(format!("v1,{}", BASE64.encode(tag)))
}

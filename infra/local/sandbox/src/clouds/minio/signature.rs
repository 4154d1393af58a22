//! Signature Version 4 in the headers of a request.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;
use sha2::{Digest as _, Sha256};

use super::{Refused, bad, denied};
use crate::clouds::ask::Ask;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Without a signature.
    Nobody,
    /// Whoever has this access key, and its secret.
    Signed(String),
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// So far may clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

struct Claim<'a> {
    access_key: &'a str,
    /// `20261121/us-east-1/s3/aws4_request`
    scope: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// Who calls; `secret_of` gives what an access key signs with.
pub(crate) fn caller(
    ask: &Ask<'_>,
    now: Timestamp,
    secret_of: impl FnOnce(&str) -> Option<String>,
) -> Result<Caller, Refused> {
    let Some(authorization) = ask.header("authorization") else { return Ok(Caller::Nobody) };
    let malformed = || bad("AuthorizationHeaderMalformed", "The authorization header is malformed.");
    let claim = Claim::read(authorization).ok_or_else(malformed)?;
    let secret = secret_of(claim.access_key).ok_or_else(|| {
        let message = "The Access Key Id you provided does not exist in our records.".to_owned();
        Refused(StatusCode::FORBIDDEN, "InvalidAccessKeyId", message)
    })?;
    let date = ask.header("x-amz-date").ok_or_else(denied)?;
    let at = Timestamp::strptime("%Y%m%dT%H%M%S%z", date.replace('Z', "+0000")).map_err(|_| denied())?;
    if at.duration_since(now).abs() > SKEW {
        let message =
            "The difference between the request time and the server's time is too large.".to_owned();
        return Err(Refused(StatusCode::FORBIDDEN, "RequestTimeTooSkewed", message));
    }
    let payload = ask.header("x-amz-content-sha256").ok_or_else(denied)?;
    if payload != "UNSIGNED-PAYLOAD" && payload != hex::encode(Sha256::digest(ask.body)) {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(bad("XAmzContentSHA256Mismatch", message));
    }
    let agrees = claim.could_have_signed(ask).any(|(host, path)| {
        claim
            .signed(ask, host, &path, date, payload, &secret)
            .is_some_and(|signature| signature == claim.signature)
    });
    if agrees {
        return Ok(Caller::Signed(claim.access_key.to_owned()));
    }
    let message = "The request signature we calculated does not match the signature you provided.".to_owned();
    Err(Refused(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message))
}

impl<'a> Claim<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let parts = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
        let part =
            |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let (access_key, scope) = part("Credential")?.split_once('/')?;
        let headers: Vec<&str> = part("SignedHeaders")?.split(';').collect();
        let whole =
            scope.split('/').count() == 4 && scope.ends_with("/s3/aws4_request") && headers.contains(&"host");
        whole.then_some(Self { access_key, scope, headers, signature: part("Signature")? })
    }

    /// Host and path as the caller saw them. Behind the port of the clouds that is the port's address, and the real host is the
    /// first segment of the path, which nobody encodes.
    fn could_have_signed(&self, ask: &Ask<'a>) -> impl Iterator<Item = (&'a str, String)> {
        let authority = ask.uri.authority().map_or("", |authority| authority.as_str());
        let path = percent_decode_str(ask.uri.path()).decode_utf8_lossy();
        let path = utf8_percent_encode(&path, PATH).to_string();
        let host = ask.header("host").unwrap_or(authority);
        let behind = format!("/{authority}{path}");
        [(host, path), (host, behind)].into_iter()
    }

    fn signed(
        &self,
        ask: &Ask<'_>,
        host: &str,
        path: &str,
        date: &str,
        payload: &str,
        secret: &str,
    ) -> Option<String> {
        let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let query = form_urlencoded::parse(ask.uri.query().unwrap_or_default().as_bytes());
        let mut query: Vec<_> = query.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
        query.sort();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = String::new();
        for name in &self.headers {
            let value = if *name == "host" { host } else { ask.header(name)? };
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            headers += &format!("{name}:{value}\n");
        }
        let (method, names) = (ask.method.as_str(), self.headers.join(";"));
        let request = format!("{method}\n{path}\n{}\n{headers}\n{names}\n{payload}", query.join("&"));
        let request = hex::encode(Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{}\n{request}", self.scope);
        let first = format!("AWS4{secret}").into_bytes();
        let key = self.scope.split('/').fold(first, |key, part| mac(&key, part.as_bytes()));
        Some(hex::encode(mac(&key, text.as_bytes())))
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

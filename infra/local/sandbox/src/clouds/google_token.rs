//! Google's token endpoint: a service account's signed assertion for an access token (RFC 7523).
//! <https://developers.google.com/identity/protocols/oauth2/service-account#httprest>
//!
//! Google's own clients do without where they can: they sign a token themselves, for an API or a scope, and the API
//! takes it as one that was given here (<https://google.aip.dev/auth/4111>).

use std::collections::BTreeMap;

use http::{Response, StatusCode};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::json;

use super::ask::{self, Ask, digits};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Whom Google's own clients sign an assertion for, wherever they send it.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// The scope of everything.
pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
/// A clock may be wrong by this much.
const LEEWAY: i64 = 60;

/// The accounts it knows, and the tokens it gave.
#[derive(Clone)]
pub(crate) struct GoogleToken {
    /// Its own address, whom an assertion may be for.
    address: String,
    accounts: BTreeMap<String, DecodingKey>,
    given: BTreeMap<String, Grant>,
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) email: String,
    pub(crate) scope: String,
    expires: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    scope: Option<String>,
    /// Absent from a token that the account signs itself for a scope.
    aud: Option<String>,
    iat: i64,
    exp: i64,
}

impl std::fmt::Debug for GoogleToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleToken").field("accounts", &self.accounts.keys()).finish_non_exhaustive()
    }
}

impl GoogleToken {
    /// What stands before a host here is what does in the addresses of instances.
    pub(crate) fn new(base: &str) -> Self {
        let address = format!("{base}oauth2.googleapis.com/token");
        Self { address, accounts: BTreeMap::new(), given: BTreeMap::new() }
    }

    /// From now on the account may ask; the key is its public one, in PEM.
    pub(crate) fn know(&mut self, email: &str, public_key: &str) -> Result<(), jsonwebtoken::errors::Error> {
        self.accounts.insert(email.to_owned(), DecodingKey::from_rsa_pem(public_key.as_bytes())?);
        Ok(())
    }

    /// What a token that is still good stands for at the API of that host, given or signed by the account itself.
    pub(crate) fn grant(&self, token: &str, api: &str, now: Timestamp) -> Option<Grant> {
        let given = self.given.get(token).filter(|grant| now < grant.expires).cloned();
        given.or_else(|| self.signed(token, api, now))
    }

    fn signed(&self, token: &str, api: &str, now: Timestamp) -> Option<Grant> {
        let claims = self.claims(token, now).ok()?;
        let scope = match claims.aud {
            None => claims.scope?,
            // All that the account may do there.
            Some(audience) => (audience == format!("https://{api}/")).then(|| CLOUD_PLATFORM.to_owned())?,
        };
        let expires = Timestamp::from_second(claims.exp).ok()?;
        Some(Grant { email: claims.iss, scope, expires })
    }

    pub(crate) fn operation(ask: &Ask<'_>) -> &'static str {
        // It reads a key and makes nothing that anyone would have to remove.
        if ask.route() == ("POST", vec!["token"]) { "GetToken" } else { "GetUnknown" }
    }

    pub(crate) fn answer(&mut self, now: Timestamp, ask: &Ask<'_>) -> Response<Bytes> {
        if ask.route() != ("POST", vec!["token"]) {
            return refuse(StatusCode::NOT_FOUND, "invalid_request", "There is only POST /token.");
        }
        let form: BTreeMap<String, String> = form_urlencoded::parse(ask.body).into_owned().collect();
        if form.get("grant_type").map(String::as_str) != Some(GRANT_TYPE) {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Invalid grant_type.");
        }
        let assertion = form.get("assertion").map(String::as_str).unwrap_or_default();
        match self.verify(assertion, now) {
            Ok(claims) => {
                let lifetime = (claims.exp - claims.iat).min(3600);
                let token = format!("ya29.c.{}", digits(&[assertion], 64));
                self.given.retain(|_, grant| now < grant.expires);
                let expires = now.checked_add(SignedDuration::from_secs(lifetime)).unwrap_or(now);
                let scope = claims.scope.unwrap_or_default();
                self.given.insert(token.clone(), Grant { email: claims.iss, scope, expires });
                let body = json!({"access_token": token, "expires_in": lifetime - 1, "token_type": "Bearer"});
                ask::json(StatusCode::OK, &body)
            }
            Err(description) => refuse(StatusCode::BAD_REQUEST, "invalid_grant", description),
        }
    }

    fn verify(&self, assertion: &str, now: Timestamp) -> Result<Claims, &'static str> {
        let claims = self.claims(assertion, now)?;
        if claims.aud.as_deref().is_none_or(|aud| aud != AUDIENCE && aud != self.address) {
            return Err("Invalid JWT: Failed audience check.");
        }
        if claims.scope.as_deref().unwrap_or_default().is_empty() {
            return Err("Invalid OAuth scope or ID token audience provided.");
        }
        Ok(claims)
    }

    /// What an account signed, and not too long ago.
    fn claims(&self, jwt: &str, now: Timestamp) -> Result<Claims, &'static str> {
        let mut rules = Validation::new(Algorithm::RS256);
        // The signature only: time is an argument here, and the account is not known before its key is looked up.
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        let issuer = unverified_issuer(jwt).ok_or("Invalid JWT: it could not be decoded.")?;
        let key = self.accounts.get(&issuer).ok_or("Invalid grant: account not found")?;
        let claims =
            jsonwebtoken::decode::<Claims>(jwt, key, &rules).map_err(|_| "Invalid JWT Signature.")?.claims;
        let now = now.as_second();
        if claims.iat > now + LEEWAY || claims.exp <= now - LEEWAY || claims.exp - claims.iat > 3600 {
            return Err(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                        Check your iat and exp values in the JWT claim.",
            );
        }
        Ok(claims)
    }
}

/// Who claims to have signed: needed to find the key to check that with.
fn unverified_issuer(assertion: &str) -> Option<String> {
    use base64::Engine as _;
    let payload = assertion.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Claims>(&payload).ok().map(|claims| claims.iss)
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response<Bytes> {
    ask::json(status, &json!({"error": error, "error_description": description}))
}

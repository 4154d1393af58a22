use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fault::Fault;
use http_client::{Method, RequestBuilder, StatusCode};
use jiff::Timestamp;
use ring::hmac;
use secrets::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Medusa;

/// Long enough for a step, and short where it leaks.
const SECONDS: i64 = 300;

/// Who calls: a user, an identity that is none yet, or we.
#[derive(Clone, Debug)]
pub struct Session(SecretString);

#[derive(Deserialize)]
struct Token {
    token: SecretString,
}

impl Session {
    /// A session of ours with an instance whose `JWT_SECRET` we gave it, for before there is a user. It lasts five minutes.
    #[must_use]
    pub fn mint(jwt_secret: &SecretString) -> Self {
        let us = json!({
            "actor_id": "tenantry", "actor_type": "user", "auth_identity_id": "tenantry",
            "app_metadata": { "user_id": "tenantry" },
        });
        Self::sign(jwt_secret, us, clock::now())
    }

    /// Lets an identity be given another password: what Medusa sends to whoever has forgotten theirs (`validateToken` in
    /// `packages/medusa/src/api/auth/utils/validate-token.ts`).
    #[must_use]
    pub fn mint_reset(jwt_secret: &SecretString, email: &str) -> Self {
        let reset = json!({ "entity_id": email, "actor_type": "user", "provider": "emailpass" });
        Self::sign(jwt_secret, reset, clock::now())
    }

    fn sign(jwt_secret: &SecretString, mut claims: Value, now: Timestamp) -> Self {
        let issued = now.as_second();
        (claims["iat"], claims["exp"]) = (issued.into(), (issued + SECONDS).into());
        let header = json!({ "alg": "HS256", "typ": "JWT" }).to_string();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, jwt_secret.expose_secret().as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        Self(format!("{signed}.{signature}").into())
    }

    pub(crate) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.0.expose_secret())
    }
}

impl Medusa {
    /// Makes an identity, which is no user until it accepts an invite, and gives its session. `None` when there is one of
    /// this address already.
    pub async fn register(&self, email: &str, password: &SecretString) -> Result<Option<Session>, Fault> {
        self.authenticate(&["auth", "user", "emailpass", "register"], email, password).await
    }

    /// The session of an identity. `None` when the address or the password is wrong.
    pub async fn sign_in(&self, email: &str, password: &SecretString) -> Result<Option<Session>, Fault> {
        self.authenticate(&["auth", "user", "emailpass"], email, password).await
    }

    /// Gives an identity another password; `by` is from [`Session::mint_reset`]. Medusa 2.0 takes that from the query, later
    /// versions from the header.
    pub async fn set_password(
        &self,
        by: &Session,
        email: &str,
        password: &SecretString,
    ) -> Result<(), Fault> {
        let request = self.request(Method::POST, &["auth", "user", "emailpass", "update"])?;
        let request = request.query(&[("token", by.0.expose_secret())]);
        let request = request.json(&json!({ "email": email, "password": password.expose_secret() }));
        let answer = self.api.send(by.on(request)).await?;
        // Not with Medusa's own words: it repeats what was sent.
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(http_client::refused(self.api.provider(), &answer))
        }
    }

    async fn authenticate(
        &self,
        path: &[&str],
        email: &str,
        password: &SecretString,
    ) -> Result<Option<Session>, Fault> {
        let body = json!({ "email": email, "password": password.expose_secret() });
        let answer = self.api.send(self.request(Method::POST, path)?.json(&body)).await?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Ok(None),
            status if status.is_success() => {
                let Token { token } = self.decode(answer).await?;
                Ok(Some(Session(token)))
            }
            // Not with Medusa's own words: it repeats what was sent.
            _ => Err(http_client::refused(self.api.provider(), &answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_session_is_what_medusa_verifies() {
        let secret = SecretString::from("supersecret");
        let now = Timestamp::from_second(1_700_000_000).expect("a time");
        let us = json!({ "actor_type": "user", "actor_id": "tenantry" });
        let Session(token) = Session::sign(&secret, us, now);
        let (signed, signature) = token.expose_secret().rsplit_once('.').expect("three parts");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"supersecret");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        hmac::verify(&key, signed.as_bytes(), &signature).expect("our signature");
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
        };
        let (header, claims) = signed.split_once('.').expect("two parts");
        assert_eq!(read(header), json!({ "alg": "HS256", "typ": "JWT" }));
        let claims = read(claims);
        assert_eq!((&claims["actor_type"], &claims["actor_id"]), (&json!("user"), &json!("tenantry")));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_700_000_000), &json!(1_700_000_300)));
    }

    #[test]
    fn a_session_is_not_shown() {
        let shown = format!("{:?}", Session(SecretString::from("hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

//! Shows a tenant's owner the address to sign in at and the first password, once, by the link of the welcome mail.
//!
//! For products whose own sign-in cannot take a link of ours. Looking at the link does not use it up, since mail
//! scanners look, too: the password is shown in answer to the button.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};
use fault::Fault;
use minijinja::{Environment, Value, context};
use secrets::{ExposeSecret, SecretRef, Vault};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use store::{Claims, Tenants};

const BASE: &str = include_str!("../templates/base.html");
const PAGES: [(&str, &str); 4] = [
    ("base.html", BASE),
    ("link.html", include_str!("../templates/link.html")),
    ("password.html", include_str!("../templates/password.html")),
    ("expired.html", include_str!("../templates/expired.html")),
];

/// Nothing is kept, nothing is loaded from elsewhere, no other page learns where the visitor was, and the link is asked for by
/// TLS alone from the first visit on.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

#[derive(Clone, Debug)]
pub struct ServeWelcome {
    pub claims: Claims,
    pub tenants: Tenants,
    pub vault: Vault,
    pub deployment: String,
}

#[derive(Debug, Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

impl Link {
    fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.token.as_bytes()))
    }
}

impl ServeWelcome {
    pub fn router(self) -> Router {
        Router::new().route("/welcome", get(look).post(redeem)).layer(map_response(harden)).with_state(self)
    }

    async fn link(&self, link: &Link) -> Result<(StatusCode, Html<String>), Fault> {
        let Some(invitation) = self.claims.invitation(&link.hash(), clock::now()).await? else {
            return expired();
        };
        let Some(tenant) = self.tenants.get(&invitation.tenant).await? else { return expired() };
        let values = context! { name => tenant.value.name, token => &link.token };
        Ok((StatusCode::OK, page("link.html", values)?))
    }

    async fn password(&self, link: &Link) -> Result<(StatusCode, Html<String>), Fault> {
        let now = clock::now();
        let Some(invitation) = self.claims.invitation(&link.hash(), now).await? else { return expired() };
        let Some(tenant) = self.tenants.get(&invitation.tenant).await? else { return expired() };
        let tenant = tenant.value;
        // Read before the link is used up: what fails here can be tried again.
        let secret = SecretRef(format!("{}/tenants/{}/owner", self.deployment, tenant.id));
        let password = self.vault.read(&secret).await?;
        if self.claims.redeem(&link.hash(), now).await?.is_none() {
            return expired();
        }
        tracing::info!(tenant.id = %tenant.id, "the owner was shown the first password");
        let addresses: BTreeMap<String, String> = tenant.endpoints;
        let values = context! {
            name => tenant.name, email => tenant.email.as_str(), password => password.expose_secret(), addresses,
        };
        Ok((StatusCode::OK, page("password.html", values)?))
    }
}

/// Every answer, also that it was not served.
async fn harden(mut response: Response) -> Response {
    response.headers_mut().extend(HEADERS);
    response
}

async fn look(State(welcome): State<ServeWelcome>, Query(link): Query<Link>) -> Response {
    answer(welcome.link(&link).await)
}

async fn redeem(State(welcome): State<ServeWelcome>, Form(link): Form<Link>) -> Response {
    answer(welcome.password(&link).await)
}

fn answer(outcome: Result<(StatusCode, Html<String>), Fault>) -> Response {
    match outcome {
        Ok(page) => page.into_response(),
        Err(fault) => {
            tracing::error!(fault = fault.kind.name(), "the welcome was not served: {fault}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn expired() -> Result<(StatusCode, Html<String>), Fault> {
    Ok((StatusCode::GONE, page("expired.html", context! {})?))
}

fn page(name: &str, values: Value) -> Result<Html<String>, Fault> {
    let render = || {
        let mut pages = Environment::new();
        for (name, source) in PAGES {
            pages.add_template(name, source)?;
        }
        pages.get_template(name)?.render(values)
    };
    render().map(Html).map_err(|e| Fault::terminal(format!("the page {name} does not render: {e:#}")))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use store::Database;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn every_answer_has_the_same_headers() {
        let db = Database::memory();
        // Nobody opens it: no link leads that far.
        let vault = aws_sdk_secretsmanager::Config::builder().behavior_version_latest().build();
        let welcome = ServeWelcome {
            claims: Claims::new(db.clone()),
            tenants: Tenants::new(db),
            vault: Vault::new(aws_sdk_secretsmanager::Client::from_conf(vault)),
            deployment: "t".to_owned(),
        };
        for (request, status) in [
            (Request::get("/welcome?token=nobodys"), StatusCode::GONE),
            (Request::get("/welcome"), StatusCode::GONE),
            (Request::post("/welcome"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
            (Request::put("/welcome"), StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let request = request.body(Body::empty()).expect("a request");
            let answer = welcome.clone().router().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), status);
            for (name, value) in &HEADERS {
                assert_eq!(&answer.headers()[name], value, "{status}");
            }
        }
    }

    #[test]
    fn whatever_a_tenant_is_called_is_text() {
        let values = context! { name => "<script>alert(1)</script>", token => "\"><img src=x>" };
        let Html(page) = page("link.html", values).expect("a page");
        assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    }

    #[test]
    fn a_password_is_shown_with_what_belongs_to_it() {
        let addresses = BTreeMap::from([("admin", "https://acme.example/app")]);
        let values =
            context! { name => "Acme", email => "owner@example.com", password => "s3cret", addresses };
        let Html(page) = page("password.html", values).expect("a page");
        for part in ["Acme", "owner@example.com", "s3cret", "https:&#x2f;&#x2f;acme.example&#x2f;app"] {
            assert!(page.contains(part), "{part}");
        }
    }
}

//! Serves every tenant's dashboard: signing in, choosing a password by the link of the welcome mail, and the
//! first page with plan, integrations and the onboarding checklist.
//!
//! A session is Cognito's access token in a cookie that scripts cannot read; each request asks Cognito whose it
//! is. The tenant in the path decides everything: which user may sign in, which folder is read.

mod pages;
mod session;
mod workspace;

use axum::Form;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use cognito::{SignIn, UserPool};
use fault::Fault;
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Serde;
use s3::Bucket;
use secrets::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use store::Claims;
use tenancy::{Access, Email, Subdomain};

use crate::session::{Csrf, Session};
use crate::workspace::Workspace;

/// What `PasswordPolicy` of the pool asks for; the page says it, too.
const SHORTEST_PASSWORD: usize = 12;

#[derive(Clone, Debug)]
pub struct Dashboard {
    pub workspaces: Bucket,
    pub claims: Claims,
    pub pool: UserPool,
    /// The first half of ownership marks.
    pub deployment: String,
    /// Whether the public address is https, so that cookies must not travel without it.
    pub secure: bool,
}

/// Why there is no page as asked for.
#[derive(Debug)]
enum Refusal {
    NoSuchStore,
    /// The tenant is suspended; the page says so.
    Closed(Html<String>),
    /// The tenant may change nothing; the page says why.
    ReadOnly(Html<String>),
    /// The form did not come from our own page.
    Forged,
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchStore => StatusCode::NOT_FOUND.into_response(),
            Self::Closed(page) => (StatusCode::SERVICE_UNAVAILABLE, page).into_response(),
            Self::ReadOnly(page) => (StatusCode::FORBIDDEN, page).into_response(),
            Self::Forged => {
                (StatusCode::FORBIDDEN, "This form is out of date: go back and load the page again.")
                    .into_response()
            }
            Self::Fault(fault) => {
                tracing::error!(fault = fault.kind.name(), "a dashboard page failed: {fault}");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}

impl Dashboard {
    pub fn router(self) -> Router {
        Router::new()
            .route(
                "/dashboard/{store}",
                get(async |Path(store): Path<String>| {
                    Redirect::permanent(&format!("/dashboard/{}/", escape(&store)))
                }),
            )
            .route("/dashboard/{store}/", get(home))
            .route("/dashboard/{store}/style.css", get(style))
            .route("/dashboard/{store}/sign-in", get(home).post(sign_in))
            .route("/dashboard/{store}/sign-out", post(sign_out))
            .route("/dashboard/{store}/set-password", get(choose_password).post(set_password))
            .route("/dashboard/{store}/onboarding/{item}", post(tick))
            .route("/dashboard/{store}/{*rest}", get(not_found))
            .layer(axum::middleware::map_response(harden))
            .with_state(self)
    }

    /// The workspace of the store in the path, if there is one and it is open.
    async fn open(&self, store: &str) -> Result<Workspace, Refusal> {
        let subdomain = Subdomain::parse(store).map_err(|_| Refusal::NoSuchStore)?;
        let tenant = self.claims.tenant_of(&subdomain).await?.ok_or(Refusal::NoSuchStore)?;
        tracing::info!(tenant.id = %tenant, "dashboard");
        let workspace = Workspace::open(self.workspaces.clone(), &self.deployment, tenant).await?;
        let workspace = workspace.ok_or(Refusal::NoSuchStore)?;
        if workspace.is_suspended() {
            return Err(Refusal::Closed(pages::render("closed.html", &workspace, context! {})?));
        }
        Ok(workspace)
    }
}

/// Only a label may be put back into a path.
fn escape(store: &str) -> String {
    Subdomain::parse(store).map(String::from).unwrap_or_default()
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = "default-src 'self'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    // The link in the mail carries a token.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")],
        pages::STYLE,
    )
}

async fn not_found(
    State(dashboard): State<Dashboard>,
    Path((store, _)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    pages::render("not-found.html", &workspace, context! {})
        .map(|page| (StatusCode::NOT_FOUND, page).into_response())
}

async fn home(
    State(dashboard): State<Dashboard>,
    Path(store): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    let csrf = Csrf::of(&headers);
    if Session::of(&headers).belongs_to(&dashboard.pool, &workspace).await? {
        let page = pages::render(
            "home.html",
            &workspace,
            context! { csrf => csrf.as_str(), ..workspace.home().await? },
        )?;
        return Ok(csrf.keep(&dashboard, &workspace, page));
    }
    let page = pages::render("sign-in.html", &workspace, context! { csrf => csrf.as_str() })?;
    Ok(csrf.keep(&dashboard, &workspace, page))
}

#[derive(Debug, Deserialize)]
struct SignInForm {
    csrf: String,
    email: String,
    password: SecretString,
}

async fn sign_in(
    State(dashboard): State<Dashboard>,
    Path(store): Path<String>,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    let csrf = Csrf::of(&headers).check(&form.csrf)?;
    // The user's name is the tenant's id: whoever knows the owner's address is still asked for the password.
    let ours = Email::parse(form.email.trim()).is_ok_and(|email| workspace.is_owner(&email));
    if ours
        && let SignIn::Accepted(token) = dashboard.pool.sign_in(workspace.username(), &form.password).await?
    {
        return Ok(Session::begin(&dashboard, &workspace, &token));
    }
    let error = "The address or the password is not right.";
    let values = context! { csrf => csrf.as_str(), error, email => form.email };
    let page = pages::render("sign-in.html", &workspace, values)?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

#[derive(Debug, Deserialize)]
struct CsrfForm {
    csrf: String,
}

async fn sign_out(
    State(dashboard): State<Dashboard>,
    Path(store): Path<String>,
    headers: HeaderMap,
    Form(form): Form<CsrfForm>,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    Csrf::of(&headers).check(&form.csrf)?;
    if Session::of(&headers).belongs_to(&dashboard.pool, &workspace).await? {
        dashboard.pool.sign_out(workspace.username()).await?;
    }
    Ok(Session::end(&dashboard, &workspace))
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

    fn action(&self, workspace: &Workspace) -> String {
        // A token of ours is hexadecimal; anything else has no invitation, and no business in a page.
        let token: String = self.token.chars().filter(char::is_ascii_hexdigit).collect();
        format!("{}/set-password?token={token}", workspace.base())
    }
}

/// Looking at the link does not use it up: mail scanners look, too.
async fn choose_password(
    State(dashboard): State<Dashboard>,
    Path(store): Path<String>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    let invitation = dashboard.claims.invitation(&link.hash(), Timestamp::now()).await?;
    if invitation.is_none_or(|invitation| invitation.tenant != workspace.tenant) {
        let page = pages::render("link-expired.html", &workspace, context! {})?;
        return Ok((StatusCode::GONE, page).into_response());
    }
    let csrf = Csrf::of(&headers);
    let values =
        context! { csrf => csrf.as_str(), action => link.action(&workspace), owner => workspace.owner() };
    let page = pages::render("set-password.html", &workspace, values)?;
    Ok(csrf.keep(&dashboard, &workspace, page))
}

#[derive(Debug, Deserialize)]
struct PasswordForm {
    csrf: String,
    password: SecretString,
    repeat: SecretString,
}

async fn set_password(
    State(dashboard): State<Dashboard>,
    Path(store): Path<String>,
    Query(link): Query<Link>,
    headers: HeaderMap,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    let csrf = Csrf::of(&headers).check(&form.csrf)?;
    if let Some(error) = wrong_with(&form) {
        let owner = workspace.owner();
        let values = context! { csrf => csrf.as_str(), action => link.action(&workspace), owner, error };
        let page = pages::render("set-password.html", &workspace, values)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let now = Timestamp::now();
    let valid =
        dashboard.claims.invitation(&link.hash(), now).await?.is_some_and(|i| i.tenant == workspace.tenant);
    if !valid || dashboard.claims.redeem(&link.hash(), now).await?.is_none() {
        let page = pages::render("link-expired.html", &workspace, context! {})?;
        return Ok((StatusCode::GONE, page).into_response());
    }
    dashboard.pool.claim(workspace.username(), &form.password).await?;
    match dashboard.pool.sign_in(workspace.username(), &form.password).await? {
        SignIn::Accepted(token) => Ok(Session::begin(&dashboard, &workspace, &token)),
        SignIn::Refused => Ok(Redirect::to(&format!("{}/", workspace.base())).into_response()),
    }
}

fn wrong_with(form: &PasswordForm) -> Option<&'static str> {
    use secrets::ExposeSecret as _;
    let (password, repeat) = (form.password.expose_secret(), form.repeat.expose_secret());
    let has = |class: fn(&char) -> bool| password.chars().any(|c| class(&c));
    if password.chars().count() < SHORTEST_PASSWORD {
        Some("The password is shorter than 12 characters.")
    } else if !has(char::is_ascii_lowercase) || !has(char::is_ascii_uppercase) || !has(char::is_ascii_digit) {
        Some("The password needs a lower-case letter, an upper-case letter and a digit.")
    } else if password != repeat {
        Some("The two passwords differ.")
    } else {
        None
    }
}

#[derive(Debug, Deserialize)]
struct TickForm {
    csrf: String,
    done: bool,
}

async fn tick(
    State(dashboard): State<Dashboard>,
    Path((store, item)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<TickForm>,
) -> Result<Response, Refusal> {
    let workspace = dashboard.open(&store).await?;
    Csrf::of(&headers).check(&form.csrf)?;
    if Session::of(&headers).belongs_to(&dashboard.pool, &workspace).await? {
        if workspace.access() == Access::ReadOnly {
            return Err(Refusal::ReadOnly(pages::render("read-only.html", &workspace, context! {})?));
        }
        workspace.tick(&item, form.done).await?;
    }
    Ok(Redirect::to(&format!("{}/", workspace.base())).into_response())
}

/// The values of a page, from what the workspace's files hold.
fn values(of: &serde_json::Value) -> minijinja::Value {
    minijinja::Value::from(Serde(of))
}

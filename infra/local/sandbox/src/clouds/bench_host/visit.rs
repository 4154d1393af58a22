//! A tenant of the bench as whoever visits it sees it: through nginx, to the front end or to Frappe.

use http::{HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::BenchHost;
use super::sites::Site;
use crate::clouds::ask::{self, Ask, typed};
use crate::clouds::name_servers::NameServers;

/// What tenants' names end with.
const DOMAIN: &str = ".frappe.example";

/// Whether it is a tenant's name.
pub(crate) fn is_tenant(host: &str) -> bool {
    host.ends_with(DOMAIN)
}

impl BenchHost {
    pub(crate) fn visit(
        &mut self,
        now: Timestamp,
        host: &str,
        ask: &Ask<'_>,
        dns: &NameServers,
    ) -> Response<Bytes> {
        self.settle(now, dns);
        let is_tls = ask.uri.scheme_str() == Some("https");
        let found = self.served.iter().find(|(_, served)| served.serves(host));
        let Some((name, file)) = found.and_then(|(name, served)| Some((name, served.file.as_ref()?))) else {
            return says(StatusCode::NOT_FOUND, "Nobody here is called that.");
        };
        // A client that verifies ends the handshake: it has no answer at all. There is no handshake here, so it has one that
        // is no success of anybody's, and says why.
        let has_certificate = self.certificates.get(name).is_some_and(|it| it.is_for(host));
        if is_tls && !(file.tls && has_certificate) {
            return says(StatusCode::BAD_GATEWAY, "There is no certificate for this name.");
        }
        if !is_tls && file.tls {
            return moved(host, ask);
        }
        if file.suspended {
            return says(StatusCode::SERVICE_UNAVAILABLE, "This site is suspended.");
        }
        // The front end knows of no site, and has a page for whatever is asked.
        if file.hosts.first().is_some_and(|site| site == host) {
            let page = "<!doctype html><title>Sign in</title>\n";
            return typed(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(page.as_bytes()));
        }
        let path = ask.uri.path();
        if is_sign_in(path) || ask.has("cmd") {
            return says(StatusCode::FORBIDDEN, "Nobody signs in with a password here.");
        }
        if !path.starts_with("/api/") {
            return says(StatusCode::NOT_FOUND, "There is no such page.");
        }
        frappe(self.sites.get(name), ask)
    }
}

/// What lets somebody in: its pages, and its methods in any version of the API, alone or as the end of a path to one.
fn is_sign_in(path: &str) -> bool {
    const PAGES: [&str; 3] = ["login", "signup", "update-password"];
    const METHODS: [&str; 7] = [
        "login",
        "signup",
        "sign_up",
        "reset_password",
        "update_password",
        "send_login_link",
        "login_via_key",
    ];
    let path = path.trim_start_matches('/').to_lowercase();
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
    let method = path.strip_prefix("api/").and_then(|rest| {
        let versioned = rest.split_once('/').filter(|(version, _)| is_version(version));
        versioned.map_or(rest, |(_, rest)| rest).strip_prefix("method/")
    });
    path.split('/').next().is_some_and(|page| PAGES.contains(&page))
        || method.is_some_and(|method| method.split(['/', '.']).any(|part| METHODS.contains(&part)))
}

fn frappe(site: Option<&Site>, ask: &Ask<'_>) -> Response<Bytes> {
    let raised = |status, kind: &str| ask::json(status, &json!({ "exc_type": kind }));
    let Some(site) = site.filter(|site| site.stands()) else {
        return raised(StatusCode::NOT_FOUND, "IncorrectSitePath");
    };
    if site.suspended {
        return raised(StatusCode::SERVICE_UNAVAILABLE, "SessionStopped");
    }
    if site.read_only && ![Method::GET, Method::HEAD].contains(ask.method) {
        return raised(StatusCode::SERVICE_UNAVAILABLE, "InReadOnlyMode");
    }
    match ask.uri.path() {
        "/api/method/ping" | "/api/v1/method/ping" => ask::json(StatusCode::OK, &json!({"message": "pong"})),
        "/api/v2/method/ping" => ask::json(StatusCode::OK, &json!({"data": "pong"})),
        _ => raised(StatusCode::NOT_FOUND, "DoesNotExistError"),
    }
}

/// To the same page with TLS.
fn moved(host: &str, ask: &Ask<'_>) -> Response<Bytes> {
    let mut response = says(StatusCode::MOVED_PERMANENTLY, "This site is served with TLS.");
    let page = ask.uri.path_and_query().map_or("/", |page| page.as_str());
    if let Ok(location) = HeaderValue::from_str(&format!("https://{host}{page}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn says(status: StatusCode, message: &str) -> Response<Bytes> {
    ask::json(status, &json!({ "message": message }))
}

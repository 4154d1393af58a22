//! Serves every tenant's storefront: `https://<subdomain>.<domain>/…`, or `<anywhere>/sites/<subdomain>/…`
//! where there is no domain of our own, as on a laptop.
//!
//! The subdomain's claim says whose it is; the pages come from that tenant's folder and nowhere else.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use fault::Fault;
use s3::{Bucket, File};
use store::Claims;
use tenancy::{Subdomain, TenantId};

#[derive(Clone, Debug)]
pub struct ServeSite {
    pub sites: Bucket,
    pub claims: Claims,
}

/// What a visitor asks for.
#[derive(Debug, PartialEq, Eq)]
struct Visit {
    subdomain: Subdomain,
    /// Where the site begins: a path that ends with a slash.
    root: String,
    /// Below the root.
    path: String,
}

impl ServeSite {
    pub fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }

    async fn page(&self, tenant: &TenantId, path: &str) -> Result<Option<File>, Fault> {
        // Dot files are ours: the folder's manifest.
        if path.split('/').any(|part| part.starts_with('.')) {
            return Ok(None);
        }
        let path = if path.is_empty() { "index.html" } else { path };
        self.sites.get_file(&format!("sites/{tenant}"), path).await
    }

    /// The page for what is not there: of a store that is closed, for whatever it has.
    async fn other(&self, tenant: &TenantId) -> Result<Option<(StatusCode, File)>, Fault> {
        for status in [StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
            if let Some(file) = self.page(tenant, &format!("{}.html", status.as_u16())).await? {
                return Ok(Some((status, file)));
            }
        }
        Ok(None)
    }
}

async fn serve(State(site): State<ServeSite>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let visit = match visit(request.uri().path(), request.headers()) {
        Some(Ok(visit)) => visit,
        Some(Err(moved)) => return Redirect::permanent(&moved).into_response(),
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    match answer(&site, &visit).await {
        Ok(response) => response,
        Err(fault) => {
            tracing::error!(tenant.subdomain = %visit.subdomain, fault = fault.kind.name(), "a page was not served: {fault}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn answer(site: &ServeSite, visit: &Visit) -> Result<Response, Fault> {
    let Some(tenant) = site.claims.tenant_of(&visit.subdomain).await? else {
        tracing::info!(tenant.subdomain = %visit.subdomain, "nobody has this subdomain");
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let (status, file) = match site.page(&tenant, &visit.path).await? {
        Some(file) => (StatusCode::OK, file),
        None => match site.other(&tenant).await? {
            Some((status, file)) => (status, rooted(file, &visit.root)),
            None => return Ok(StatusCode::NOT_FOUND.into_response()),
        },
    };
    tracing::info!(tenant.id = %tenant, http.path = visit.path, http.status = status.as_u16(), "served");
    Ok((status, headers(&file), file.body).into_response())
}

/// By path (`/sites/acme/shop.html`) or by host (`acme.example.com`); `Err` is where a path without its slash
/// moves to.
fn visit(path: &str, headers: &HeaderMap) -> Option<Result<Visit, String>> {
    if let Some(rest) = path.strip_prefix("/sites/") {
        let Some((label, path)) = rest.split_once('/') else {
            return Subdomain::parse(rest).ok().map(|subdomain| Err(format!("/sites/{subdomain}/")));
        };
        let subdomain = Subdomain::parse(label).ok()?;
        return Some(Ok(Visit { root: format!("/sites/{label}/"), subdomain, path: path.to_owned() }));
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let subdomain = Subdomain::parse(host.split_once('.')?.0).ok()?;
    Some(Ok(Visit { subdomain, root: "/".to_owned(), path: path.trim_start_matches('/').to_owned() }))
}

/// Links are relative: on a page that answers for a deeper path they must count from the site's root.
fn rooted(mut file: File, root: &str) -> File {
    if let Ok(page) = std::str::from_utf8(&file.body) {
        file.body = page.replacen("<head>", &format!("<head>\n<base href=\"{root}\">"), 1).into_bytes();
    }
    file
}

fn headers(file: &File) -> HeaderMap {
    let kind = HeaderValue::from_str(&file.content_type);
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'"),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(name))])
    }

    fn seen(path: &str, headers: &HeaderMap) -> Option<(String, String, String)> {
        let visit = visit(path, headers)?.ok()?;
        Some((visit.subdomain.to_string(), visit.root, visit.path))
    }

    fn is(subdomain: &str, root: &str, path: &str) -> Option<(String, String, String)> {
        Some((subdomain.to_owned(), root.to_owned(), path.to_owned()))
    }

    #[test]
    fn a_site_is_found_by_path_or_by_host() {
        let nowhere = host("localhost");
        assert_eq!(seen("/sites/acme/", &nowhere), is("acme", "/sites/acme/", ""));
        assert_eq!(seen("/sites/acme/a/b.html", &nowhere), is("acme", "/sites/acme/", "a/b.html"));
        assert_eq!(seen("/shop.html", &host("acme.example.com")), is("acme", "/", "shop.html"));
        assert_eq!(visit("/sites/acme", &nowhere), Some(Err("/sites/acme/".to_owned())));
        for none in ["/", "/sites/", "/sites/www/", "/sites/..%2f/"] {
            assert_eq!(seen(none, &nowhere), None, "{none}");
        }
    }

    #[test]
    fn a_page_for_a_deeper_path_counts_its_links_from_the_root() {
        let file = File::new("404.html", "text/html", "<html><head><title>x</title>");
        let page = String::from_utf8(rooted(file, "/sites/acme/").body).expect("text");
        assert_eq!(page, "<html><head>\n<base href=\"/sites/acme/\"><title>x</title>");
    }
}

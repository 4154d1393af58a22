//! Serves the web console: the built page from `web/` beside this program, and what it needs to know of its deployment.
//!
//! The page is the same in every deployment and lives below whatever prefix the API has, so nothing in it is worked out
//! here. Nobody is asked for a token: the page has no data until its visitor has signed in to the API.

mod configuration;
mod policy;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Json, Response};
use axum::routing::get;
use tower_http::services::ServeDir;

pub use configuration::{Configuration, Issuer, UnknownHost};

/// By its name: that a `{proxy+}` stands for nothing, too, is not a thing to rely on.
const PAGE: &str = "console/index.html";

/// What the build names by its content. Everything else keeps its name when it changes.
const NAMED_BY_CONTENT: &str = "/console/assets/";

#[derive(Clone, Debug)]
pub struct Console {
    /// The built page.
    pub web: PathBuf,
    pub configuration: Configuration,
}

impl Console {
    pub fn router(self) -> Result<Router, UnknownHost> {
        let headers = policy::headers(&self.configuration.asks()?);
        let page = ServeDir::new(self.web).precompressed_br().precompressed_gzip();
        let page = Router::new().nest_service("/console/", page).layer(from_fn(dateless));
        let configuration = self.configuration;
        Ok(Router::new()
            // Relative: only the browser knows the prefix.
            .route("/console", get(|| async { (StatusCode::FOUND, [(header::LOCATION, PAGE)]) }))
            .route("/console/config.json", get(|| async { Json(configuration) }))
            .merge(page)
            .layer(from_fn_with_state(headers, with_headers)))
    }
}

/// Files of a package have the package's date or none, so a file's date does not tell an old page from a new one.
async fn dateless(mut request: Request, next: Next) -> Response {
    for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE, header::IF_RANGE] {
        request.headers_mut().remove(name);
    }
    let mut response = next.run(request).await;
    response.headers_mut().remove(header::LAST_MODIFIED);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Every answer leaves with the same headers, whatever it is.
async fn with_headers(State(headers): State<HeaderMap>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let kept = path.starts_with(NAMED_BY_CONTENT) && response.status().is_success();
    let caching = if kept { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().extend(headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    tracing::info!(http.path = path, http.status = response.status().as_u16(), "served");
    response
}

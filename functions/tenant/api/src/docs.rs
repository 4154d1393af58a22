use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fault::Fault;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Problem;

const TEMPLATE: &str = include_str!("../templates/docs.html");
const STYLE: &str = include_str!("../templates/docs.css");

/// The API's document as a page: no script, nothing from elsewhere.
pub(crate) fn page(document: &Value) -> Result<Response, Problem> {
    let broken = |e: minijinja::Error| Fault::terminal(format!("the documentation does not render: {e:#}"));
    let mut templates = Environment::new();
    templates
        .add_filter("last", |reference: String| reference.rsplit('/').next().unwrap_or_default().to_owned());
    templates.add_template("docs.html", TEMPLATE).map_err(broken)?;
    let values = context! { document => Serde(document), style => STYLE };
    let page = templates.get_template("docs.html").and_then(|page| page.render(values)).map_err(broken)?;
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((headers, page).into_response())
}

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

const SCRIPT: &str = "/console/assets/index-B1a2c3d4.js";

fn pool() -> Issuer {
    Issuer::pool("https://cognito.example/pool".to_owned(), "https://people.example/")
}

fn console(issuer: Issuer) -> Result<Router, UnknownHost> {
    let configuration = Configuration {
        issuer,
        client_id: Some("the-console".to_owned()),
        api: "../v1",
        deployment: "test".to_owned(),
        region: "eu-central-1".to_owned(),
        states_console: None,
    };
    Console { web: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web"), configuration }.router()
}

/// Status, headers and body of an answer.
async fn ask(path: &str, headers: &[(header::HeaderName, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) =
        console(pool()).expect("a console").oneshot(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> String {
    headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

#[rstest]
#[case::its_address("/console")]
#[case::the_page("/console/")]
#[case::a_script(SCRIPT)]
#[case::the_configuration("/console/config.json")]
#[case::what_is_not_there("/console/assets/gone-00000000.js")]
#[case::another_path("/elsewhere")]
#[tokio::test]
async fn every_answer_tells_the_browser_what_the_page_may_do(#[case] path: &str) {
    let (_, headers, _) = ask(path, &[]).await;
    let policy = text(&headers, header::CONTENT_SECURITY_POLICY);
    for part in [
        "default-src 'none';",
        "script-src 'self';",
        "style-src 'self';",
        "connect-src 'self' https://people.example;",
        "base-uri 'none';",
        "form-action 'none';",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(text(&headers, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(text(&headers, header::REFERRER_POLICY), "no-referrer");
    assert!(text(&headers, header::STRICT_TRANSPORT_SECURITY).starts_with("max-age="));
    assert!(text(&headers, "permissions-policy").contains("camera=()"));
    assert_eq!(text(&headers, "cross-origin-opener-policy"), "same-origin");
}

#[tokio::test]
async fn the_page_is_asked_for_anew_and_what_is_named_by_its_content_is_kept() {
    for path in ["/console/", "/console/index.html", "/console/config.json"] {
        let (status, headers, _) = ask(path, &[]).await;
        assert_eq!((status, text(&headers, header::CACHE_CONTROL).as_str()), (StatusCode::OK, "no-cache"));
    }
    let (_, headers, _) = ask(SCRIPT, &[]).await;
    assert_eq!(text(&headers, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
}

/// A package's files all have one date, so a page that was deployed anew would look as old as the one before.
#[tokio::test]
async fn a_files_date_says_nothing() {
    let later = [(header::IF_MODIFIED_SINCE, "Fri, 01 Jan 2100 00:00:00 GMT")];
    let (status, headers, _) = ask("/console/", &later).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.get(header::LAST_MODIFIED).is_none(), "{headers:?}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_not_kept() {
    for path in ["/console/assets/gone-00000000.js", "/console/tenants/acme", "/elsewhere"] {
        let (status, headers, body) = ask(path, &[]).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""), "{path}");
        assert_eq!(text(&headers, header::CACHE_CONTROL), "no-cache", "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn nothing_beside_the_page_is_served(
    #[values(
        "/console/../beside.txt",
        "/console/%2e%2e/beside.txt",
        "/console/..%2fbeside.txt",
        "/console/%2e%2e%2fbeside.txt",
        "/console/assets/../../beside.txt",
        "/console/..%5cbeside.txt",
        "/console//../beside.txt",
        "/console/%252e%252e/beside.txt"
    )]
    path: &str,
) {
    let (status, _, body) = ask(path, &[]).await;
    assert!(status.is_client_error() && !body.contains("not of the page"), "{status} {body}");
}

#[rstest]
#[case::nothing(None, "", "the script, as it is\n")]
#[case::gzip_alone(Some("gzip"), "gzip", "the script, by gzip\n")]
#[case::a_browsers(Some("gzip, deflate, br, zstd"), "br", "the script, by brotli\n")]
#[case::brotli_refused(Some("br;q=0, gzip"), "gzip", "the script, by gzip\n")]
#[tokio::test]
async fn a_file_comes_as_the_browser_takes_it(
    #[case] takes: Option<&str>,
    #[case] encoding: &str,
    #[case] content: &str,
) {
    let takes: Vec<_> = takes.into_iter().map(|takes| (header::ACCEPT_ENCODING, takes)).collect();
    let (status, headers, body) = ask(SCRIPT, &takes).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, content));
    assert_eq!(text(&headers, header::CONTENT_ENCODING), encoding);
    assert_eq!(text(&headers, header::CONTENT_TYPE), "text/javascript");
    assert_eq!(text(&headers, header::VARY), "accept-encoding");
}

#[tokio::test]
async fn the_consoles_address_leads_to_the_page_below_any_prefix() {
    let (status, headers, _) = ask("/console", &[]).await;
    assert_eq!(
        (status, text(&headers, header::LOCATION).as_str()),
        (StatusCode::FOUND, "console/index.html")
    );
}

#[tokio::test]
async fn the_configuration_is_what_the_page_needs_and_no_more() {
    let (_, _, body) = ask("/console/config.json", &[]).await;
    let told: Value = serde_json::from_str(&body).expect("JSON");
    let expected = json!({
        "issuer": "https://cognito.example/pool",
        "authorization_endpoint": "https://people.example/oauth2/authorize",
        "token_endpoint": "https://people.example/oauth2/token",
        "end_session_endpoint": "https://people.example/logout",
        "client_id": "the-console",
        "api": "../v1",
        "deployment": "test",
        "region": "eu-central-1",
        "states_console": null,
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn another_issuer_describes_itself_and_may_be_asked() {
    let issuer = Issuer::described(
        "https://accounts.example".to_owned(),
        Some("https://tokens.example/oauth/token".to_owned()),
    );
    let request = Request::get("/console/config.json").body(Body::empty()).expect("a request");
    let answer = console(issuer).expect("a console").oneshot(request).await.expect("an answer");
    let policy = text(answer.headers(), header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.contains("connect-src 'self' https://accounts.example https://tokens.example;"),
        "{policy}"
    );
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let told: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(told["issuer"], "https://accounts.example");
    assert_eq!(told.get("token_endpoint"), None);
}

#[rstest]
fn a_host_that_is_none_is_no_part_of_the_policy(
    #[values("", "accounts", "javascript:alert(1)", "https://accounts.example; script-src *")] issuer: &str,
) {
    let outcome = console(Issuer::described(issuer.to_owned(), None));
    assert_eq!(outcome.err(), Some(UnknownHost(issuer.to_owned())));
}

//! What answers say to a browser.

use super::*;

/// Of whatever kind: an answer, a page, a refusal, and what is not there.
#[tokio::test]
async fn every_answer_has_the_same_headers() {
    let api = api().await;
    let asked = [
        ("GET", "/v1/tenants", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/v1/docs", 200),
        ("POST", "/v1/tenants", 400),
        ("PUT", "/v1/tenants", 405),
        ("GET", "/v1/tenants/nobody-000000", 404),
        ("GET", "/elsewhere", 404),
    ];
    for (method, path, status) in asked {
        let answer = send(&api, method, path, None, "").await;
        let headers = answer.headers();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{method} {path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{method} {path}");
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000", "{method} {path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{method} {path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'"), "{method} {path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
    }
}

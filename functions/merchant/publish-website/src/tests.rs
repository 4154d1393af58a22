use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn tenant(layout: &str, name: &str) -> Snapshot {
    let theme: Value = json!({
        "id": "t", "name": "T", "description": "", "version": "1", "active": true, "layout": layout,
        "palette": { "background": "#ffffff", "surface": "#f4f4f4", "text": "#111111", "muted": "#555555",
                     "accent": "#123456", "on_accent": "#ffffff" },
        "fonts": { "heading": "serif", "body": "system" },
    });
    let tenant = json!({
        "id": "acme-7f3a9c", "name": name, "subdomain": "acme", "email": "o@example.com", "category": "fashion",
        "integrations": ["stripe"], "blueprint": { "name": "merchant-workspace", "version": 1 }, "theme": theme,
        "plan": { "id": "s", "name": "S", "description": "", "price_cents": 1, "currency": "USD",
                  "billing_cycle": "month", "trial_days": 0, "popular": false, "active": true, "features": [], "limits": {} },
    });
    serde_json::from_value(tenant).expect("a snapshot")
}

fn page<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path).expect(path);
    std::str::from_utf8(&file.body).expect("text")
}

#[rstest]
fn every_theme_shows_the_store(#[values("modern", "classic", "minimal")] layout: &str) {
    let files = render(&tenant(layout, "Acme Coffee")).expect("rendered");
    assert_eq!(files.len(), PAGES.len());
    for (path, _) in PAGES.iter().filter(|(path, _)| path.ends_with(".html")) {
        let page = page(&files, path);
        assert!(page.contains("Acme Coffee"), "{path}");
        assert!(page.contains("name=\"tenant\" content=\"acme-7f3a9c\""), "{path}");
    }
    assert!(page(&files, "style.css").contains("#123456"));
}

#[rstest]
fn a_store_that_is_closed_has_one_page_and_says_so(#[values("modern", "classic", "minimal")] layout: &str) {
    let closed = Snapshot { suspended: true, ..tenant(layout, "Acme Coffee") };
    let files = render(&closed).expect("rendered");
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["503.html", "style.css"], "with a 404.html it would be answered as not there");
    let page = page(&files, "503.html");
    assert!(page.contains("closed for now") && page.contains("name=\"tenant\" content=\"acme-7f3a9c\""));
}

#[rstest]
fn a_store_cannot_write_markup(#[values("modern", "classic", "minimal")] layout: &str) {
    let files = render(&tenant(layout, "<script>alert(1)</script>\"'&")).expect("rendered");
    for file in &files {
        assert!(!page(&files, &file.path).contains("<script>alert"), "{}", file.path);
    }
}

#[rstest]
fn pages_load_nothing_from_elsewhere(#[values("modern", "classic", "minimal")] layout: &str) {
    let files = render(&tenant(layout, "Acme")).expect("rendered");
    for file in &files {
        let page = page(&files, &file.path);
        for forbidden in ["src=\"http", "src=\"//", "@import", "url(http", "<script"] {
            assert!(!page.contains(forbidden), "{} has {forbidden}", file.path);
        }
    }
}

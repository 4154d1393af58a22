use std::sync::LazyLock;

use axum::response::Html;
use fault::Fault;
use include_dir::{Dir, include_dir};
use minijinja::{Environment, Value, context};

use crate::Refusal;
use crate::workspace::Workspace;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// Parsed once: every request renders one of them.
static PAGES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    for template in TEMPLATES.files() {
        if let (Some(name), Some(source)) = (template.path().to_str(), template.contents_utf8()) {
            pages.add_template(name, source)?;
        }
    }
    Ok(pages)
});

/// A page of a store's dashboard.
pub(crate) fn render(name: &str, workspace: &Workspace, values: Value) -> Result<Html<String>, Refusal> {
    let broken = |e: &minijinja::Error| Fault::terminal(format!("the page {name} does not render: {e:#}"));
    let pages = PAGES.as_ref().map_err(broken)?;
    let values = context! { base => workspace.base(), store => workspace.store(), ..values };
    let page = pages.get_template(name).and_then(|page| page.render(values)).map_err(|e| broken(&e))?;
    Ok(Html(page))
}

//! What log lines are found by: the same thing is called the same everywhere, and who handles a failure says which.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{File, ItemMod, Macro};

use crate::repo::{Names, assert_golden, assert_none, files, parse, text};

/// A call of `tracing::warn!` or one of its kind.
struct Line {
    level: String,
    fields: Names,
    message: String,
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Visit<'_> for Lines {
    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, called: &Macro) {
        let path: Vec<String> =
            called.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [from, level] = &path[..]
            && from == "tracing"
        {
            self.0.push(line(level, called.tokens.clone()));
        }
    }
}

/// `tenant.id = %id, ?outcome, "was {done}"`: fields as far as the message.
fn line(level: &str, tokens: TokenStream) -> Line {
    let mut line = Line { level: level.to_owned(), fields: Names::new(), message: String::new() };
    let (mut name, mut in_value) = (String::new(), false);
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ',' => {
                line.fields.extend((!name.is_empty()).then(|| std::mem::take(&mut name)));
                in_value = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == '=' => in_value = true,
            TokenTree::Punct(mark) if mark.as_char() == '.' && !in_value => name.push('.'),
            TokenTree::Ident(part) if !in_value => name.push_str(&part.to_string()),
            TokenTree::Literal(message) if !in_value => {
                line.message = message.to_string();
                break;
            }
            _ => {}
        }
    }
    line
}

fn lines() -> Vec<(String, Line)> {
    let sources = ["functions", "shared"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let ours = sources.filter(|path| path.contains("/src/") && !path.contains("/tests"));
    let mut found = Vec::new();
    for path in ours {
        let parsed: File = parse(&path, &text(&path));
        let mut lines = Lines::default();
        lines.visit_file(&parsed);
        found.extend(lines.0.into_iter().map(|line| (path.clone(), line)));
    }
    assert!(found.len() > 50, "{} log lines", found.len());
    found
}

#[test]
fn what_log_lines_are_found_by_is_agreed_on() {
    let fields: Names = lines().into_iter().flat_map(|(_, line)| line.fields).collect();
    let listed: String = fields.iter().map(|field| format!("{field}\n")).collect();
    assert_golden(
        "log_fields.txt",
        &listed,
        "A log line is found by something new. Has it another name elsewhere?",
    );
}

#[test]
fn who_tells_of_a_fault_names_its_kind() {
    let telling = lines().into_iter().filter(|(_, line)| line.message.contains("{fault}"));
    let silent = telling.filter(|(_, line)| !line.fields.contains("fault"));
    assert_none(
        silent.map(|(path, line)| format!("{path}: {}!({}) has no field fault", line.level, line.message)),
    );
}

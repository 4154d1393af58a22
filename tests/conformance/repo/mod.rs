//! The repository, as the tests read it.

mod calls;
mod function;
mod machine;
mod stack;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use calls::Shared;
pub(crate) use function::{Function, Role, functions, parse};
pub(crate) use machine::{Machine, Scope, State, machines};
pub(crate) use stack::{Stack, keys, stacks, statements};

pub(crate) type Names = BTreeSet<String>;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The text of a file, by its path from the root.
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What is in a folder, by paths from the root, in order.
pub(crate) fn folder(path: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut paths: Vec<String> = names.map(|name| format!("{path}/{name}")).collect();
    paths.sort();
    paths
}

/// The files of a folder and of the folders in it that end so.
pub(crate) fn files(path: &str, end: &str) -> Vec<String> {
    let below = |path: String| if root().join(&path).is_dir() { files(&path, end) } else { vec![path] };
    folder(path).into_iter().flat_map(below).filter(|path| path.ends_with(end)).collect()
}

/// The name of a file without its folder and ending.
pub(crate) fn stem<'a>(path: &'a str, end: &str) -> &'a str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(end).unwrap_or(name)
}

/// `merchant-create-group` as states and logical ids are spelled: `MerchantCreateGroup`.
pub(crate) fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect()
}

pub(crate) fn list(names: impl IntoIterator<Item = impl Display>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// What is in one of two and not in the other.
pub(crate) fn differences(place: &str, one: (&str, &Names), other: (&str, &Names)) -> Vec<String> {
    let only = |a: (&str, &Names), b: (&str, &Names)| {
        let only = list(a.1.difference(b.1));
        (!only.is_empty()).then(|| format!("{place}: {only} in {}, but not in {}", a.0, b.0))
    };
    [only(one, other), only(other, one)].into_iter().flatten().collect()
}

/// Fails with a line for each problem.
#[track_caller]
pub(crate) fn assert_none(problems: impl IntoIterator<Item = String>) {
    let problems: Vec<String> = problems.into_iter().collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Compares with what was agreed on and written down beside the tests.
#[track_caller]
#[allow(clippy::disallowed_methods)] // A switch for a person at a keyboard, not configuration.
pub(crate) fn assert_golden(name: &str, actual: &str, meaning: &str) {
    let path = format!("tests/conformance/{name}");
    if std::env::var_os("GOLDEN").is_some() {
        fs::write(root().join(&path), actual).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    let agreed = text(&path);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Names>();
    let (was, is) = (lines(&agreed), lines(actual));
    let gone = was.difference(&is).map(|line| format!("- {line}"));
    let new = is.difference(&was).map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    assert!(
        agreed == actual,
        "\n{}\n{meaning}\nTo agree: GOLDEN=1 cargo nextest run -p tests --test conformance, then read the diff of {path}.\n",
        changes.join("\n")
    );
}

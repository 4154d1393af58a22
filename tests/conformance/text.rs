//! What every file of the repository keeps to.

use std::path::Path;
use std::process::Command;

use crate::repo::{assert_none, root};

#[test]
fn nothing_is_left_for_later() {
    let words =
        [["TO", "DO"], ["FIX", "ME"], ["todo", "!("], ["unimplemented", "!("]].map(|parts| parts.concat());
    assert_none(lines_with(&words));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let paths = ["home", "Users", "root", "work"].map(|top| format!("/{top}/"));
    assert_none(lines_with(&paths));
}

#[test]
fn every_top_level_folder_says_what_it_is() {
    let files: Vec<String> = files().into_iter().map(|(path, _)| path).collect();
    let mut folders: Vec<&str> = files.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    folders.dedup();
    let visible = folders.into_iter().filter(|folder| !folder.starts_with('.'));
    let silent = visible.filter(|folder| !files.contains(&format!("{folder}/README.md")));
    assert_none(silent.map(|folder| format!("{folder}/README.md is missing")));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next()) {
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !root().join(folder).join(target).exists() {
                problems.push(format!("{path}: links to {target}, which is not there"));
            }
        }
    }
    assert_none(problems);
}

fn lines_with(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files() {
        for (number, line) in text.lines().enumerate() {
            let word = words.iter().find(|word| line.contains(*word));
            found.extend(word.map(|word| format!("{path}:{}: has '{word}'", number + 1)));
        }
    }
    found
}

/// The texts of the repository, by path.
#[allow(clippy::disallowed_methods)] // Git is asked, by a person or CI, what belongs to the repository.
fn files() -> Vec<(String, String)> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    let texts =
        paths.filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root().join(path)).ok()?)));
    let texts: Vec<_> = texts.collect();
    assert!(texts.len() > 100, "git ls-files lists {} texts", texts.len());
    texts
}

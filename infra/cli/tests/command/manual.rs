use std::collections::BTreeSet;
use std::fs;

use rstest::rstest;

use crate::every::{FOR_PEOPLE, commands};
use crate::{stderr, stdout, tenantry_in};

/// Every command, by the manual, as it is typed: there is a page for each, and one for what groups them.
fn known(test: &str) -> BTreeSet<String> {
    let folder = std::env::temp_dir().join(format!("tenantry-man-{test}-{}", std::process::id()));
    let output = tenantry_in(&[], &["man", folder.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let pages: Vec<String> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|page| page.expect("a page").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    fs::remove_dir_all(&folder).expect("removed");
    let below = |page: &str, group: &str| page.strip_prefix(group).is_some_and(|rest| rest.starts_with('-'));
    let (groups, leaves): (Vec<_>, Vec<_>) =
        pages.iter().partition(|group| pages.iter().any(|page| below(page, group)));
    let typed = |leaf: &String| {
        let group = groups.iter().filter(|group| below(leaf, group)).max_by_key(|group| group.len());
        let (group, name) = leaf.split_at(group.map_or(0, |group| group.len()));
        let group = group.trim_start_matches("tenantry").trim_start_matches('-');
        format!("{group} {}", &name[1..]).trim_start().to_owned()
    };
    leaves.into_iter().map(typed).collect()
}

#[test]
fn there_is_a_page_for_every_command_and_every_command_is_tried() {
    let known = known("every");
    let name = |command: &[&str]| {
        let pair = command[..command.len().min(2)].join(" ");
        if known.contains(&pair) { pair } else { command[0].to_owned() }
    };
    let mut tried: BTreeSet<String> = commands().iter().map(|(command, _)| name(command)).collect();
    tried.extend(FOR_PEOPLE.map(str::to_owned));
    assert_eq!(tried, known);
}

#[test]
fn the_readme_and_the_main_page_name_every_command() {
    let readme = include_str!("../../README.md");
    let page = stdout(&tenantry_in(&[], &["man"])).replace('\\', "");
    for command in known("readme") {
        let row = |end: &str| readme.contains(&format!("| `{command}{end}"));
        assert!(row("`") || row(" "), "the README has no row for `{command}`");
        let first = command.split(' ').next().unwrap_or_default();
        assert!(page.contains(&format!("tenantry-{first}(1)")), "the page does not name {first}");
    }
}

#[test]
fn the_readme_and_the_help_say_what_an_exit_code_means() {
    let readme = include_str!("../../README.md");
    let help = stdout(&tenantry_in(&[], &["--help"]));
    let (_, codes) = help.split_once("Exit codes:\n").expect("exit codes");
    let codes: Vec<_> = codes.lines().filter_map(|line| line.trim().split_once("  ")).collect();
    assert_eq!(codes.len(), 7, "{codes:?}");
    for (code, meaning) in codes {
        assert!(
            readme.contains(&format!("| {code} | {meaning} |")),
            "the README does not say what {code} means"
        );
    }
}

#[rstest]
#[case("bash")]
#[case("elvish")]
#[case("fish")]
#[case("powershell")]
#[case("zsh")]
fn a_shell_completes_every_command(#[case] shell: &str) {
    let completions = stdout(&tenantry_in(&[], &["completions", shell]));
    for command in known(shell) {
        for word in command.split(' ') {
            assert!(completions.contains(word), "{shell} does not know {word} of `{command}`");
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the command under test is a process")]
fn a_reader_who_has_seen_enough_is_no_failure_of_ours() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .arg("man")
        .stdout(writer)
        .output()
        .expect("the command runs");
    assert_eq!(stderr(&output), "");
}

//! What MySQL takes no parameters for, as SQL spells it. Every text from outside goes through here.

use fault::Fault;

use crate::{Kind, SERVICE};

/// A name between backticks.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text between quotes, under a `sql_mode` in which a backslash escapes: [`crate::server`] sets one.
pub(crate) fn text(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('\'');
    for c in value.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\u{1a}' => quoted.push_str("\\Z"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A name as a pattern that fits it alone: in what a grant is on, `_` is any character, and `%` any number of them.
pub(crate) fn pattern(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '_' | '%' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Whether a name can be had: a database's has at most 64 characters, a user's 32 (MariaDB would take 128).
pub(crate) fn check(kind: Kind, name: &str) -> Result<(), Fault> {
    let most = match kind {
        Kind::Database => 64,
        Kind::User => 32,
    };
    let length = name.chars().count();
    let bmp = |c: char| c != '\0' && u32::from(c) <= 0xffff;
    if (1..=most).contains(&length) && name.chars().all(bmp) && !name.ends_with(' ') {
        return Ok(());
    }
    let cause =
        format!("'{}' cannot be the name of a {kind}: it has 1 to {most} characters", name.escape_debug());
    Err(Fault::terminal(cause).from_provider(SERVICE, None))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("acme_db", "`acme_db`")]
    #[case("a`; DROP DATABASE mysql; -- ", "`a``; DROP DATABASE mysql; -- `")]
    #[case("``", "``````")]
    fn a_name_stays_between_its_backticks(#[case] name: &str, #[case] quoted: &str) {
        assert_eq!(identifier(name), quoted);
    }

    #[rstest]
    #[case("hunter2", "'hunter2'")]
    #[case("it's", r"'it\'s'")]
    #[case(r"\' OR 1=1", r"'\\\' OR 1=1'")]
    #[case("a\0b\nc\rd\u{1a}", r"'a\0b\nc\rd\Z'")]
    fn a_text_stays_between_its_quotes(#[case] value: &str, #[case] quoted: &str) {
        assert_eq!(text(value), quoted);
    }

    #[rstest]
    #[case("abc_corp_db", r"abc\_corp\_db")]
    #[case("100%", r"100\%")]
    #[case(r"a\_b", r"a\\\_b")]
    fn a_pattern_fits_its_name_alone(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(pattern(name), expected);
    }

    #[test]
    fn names_are_as_long_as_mysql_takes_them() {
        check(Kind::User, &"u".repeat(32)).expect("32 fit");
        check(Kind::User, &"u".repeat(33)).expect_err("33 do not");
        check(Kind::Database, &"d".repeat(64)).expect("64 fit");
        check(Kind::Database, &"d".repeat(65)).expect_err("65 do not");
        for impossible in ["", "a\0", "a ", "\u{1f980}"] {
            check(Kind::Database, impossible).expect_err("no name");
        }
    }
}

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::Failure;
use crate::dump::{HEADER, SESSION, tables};
use crate::quote::identifier;
use crate::server::failure;

/// How the statements of a dump begin. It is run by an administrator: anything else in it is not a dump's.
const STATEMENTS: [&str; 4] = ["SET NAMES ", "SET SESSION ", "CREATE TABLE ", "INSERT INTO "];

/// Has the database that the connection is in hold what a dump holds, and nothing else.
pub(crate) async fn restore(conn: &mut Conn, dump: &[u8]) -> Result<(), Failure> {
    let dump = std::str::from_utf8(dump).map_err(|_| Failure::Unable("a dump is UTF-8".to_owned()))?;
    let dump = dump.strip_prefix(HEADER).ok_or_else(|| {
        Failure::Unable(format!("this is no dump of ours: one begins with '{}'", HEADER.trim_end()))
    })?;
    // Read to its end before anything is dropped.
    let statements = statements(dump)?;
    conn.query_drop(SESSION).await.map_err(failure)?;
    for name in tables(conn).await? {
        conn.query_drop(format!("DROP TABLE {}", identifier(&name))).await.map_err(failure)?;
    }
    for statement in statements {
        conn.query_drop(statement).await.map_err(failure)?;
    }
    Ok(())
}

/// The statements of a dump: each ends with a semicolon at the end of a line, outside of quotes.
fn statements(dump: &str) -> Result<Vec<&str>, Failure> {
    let mut found = Vec::new();
    let mut rest = dump;
    while !rest.is_empty() {
        let end = end(rest).ok_or_else(|| Failure::Unable("the dump is cut off".to_owned()))?;
        let statement = &rest[..end];
        if !STATEMENTS.iter().any(|begins| statement.starts_with(begins)) {
            return Err(Failure::Unable("the dump has a statement that is none of a dump's".to_owned()));
        }
        found.push(statement);
        rest = &rest[end + 2..];
    }
    Ok(found)
}

/// Where a statement's semicolon is.
fn end(sql: &str) -> Option<usize> {
    let bytes = sql.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            // Between backticks a backslash is one.
            (Some(b'\'' | b'"'), b'\\') => at += 1,
            (Some(open), close) if open == close => quote = None,
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b';') => return (bytes.get(at + 1) == Some(&b'\n')).then_some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quote::text;

    fn ends(sql: &str) -> Option<&str> {
        end(sql).map(|at| &sql[..at])
    }

    #[test]
    fn a_statement_ends_outside_of_quotes() {
        for (sql, statement) in [
            ("SET NAMES a;\nSET NAMES b;\n", Some("SET NAMES a")),
            ("INSERT INTO `a;\n``` VALUES ('b;\n')\n;\n", Some("INSERT INTO `a;\n``` VALUES ('b;\n')\n")),
            (r"CREATE TABLE `\` (a);".to_owned().leak(), None),
            ("CREATE TABLE a COMMENT 'it''s;\n';\n", Some("CREATE TABLE a COMMENT 'it''s;\n'")),
            ("CREATE TABLE a COMMENT \"it's;\n\";\n", Some("CREATE TABLE a COMMENT \"it's;\n\"")),
            ("INSERT INTO a VALUES ('cut", None),
        ] {
            assert_eq!(ends(sql), statement, "{sql}");
        }
    }

    #[test]
    fn what_is_no_statement_of_a_dump_is_refused() {
        for sql in ["DROP DATABASE mysql;\n", "SET NAMES utf8mb4;\nGRANT ALL ON *.* TO a;\n"] {
            assert!(matches!(statements(sql), Err(Failure::Unable(_))), "{sql}");
        }
    }

    #[test]
    fn two_statements_on_a_line_are_refused() {
        assert!(matches!(statements("SET NAMES utf8mb4; DROP DATABASE mysql;\n"), Err(Failure::Unable(_))));
    }

    proptest! {
        #[test]
        fn whatever_a_text_is_it_ends_no_statement(value in any::<String>()) {
            let statement = format!("INSERT INTO `t` (`a`) VALUES\n({})", text(&value));
            let sql = format!("{statement};\nSET NAMES utf8mb4;\n");
            prop_assert_eq!(statements(&sql).expect("statements"), [statement.as_str(), "SET NAMES utf8mb4"]);
        }
    }
}

//! A database as SQL. The format is described in this crate's documentation.

use std::fmt::Write;

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Column, Conn, Row, Value};

use crate::Failure;
use crate::quote::{identifier, text};
use crate::server::{column, failure};

/// How a dump of ours begins.
pub(crate) const HEADER: &str = "-- tenantry: a MySQL database, format 1\n";

/// What a dump is read under, whoever reads it.
pub(crate) const SESSION: &str = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', \
     time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0";

/// Rows are put into one statement up to so many bytes, far below what a server takes in one packet.
const STATEMENT: usize = 256 * 1024;

/// The character set of what is no text.
const BINARY: u16 = 63;

struct Table {
    name: String,
    create: String,
    /// Those that are stored and not computed.
    columns: Vec<String>,
    /// Rows are in this order, so that the same rows make the same dump.
    order: Vec<String>,
}

/// All of the database that the connection is in, as it was at one moment. What a dump cannot hold is an error, not left out.
pub(crate) async fn dump(conn: &mut Conn) -> Result<Vec<u8>, Failure> {
    conn.query_drop("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.map_err(failure)?;
    conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await.map_err(failure)?;
    refuse_the_rest(conn).await?;
    let names = tables(conn).await?;
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        tables.push(table(conn, name).await?);
    }
    let mut out = format!("{HEADER}SET NAMES utf8mb4;\n{SESSION};\n");
    // All tables first: a row may refer to any of them.
    for table in &tables {
        out.push_str(&table.create);
        out.push_str(";\n");
    }
    for table in &tables {
        rows(conn, table, &mut out).await?;
    }
    conn.query_drop("COMMIT").await.map_err(failure)?;
    Ok(out.into_bytes())
}

/// The database's tables, in the order of their names.
pub(crate) async fn tables(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    let listed: Vec<(String, String)> = conn.query("SHOW FULL TABLES").await.map_err(failure)?;
    let mut names = Vec::new();
    for (name, kind) in listed {
        if kind != "BASE TABLE" {
            return Err(uncovered(&format!("{name} ({kind})")));
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}

/// A service's user may make tables, and nothing else that these find.
async fn refuse_the_rest(conn: &mut Conn) -> Result<(), Failure> {
    const ROUTINES: &str = "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE BINARY ROUTINE_SCHEMA = BINARY DATABASE()";
    for (what, sql) in [("trigger", "SHOW TRIGGERS"), ("event", "SHOW EVENTS"), ("routine", ROUTINES)] {
        let found: Vec<Row> = conn.query(sql).await.map_err(failure)?;
        if !found.is_empty() {
            return Err(uncovered(&format!("{} {what}(s)", found.len())));
        }
    }
    Ok(())
}

fn uncovered(what: &str) -> Failure {
    Failure::Unable(format!(
        "the database has {what}, which a dump of ours does not cover: dump it with mysqldump"
    ))
}

async fn table(conn: &mut Conn, name: String) -> Result<Table, Failure> {
    let created: Option<Row> =
        conn.query_first(format!("SHOW CREATE TABLE {}", identifier(&name))).await.map_err(failure)?;
    let created = created.ok_or_else(|| Failure::Unable(format!("the table {name} is gone")))?;
    let create: String = column(&created, 1)?;
    let (mut columns, mut order) = (Vec::new(), Vec::new());
    let shown: Vec<Row> =
        conn.query(format!("SHOW COLUMNS FROM {}", identifier(&name))).await.map_err(failure)?;
    for row in shown {
        // Field, Type, Null, Key, Default, Extra.
        let (field, key, extra): (String, String, String) =
            (column(&row, 0)?, column(&row, 3)?, column(&row, 5)?);
        if key == "PRI" {
            order.push(identifier(&field));
        }
        // MySQL calls a default that is an expression DEFAULT_GENERATED.
        if !["VIRTUAL GENERATED", "STORED GENERATED"].iter().any(|computed| extra.contains(computed)) {
            columns.push(identifier(&field));
        }
    }
    Ok(Table { name, create, columns, order })
}

async fn rows(conn: &mut Conn, table: &Table, out: &mut String) -> Result<(), Failure> {
    let (name, columns) = (identifier(&table.name), table.columns.join(", "));
    let order =
        if table.order.is_empty() { String::new() } else { format!(" ORDER BY {}", table.order.join(", ")) };
    let sql = format!("SELECT {columns} FROM {name}{order}");
    // As a prepared statement: the values come as they are stored, not as text that is cut.
    let mut found = conn.exec_iter(sql, ()).await.map_err(failure)?;
    let mut begun = 0;
    let mut began_at = 0;
    while let Some(row) = found.next().await.map_err(failure)? {
        if begun == 0 {
            began_at = out.len();
            let _ = write!(out, "INSERT INTO {name} ({columns}) VALUES\n(");
        } else {
            out.push_str(",\n(");
        }
        begun += 1;
        let kinds = row.columns();
        for (at, (value, kind)) in row.unwrap().into_iter().zip(kinds.iter()).enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            out.push_str(&literal(value, kind)?);
        }
        out.push(')');
        if out.len() - began_at > STATEMENT {
            out.push_str(";\n");
            begun = 0;
        }
    }
    if begun > 0 {
        out.push_str(";\n");
    }
    Ok(())
}

/// A value as SQL has it, exactly.
fn literal(value: Value, column: &Column) -> Result<String, Failure> {
    Ok(match value {
        Value::NULL => "NULL".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        // With all its digits: the server takes it for the double it is, and that for the nearest float.
        Value::Float(number) => format!("{:e}", f64::from(number)),
        Value::Double(number) => format!("{number:e}"),
        Value::Date(year, month, day, ..) if is(column, &[ColumnType::MYSQL_TYPE_DATE]) => {
            format!("'{year:04}-{month:02}-{day:02}'")
        }
        Value::Date(year, month, day, hour, minute, second, micros) => {
            format!("'{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}'")
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            format!("'{sign}{hours:02}:{minutes:02}:{seconds:02}.{micros:06}'")
        }
        Value::Bytes(bytes) if is_binary(column) => format!("x'{}'", hex::encode(bytes)),
        Value::Bytes(bytes) => text(&String::from_utf8(bytes).map_err(|e| {
            Failure::Unable(format!("{} in {} is no UTF-8: {e}", column.name_str(), column.table_str()))
        })?),
    })
}

/// Numbers, JSON and moments come with the binary character set, too, and are text.
fn is_binary(column: &Column) -> bool {
    use ColumnType::{
        MYSQL_TYPE_BIT, MYSQL_TYPE_BLOB, MYSQL_TYPE_GEOMETRY, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_MEDIUM_BLOB,
        MYSQL_TYPE_STRING, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR,
    };
    if is(column, &[MYSQL_TYPE_BIT, MYSQL_TYPE_GEOMETRY]) {
        return true;
    }
    column.character_set() == BINARY
        && is(
            column,
            &[
                MYSQL_TYPE_BLOB,
                MYSQL_TYPE_TINY_BLOB,
                MYSQL_TYPE_MEDIUM_BLOB,
                MYSQL_TYPE_LONG_BLOB,
                MYSQL_TYPE_STRING,
                MYSQL_TYPE_VAR_STRING,
                MYSQL_TYPE_VARCHAR,
            ],
        )
}

fn is(column: &Column, kinds: &[ColumnType]) -> bool {
    kinds.contains(&column.column_type())
}

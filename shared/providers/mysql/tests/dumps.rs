//! What a dump holds, on a real MariaDB.

mod mariadb;

use mysql::MySql;
use mysql_async::prelude::Queryable;

use crate::mariadb::MariaDb;

const OURS: &str = "demo/acme-7f3a9c";

/// A bit of all that a table may have, and what is easily lost.
const SHOP: &[&str] = &[
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "SET SESSION time_zone = '+05:00'",
    "CREATE TABLE a_child (id INT PRIMARY KEY, parent INT, INDEX (parent))",
    "CREATE TABLE parent (id INT PRIMARY KEY, child INT, FOREIGN KEY (child) REFERENCES a_child (id))",
    "ALTER TABLE a_child ADD FOREIGN KEY (parent) REFERENCES parent (id)",
    "INSERT INTO a_child VALUES (1, NULL)",
    "INSERT INTO parent VALUES (7, 1)",
    "UPDATE a_child SET parent = 7",
    "CREATE TABLE `odd ``;\nname` (
       id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
       `sel``ect` VARCHAR(255) CHARACTER SET latin1 DEFAULT 'it''s;\n',
       long_as INT AS (CHAR_LENGTH(`sel``ect`)) STORED,
       kept INT DEFAULT (1 + 1)
     ) COMMENT 'it''s a \\\\ \"comment\";\nof two lines'",
    "INSERT INTO `odd ``;\nname` (id, `sel``ect`) VALUES (0, 'caf\u{e9}'), (18446744073709551615 - 1, NULL)",
    "CREATE TABLE kinds (
       id INT PRIMARY KEY, tiny TINYINT, flag BOOL, small SMALLINT UNSIGNED, big BIGINT, exact DECIMAL(30, 10),
       single FLOAT, twice DOUBLE, bits BIT(10), day DATE, at DATETIME(6), stamp TIMESTAMP(3) NULL, lasting TIME(6),
       year YEAR, fixed CHAR(10), raw BINARY(4), text LONGTEXT, bytes LONGBLOB, color ENUM('red', 'it''s'), many SET('a', 'b'),
       document JSON, place POINT, id6 INET6, uid UUID
     )",
    "INSERT INTO kinds VALUES (
       1, -128, TRUE, 65535, -9223372036854775808, -12345678901234567890.0123456789, 0.1, 0.1, b'1000000001', '2026-11-21',
       '2026-11-21 08:00:00.123456', '2026-11-21 08:00:00.123', '-838:59:58.999999', 2026, 'pad', x'00ff0001',
       'quote \\' double \" back \\\\ null \\0 line \\n end ;\\n \u{1f980} \u{1a}', x'00', 'it''s', 'a,b',
       '{\"a\": \"\u{eb}\\\\n\"}', POINT(1.5, -2), '::1', '123e4567-e89b-12d3-a456-426655440000'
     )",
    "INSERT INTO kinds (id, single, twice) VALUES (2, 3.4028e38, 1.7976931348623157e308), (3, 1.17549e-38, 5e-324), (4, 16777216, -1e-7)",
    "INSERT INTO kinds (id, at, day, text, bytes) VALUES (5, '0000-00-00', '0000-00-00', '', '')",
    "INSERT INTO kinds (id, bytes) SELECT 6, UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM seq_0_to_255",
    "CREATE TABLE bulky (id INT PRIMARY KEY, text LONGTEXT)",
    "INSERT INTO bulky SELECT seq, REPEAT(CONCAT(seq, ';\n'), 1000) FROM seq_1_to_300",
    "CREATE TABLE empty (id INT)",
    "CREATE TABLE keyless (a INT, b INT)",
    "INSERT INTO keyless VALUES (3, 1), (1, 2), (3, 1)",
    "CREATE TABLE parted (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION rest VALUES LESS THAN MAXVALUE)",
    "INSERT INTO parted VALUES (1), (100)",
];

const TABLES: [&str; 8] =
    ["a_child", "parent", "`odd ``;\nname`", "kinds", "bulky", "empty", "keyless", "parted"];

async fn make(server: &MariaDb, mysql: &MySql, database: &str, sql: &[&str]) {
    mysql.create_database(database, OURS).await.expect("made");
    let mut conn = server.connect("root", "", Some(database)).await.expect("root connects");
    for statement in sql {
        conn.query_drop(*statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}

/// The server's own checksum of each table, and how it says the table is made.
async fn known(server: &MariaDb, database: &str) -> Vec<(Option<i64>, String)> {
    let mut conn = server.connect("root", "", Some(database)).await.expect("root connects");
    let mut known = Vec::new();
    for table in TABLES {
        let (_, sum): (String, Option<i64>) =
            conn.query_first(format!("CHECKSUM TABLE {table}")).await.expect("an answer").expect("a row");
        let (_, create): (String, String) =
            conn.query_first(format!("SHOW CREATE TABLE {table}")).await.expect("an answer").expect("a row");
        known.push((sum, create));
    }
    known
}

#[tokio::test]
async fn what_was_dumped_is_restored_to_the_byte() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    make(&server, &mysql, "from_db", SHOP).await;
    make(
        &server,
        &mysql,
        "into_db",
        &["CREATE TABLE kinds (left_over INT)", "CREATE TABLE another (left_over INT)"],
    )
    .await;
    let dump = mysql.dump("from_db", OURS).await.expect("an answer").expect("a dump");
    for _ in 0..2 {
        mysql.restore("into_db", OURS, &dump).await.expect("restored");
        assert_eq!(known(&server, "into_db").await, known(&server, "from_db").await);
    }
    let again = mysql.dump("into_db", OURS).await.expect("an answer").expect("a dump");
    assert!(again == dump, "the restored database is dumped to other bytes");
    let mut conn = server.connect("root", "", Some("into_db")).await.expect("root connects");
    let tables: Vec<String> = conn.query("SHOW TABLES").await.expect("an answer");
    assert_eq!(tables.len(), TABLES.len(), "{tables:?}");
    // What a checksum may not see.
    let sql = "SELECT bytes = UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM kinds, seq_0_to_255 WHERE id = 6";
    let all_bytes: Option<bool> = conn.query_first(sql).await.expect("an answer");
    assert_eq!(all_bytes, Some(true));
}

/// What a customer is given need not be read by us.
#[tokio::test]
async fn a_dump_is_read_by_the_servers_own_client() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    make(&server, &mysql, "from_db", SHOP).await;
    make(&server, &mysql, "into_db", &[]).await;
    let dump = mysql.dump("from_db", OURS).await.expect("an answer").expect("a dump");
    server.client("into_db", &dump);
    assert_eq!(known(&server, "into_db").await, known(&server, "from_db").await);
}

#[tokio::test]
async fn a_dump_is_of_one_moment() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    let sql = [
        "CREATE TABLE a (n BIGINT)",
        "CREATE TABLE z (n BIGINT)",
        "INSERT INTO a VALUES (0)",
        "INSERT INTO z VALUES (0)",
    ];
    make(&server, &mysql, "busy_db", &sql).await;
    make(&server, &mysql, "into_db", &[]).await;
    let mut writer = server.connect("root", "", Some("busy_db")).await.expect("root connects");
    let writes = async {
        for _ in 0..300 {
            writer.query_drop("BEGIN").await.expect("begun");
            writer.query_drop("UPDATE a SET n = n + 1").await.expect("written");
            writer.query_drop("UPDATE z SET n = n + 1").await.expect("written");
            writer.query_drop("COMMIT").await.expect("committed");
        }
    };
    let dumps = async {
        for _ in 0..10 {
            let dump = mysql.dump("busy_db", OURS).await.expect("an answer").expect("a dump");
            mysql.restore("into_db", OURS, &dump).await.expect("restored");
            let mut conn = server.connect("root", "", Some("into_db")).await.expect("root connects");
            let (a, z): (i64, i64) =
                conn.query_first("SELECT a.n, z.n FROM a, z").await.expect("an answer").expect("a row");
            assert_eq!(a, z);
        }
    };
    tokio::join!(writes, dumps);
}

#[tokio::test]
async fn what_a_dump_does_not_cover_is_said_and_not_left_out() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    for (n, sql) in [
        "CREATE VIEW v AS SELECT 1",
        "CREATE SEQUENCE s",
        "CREATE TRIGGER t BEFORE INSERT ON base FOR EACH ROW SET NEW.a = 1",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    ]
    .into_iter()
    .enumerate()
    {
        let database = format!("with_{n}_db");
        make(&server, &mysql, &database, &["CREATE TABLE base (a INT)", sql]).await;
        let fault = mysql.dump(&database, OURS).await.expect_err("not covered");
        assert_eq!(fault.kind, fault::Kind::Terminal);
        assert!(fault.cause.contains("does not cover"), "{sql}: {fault:?}");
    }
}

#[tokio::test]
async fn what_is_no_dump_changes_nothing() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    make(&server, &mysql, "acme_db", &["CREATE TABLE kept (a INT)", "INSERT INTO kept VALUES (1)"]).await;
    let dump = mysql.dump("acme_db", OURS).await.expect("an answer").expect("a dump");
    let cut = &dump[..dump.len() - 3];
    let grown = [&dump, b"DROP DATABASE mysql;\n".as_slice()].concat();
    for wrong in [b"".as_slice(), b"DROP TABLE kept;\n", b"\xff", cut, &grown] {
        let fault = mysql.restore("acme_db", OURS, wrong).await.expect_err("no dump");
        assert_eq!(fault.kind, fault::Kind::Terminal);
    }
    assert!(mysql.dump("acme_db", OURS).await.expect("an answer").expect("a dump") == dump);
}

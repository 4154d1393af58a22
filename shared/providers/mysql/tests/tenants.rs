//! What a tenant's user may do on a real MariaDB, seen by connecting as one.

mod mariadb;

use mysql::{Holder, Kind, Login, MySql, Server, Wire};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::mariadb::{Certificate, MariaDb};

const OURS: &str = "demo/acme-7f3a9c";
const THEIRS: &str = "demo/other-012345";
const PASSWORD: &str = "hunter2";

/// A database with a user of its own.
async fn service(mysql: &MySql, name: &str, owner: &str) {
    mysql.create_database(name, owner).await.expect("made");
    mysql.put_user(&format!("{name}_user"), owner, &PASSWORD.into()).await.expect("made");
    mysql.grant(&format!("{name}_user"), name, owner).await.expect("granted");
}

async fn sign_in(server: &MariaDb, name: &str) -> Conn {
    server.connect(&format!("{name}_user"), PASSWORD, Some(name)).await.expect("it signs in")
}

/// The code of the refusal of a statement, if it was refused.
async fn refusal(conn: &mut Conn, sql: &str) -> Option<u16> {
    match conn.query_drop(sql).await {
        Ok(()) => None,
        Err(mysql_async::Error::Server(said)) => Some(said.code),
        Err(e) => panic!("{sql}: {e}"),
    }
}

#[tokio::test]
async fn a_service_and_its_migrations_do_what_they_do() {
    let server = MariaDb::start().await;
    service(&server.mysql(), "acme_auth_db", OURS).await;
    let mut conn = sign_in(&server, "acme_auth_db").await;
    for sql in [
        "CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name TEXT)",
        "CREATE TABLE tokens (id INT PRIMARY KEY, user_id INT NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id))",
        "ALTER TABLE users ADD COLUMN email VARCHAR(255)",
        "CREATE INDEX by_email ON users (email)",
        "INSERT INTO users (name) VALUES ('Zo\u{eb} \u{1f980}')",
        "INSERT INTO tokens VALUES (1, 1)",
        "UPDATE users SET email = 'a@example.com'",
        "DELETE FROM tokens",
        "DROP INDEX by_email ON users",
        "DROP TABLE tokens",
        "RENAME TABLE users TO people",
    ] {
        assert_eq!(refusal(&mut conn, sql).await, None, "{sql}");
    }
    let set: Option<(String, String)> =
        conn.query_first("SELECT @@character_set_database, @@collation_database").await.expect("an answer");
    assert_eq!(set, Some(("utf8mb4".to_owned(), "utf8mb4_unicode_ci".to_owned())));
}

#[tokio::test]
async fn what_is_not_the_services_is_refused() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    service(&mysql, "acme_auth_db", OURS).await;
    service(&mysql, "acme_orders_db", OURS).await;
    service(&mysql, "other_auth_db", THEIRS).await;
    server.as_root(&["CREATE TABLE other_auth_db.secrets (it INT)"]).await;
    let mut conn = sign_in(&server, "acme_auth_db").await;
    for sql in [
        "SELECT * FROM other_auth_db.secrets",
        "INSERT INTO other_auth_db.secrets VALUES (1)",
        "USE other_auth_db",
        "USE acme_orders_db",
        "USE tenantry",
        "SELECT * FROM tenantry.owners",
        "SELECT * FROM mysql.user",
        "CREATE DATABASE mine_db",
        "DROP DATABASE other_auth_db",
        "CREATE USER me",
        "GRANT SELECT ON acme_auth_db.* TO other_auth_db_user",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE PROCEDURE mine() SELECT 1",
        "CREATE TABLE mine (a INT, FOREIGN KEY (a) REFERENCES other_auth_db.secrets (it))",
        "SELECT 1 INTO OUTFILE 'mine'",
        "SET GLOBAL max_connections = 1",
    ] {
        assert!(matches!(refusal(&mut conn, sql).await, Some(1044 | 1142 | 1227 | 1370 | 1045)), "{sql}");
    }
    let seen: Vec<String> = conn.query("SHOW DATABASES").await.expect("an answer");
    assert_eq!(seen, ["acme_auth_db", "information_schema"]);
}

/// What the crate grants, and what the same grant does when the name is not escaped.
#[tokio::test]
async fn an_unescaped_grant_opens_the_neighbours_database_and_ours_does_not() {
    let server = MariaDb::start().await;
    let mysql = server.mysql();
    service(&mysql, "abc_corp_db", OURS).await;
    service(&mysql, "abcXcorpXdb", THEIRS).await;
    server.as_root(&["CREATE TABLE abcXcorpXdb.secrets (it INT)"]).await;
    let theirs = "SELECT * FROM abcXcorpXdb.secrets";
    let mut conn = sign_in(&server, "abc_corp_db").await;
    assert_eq!(refusal(&mut conn, theirs).await, Some(1142));
    server
        .as_root(&[
            "CREATE USER naive@'%' IDENTIFIED BY 'hunter2'",
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON abc_corp_db.* TO naive@'%'",
        ])
        .await;
    let mut naive = server.connect("naive", PASSWORD, Some("abc_corp_db")).await.expect("it signs in");
    assert_eq!(refusal(&mut naive, theirs).await, None, "the trap is gone: is the escaping still needed?");
}

#[tokio::test]
async fn a_user_of_whatever_host_is_somebodys() {
    let server = MariaDb::start().await;
    server.as_root(&["CREATE USER acme_auth@localhost IDENTIFIED BY 'theirs'"]).await;
    let mysql = server.mysql();
    assert_eq!(mysql.holder(Kind::User, "acme_auth").await.expect("an answer"), Holder::Stranger);
    mysql.put_user("acme_auth", OURS, &PASSWORD.into()).await.expect_err("a stranger's");
}

#[tokio::test]
async fn a_name_in_other_letters_is_another() {
    let server = MariaDb::start().await;
    server.as_root(&["CREATE DATABASE ACME_db"]).await;
    let mysql = server.mysql();
    assert_eq!(mysql.holder(Kind::Database, "acme_db").await.expect("an answer"), Holder::Nobody);
    mysql.create_database("acme_db", OURS).await.expect("made");
    mysql.drop_database("acme_db", OURS).await.expect("dropped");
    assert_eq!(mysql.holder(Kind::Database, "ACME_db").await.expect("an answer"), Holder::Stranger);
}

/// Invariant 8.
#[tokio::test]
async fn no_password_is_in_a_fault_or_in_what_is_printed() {
    let server = MariaDb::start().await;
    service(&server.mysql(), "acme_db", OURS).await;
    // A user who may not make users, in the administrator's place.
    let login = Login { username: "acme_db_user".to_owned(), password: PASSWORD.into(), ..server.login() };
    server
        .as_root(&[
            "GRANT SELECT, INSERT ON tenantry.* TO acme_db_user",
            "GRANT SELECT ON mysql.* TO acme_db_user",
        ])
        .await;
    let mysql = MySql::new(Wire::Network(Server::new(&login)));
    let fault = mysql.put_user("another", OURS, &"Tr0ub4dor".into()).await.expect_err("it may not");
    assert_eq!(fault.cause, "mysql refused: 1227");
    assert!(fault.hint.is_some());
    let printed = format!("{fault:?} {mysql:?} {login:?}");
    assert!(!printed.contains("Tr0ub4dor") && !printed.contains(PASSWORD), "{printed}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_may_answer_later() {
    let login = MariaDb::start().await.login();
    let mysql = MySql::new(Wire::Network(Server::new(&login)));
    let fault = mysql.holder(Kind::User, "acme").await.expect_err("it was stopped");
    assert_eq!((fault.kind, fault.unanswered), (fault::Kind::Transient, true));
}

#[tokio::test]
async fn a_wrong_login_is_ours_to_mend() {
    let server = MariaDb::start().await;
    let login = Login { password: "wrong".into(), ..server.login() };
    let mysql = MySql::new(Wire::Network(Server::new(&login)));
    let fault = mysql.create_database("acme_db", OURS).await.expect_err("refused");
    assert_eq!((fault.kind, fault.actor), (fault::Kind::Terminal, fault::Actor::Us));
    assert!(fault.hint.is_some());
}

#[tokio::test]
async fn a_server_is_trusted_whom_the_authority_vouches_for() {
    let (known, unknown) = (Certificate::new("known"), Certificate::new("unknown"));
    let server = MariaDb::start_with(&known.options()).await;
    server.as_root(&["ALTER USER operator@'%' REQUIRE SSL"]).await;
    let trusting = |ca| MySql::new(Wire::Network(Server::new(&Login { tls: true, ca, ..server.login() })));
    trusting(Some(known.authority()))
        .create_database("acme_db", OURS)
        .await
        .expect("an encrypted connection");
    for ca in [Some(unknown.authority()), None] {
        let fault = trusting(ca).holder(Kind::Database, "acme_db").await.expect_err("nobody vouches for it");
        assert_eq!((fault.kind, fault.unanswered), (fault::Kind::Terminal, false), "{fault:?}");
    }
    server.mysql().holder(Kind::Database, "acme_db").await.expect_err("it is not encrypted");
    let open = MariaDb::start().await;
    let login = Login { tls: true, ca: Some(known.authority()), ..open.login() };
    let fault = MySql::new(Wire::Network(Server::new(&login))).holder(Kind::Database, "acme_db").await;
    let fault = fault.expect_err("a server without encryption is not talked to");
    assert_eq!(fault.kind, fault::Kind::Terminal);
}

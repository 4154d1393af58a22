//! What a server keeps to: a real MariaDB, and the one in memory.

mod mariadb;

use std::sync::Arc;

use fault::Kind as Fault;
use mysql::{Holder, Kind, Memory, MySql, Wire};
use rstest::rstest;
use secrets::SecretString;

use crate::mariadb::MariaDb;

const OURS: &str = "demo/acme-7f3a9c";
const THEIRS: &str = "demo/other-012345";

#[derive(Clone, Copy, Debug)]
enum Of {
    MariaDb,
    Memory,
}

/// A server, until it is dropped.
struct Peer {
    mysql: MySql,
    server: Result<MariaDb, Memory>,
}

impl Peer {
    async fn new(of: Of) -> Self {
        match of {
            Of::MariaDb => {
                let server = MariaDb::start().await;
                Self { mysql: server.mysql(), server: Ok(server) }
            }
            Of::Memory => {
                let memory = Memory::default();
                Self { mysql: MySql::new(Wire::InProcess(Arc::new(memory.clone()))), server: Err(memory) }
            }
        }
    }

    /// Makes a database by somebody else's hand.
    async fn database_of_a_stranger(&self, name: &str) {
        match &self.server {
            Ok(server) => server.as_root(&[&format!("CREATE DATABASE `{name}`")]).await,
            Err(memory) => memory.fill(name, b""),
        }
    }
}

fn password() -> SecretString {
    SecretString::from("hunter2")
}

fn owner(mark: &str) -> Holder {
    Holder::Owner(mark.to_owned())
}

#[rstest]
#[tokio::test]
async fn on_a_server_that_knows_nothing_of_us_nothing_is_anybodys(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    assert_eq!(mysql.holder(Kind::Database, "acme_auth_db").await.expect("an answer"), Holder::Nobody);
    assert_eq!(mysql.holder(Kind::User, "acme_auth").await.expect("an answer"), Holder::Nobody);
    assert!(mysql.owned(Kind::Database, None).await.expect("an answer").items.is_empty());
    mysql.drop_database("acme_auth_db", OURS).await.expect("gone");
    mysql.drop_user("acme_auth", OURS).await.expect("gone");
}

#[rstest]
#[tokio::test]
async fn what_is_made_twice_is_made_once_and_dropped_for_good(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    for _ in 0..2 {
        mysql.create_database("acme_auth_db", OURS).await.expect("made");
        mysql.put_user("acme_auth", OURS, &password()).await.expect("made");
        mysql.grant("acme_auth", "acme_auth_db", OURS).await.expect("granted");
    }
    assert_eq!(mysql.holder(Kind::Database, "acme_auth_db").await.expect("an answer"), owner(OURS));
    assert_eq!(mysql.holder(Kind::User, "acme_auth").await.expect("an answer"), owner(OURS));
    for _ in 0..2 {
        mysql.drop_user("acme_auth", OURS).await.expect("dropped");
        mysql.drop_database("acme_auth_db", OURS).await.expect("dropped");
    }
    assert_eq!(mysql.holder(Kind::Database, "acme_auth_db").await.expect("an answer"), Holder::Nobody);
    assert_eq!(mysql.holder(Kind::User, "acme_auth").await.expect("an answer"), Holder::Nobody);
    assert!(!mysql.can_use("acme_auth_db", "acme_auth", &password()).await.expect("an answer"));
}

/// Invariant 2.
#[rstest]
#[tokio::test]
async fn what_somebody_else_owns_is_neither_taken_nor_changed_nor_dropped(
    #[values(Of::MariaDb, Of::Memory)] of: Of,
) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("acme_auth_db", THEIRS).await.expect("made");
    mysql.put_user("acme_auth", THEIRS, &password()).await.expect("made");
    mysql.grant("acme_auth", "acme_auth_db", THEIRS).await.expect("granted");
    mysql.create_database("mine_db", OURS).await.expect("made");
    let refusals = [
        mysql.create_database("acme_auth_db", OURS).await,
        mysql.put_user("acme_auth", OURS, &"another".into()).await,
        mysql.grant("acme_auth", "mine_db", OURS).await,
        mysql.restore("acme_auth_db", OURS, b"").await,
        mysql.dump("acme_auth_db", OURS).await.map(drop),
    ];
    for refusal in refusals {
        assert_eq!(refusal.expect_err("theirs").kind, Fault::Terminal);
    }
    mysql.drop_database("acme_auth_db", OURS).await.expect("not ours: nothing to do");
    mysql.drop_user("acme_auth", OURS).await.expect("not ours: nothing to do");
    assert!(mysql.can_use("acme_auth_db", "acme_auth", &password()).await.expect("an answer"));
    assert!(!mysql.can_use("mine_db", "acme_auth", &password()).await.expect("an answer"));
}

/// Invariant 2.
#[rstest]
#[tokio::test]
async fn what_was_made_without_us_is_nobodys_to_take(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let peer = Peer::new(of).await;
    peer.database_of_a_stranger("acme_auth_db").await;
    let mysql = &peer.mysql;
    assert_eq!(mysql.holder(Kind::Database, "acme_auth_db").await.expect("an answer"), Holder::Stranger);
    let refused = mysql.create_database("acme_auth_db", OURS).await.expect_err("a stranger's");
    assert_eq!(refused.kind, Fault::Terminal);
    assert!(refused.hint.is_some());
    mysql.drop_database("acme_auth_db", OURS).await.expect("not ours: nothing to do");
    assert_eq!(mysql.holder(Kind::Database, "acme_auth_db").await.expect("an answer"), Holder::Stranger);
    // Our own is not for tenants.
    mysql.create_database("mine_db", OURS).await.expect("made");
    mysql.create_database("tenantry", OURS).await.expect_err("the owners' own");
}

#[rstest]
#[tokio::test]
async fn a_user_gets_in_where_it_was_let_in_and_nowhere_else(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("acme_auth_db", OURS).await.expect("made");
    mysql.create_database("acme_orders_db", OURS).await.expect("made");
    mysql.put_user("acme_auth", OURS, &password()).await.expect("made");
    let user = "acme_auth";
    assert!(!mysql.can_use("acme_auth_db", user, &password()).await.expect("not yet"));
    mysql.grant(user, "acme_auth_db", OURS).await.expect("granted");
    assert!(mysql.can_use("acme_auth_db", user, &password()).await.expect("granted"));
    assert!(!mysql.can_use("acme_orders_db", user, &password()).await.expect("another service's"));
    assert!(!mysql.can_use("tenantry", user, &password()).await.expect("the owners'"));
    assert!(!mysql.can_use("acme_auth_db", user, &"wrong".into()).await.expect("a wrong password"));
    assert!(!mysql.can_use("acme_auth_db", "nobody", &password()).await.expect("no such user"));
}

/// A grant on `abc_corp_db` that is not escaped opens this neighbour.
#[rstest]
#[tokio::test]
async fn a_name_that_only_looks_alike_stays_closed(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("abc_corp_db", OURS).await.expect("made");
    mysql.create_database("abcXcorpXdb", THEIRS).await.expect("made");
    mysql.put_user("abc_corp", OURS, &password()).await.expect("made");
    mysql.grant("abc_corp", "abc_corp_db", OURS).await.expect("granted");
    assert!(mysql.can_use("abc_corp_db", "abc_corp", &password()).await.expect("granted"));
    assert!(!mysql.can_use("abcXcorpXdb", "abc_corp", &password()).await.expect("a neighbour's"));
}

#[rstest]
#[tokio::test]
async fn the_last_password_counts(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("acme_auth_db", OURS).await.expect("made");
    // Whatever stands in it.
    let passwords = ["hunter2", r#"it's "a\ '; DROP DATABASE acme_auth_db; -- %"#, "ünï\u{1f980}\n"];
    for password in passwords {
        mysql.put_user("acme_auth", OURS, &password.into()).await.expect("made or changed");
        mysql.grant("acme_auth", "acme_auth_db", OURS).await.expect("granted");
        for other in passwords {
            let gets_in = mysql.can_use("acme_auth_db", "acme_auth", &other.into()).await.expect("an answer");
            assert_eq!(gets_in, other == password, "{other}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn names_stay_names_whatever_stands_in_them(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("kept_db", OURS).await.expect("made");
    let name = r"a`'b\%_`; DROP DATABASE kept_db; #";
    let user = r"u'`\@'%'; DROP USER x; -- ";
    let user = user.trim_end();
    mysql.create_database(name, OURS).await.expect("made");
    mysql.put_user(user, OURS, &password()).await.expect("made");
    mysql.grant(user, name, OURS).await.expect("granted");
    assert!(mysql.can_use(name, user, &password()).await.expect("granted"));
    assert!(!mysql.can_use("kept_db", user, &password()).await.expect("not granted"));
    mysql.drop_user(user, OURS).await.expect("dropped");
    mysql.drop_database(name, OURS).await.expect("dropped");
    assert_eq!(mysql.holder(Kind::Database, name).await.expect("an answer"), Holder::Nobody);
    assert_eq!(mysql.holder(Kind::Database, "kept_db").await.expect("an answer"), owner(OURS));
}

#[rstest]
#[tokio::test]
async fn a_name_that_is_too_long_is_refused_before_it_is_written_down(
    #[values(Of::MariaDb, Of::Memory)] of: Of,
) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    let refused =
        mysql.put_user(&"u".repeat(33), OURS, &password()).await.expect_err("MariaDB alone takes it");
    assert_eq!(refused.kind, Fault::Terminal);
    assert!(mysql.owned(Kind::User, None).await.expect("an answer").items.is_empty());
}

#[rstest]
#[tokio::test]
async fn all_that_has_an_owner_is_listed_in_parts(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.put_user("user", THEIRS, &password()).await.expect("made");
    let names: Vec<String> = (0..101).map(|n| format!("db_{n:03}")).collect();
    for name in &names {
        mysql.create_database(name, OURS).await.expect("made");
    }
    let first = mysql.owned(Kind::Database, None).await.expect("a part");
    let second = mysql.owned(Kind::Database, first.next.as_deref()).await.expect("a part");
    assert_eq!((first.items.len(), second.items.len(), second.next), (100, 1, None));
    let listed: Vec<_> = first.items.iter().chain(&second.items).map(|owned| owned.name.clone()).collect();
    assert_eq!(listed, names);
    assert!(first.items.iter().all(|owned| owned.owner == OURS));
    let age = clock::now().duration_since(first.items[0].made_at);
    assert!((0..60).contains(&age.as_secs()), "{age}");
    let users = mysql.owned(Kind::User, None).await.expect("a part");
    assert_eq!(users.items.iter().map(|owned| owned.owner.as_str()).collect::<Vec<_>>(), [THEIRS]);
}

#[rstest]
#[tokio::test]
async fn of_two_who_want_a_name_one_has_it(#[values(Of::MariaDb, Of::Memory)] of: Of) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    mysql.create_database("first_db", OURS).await.expect("the owners are prepared");
    let (ours, theirs) =
        tokio::join!(mysql.create_database("acme_db", OURS), mysql.create_database("acme_db", THEIRS));
    assert!(ours.is_ok() != theirs.is_ok(), "{ours:?} {theirs:?}");
    let winner = if ours.is_ok() { OURS } else { THEIRS };
    assert_eq!(mysql.holder(Kind::Database, "acme_db").await.expect("an answer"), owner(winner));
}

#[rstest]
#[tokio::test]
async fn a_database_that_is_not_there_is_neither_dumped_nor_restored(
    #[values(Of::MariaDb, Of::Memory)] of: Of,
) {
    let Peer { mysql, server: _server } = Peer::new(of).await;
    for refusal in [mysql.dump("acme_db", OURS).await.map(drop), mysql.restore("acme_db", OURS, b"").await] {
        assert_eq!(refusal.expect_err("no such database").kind, Fault::Terminal);
    }
}

#[tokio::test]
async fn what_memory_holds_is_dumped_and_restored_into_another() {
    let memory = Memory::default();
    let mysql = MySql::new(Wire::InProcess(Arc::new(memory.clone())));
    mysql.create_database("from_db", OURS).await.expect("made");
    mysql.create_database("into_db", OURS).await.expect("made");
    memory.fill("from_db", b"\0rows\xff");
    let dump = mysql.dump("from_db", OURS).await.expect("an answer").expect("a dump");
    mysql.restore("into_db", OURS, &dump).await.expect("restored");
    assert_eq!(memory.contents("into_db").as_deref(), Some(b"\0rows\xff".as_slice()));
    assert_eq!(memory.databases(), ["from_db", "into_db"]);
    assert!(memory.users().is_empty());
}

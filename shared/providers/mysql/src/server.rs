use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use jiff::Timestamp;
use mysql_async::prelude::Queryable;
use mysql_async::{
    Conn, DriverError, Error, IoError, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row,
    SslOpts,
};
use secrets::{ExposeSecret, SecretString};
use tokio::time::timeout;

use crate::dump::dump;
use crate::quote::{identifier, text};
use crate::restore::restore;
use crate::{ADMINISTRATION, Answer, Failure, Login, Owned, Statement};

/// How long one statement may take, and how long a dump or a restoration may.
const PATIENCE: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(600);

/// What each connection begins with. A backslash escapes, whatever the server's own mode; a moment is in UTC. A lock is waited
/// for as long as somebody waits for us, not for a year.
const SETUP: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', lock_wait_timeout = 5";

/// A server over the network: it renders statements as SQL.
#[derive(Clone)]
pub struct Server {
    opts: Opts,
    pool: Pool,
}

impl Server {
    /// The server that a login is for. Nothing is connected yet.
    #[must_use]
    pub fn new(login: &Login) -> Self {
        let tls = login.tls.then(|| match &login.ca {
            None => SslOpts::default(),
            Some(ca) => SslOpts::default()
                .with_root_certs(vec![ca.clone().into_bytes().into()])
                .with_disable_built_in_roots(true),
        });
        // A function that was frozen finds its connections closed: it keeps few, and none for long.
        let kept = PoolConstraints::new(0, 4).expect("none is fewer than four");
        let pool = PoolOpts::default()
            .with_constraints(kept)
            .with_inactive_connection_ttl(Duration::from_secs(20))
            .with_ttl_check_interval(Duration::from_secs(10));
        let opts: Opts = OptsBuilder::default()
            .ip_or_hostname(login.host.clone())
            .tcp_port(login.port)
            .user(Some(login.username.clone()))
            .pass(Some(login.password.expose_secret()))
            .prefer_socket(false)
            .ssl_opts(tls)
            .pool_opts(pool)
            .setup(vec![SETUP])
            .into();
        Self { pool: Pool::new(opts.clone()), opts }
    }

    pub(crate) async fn answer(&self, statement: Statement<'_>) -> Result<Answer, Failure> {
        let patience = match statement {
            Statement::Dump { .. } | Statement::Restore { .. } => LONG,
            _ => PATIENCE,
        };
        let answered = timeout(patience, Box::pin(self.exchange(statement))).await;
        answered.unwrap_or_else(|_| Err(Failure::Unanswered(format!("for {} s", patience.as_secs()))))
    }

    async fn exchange(&self, statement: Statement<'_>) -> Result<Answer, Failure> {
        match statement {
            Statement::PrepareOwners => {
                self.run(&format!(
                    "CREATE DATABASE IF NOT EXISTS {ADMINISTRATION} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                ))
                .await?;
                self.run(&format!(
                    "CREATE TABLE IF NOT EXISTS {ADMINISTRATION}.owners (
                       kind ENUM('database', 'user') NOT NULL,
                       name VARCHAR(64) NOT NULL,
                       owner VARCHAR(255) NOT NULL,
                       made_at BIGINT NOT NULL COMMENT 'milliseconds since 1970',
                       PRIMARY KEY (kind, name)
                     ) ENGINE = InnoDB, COMMENT = 'whose each database and user is'"
                ))
                .await
            }
            Statement::FindOwner { kind, name } => {
                let sql = format!("SELECT owner FROM {ADMINISTRATION}.owners WHERE kind = ? AND name = ?");
                let rows = self.rows(&sql, (kind.to_string(), name)).await?;
                rows.first().map(|row| column(row, 0)).transpose().map(Answer::Owner)
            }
            Statement::Claim { kind, name, owner, at } => {
                let sql = format!(
                    "INSERT INTO {ADMINISTRATION}.owners (kind, name, owner, made_at) VALUES (?, ?, ?, ?)"
                );
                self.rows(&sql, (kind.to_string(), name, owner, at.as_millisecond())).await?;
                Ok(Answer::Done)
            }
            Statement::Release { kind, name, owner } => {
                let sql =
                    format!("DELETE FROM {ADMINISTRATION}.owners WHERE kind = ? AND name = ? AND owner = ?");
                self.rows(&sql, (kind.to_string(), name, owner)).await?;
                Ok(Answer::Done)
            }
            Statement::ListOwners { kind, after, limit } => {
                let sql = format!(
                    "SELECT name, owner, made_at FROM {ADMINISTRATION}.owners WHERE kind = ? AND name > ? ORDER BY name LIMIT ?"
                );
                let rows = self.rows(&sql, (kind.to_string(), after, limit)).await?;
                rows.iter().map(owned).collect::<Result<_, _>>().map(Answer::Owners)
            }
            Statement::FindDatabase { name } => {
                self.there("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", name)
                    .await
            }
            Statement::CreateDatabase { name } => {
                let of = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
                self.run(&format!("CREATE DATABASE IF NOT EXISTS {} {of}", identifier(name))).await
            }
            Statement::DropDatabase { name } => {
                self.run(&format!("DROP DATABASE IF EXISTS {}", identifier(name))).await
            }
            // From wherever: `'app'@'localhost'` is somebody's, too.
            Statement::FindUser { name } => {
                self.there("SELECT User FROM mysql.user WHERE User = ?", name).await
            }
            Statement::CreateUser { name, password } => {
                self.identify("CREATE USER IF NOT EXISTS", name, password).await
            }
            Statement::SetPassword { name, password } => self.identify("ALTER USER", name, password).await,
            Statement::DropUser { name } => self.run(&format!("DROP USER IF EXISTS {}", user(name))).await,
            Statement::Grant { user: name, pattern } => {
                let rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES";
                self.run(&format!("GRANT {rights} ON {}.* TO {}", identifier(pattern), user(name))).await
            }
            Statement::SignIn { user, password, database } => {
                let opts = OptsBuilder::from_opts(self.opts.clone())
                    .user(Some(user))
                    .pass(Some(password.expose_secret()))
                    .db_name(Some(database));
                let conn = Conn::new(opts).await.map_err(failure)?;
                conn.disconnect().await.map_err(failure)?;
                Ok(Answer::Done)
            }
            Statement::Dump { database } => {
                let mut conn = self.inside(database).await?;
                let dump = dump(&mut conn).await?;
                conn.disconnect().await.map_err(failure)?;
                Ok(Answer::Dump(dump))
            }
            Statement::Restore { database, dump } => {
                let mut conn = self.inside(database).await?;
                restore(&mut conn, dump).await?;
                conn.disconnect().await.map_err(failure)?;
                Ok(Answer::Done)
            }
        }
    }

    /// A connection of its own, in a database: what is set in it ends with it.
    async fn inside(&self, database: &str) -> Result<Conn, Failure> {
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(Some(database));
        Conn::new(opts).await.map_err(failure)
    }

    async fn run(&self, sql: &str) -> Result<Answer, Failure> {
        let mut conn = self.pool.get_conn().await.map_err(failure)?;
        conn.query_drop(sql).await.map_err(failure)?;
        Ok(Answer::Done)
    }

    async fn rows(&self, sql: &str, parameters: impl Into<Params> + Send) -> Result<Vec<Row>, Failure> {
        let mut conn = self.pool.get_conn().await.map_err(failure)?;
        conn.exec(sql, parameters.into()).await.map_err(failure)
    }

    /// Whether exactly this name is found: the server may compare without regard to case.
    async fn there(&self, sql: &str, name: &str) -> Result<Answer, Failure> {
        let rows = self.rows(sql, (name,)).await?;
        let names: Vec<String> = rows.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
        Ok(Answer::There(names.iter().any(|found| found == name)))
    }

    /// A password cannot be a parameter of these two. What the server says of them is not repeated: it quotes what it does
    /// not understand.
    async fn identify(&self, act: &str, name: &str, password: &SecretString) -> Result<Answer, Failure> {
        let sql = SecretString::from(format!(
            "{act} {} IDENTIFIED BY {}",
            user(name),
            text(password.expose_secret())
        ));
        self.run(sql.expose_secret()).await.map_err(|failure| match failure {
            Failure::Refused { code, .. } => Failure::Refused { code, message: String::new() },
            failure => failure,
        })
    }
}

/// Without the login.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.opts.ip_or_hostname(), self.opts.tcp_port())
    }
}

/// A user who may come from anywhere.
fn user(name: &str) -> String {
    format!("{}@'%'", text(name))
}

fn owned(row: &Row) -> Result<Owned, Failure> {
    let at: i64 = column(row, 2)?;
    let made_at =
        Timestamp::from_millisecond(at).map_err(|e| Failure::Unable(format!("{at} is no moment: {e}")))?;
    Ok(Owned { name: column(row, 0)?, owner: column(row, 1)?, made_at })
}

pub(crate) fn column<T: mysql_async::prelude::FromValue>(row: &Row, at: usize) -> Result<T, Failure> {
    let value = row.get_opt(at).and_then(Result::ok);
    value.ok_or_else(|| {
        Failure::Unable(format!("mysql answered something else than was asked, in column {at}"))
    })
}

pub(crate) fn failure(error: Error) -> Failure {
    let untrusted = |why: &dyn fmt::Display| {
        Failure::Unable(format!("mysql cannot be trusted: {why}; is `ca` in the login who vouches for it?"))
    };
    match error {
        Error::Server(said) => Failure::Refused { code: said.code, message: said.message },
        Error::Driver(error @ DriverError::NoClientSslFlagFromServer) => untrusted(&error),
        Error::Io(IoError::Tls(error)) => untrusted(&error),
        // So the TLS library wraps what is wrong with a certificate.
        Error::Io(IoError::Io(error)) if error.kind() == ErrorKind::InvalidData => untrusted(&error),
        error => Failure::Unanswered(error.to_string()),
    }
}

//! A real MariaDB, started for one test and ended with it.

#![allow(clippy::disallowed_methods)] // A program is started, and waited for.
#![allow(dead_code)] // Each test file has its part of it.

use std::fs::{File, create_dir_all, remove_dir_all};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mysql::{Login, MySql, Server, Wire};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};

/// The administrator, with what the crate's documentation says it needs, and nothing else.
const OPERATOR: (&str, &str) = ("operator", "op'erator");
const RIGHTS: &str =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE USER, TRIGGER, EVENT";

#[derive(Debug)]
pub(crate) struct MariaDb {
    process: Child,
    directory: Directory,
    port: u16,
}

/// Gone with the test, also with one that fails.
#[derive(Debug)]
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

impl MariaDb {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(options: &[String]) -> Self {
        // Somebody else may be given a free port before the server takes it.
        for _ in 0..3 {
            if let Some(server) = Self::attempt(options).await {
                return server;
            }
        }
        panic!("mariadbd does not start: what is free is taken each time");
    }

    async fn attempt(options: &[String]) -> Option<Self> {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let directory = std::env::temp_dir().join(format!("tenantry-mariadb-{}-{port}", std::process::id()));
        let kept = Directory(directory.clone());
        // Of its own: a server that starts removes what others keep in theirs for a while.
        let temporary = directory.join("tmp");
        create_dir_all(&temporary).expect("a directory");
        let data = format!("--datadir={}", directory.join("data").display());
        let me = Command::new("id").arg("-un").output().expect("id says who we are");
        let me = format!("--user={}", String::from_utf8_lossy(&me.stdout).trim());
        let log = |name: &str| File::create(directory.join(name)).expect("a log");
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data, &me])
            .env("TMPDIR", &temporary)
            .stdout(log("install.log"))
            .stderr(log("install.err"))
            .status()
            .expect("mariadb-install-db runs: infra/tools/system installs it");
        assert!(installed.success(), "no data: {}", read(&directory.join("install.err")));
        let (name, password) = OPERATOR;
        let operator = format!(
            "CREATE USER {name}@'%' IDENTIFIED BY '{}';\nGRANT {RIGHTS} ON *.* TO {name}@'%' WITH GRANT OPTION;\n",
            password.replace('\'', "''")
        );
        std::fs::write(directory.join("operator.sql"), operator).expect("a file");
        // It must not outlive a test that is killed.
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "mariadbd", "--no-defaults", &data, &me])
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=16M"])
            .args(["--performance-schema=OFF", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"])
            .env("TMPDIR", &temporary)
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", directory.join("socket").display()))
            .arg(format!("--init-file={}", directory.join("operator.sql").display()))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log("server.log"))
            .spawn()
            .expect("setpriv starts mariadbd");
        let mut server = Self { process, directory: kept, port };
        server.answers().await.then_some(server)
    }

    async fn answers(&mut self) -> bool {
        for _ in 0..600 {
            if self.process.try_wait().expect("its state").is_some() {
                return false;
            }
            if let Ok(conn) = Conn::new(self.opts(&self.login())).await {
                conn.disconnect().await.expect("disconnected");
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mariadbd does not answer: {}", read(&self.directory.0.join("server.log")));
    }

    /// The administrator's.
    pub(crate) fn login(&self) -> Login {
        let (username, password) = OPERATOR;
        Login {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            username: username.to_owned(),
            password: password.into(),
            tls: false,
            ca: None,
        }
    }

    pub(crate) fn mysql(&self) -> MySql {
        MySql::new(Wire::Network(Server::new(&self.login())))
    }

    /// Runs SQL as the superuser, who is somebody else.
    pub(crate) async fn as_root(&self, sql: &[&str]) {
        let mut conn = self.connect("root", "", None).await.expect("root connects");
        for statement in sql {
            conn.query_drop(*statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        conn.disconnect().await.expect("disconnected");
    }

    /// Has the server's own client read SQL into a database.
    pub(crate) fn client(&self, database: &str, sql: &[u8]) {
        use std::io::Write;
        let mut client = Command::new("mariadb")
            .args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"])
            .args([&format!("--port={}", self.port), database])
            .stdin(Stdio::piped())
            .spawn()
            .expect("mariadb runs: infra/tools/system installs it");
        client.stdin.take().expect("its input").write_all(sql).expect("it reads");
        assert!(client.wait().expect("it ends").success());
    }

    pub(crate) async fn connect(
        &self,
        user: &str,
        password: &str,
        database: Option<&str>,
    ) -> Result<Conn, mysql_async::Error> {
        let login = Login { username: user.to_owned(), password: password.into(), ..self.login() };
        Conn::new(OptsBuilder::from_opts(self.opts(&login)).db_name(database)).await
    }

    fn opts(&self, login: &Login) -> OptsBuilder {
        use secrets::ExposeSecret;
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .prefer_socket(false)
            .user(Some(login.username.clone()))
            .pass(Some(login.password.expose_secret()))
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // Nobody wants its data: it need not be written.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate for 127.0.0.1, and the authority that signed it.
#[derive(Debug)]
pub(crate) struct Certificate {
    directory: Directory,
}

impl Certificate {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tenantry-{name}-{}", std::process::id()));
        create_dir_all(&path).expect("a directory");
        let openssl = |arguments: &str| {
            let ended = Command::new("openssl").args(arguments.split(' ')).current_dir(&path).output();
            let ended = ended.expect("openssl runs: infra/tools/system installs it");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        std::fs::write(path.join("names"), "subjectAltName=IP:127.0.0.1").expect("a file");
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
        openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
        );
        Self { directory: Directory(path) }
    }

    pub(crate) fn options(&self) -> Vec<String> {
        let file = |name: &str| self.directory.0.join(name).display().to_string();
        vec![format!("--ssl-cert={}", file("server.pem")), format!("--ssl-key={}", file("server.key"))]
    }

    pub(crate) fn authority(&self) -> String {
        read(&self.directory.0.join("ca.pem"))
    }
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

//! A real sshd, started for one test and ended with it, and with it whatever it runs.

#![allow(clippy::disallowed_methods)] // A program is started, and waited for.
#![allow(dead_code)] // Each test has its part of it.

use std::fs::{create_dir_all, remove_dir_all};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ssh::{Host, Login};

#[derive(Debug)]
pub(crate) struct Sshd {
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

impl Sshd {
    /// One that runs whatever it is asked to.
    pub(crate) async fn start() -> Self {
        Self::start_with("ed25519", "", |_| String::new()).await
    }

    /// One that runs the same program whatever it is asked to, as a bench host's does.
    pub(crate) async fn forced(command: impl Fn(&Path) -> String) -> Self {
        Self::start_with("ed25519", "", |directory| format!("command=\"{}\",restrict ", command(directory)))
            .await
    }

    /// One that is known by a key of that kind, has more in its configuration, and says what it allows our key.
    pub(crate) async fn start_with(kind: &str, more: &str, allows: impl Fn(&Path) -> String) -> Self {
        // Somebody else may be given a free port before the server takes it.
        for _ in 0..3 {
            if let Some(server) = Self::attempt(kind, more, &allows).await {
                return server;
            }
        }
        panic!("sshd does not start: what is free is taken each time");
    }

    async fn attempt(kind: &str, more: &str, allows: &impl Fn(&Path) -> String) -> Option<Self> {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let path = std::env::temp_dir().join(format!("tenantry-sshd-{}-{port}", std::process::id()));
        let directory = Directory(path.clone());
        create_dir_all(&path).expect("a directory");
        // Where a server that is root's puts those who have not signed in.
        let _ = create_dir_all("/run/sshd");
        keygen(&path.join("host"), kind);
        keygen(&path.join("ours"), "ed25519");
        keygen(&path.join("theirs"), "ed25519");
        let ours = read(&path.join("ours.pub"));
        std::fs::write(path.join("authorized_keys"), format!("{}{ours}", allows(&path))).expect("a file");
        // What runs is a shell's, and a shell has its user's own words first, which may complain.
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\n\
             HostKey {here}/host\n\
             AuthorizedKeysFile {here}/authorized_keys\n\
             AuthenticationMethods publickey\n\
             PermitRootLogin prohibit-password\n\
             StrictModes no\n\
             UsePAM no\n\
             PidFile none\n\
             SetEnv HOME={here}\n\
             {more}\n",
            here = path.display()
        );
        std::fs::write(path.join("sshd_config"), config).expect("a file");
        // It must not outlive a test that is killed. It starts itself anew for each connection, and so wants its whole path.
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "/usr/sbin/sshd", "-D", "-f"])
            .arg(path.join("sshd_config"))
            .arg("-E")
            .arg(path.join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv starts sshd: infra/tools/system installs it");
        let mut server = Self { process, directory, port };
        server.answers().await.then_some(server)
    }

    async fn answers(&mut self) -> bool {
        for _ in 0..200 {
            if self.process.try_wait().expect("its state").is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("sshd does not answer: {}", read(&self.path("log")));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.0.join(name)
    }

    /// What a program has written into a file, once it is there.
    pub(crate) async fn written(&self, name: &str) -> String {
        for _ in 0..500 {
            let file = self.path(name);
            if file.exists() {
                return read(&file);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody writes {name}: {}", read(&self.path("log")));
    }

    /// As whoever may sign in, to the host that it is.
    pub(crate) fn login(&self) -> Login {
        let me = Command::new("id").arg("-un").output().expect("id says who we are");
        Login {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: String::from_utf8_lossy(&me.stdout).trim().to_owned(),
            private_key: read(&self.path("ours")).into(),
            host_key: read(&self.path("host.pub")),
        }
    }

    pub(crate) fn host(&self) -> Host {
        Host::new(&self.login()).expect("a login")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Each connection has a process of its own, which lives on without this one, and which this one buries.
        for _ in 0..100 {
            let connections = children(self.process.id());
            if connections.is_empty() {
                break;
            }
            connections.into_iter().for_each(kill);
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn kill(process: u32) {
    let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
}

fn children(of: u32) -> Vec<u32> {
    let listed =
        Command::new("ps").args(["-o", "pid=", "--ppid", &of.to_string()]).output().expect("ps runs");
    String::from_utf8_lossy(&listed.stdout).split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn keygen(file: &Path, kind: &str) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-f"]).arg(file).status();
    assert!(made.expect("ssh-keygen runs: infra/tools/system installs it").success());
}

pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

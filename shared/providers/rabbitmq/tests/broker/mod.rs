//! A real RabbitMQ, started for one test and ended with it.

#![allow(clippy::disallowed_methods)] // A program is started, and waited for.
#![allow(dead_code)] // Each test file has its part of it.

use std::fs::{File, create_dir_all, read_to_string, remove_dir_all, write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http_client::{Http, client};
use rabbitmq::{Login, RabbitMq};

/// Not the wrapper that Debian has in the path: that one runs as a user of its own.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The administrator that it has from the start.
pub(crate) const OPERATOR: (&str, &str) = ("guest", "op:erator");

#[derive(Debug)]
pub(crate) struct Broker {
    server: Child,
    mapper: Child,
    _directory: Directory,
    /// Where clients connect, and where the management API answers.
    pub(crate) amqp: u16,
    management: u16,
}

/// Gone with the test, also with one that fails.
#[derive(Debug)]
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

impl Broker {
    pub(crate) async fn start() -> Self {
        // Somebody else may be given a free port before the broker takes it.
        for _ in 0..3 {
            if let Some(broker) = Self::attempt().await {
                return broker;
            }
        }
        panic!("rabbitmq-server does not start: what is free is taken each time");
    }

    async fn attempt() -> Option<Self> {
        let held: Vec<TcpListener> =
            (0..4).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let port = |n: usize| held[n].local_addr().expect("a port").port();
        let (amqp, management, mapping, distribution) = (port(0), port(1), port(2), port(3));
        drop(held);
        let path = std::env::temp_dir().join(format!("tenantry-rabbitmq-{}-{amqp}", std::process::id()));
        create_dir_all(&path).expect("a directory");
        let directory = Directory(path.clone());
        let within = |name: &str| path.join(name);
        let (name, password) = OPERATOR;
        let configuration = format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n\
             default_user = {name}\ndefault_pass = {password}\n"
        );
        write(within("rabbit.conf"), configuration).expect("a file");
        write(within("plugins"), "[rabbitmq_management].").expect("a file");
        let log = |name: &str| File::create(within(name)).expect("a log");
        // Neither must outlive a test that is killed. The mapper of names would start by itself, and stay.
        let mapper = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "epmd", "-address", "127.0.0.1", "-port", &mapping.to_string()])
            .stdin(Stdio::null())
            .stdout(log("mapper.log"))
            .stderr(log("mapper.err"))
            .spawn()
            .expect("setpriv starts epmd");
        let server = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", PROGRAM])
            .env("HOME", &path)
            .env("RABBITMQ_NODENAME", "tenantry@localhost")
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("ERL_EPMD_PORT", mapping.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", &path)
            .env("RABBITMQ_LOG_BASE", &path)
            .env("RABBITMQ_CONFIG_FILE", within("rabbit"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", within("plugins"))
            .env("RABBITMQ_CONF_ENV_FILE", within("none"))
            .env("RABBITMQ_PID_FILE", within("pid"))
            // The script becomes the broker, instead of watching over it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            // One scheduler, which does not spin while it waits: there are other tests.
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            )
            .stdin(Stdio::null())
            .stdout(log("server.log"))
            .stderr(log("server.err"))
            .spawn()
            .expect("setpriv starts rabbitmq-server");
        let mut broker = Self { server, mapper, _directory: directory, amqp, management };
        for _ in 0..600 {
            if broker.server.try_wait().expect("its state").is_some() {
                let said =
                    ["server.log", "server.err"].map(|log| read_to_string(within(log)).unwrap_or_default());
                assert!(
                    said.concat().contains("eaddrinuse"),
                    "rabbitmq-server ended: {said:?}; infra/tools/system installs it"
                );
                return None;
            }
            let asked = client().get(broker.url() + "/whoami").basic_auth(name, Some(password));
            if asked.send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Some(broker);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("rabbitmq-server does not answer");
    }

    /// Where the management API answers.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.management)
    }

    pub(crate) fn rabbitmq(&self) -> RabbitMq {
        RabbitMq::new(Http::network(), &self.url(), login()).expect("an address")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Nobody wants its data: it need not be written.
        for process in [&mut self.server, &mut self.mapper] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub(crate) fn login() -> Login {
    let (username, password) = OPERATOR;
    Login { username: username.to_owned(), password: password.into() }
}

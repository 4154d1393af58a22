//! nginx' files, one for each tenant: the front end at one host, the site at another.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::jobs::{Attempt, Failure};
use super::request::{Run, Task};
use super::{BenchHost, Mark};
use crate::clouds::pace::BENCH_MOMENT;

#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) mark: Option<Mark>,
    /// Without one it is not written yet.
    pub(super) file: Option<File>,
}

#[derive(Debug, Clone)]
pub(super) struct File {
    /// The front end's, and the site's.
    pub(super) hosts: Vec<String>,
    pub(super) suspended: bool,
    pub(super) tls: bool,
}

impl Served {
    pub(super) fn planted(mark: Option<Mark>, hosts: Vec<String>) -> Self {
        Self { mark, file: Some(File { hosts, suspended: false, tls: false }) }
    }

    pub(super) fn look(&self) -> Value {
        let mode = |file: &File| if file.suspended { "suspended" } else { "live" };
        let file = self.file.as_ref();
        // In what file of ours that would be is known of ours alone.
        let ours = file.filter(|_| self.mark.is_some());
        json!({
            "exists": file.is_some(), "mode": ours.map(mode), "tls": file.is_some_and(|file| file.tls),
            "hosts": self.hosts(),
        })
    }

    pub(super) fn serves(&self, host: &str) -> bool {
        self.hosts().iter().any(|it| it == host)
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.hosts().iter().any(|it| it.contains(text))
    }

    fn hosts(&self) -> &[String] {
        self.file.as_ref().map_or(&[], |file| &file.hosts)
    }
}

impl BenchHost {
    pub(super) fn begin_serving(&mut self, run: &Run, now: Timestamp) -> Duration {
        let is_free = self.own_file(&run.name).and_then(|()| self.free(&run.name, &hosts(&run.input)));
        if run.task == Task::Serve && is_free.is_ok() {
            let mark = Some(Mark { owner: run.owner.clone(), made_at: now });
            self.served.entry(run.name.clone()).or_insert(Served { mark, file: None });
        }
        BENCH_MOMENT
    }

    pub(super) fn serve(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        let hosts = hosts(&attempt.input);
        self.own_file(&attempt.name)?;
        self.free(&attempt.name, &hosts)?;
        let tls = self.has_certificate(&attempt.name, &hosts);
        let file = File { hosts, suspended: attempt.input["mode"] == "suspended", tls };
        let served = self.served.get_mut(&attempt.name);
        served.ok_or_else(|| Failure::new("foreign", "another file served one of the hosts"))?.file =
            Some(file);
        Ok(json!({ "tls": tls }))
    }

    /// Whether no other file serves one of the hosts.
    fn free(&self, name: &str, hosts: &[String]) -> Result<(), Failure> {
        let serves = |served: &Served| hosts.iter().any(|host| served.serves(host));
        match self.served.iter().find(|(other, served)| *other != name && serves(served)) {
            Some((other, _)) => Err(Failure::new("foreign", format!("{other}.conf serves one of the hosts"))),
            None => Ok(()),
        }
    }

    pub(super) fn withdraw(&mut self, attempt: &Attempt) -> Result<Value, Failure> {
        self.own_file(&attempt.name)?;
        self.served.remove(&attempt.name);
        Ok(json!({}))
    }

    /// Writes a file of ours anew, when a certificate has come or gone.
    pub(super) fn render(&mut self, name: &str) {
        let served = self.served.get(name).filter(|served| served.mark.is_some());
        let Some(file) = served.and_then(|served| served.file.as_ref()) else { return };
        let tls = self.has_certificate(name, &file.hosts);
        if let Some(file) = self.served.get_mut(name).and_then(|served| served.file.as_mut()) {
            file.tls = tls;
        }
    }

    /// A file of nobody's that we know of is left alone.
    fn own_file(&self, name: &str) -> Result<(), Failure> {
        match self.served.get(name) {
            Some(Served { mark: None, .. }) => {
                Err(Failure::new("foreign", format!("{name}.conf is there, without a mark of ours")))
            }
            _ => Ok(()),
        }
    }
}

/// The front end's, and the site's.
fn hosts(input: &Value) -> Vec<String> {
    ["site", "api"].map(|field| input[field].as_str().unwrap_or_default().to_owned()).to_vec()
}
